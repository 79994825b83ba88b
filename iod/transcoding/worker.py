"""The process that decodes: `python -I -m iod.transcoding.worker MEMORY SECONDS`; D12.

It reads one job at a time from the socket that is its standard input: a JSON object, and two open
descriptors, the source at its data set and the file to write. It answers with a JSON object: a
note, or the cause why not. It ends when the socket does, or after an idle while; a crash is its
parent's to notice.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import BinaryIO, Final

from iod.errors import Unconvertible
from iod.transcoding import restraint
from iod.transcoding.conversion import convert

JOB_BYTES: Final = 4096
IDLE_SECONDS: Final = 120


def main() -> None:
    """Serve jobs until nobody has any."""
    memory, seconds = (int(argument) for argument in sys.argv[1:])
    load()
    restraint.bound(memory)
    restraint.enclose()
    with socket.socket(fileno=os.dup(0)) as parent:
        parent.settimeout(IDLE_SECONDS)
        while job := _next(parent):
            message, descriptors = job
            restraint.allow(seconds)
            parent.sendall(json.dumps(_answer(message, descriptors)).encode("ascii"))


def load() -> None:
    """Have every codec in memory: no file can be opened later."""
    import imagecodecs  # noqa: PLC0415

    for codec in ("jpeg8", "jpeg2k", "jpegxl", "jpegls", "dicomrle", "packbits"):
        getattr(imagecodecs, f"{codec}_decode")


def _next(parent: socket.socket) -> tuple[bytes, list[int]] | None:
    try:
        message, descriptors, _, _ = socket.recv_fds(parent, JOB_BYTES, 2)
    except TimeoutError:
        return None
    return (message, descriptors) if message else None


def _answer(message: bytes, descriptors: list[int]) -> dict[str, str]:
    source, out = descriptors
    try:
        with os.fdopen(source, "rb", buffering=1 << 16) as file, os.fdopen(out, "wb") as made:
            return {"note": _done(json.loads(message), file, made)}
    except Unconvertible as error:
        return {"cause": error.cause}
    except MemoryError:
        return {"cause": "it needs more memory than a conversion may take"}
    except OSError as error:
        return {"cause": f"it cannot be written: {error.strerror}"}
    # Whatever else libraries raise over hostile bytes: it is not worth a new process.
    except Exception as error:  # noqa: BLE001
        return {"cause": f"the object is damaged ({type(error).__name__})"}


def _done(job: dict[str, str], file: BinaryIO, made: BinaryIO) -> str:
    return convert(file, job["source"], job["target"], made)


if __name__ == "__main__":
    main()
