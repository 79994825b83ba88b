"""What the worker gives up before it sees the first object: hostile input D12.

Limits of memory, time and file size, no core dump, few descriptors; and Landlock (Linux 5.13): from
then on no file can be opened and no TCP connection made, whatever a decoder is made to do. The two
files of a job come as open descriptors. A kernel without Landlock leaves the limits.
"""

from __future__ import annotations

import ctypes
import resource
import struct
import time
from typing import Final

_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # the same numbers on every architecture
_NO_NEW_PRIVILEGES: Final = 38
_VERSION: Final = 1
_DESCRIPTORS: Final = 16
_FILE_BYTES: Final = 5 << 30
# Access rights by version of the interface: all there are, and no rule that grants one.
_FILES_RIGHTS: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP_SINCE: Final = 4
_TCP_RIGHTS: Final = 3


def bound(memory: int) -> None:
    """Set the limits that hold for the whole life of this process."""
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _DESCRIPTORS),
    ):
        hard = resource.getrlimit(what)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (limit, limit))


def allow(seconds: int) -> None:
    """Processor time for the next job; more kills the process."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + seconds + 1, hard))


def enclose() -> bool:
    """Give up the file system and the network; False where the kernel cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return False
    files = _FILES_RIGHTS[max(known for known in _FILES_RIGHTS if known <= version)]
    rights = struct.pack("=Q", files)
    if version >= _TCP_SINCE:
        rights += struct.pack("=Q", _TCP_RIGHTS)
    ruleset = libc.syscall(_CREATE_RULESET, rights, ctypes.c_size_t(len(rights)), 0)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return bool(ruleset >= 0 and libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
