"""Errors of the system that holds the objects, as ours: durability P4 and P5."""

from __future__ import annotations

import errno
from pathlib import Path, PurePath

from archive.errors import ArchiveError, NoSpace, Unavailable

FULL = frozenset((errno.ENOSPC, errno.EDQUOT))


class storage:  # noqa: N801 - in a `with` it reads as a function
    """Turn errors of the system into ours, durability P4 and P5; `root` is for names within it.

    No generator: entering and leaving one takes three times as long, and each object does it
    three times.
    """

    __slots__ = ("_root",)

    def __init__(self, root: Path | None = None) -> None:
        self._root = root

    def __enter__(self) -> None:
        """Nothing is to be done."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise _ours(error, self._root) from error


def _ours(error: OSError, root: Path | None) -> ArchiveError:
    if error.errno in FULL:
        return NoSpace("no space is left for objects")
    # An OSError without a number is in words that may name a file.
    failed = Unavailable(f"object storage failed: {error.strerror or type(error).__name__}")
    failed.where = _where(error.filename, root)
    return failed


def _where(name: object, root: Path | None) -> str:
    if not isinstance(name, str | PurePath):  # a descriptor, or nothing
        return str(root or "")
    return str(name) if root is None or PurePath(name).is_absolute() else f"{name} in {root}"
