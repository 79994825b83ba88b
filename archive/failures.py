"""Errors of the system that holds the objects, as ours: durability P4 and P5."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from archive.errors import NoSpace, Unavailable

FULL = frozenset((errno.ENOSPC, errno.EDQUOT))


@contextmanager
def storage(root: Path | None = None) -> Iterator[None]:
    """Turn errors of the system into ours, durability P4 and P5; `root` is for names within it."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NoSpace("no space is left for objects") from error
        # An OSError without a number is in words that may name a file.
        failed = Unavailable(f"object storage failed: {error.strerror or type(error).__name__}")
        failed.where = _where(error.filename, root)
        raise failed from error


def _where(name: object, root: Path | None) -> str:
    if not isinstance(name, str | PurePath):  # a descriptor, or nothing
        return str(root or "")
    return str(name) if root is None or PurePath(name).is_absolute() else f"{name} in {root}"
