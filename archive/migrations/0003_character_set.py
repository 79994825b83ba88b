"""The character set of the first object of a patient and of a study."""

from __future__ import annotations

from peewee import Database


def up(migrator: object, db: Database) -> None:
    """Add the columns; rows that are there get their values from `anode reindex`."""
    for table in ("patient", "study"):
        for column in (
            "\"SpecificCharacterSet\" TEXT NOT NULL DEFAULT ''",
            "\"SpecificCharacterSet_match\" TEXT NOT NULL DEFAULT ''",
            '"SpecificCharacterSet_more" TEXT',
        ):
            db.execute_sql(  # type: ignore[no-untyped-call]
                f"ALTER TABLE {table} ADD COLUMN {column}"
            )
