"""Object files of which nobody could tell whether the index took their row: a note for the start.

Law (durability P6): such a file is looked at by the next start, however many objects came after it.
The note is as durable as a disk that has just failed allows; what it loses, `anode check` finds.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from archive.durable import sync
from archive.locks import FILE_MODE

NAME = "in-doubt"


def note(root: Path, key: str) -> None:
    """Add a key."""
    with suppress(OSError):
        fd = os.open(root / NAME, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, FILE_MODE)
        try:
            os.write(fd, f"{key}\n".encode("ascii"))
            os.fsync(fd)
        finally:
            os.close(fd)
        sync(root)


def noted(root: Path) -> list[str]:
    """The keys, once each; a line that a crash cut short names no file."""
    try:
        lines = (root / NAME).read_text("ascii", errors="replace").splitlines()
    except OSError:
        return []
    return list(dict.fromkeys(lines))


def clear(root: Path) -> None:
    """All of them were looked at."""
    with suppress(OSError):
        (root / NAME).unlink()
