"""How long a statement may take: SQLite is asked to stop by a look at the clock now and then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from archive.dialect import Connection

_STEPS = 10_000  # of SQLite's machine between two looks at the clock: less than a millisecond


@contextmanager
def ending(connection: Connection, seconds: float | None) -> Iterator[None]:
    """Statements in the block end within so many seconds, or with SQLITE_INTERRUPT."""
    if seconds is None:
        yield
        return
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)
