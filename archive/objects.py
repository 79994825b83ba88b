"""Object files: `objects/YYYY/MM/DD/HH/<name>.dcm`, born in `incoming/`, never overwritten.

Law (durability P1): an object is acknowledged only after a name that was free -> fsync(file) ->
fsync of its folder, where the file's own does not bring the name too (decision 0017, the table in
`archive/barrier.py`); folders made for it are synced when they are made. Names are ours; no UID of
a peer ever becomes a path (hostile input D1). Keys are paths relative to `objects/` with `/`, so
that an object store with put, open, delete and list can stand in for the folder.

Several processes may share one folder: each marks its temporary files with a token and holds a
lock on it, so start-up sweeps away only what dead processes left.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO, Protocol

from archive import doubts, kernel, seals
from archive.errors import ArchiveError, NoSpace
from archive.failures import storage
from archive.locks import FILE_MODE, FOLDER_MODE, hold, is_free, locked, make, sweep
from archive.quarantine import report, set_aside

_NAMING_SECONDS = 600.0
_CLOCK_SECONDS = 2.0  # that the clock may go back unnoticed
_WORTH_STARTING = 64 << 10  # bytes
CREATE = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


Synced = Callable[[int, int], None]
"""Makes a file durable in its folder, both given by descriptors; raises OSError, ArchiveError."""


def _synced(fd: int, folder: int) -> None:
    os.fsync(fd)
    os.fsync(folder)


class Objects(Protocol):
    """What an archive needs of a place for objects."""

    def begin(self) -> Draft:
        """A new object that nobody sees yet."""

    def new_key(self, header: int, sha256: str) -> str:
        """A key that no object has, sealed with what the object's bytes are."""

    def put(self, draft: Draft, key: str) -> bool:
        """Make a draft durable under its key; whether no older object has a later time."""

    def open(self, key: str) -> BinaryIO:
        """Read an object."""

    def path(self, key: str) -> Path:
        """Where the object lies."""

    def delete(self, key: str) -> None:
        """Remove an object; one that is gone already is no error."""

    def doubt(self, key: str) -> None:
        """Whether the index has this one is not known: the next start shall look."""

    def list(self) -> Iterator[str]:
        """Every key."""

    def close(self) -> None:
        """Let go of it."""


