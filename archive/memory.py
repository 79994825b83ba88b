"""The file of a WAL's shared memory: whole on the disk before anybody writes into it.

Law: SQLite maps it, and has written one byte of each page.  Where the blocks of the file system are
smaller than a page, as ext4's are on small disks, the rest are holes; and storing into a hole when
the disk is full is no error that anybody could catch, but SIGBUS, the end of the process.
"""

from __future__ import annotations

import mmap
import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from archive.errors import NoSpace

_NEEDED = 64 << 10  # bytes: SQLite begins with 32 KiB
_OPEN = Path("/proc/self/fd")


def spare(index: Path) -> None:
    """Raise NoSpace where an index must not be opened before there is room."""
    disk = os.statvfs(index.resolve().parent)
    if disk.f_frsize >= mmap.PAGESIZE or disk.f_bavail * disk.f_frsize >= _NEEDED:
        return
    if not _file(index).exists():
        raise NoSpace("the index cannot be opened: its disk is full; make some room there")


def held(connection: sqlite3.Connection, index: Path) -> sqlite3.Connection:
    """The connection, its shared memory mapped and all of it allocated. Raises NoSpace."""
    try:
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1")  # only now it is mapped
        _hold(index)
    except BaseException:
        connection.close()
        raise
    return connection


def _hold(index: Path) -> None:
    """Through SQLite's own descriptor: closing one of ours would let go of its locks, fcntl(2)."""
    if os.statvfs(index.resolve().parent).f_frsize >= mmap.PAGESIZE:
        return
    wanted = _file(index)
    for each in _OPEN.iterdir() if _OPEN.exists() else ():
        with suppress(FileNotFoundError):
            if each.readlink() == wanted:
                _allocate(int(each.name))


def _allocate(descriptor: int) -> None:
    try:
        os.posix_fallocate(descriptor, 0, os.fstat(descriptor).st_size or 1)
    except OSError as error:
        raise NoSpace("the index has no room for its shared memory") from error


def _file(index: Path) -> Path:
    found = index.resolve()
    return found.with_name(f"{found.name}-shm")
