"""The index of modalities leads to studies without reading the series."""

from __future__ import annotations

from peewee import Database


def up(migrator: object, db: Database) -> None:
    """Put one index in the other's place."""
    for statement in (
        'CREATE INDEX "series_Modality_study_id" ON series ("Modality", study_id)',
        'DROP INDEX "series_Modality"',
    ):
        db.execute_sql(statement)  # type: ignore[no-untyped-call]