class Draft:
    """A temporary file in `incoming/`: open for writing until it is put or dropped."""

    __slots__ = ("_folder", "_hasten", "fd", "name")

    def __init__(self, folder: int, name: str, *, hasten: bool) -> None:
        self._folder = folder
        self._hasten = hasten
        self.name = name
        self.fd = os.open(name, CREATE | os.O_WRONLY, FILE_MODE, dir_fd=folder)

    def reader(self) -> BinaryIO:
        """The same file for reading."""
        return os.fdopen(os.open(self.name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self._folder), "rb")

    def written(self, at: int, size: int) -> None:
        """So many bytes have been written there: the disk begins while the rest is received."""
        if self._hasten and size >= _WORTH_STARTING:
            kernel.start_writing(self.fd, at, size)

    def close(self) -> None:
        """Close the descriptor; closing twice is harmless."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            os.close(fd)

    def drop(self) -> None:
        """Leave nothing behind."""
        self.close()
        with suppress(FileNotFoundError):
            os.unlink(self.name, dir_fd=self._folder)


class Folder:
    """Objects in a folder of the local file system."""

    def __init__(self, root: Path, *, sync: bool = True, free_bytes: int = 0) -> None:
        self.root = root
        self._top = root / "objects"
        self.synced: Synced = _synced  # what makes a file in its folder durable, where it is wanted
        self._sync = sync
        self._numbers = count()
        self.latest = 0.0  # when the newest object had its name, by the disk's clock
        self._free_bytes = free_bytes
        self._hour: tuple[str, _Leaf] | None = None
        self._filing = threading.Lock()
        make(root)
        with storage(root):
            self._objects = _Leaf(_folder(root, "objects", sync=sync))
            self._incoming = _Leaf(_folder(root, "incoming", sync=sync))
            self._token = secrets.token_hex(8)
            with locked(self._incoming.fd, ".door"):
                sweep(self._incoming.fd)
                self._lock = hold(self._incoming.fd, f"{self._token}.lock")

    def close(self) -> None:
        """Give up the token; closing twice is harmless. Drafts still open become sweepings."""
        if self._lock < 0:
            return
        with suppress(FileNotFoundError):
            os.unlink(f"{self._token}.lock", dir_fd=self._incoming.fd)
        lock, self._lock = self._lock, -1
        os.close(lock)

    def alone(self) -> bool:
        """Whether nobody else, in no process, has this folder open."""
        own = f"{self._token}.lock"
        with storage():
            locks = (self.root / "incoming").glob("*.lock")
            return all(is_free(self._incoming.fd, x.name) for x in locks if x.name != own)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Wait until nobody else has this folder open, and let nobody open it meanwhile."""
        own = f"{self._token}.lock"
        with storage(), locked(self._incoming.fd, ".door"):
            for lock in (self.root / "incoming").glob("*.lock"):
                if lock.name != own:
                    os.close(hold(self._incoming.fd, lock.name))
            yield

    def begin(self) -> Draft:
        """A new temporary file; raises NoSpace before the disk is full to the brim."""
        with storage():
            disk = os.fstatvfs(self._incoming.fd)
            if disk.f_bavail * disk.f_frsize < self._free_bytes:
                raise NoSpace("too little space is left for objects")
            name = f"{self._token}-{next(self._numbers):x}.part"
            return Draft(self._incoming.fd, name, hasten=self._sync)

    def new_key(self, header: int, sha256: str) -> str:
        """The hour, UTC, and a sealed name."""
        return seals.key(header, sha256)

    def put(self, draft: Draft, key: str) -> bool:
        """Name the draft by its key, then sync it and its name. After an error it has neither.

        Returns whether the clock has not gone back, so that `since` finds the object by its time.
        """
        hour, _, name = key.rpartition("/")
        with storage():
            leaf = self._leaf(hour)
            kernel.rename_new(draft.name, self._incoming.fd, name, leaf.fd)
            try:
                if self._sync:
                    self.synced(draft.fd, leaf.fd)
            except (OSError, ArchiveError):
                with suppress(OSError):
                    os.unlink(name, dir_fd=leaf.fd)
                raise
            draft.close()
        now = time.time()
        timely, self.latest = now > self.latest - _CLOCK_SECONDS, max(now, self.latest)
        return timely

    def open(self, key: str) -> BinaryIO:
        """Read an object."""
        with storage():
            return self.path(key).open("rb")

    def path(self, key: str) -> Path:
        """Where the object lies."""
        return self._top / key

    def delete(self, key: str) -> None:
        """Remove an object."""
        with storage(), suppress(FileNotFoundError):
            self.path(key).unlink()

    def doubt(self, key: str) -> None:
        """Note it for the next start."""
        doubts.note(self.root, key)

    def list(self) -> Iterator[str]:
        """Every key, oldest hour first."""
        top = self.root / "objects"
        for path in sorted(top.glob("*/*/*/*")):
            for file in sorted(path.glob("*.dcm")):
                yield file.relative_to(top).as_posix()

    def since(self, moment: float) -> Sequence[str]:
        """The keys of files that have had their name since this moment, by the disk's clock.

        The oldest first: when their rows are made in this order, those missing are the newest.
        """
        moment -= _CLOCK_SECONDS
        # A file is named before it is there.
        first = time.strftime("%Y/%m/%d/%H", time.gmtime(max(0.0, moment - _NAMING_SECONDS)))
        top, found = self.root / "objects", list[tuple[float, str]]()
        for folder in top.glob("*/*/*/*"):
            hour = folder.relative_to(top).as_posix()
            if hour >= first:
                with os.scandir(folder) as entries:
                    found += ((_named(each), f"{hour}/{each.name}") for each in entries)
        return [key for named, key in sorted(found) if named >= moment and key.endswith(".dcm")]

    def quarantine(self, path: Path, reason: Mapping[str, object]) -> None:
        """Set a file aside, if it is there, with the reason beside it; nothing is lost."""
        if set_aside(self.root, path, reason) is None:
            report(self.root, path.stem, reason)

    def _leaf(self, hour: str) -> _Leaf:
        """The folder of an hour; made and synced by whoever comes first."""
        with self._filing:
            if self._hour is None or self._hour[0] != hour:
                self._hour = hour, self._grow(hour)
            return self._hour[1]

    def _grow(self, hour: str) -> _Leaf:
        leaf = self._objects
        for part in hour.split("/"):
            leaf = _Leaf(_folder(None, part, sync=self._sync, within=leaf.fd))
        return leaf


def _named(entry: os.DirEntry[str]) -> float:
    """When a file had its name; never, where another process has removed it meanwhile."""
    try:
        return entry.stat().st_ctime
    except FileNotFoundError:
        return -1.0


class _Leaf:
    """A folder held open; it closes when the last thread that writes into it lets go."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self) -> None:
        os.close(self.fd)


def _folder(root: Path | None, name: str, *, sync: bool, within: int | None = None) -> int:
    """Open a folder, making it (durably) where it is missing."""
    parent = os.open(root, os.O_DIRECTORY | os.O_CLOEXEC) if root is not None else within
    assert parent is not None
    try:
        with suppress(FileExistsError):
            os.mkdir(name, FOLDER_MODE, dir_fd=parent)
        # Also when it was there: another process may have made it and not yet synced.
        if sync:
            os.fsync(parent)
        return os.open(name, FOLDER, dir_fd=parent)
    finally:
        if root is not None:
            os.close(parent)
