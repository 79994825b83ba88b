"""Whether an object is still what was acknowledged: there, of its size, of its SHA-256.

Law: every byte of the data set is read again; memory stays flat, and other threads go on meanwhile
(hashing lets go of the interpreter lock). Nothing is repaired here.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from archive import filemeta
from archive.errors import BadFile
from archive.record import StoredInstance

_CHUNK = 1 << 20
_SCARCE = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))


class Fault(Enum):
    """What is wrong with an object."""

    MISSING = auto()
    DAMAGED = auto()
    UNREADABLE = auto()
    EXHAUSTED = auto()  # nothing is wrong with it: we could not look


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, and what was seen of it."""

    fault: Fault
    seen: str


def _on() -> None:
    """Go on."""


def examine(held: StoredInstance, go_on: Callable[[], None] = _on) -> Finding | None:
    """What is wrong with this object; None: nothing.

    `go_on` is called again and again and may raise to stop.
    """
    try:
        with held.path.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size - held.offset
            if size != held.size:
                return Finding(Fault.DAMAGED, f"its data set has {size} bytes, not {held.size}")
            meta = filemeta.read(file)
            if (meta.offset, meta.transfer_syntax_uid) != (held.offset, held.transfer_syntax_uid):
                return Finding(Fault.DAMAGED, "its file meta information is not what was written")
            found = hashlib.sha256()
            view = memoryview(bytearray(_CHUNK))
            while count := file.readinto(view):
                found.update(view[:count])
                go_on()
    except FileNotFoundError:
        return Finding(Fault.MISSING, "its file is missing")
    except BadFile as error:
        return Finding(Fault.DAMAGED, str(error))
    except OSError as error:
        scarce = error.errno in _SCARCE
        return Finding(
            Fault.EXHAUSTED if scarce else Fault.UNREADABLE,
            f"its file cannot be read: {error.strerror or error}",
        )
    if found.hexdigest() != held.sha256:
        return Finding(Fault.DAMAGED, "its bytes have another SHA-256")
    return None
