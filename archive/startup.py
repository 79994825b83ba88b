"""What a crash left, looked at before the node serves: the newest rows and the newest files.

Law (durability P6): a file is durable before its row is, and rows that a power cut took back are
those of files as new as the newest rows that are left (`archive.commits`). So what a crash can have
torn or parted is among the newest rows and files, however many there are; `anode check` looks at
all. Nothing is deleted: what cannot be kept goes to `quarantine/` with the reason beside it, and
one bad file never stops a start.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from archive import doubts, tombstones
from archive.adopting import Kind, adopt
from archive.bounds import HELD
from archive.commits import GROUP
from archive.errors import ArchiveError, BadObject, Mismatch, TooLarge, Unavailable
from archive.index import Index
from archive.objects import Folder
from archive.record import StoredInstance

_log = logging.getLogger("anode.archive")
NEWEST = 4 * GROUP  # rows: several groups, of several processes
_FEW = 20  # files that a crash may have cost
_READ_BYTES = 1 << 30  # of the newest objects, read again whole
_CHUNK = 1 << 20


@dataclass(slots=True)
class Recovery:
    """What was found: files without a row taken in, and what went to quarantine."""

    adopted: int = 0
    torn: int = 0
    missing: int = 0
    unreadable: int = 0

    def __str__(self) -> str:
        """For the log."""
        return (
            f"{self.adopted} files without a row were indexed; to quarantine: {self.torn} torn, "
            f"{self.unreadable} unreadable, {self.missing} rows without file"
        )


def recover(objects: Folder, index: Index, kind: Kind) -> Recovery:
    """Mend what a crash left; only for who has claimed the data folder. Raises ArchiveError."""
    found = Recovery()
    tombstones.complete(objects, index)
    newest = list(index.newest(NEWEST))
    _must_be_there(objects, newest)
    left = _READ_BYTES
    for held in newest:
        left -= held.size
        _verify(objects, index, held, found, whole=left >= 0)
    keys = [*_unknown(objects, index, newest), *_doubtful(objects)]
    unread = [key for key in keys if not _take_in(objects, index, key, found, kind=kind)]
    for key in unread:  # when the next start comes, many may be newer
        objects.doubt(key)
    if not unread:
        doubts.clear(objects.root)
    if found != Recovery():
        _log.warning("after a crash: %s", found)
    return found


def _must_be_there(objects: Folder, newest: Sequence[StoredInstance]) -> None:
    """A disk that is not mounted is no crash: nothing may be mended by what it does not show."""
    gone = sum(not held.path.exists() for held in newest)
    if gone >= _FEW and 2 * gone > len(newest):
        raise Unavailable(
            f"of the newest {len(newest)} objects {gone} have no file in {objects.root}/objects: "
            "is its disk there? If they are truly lost, anode check --repair says which"
        )


def _verify(
    objects: Folder, index: Index, held: StoredInstance, found: Recovery, *, whole: bool
) -> None:
    """A row whose object is not there as it says is none."""
    if why := _fault(held, whole=whole):
        missing = not held.path.exists()
        # In this order: a crash in between must not make a file without a row of it again.
        objects.quarantine(held.path, _reason(held, why))
        index.remove(held.sop_instance_uid)
        found.missing += missing
        found.torn += not missing


def _fault(held: StoredInstance, *, whole: bool) -> str:
    try:
        with held.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size != held.offset + held.size:
                return f"{size} bytes instead of {held.offset + held.size}"
            if whole and _digest(file.fileno(), held.offset) != held.sha256:
                return "its bytes are not those received"
    except FileNotFoundError:
        return "the file is missing"
    except OSError as error:
        # It may be well another time: what cannot be read is for `anode check` to tell.
        _log.error("%s cannot be read: %s", held.path.name, error.strerror)
    return ""


def _digest(fd: int, offset: int) -> str:
    digest = hashlib.sha256()
    os.lseek(fd, offset, os.SEEK_SET)
    while chunk := os.read(fd, _CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _unknown(objects: Folder, index: Index, newest: Sequence[StoredInstance]) -> list[str]:
    """The keys of files as new as the newest rows, or newer, that have no row."""
    since = 0.0
    # With fewer rows than are looked at, any file may be older than all of them.
    for held in reversed(newest if len(newest) == NEWEST else ()):
        with suppress(OSError):
            since = held.path.stat().st_ctime
            break
    known = {held.path for held in newest}
    fresh = [key for key in objects.since(since) if objects.path(key) not in known]
    if fresh:  # a whole look at the index, which a start without a crash does not need
        known = set(index.paths(objects.path(min(fresh))))
        dead = tombstones.buried(objects.root)
        fresh = [key for key in fresh if key not in dead]
    return [key for key in fresh if objects.path(key) not in known]


def _doubtful(objects: Folder) -> list[str]:
    """The keys of files that a process before was in doubt of, whatever their age."""
    noted = doubts.noted(objects.root)
    dead = tombstones.buried(objects.root) if noted else ()
    return [key for key in noted if key not in dead and objects.path(key).exists()]


def _take_in(objects: Folder, index: Index, key: str, found: Recovery, *, kind: Kind) -> bool:
    """A file that may have no row: whole objects are indexed, others set aside.

    False for one that is there and cannot be read now: the next start looks again.
    """
    try:
        row = adopt(objects, key, HELD, kind)
    except (BadObject, Mismatch, TooLarge) as error:
        objects.quarantine(objects.path(key), {"why": str(error)})
        found.unreadable += 1
        return True
    except ArchiveError as error:
        _log.error("%s cannot be read: %s", key, error)
        return not objects.path(key).exists()
    added = index.add(row)
    held = added.existing
    if added.new:
        found.adopted += 1
    elif held is not None and held.path != row.stored.path:
        why = "another file of this instance is indexed"
        objects.quarantine(row.stored.path, _reason(row.stored, why))
        found.unreadable += 1
    return True


def _reason(held: StoredInstance, why: str) -> dict[str, object]:
    return {
        "why": why,
        "SOPClassUID": held.sop_class_uid,
        "SOPInstanceUID": held.sop_instance_uid,
        "sha256": held.sha256,
        "size": held.size,
    }
