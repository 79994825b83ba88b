"""What holds for all frames of an enhanced image is a key."""

from __future__ import annotations

from peewee import Database

COLUMN = "\"SharedFunctionalGroupsSequence\" TEXT NOT NULL DEFAULT ''"


def up(migrator: object, db: Database) -> None:
    """Add the column, which `anode reindex` fills for rows that are there."""
    db.execute_sql(f"ALTER TABLE instance ADD COLUMN {COLUMN}")  # type: ignore[no-untyped-call]
