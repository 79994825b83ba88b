"""Calls of Linux that Python does not know, and what stands in where the system has none of them.

Law: what they promise is a matter of speed or of atomicity, never of durability: a file that has no
`sync_file_range` is synced all the same. Raises OSError like any other call.
"""

from __future__ import annotations

import ctypes
import errno
import os
from contextlib import suppress
from ctypes import c_char_p, c_int, c_long, c_longlong, c_uint
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_MOUNTS = Path("/proc/self/mountinfo")
_NOREPLACE = 1
_START = 2  # SYNC_FILE_RANGE_WRITE: begin, and wait for nothing
_UNKNOWN = frozenset((errno.EINVAL, errno.ENOSYS))  # to the file system, or to the kernel

HAS_SYNCFS = hasattr(_LIBC, "syncfs")


def syncfs(fd: int) -> None:
    """Write back the whole file system that `fd` is on, and wait for it."""
    _checked(_LIBC.syncfs(fd))


def rename_new(source: str, source_fd: int, name: str, fd: int) -> None:
    """Rename a file to a name that is free; raises FileExistsError for one that is not."""
    if _RENAME is not None:
        try:
            _checked(_RENAME(source_fd, os.fsencode(source), fd, os.fsencode(name), _NOREPLACE))
        except OSError as error:
            if error.errno not in _UNKNOWN:
                raise
        else:
            return
    # Unlike a plain rename, a link never replaces what has the name.
    os.link(source, name, src_dir_fd=source_fd, dst_dir_fd=fd)
    # It has its name: what is left of the other is no reason to refuse it, and the next start
    # sweeps it away.  Copy-on-write file systems that are full cannot even unlink.
    with suppress(OSError):
        os.unlink(source, dir_fd=source_fd)


def file_system(path: Path) -> str:
    """The type of the file system that holds a path, as `mount` names it; empty if not known."""
    device = path.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    # proc(5): number, parent, device, ... - type, source, options
    found = [line.partition(" - ")[2] for line in mounts if line.split(" ", 3)[2] == wanted]
    return found[0].split(" ", 1)[0] if found else ""


def start_writing(fd: int, at: int, count: int) -> None:
    """Let the disk begin with these bytes of a file, while we do something else; only a hint."""
    if _RANGE is not None:
        _RANGE(fd, at, count, _START)


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


_RENAME = getattr(_LIBC, "renameat2", None)
if _RENAME is not None:
    _RENAME.argtypes = (c_int, c_char_p, c_int, c_char_p, c_uint)
# 32-bit systems pass its arguments in other ways.
_RANGE = getattr(_LIBC, "sync_file_range", None) if ctypes.sizeof(c_long) == 8 else None
if _RANGE is not None:
    _RANGE.argtypes = (c_int, c_longlong, c_longlong, c_uint)
