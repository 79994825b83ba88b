"""Whether a quota is why the index failed: durability P4, EDQUOT is answered as ENOSPC is.

Law: SQLite knows ENOSPC by itself (SQLITE_FULL). EDQUOT it calls an I/O error of writing, like any
other; so whoever meets one asks the disk, with the same call, whether it takes anything more.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path

from archive.failures import FULL

_WRITING = frozenset(
    (
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_SHMOPEN,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_CANTOPEN,  # of a WAL that cannot be made
    )
)
_PIECE = os.urandom(64 << 10)  # more than the index still had room for


def full(error: Exception, index: Path) -> bool:
    """Whether the index could not be written for want of room: nothing was committed then."""
    if getattr(error, "sqlite_errorcode", None) not in _WRITING:
        return False
    try:
        # Nameless: whatever happens, it leaves nothing.
        with tempfile.TemporaryFile(dir=index.resolve().parent) as probe:
            os.pwrite(probe.fileno(), _PIECE, 0)
    except OSError as found:
        return found.errno in FULL
    return False
