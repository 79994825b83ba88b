"""The files of SQLite databases: one takes the place of another.

Law: a write-ahead log belongs to one database, and SQLite would apply it to any that has its name:
it moves with its own. Nobody has any of these files open.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from archive.durable import sync

BESIDE = ("-wal", "-shm")

Connect = Callable[[], sqlite3.Connection]


def supersede(newer: tuple[Path, Connect], older: tuple[Path, Connect]) -> None:
    """Put a database in another one's place; the former files keep `.old` in their names.

    Raises OSError, sqlite3.Error.
    """
    path, connect = newer
    place, reconnect = older
    _settle(connect)
    sync(path)
    if place.exists():
        with suppress(sqlite3.Error):  # it may be what was wrong
            _settle(reconnect)
        kept = place.with_name(f"{place.name}.old")
        kept.unlink(missing_ok=True)
        kept.hardlink_to(place)
        for end in BESIDE:
            with suppress(FileNotFoundError):
                Path(f"{place}{end}").replace(f"{kept}{end}")
    path.replace(place)
    sync(place.parent)


def _settle(connect: Connect) -> None:
    """Bring everything into the one file."""
    with closing(connect()) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def discard(path: Path) -> None:
    """Remove a database."""
    for end in ("", *BESIDE):
        Path(f"{path}{end}").unlink(missing_ok=True)
