"""A store that has become read-only: said in the log at once, and to `anode status` by a file.

Law (durability P5): a failed sync is never tried again; only a restart, whose first sync passes,
makes the store writable.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

_log = logging.getLogger("anode.archive")
_MARK = "read-only"


def degrade(root: Path, why: str) -> None:
    """Say it, and leave a mark if the disk still takes one."""
    _log.error("the store is read-only: %s", why)
    with suppress(OSError):
        (root / _MARK).write_text(f"{why}\n", encoding="utf-8")


def reason(root: Path) -> str:
    """Why the store of this data folder is read-only; empty when it is not."""
    try:
        return (root / _MARK).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def clear(root: Path) -> None:
    """The store takes objects again."""
    with suppress(FileNotFoundError):
        (root / _MARK).unlink()
