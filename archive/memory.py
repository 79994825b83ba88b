"""The file of a WAL's shared memory: whole on the disk before anybody writes into it.

Law: SQLite maps it, and has written one byte of each page.  Where the blocks of the file system are
smaller than a page, as ext4's are on small disks, the rest are holes; and storing into a hole when
the disk is full is no error that anybody could catch, but SIGBUS, the end of the process.

Who opens an index first cuts that file off, for a crash may have left it wrong. Its blocks are free
again only in a while, too late on a full disk: there it is filled with zeros instead, which says
the same to SQLite, under the lock by which SQLite knows that it is not the first.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from archive.errors import NoSpace

_NEEDED = 64 << 10  # bytes: SQLite begins with 32 KiB
_OPEN = Path("/proc/self/fd")
_DEAD_MAN = 128  # the byte that its users have locked: UNIX_SHM_DMS of SQLite's os_unix.c


def spare(index: Path) -> None:
    """Raise NoSpace where an index must not be opened before there is room."""
    disk = os.statvfs(index.resolve().parent)
    if disk.f_frsize >= mmap.PAGESIZE or disk.f_bavail * disk.f_frsize >= _NEEDED:
        return
    file = _file(index)
    if not file.exists():
        raise NoSpace("the index cannot be opened: its disk is full; make some room there")
    if not list(_descriptors(file)):
        _fill(file)


def _fill(file: Path) -> None:
    """Its descriptor stays open: to close it would let go of SQLite's locks to come, fcntl(2)."""
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        _lock(descriptor, fcntl.F_WRLCK)
    except OSError:  # another process uses it: then it is whole
        os.close(descriptor)
        return
    try:
        _allocate(descriptor)
        os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
    except BaseException:
        os.close(descriptor)
        raise
    _lock(descriptor, fcntl.F_RDLCK)


def _lock(descriptor: int, kind: int) -> None:
    """Of the open file, not of the process, so that SQLite in this one sees it too."""
    flock = struct.pack("hhqqi4x", kind, os.SEEK_SET, _DEAD_MAN, 1, 0)
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, flock)


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
    for descriptor in _descriptors(_file(index)):
        _allocate(descriptor)


def _descriptors(file: Path) -> Iterator[int]:
    """Those that this process has of a file."""
    for each in _OPEN.iterdir() if _OPEN.exists() else ():
        with suppress(FileNotFoundError):
            if each.readlink() == file:
                yield int(each.name)


def _allocate(descriptor: int) -> None:
    try:
        os.posix_fallocate(descriptor, 0, os.fstat(descriptor).st_size or 1)
    except OSError as error:
        raise NoSpace("the index has no room for its shared memory") from error


def _file(index: Path) -> Path:
    found = index.resolve()
    return found.with_name(f"{found.name}-shm")
