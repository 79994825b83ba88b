"""By which rules all that is checked has been judged; wordings that are of no instance any more."""

from __future__ import annotations

from peewee import Database


def up(migrator: object, db: Database) -> None:
    """Add the table; delete the wordings that deleted instances have left."""
    for statement in (
        'CREATE TABLE judged ("rules" INTEGER NOT NULL PRIMARY KEY)',
        "DELETE FROM verdict WHERE id NOT IN (SELECT verdict_id FROM finding)",
    ):
        db.execute_sql(statement)  # type: ignore[no-untyped-call]
