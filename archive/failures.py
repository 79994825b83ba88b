"""Errors of the system that holds the objects, as ours: durability P4 and P5."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from archive.errors import NoSpace, Unavailable

FULL = frozenset((errno.ENOSPC, errno.EDQUOT))


@contextmanager
def storage() -> Iterator[None]:
    """Turn errors of the system into ours, durability P4 and P5."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NoSpace("no space is left for objects") from error
        raise Unavailable(f"object storage failed: {error.strerror or error}") from error
