"""What was deleted: `tombstones/` in the data folder, one file for each deletion.

Law: a tombstone is durable before the first row is removed, rows are before the first file is. It
is `.pending` until every file is gone; whoever finds it so, and nobody at work on it, completes
it. Keys are never used twice, so a file whose key is on a tombstone is a dead one, and the same
object stored anew is not. Tombstones hold UIDs, digests, when and by whom; nothing of patients.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from archive.durable import saved, sync
from archive.failures import storage
from archive.index import Index
from archive.locks import FOLDER_MODE
from archive.objects import Folder
from archive.record import StoredInstance
from archive.seals import stamp

FOLDER = "tombstones"
PENDING, DONE = ".pending", ".json"
_log = logging.getLogger("anode.archive")
AT_ONCE = 256  # rows in one commit


@dataclass(frozen=True, slots=True)
class Deletion:
    """What is to be deleted, of which study, and by whom."""

    study: str  # empty for objects that belong to none
    by: str
    instances: Sequence[StoredInstance]


def bury(objects: Folder, index: Index, deletion: Deletion) -> Path:
    """Delete these instances; their tombstone's path. Raises ArchiveError."""
    path, held = begin(objects.root, deletion)
    try:
        _complete(objects, index, path)
    finally:
        os.close(held)
    return path.with_suffix(DONE)


def complete(objects: Folder, index: Index) -> int:
    """Complete the deletions that a crash left unfinished; how many there were."""
    completed = 0
    with storage():
        _folder(objects.root)  # so that whoever makes a backup finds it
    for path in pending(objects.root):
        with _held(path) as free:
            if free:
                _complete(objects, index, path)
                completed += 1
    return completed


def pending(root: Path) -> list[Path]:
    """Deletions that are not over: under way, or unfinished."""
    return sorted((root / FOLDER).glob(f"*{PENDING}"))


def unfinished(root: Path) -> list[Path]:
    """The deletions that a crash left unfinished."""
    found = []
    for path in pending(root):
        with _held(path) as free:
            if free:
                found.append(path)
    return found


def buried(root: Path) -> frozenset[str]:
    """The keys of all files that were deleted, or are about to be."""
    folder = root / FOLDER
    return keys([*pending(root), *folder.glob(f"*{DONE}")])


def keys(stones: Iterable[Path]) -> frozenset[str]:
    """The keys on these tombstones. Raises Unavailable."""
    with storage():
        return frozenset(key for path in stones for _, _, key in _graves(path))


def _folder(root: Path) -> Path:
    folder = root / FOLDER
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    return folder


def begin(root: Path, deletion: Deletion) -> tuple[Path, int]:
    """Make the tombstone durable, pending and held: its path, and what to close."""
    top = root / "objects"
    now = time.time_ns()
    stone = {
        "deleted": stamp(now / 1e9),
        "by": deletion.by,
        "study": deletion.study,
        "instances": [
            [each.sop_instance_uid, each.sha256, each.path.relative_to(top).as_posix()]
            for each in deletion.instances
        ],
    }
    with storage():
        path = _folder(root) / f"{now:016x}-{secrets.token_hex(4)}{PENDING}"
        held = saved(path, json.dumps(stone) + "\n", lock=True)
        sync(root)
    return path, held


def _graves(path: Path) -> list[tuple[str, str, str]]:
    """UID, digest and key of each instance on a tombstone; none when it is gone or unreadable."""
    try:
        stone = json.loads(path.read_text(encoding="utf-8"))
        return [(str(uid), str(digest), str(key)) for uid, digest, key in stone["instances"]]
    except FileNotFoundError:  # completed meanwhile
        done = path.with_suffix(DONE)
        return _graves(done) if path.suffix == PENDING and done.exists() else []
    except (ValueError, KeyError, TypeError):  # no start and no check fails for it
        _log.error("the tombstone %s cannot be read", path.name)
        return []


def _complete(objects: Folder, index: Index, path: Path) -> None:
    """Rows, then files, then the tombstone is done; all of it may have happened before."""
    graves = _graves(path)
    if not graves:
        return
    dead = [_instance(objects, *grave) for grave in graves]
    for start in range(0, len(dead), AT_ONCE):
        index.drop(dead[start : start + AT_ONCE])
    with storage():
        for each in dead:
            each.path.unlink(missing_ok=True)
        for folder in sorted({each.path.parent for each in dead}):
            if folder.is_dir():
                sync(folder)
        path.replace(path.with_suffix(DONE))
        sync(path.parent)


def _instance(objects: Folder, uid: str, digest: str, key: str) -> StoredInstance:
    """What names a row and its file; the rest is not looked at."""
    return StoredInstance("", uid, "", objects.path(key), 0, 0, digest)


@contextmanager
def _held(path: Path) -> Iterator[bool]:
    """Hold a tombstone while it is worked on; False when somebody else does, or did."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield path.exists()
    finally:
        os.close(fd)
