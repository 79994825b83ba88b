"""Whether a file still is what its row says: there, as long, and byte for byte as it came.

Law: bytes are read from the disk, not from the system's memory of them, in small pieces with a
pause after each where the reader asks for one.
"""

from __future__ import annotations

import errno
import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import FileIO
from pathlib import Path

from archive import filemeta
from archive.errors import BadObject, Exhausted
from archive.findings import Finding, Kind
from archive.record import StoredInstance
from archive.seals import seal

CHUNK = 256 << 10
_SCARCE = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))

Pause = Callable[[int], None]
"""Called after each piece with its size; may wait, or raise to end the reading."""

Have = Callable[[Iterable[memoryview], str], bool]
"""Whether these bytes have this SHA-256."""


def at_once(_bytes: int) -> None:
    """No pause."""


def key_of(stored: StoredInstance, root: Path) -> str:
    """The object's key."""
    return stored.path.relative_to(root / "objects").as_posix()


def measured(stored: StoredInstance, root: Path) -> Finding | None:
    """What is wrong with the file as far as its size tells. Raises Exhausted."""
    try:
        held = stored.path.stat().st_size
    except FileNotFoundError:
        return _finding("missing", stored, root, "the file is gone")
    except OSError as error:
        return _unreadable(stored, root, error)
    wanted = stored.offset + stored.size
    if held != wanted:
        why = f"the file has {held} bytes, not {wanted}"
        return _finding("size", stored, root, why)
    return None


def examined(stored: StoredInstance, root: Path, pause: Pause = at_once) -> Finding | None:
    """What is wrong with the file as far as every byte of it tells. Raises Exhausted."""
    found = measured(stored, root)
    if found is not None:
        return found
    try:
        with stored.path.open("rb", buffering=0) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            header = file.read(stored.offset)
            digest = _digest(file, pause)
            sound = _is_sound(header, file, stored)
    except FileNotFoundError:
        return _finding("missing", stored, root, "the file is gone")
    except OSError as error:
        return _unreadable(stored, root, error)
    if digest != stored.sha256:
        return _finding("altered", stored, root, "its SHA-256 is not that of the bytes received")
    if not sound:
        return _finding("header", stored, root, "its meta information is not as it was written")
    return None


def have(pieces: Iterable[memoryview], sha256: str) -> bool:
    """Whether these bytes have this SHA-256; each piece is done with before the next."""
    made = hashlib.sha256()
    for piece in pieces:
        made.update(piece)
    return made.hexdigest() == sha256


def altered(stored: StoredInstance, have: Have = have) -> str:
    """Why this object must not be sent, as far as the bytes that would be sent tell; or empty.

    They are read as the system has them, and are then at hand for the sending. Raises OSError.
    """
    fd = os.open(stored.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.fstat(fd).st_size < stored.offset + stored.size:
            return "the stored object is shorter than it was"
        sound = have(_pieces(fd, stored), stored.sha256)
    finally:
        os.close(fd)
    return "" if sound else "the stored object is not as it came"


def _pieces(fd: int, stored: StoredInstance) -> Iterator[memoryview]:
    left = stored.size
    room = memoryview(bytearray(min(left, CHUNK)))  # of one's own: new memory costs more
    while left and (count := os.preadv(fd, [room], stored.offset + stored.size - left)):
        some = room[: min(count, left)]
        yield some
        left -= len(some)


def header_altered(stored: StoredInstance) -> str:
    """Why the file must not be copied as it is, as far as its meta information tells; or empty."""
    with stored.path.open("rb", buffering=0) as file:
        if _is_sound(file.read(stored.offset), file, stored):
            return ""
    return "its meta information is not as it was written"


def _digest(file: FileIO, pause: Pause) -> str:
    made, room = hashlib.sha256(), memoryview(bytearray(CHUNK))
    while count := file.readinto(room):
        made.update(room[:count])
        pause(count)
    return made.hexdigest()


def _is_sound(header: bytes, file: FileIO, stored: StoredInstance) -> bool:
    """Whether the bytes before the data set are those that were written."""
    sealed = seal(stored.path)
    if sealed is not None:
        return zlib.crc32(header) == sealed.header
    file.seek(0)
    try:
        meta = filemeta.read(file)
    except BadObject:
        return False
    said = meta.sop_class_uid, meta.sop_instance_uid, meta.transfer_syntax_uid
    wanted = stored.sop_class_uid, stored.sop_instance_uid, stored.transfer_syntax_uid
    return said == wanted and filemeta.is_ours(header, meta)


def _finding(kind: Kind, stored: StoredInstance, root: Path, cause: str) -> Finding:
    return Finding(kind, key_of(stored, root), stored.sop_instance_uid, cause)


def _unreadable(stored: StoredInstance, root: Path, error: OSError) -> Finding:
    if error.errno in _SCARCE:
        raise Exhausted(f"no file can be looked at: {error.strerror}") from error
    return _finding("unreadable", stored, root, f"the file cannot be read: {error.strerror}")
