"""The process that examines: `python -I -m iod.examination.worker MEMORY SECONDS`; D12.

It reads a job at a time from the socket that is its standard input: a JSON array of pairs, transfer
syntax and the SOP class to check by or nothing, and an open descriptor for each, at its data set.
It answers with a JSON array in packets; one dictionary for each file, with the cause where it could
not be examined. It runs when nobody else wants the processor, and can open no file and no
connection. It ends when the socket does, or after an idle while.
"""

from __future__ import annotations

import codecs
import json
import os
import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple
from typing import Any, BinaryIO, Final

from pydicom import charset

from iod.checks import Slice, check_in, tables
from iod.examination.reading import Read, Unreadable, read
from iod.references import MANAGED, MOST, bounded
from iod.transcoding import restraint

JOB_BYTES: Final = 4096
FILES: Final = 8  # in a job: descriptors are few
PACKET_BYTES: Final = 64 << 10
MORE, LAST = b"+", b"."
IDLE_SECONDS: Final = 120


def examine(read: Read) -> dict[str, Any]:
    """What is found in an object: its references; `note` tells what was left out."""
    listed, more = bounded(read.dataset)
    found = [
        [each.role, each.sop_class_uid, each.sop_instance_uid]
        for each in listed
        if each.role not in MANAGED
    ]
    note = f"only {MOST} of its references are indexed" if more else ""
    return {"references": found, "note": note}


def checked(file: BinaryIO, syntax: str, sop_class: str) -> list[tuple[str, ...]]:
    """What a check of the data set at the file's position has found."""
    start = file.tell()
    size = os.fstat(file.fileno()).st_size - start
    found = check_in(file, Slice(sop_class, syntax, start, size))
    return [astuple(each) for each in found]


def load() -> None:
    """Have in memory what examining needs: no file can be opened later."""
    for encoding in charset.python_encoding.values():
        with suppress(LookupError):
            codecs.lookup(encoding)
    tables.load()


def main() -> None:
    """Serve jobs until nobody has any."""
    memory, seconds = (int(argument) for argument in sys.argv[1:])
    _stand_back()
    warnings.simplefilter("ignore")
    load()
    restraint.bound(memory)
    restraint.enclose()
    with socket.socket(fileno=os.dup(0)) as parent:
        parent.settimeout(IDLE_SECONDS)
        while job := _next(parent):
            restraint.allow(seconds)
            for packet in packets(json.dumps(list(_answers(*job))).encode("ascii")):
                parent.sendall(packet)


def packets(answer: bytes) -> Iterator[bytes]:
    """An answer in pieces that a packet holds; the first byte tells whether more come."""
    while len(answer) > PACKET_BYTES:
        yield MORE + answer[:PACKET_BYTES]
        answer = answer[PACKET_BYTES:]
    yield LAST + answer


def _stand_back() -> None:
    """The least of priorities: nobody shall wait for this."""
    os.nice(19)


def _answer(file: BinaryIO, syntax: str, sop_class: str) -> dict[str, Any]:
    """An object that cannot be examined may have findings all the same."""
    start = file.tell()
    try:
        findings = checked(file, syntax, sop_class) if sop_class else None
        file.seek(start)
    except (MemoryError, OSError) as error:
        return _failed(error)
    try:
        return {**examine(read(file, syntax)), "findings": findings}
    # Whatever libraries raise over hostile bytes: it is not worth a new process.
    except Exception as error:  # noqa: BLE001
        return {**_failed(error), "findings": findings}


def _failed(error: Exception) -> dict[str, Any]:
    """Want of memory and faults of the disk may pass; what the bytes are, stays."""
    return {"cause": _cause(error), "stopped": isinstance(error, MemoryError | OSError)}


def _cause(error: Exception) -> str:
    if isinstance(error, Unreadable):
        return str(error)
    if isinstance(error, MemoryError):
        return "it needs more memory than an examination may take"
    if isinstance(error, OSError):
        return f"it cannot be read: {error.strerror}"
    return f"the object is damaged ({type(error).__name__})"


def _next(parent: socket.socket) -> tuple[list[tuple[str, str]], list[int]] | None:
    try:
        message, descriptors, _, _ = socket.recv_fds(parent, JOB_BYTES, FILES)
    except TimeoutError:
        return None
    return (json.loads(message), descriptors) if message else None


def _answers(kinds: list[tuple[str, str]], descriptors: list[int]) -> Iterator[dict[str, Any]]:
    for (syntax, sop_class), descriptor in zip(kinds, descriptors, strict=True):
        with os.fdopen(descriptor, "rb", buffering=1 << 14) as file:
            yield _answer(file, syntax, sop_class)


if __name__ == "__main__":
    main()
