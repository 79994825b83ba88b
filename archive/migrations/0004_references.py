"""References between instances, and which instances have been examined for them."""

from __future__ import annotations

from typing import Any

from peewee import (
    AutoField,
    CompositeKey,
    Database,
    ForeignKeyField,
    Model,
    SqliteDatabase,
    TextField,
)


def _reference(db: Database) -> Any:
    row = {"id": AutoField(), "Meta": type("Meta", (), {"database": db, "table_name": "instance"})}
    instance = type("Instance", (Model,), row)
    meta = {
        "database": db,
        "table_name": "reference",
        "primary_key": CompositeKey("instance", "to_uid", "role"),
        "without_rowid": isinstance(db, SqliteDatabase),
        "indexes": ((("to_uid",), False),),
    }
    fields = {
        "instance": ForeignKeyField(instance, index=False, on_delete="CASCADE"),
        **{name: TextField() for name in ("to_uid", "role", "to_class")},
    }
    return type("Reference", (Model,), {**fields, "Meta": type("Meta", (), meta)})


def up(migrator: object, db: Database) -> None:
    """Add the table and the state; what is there already waits to be examined."""
    for column in ("examined INTEGER NOT NULL DEFAULT 0", "examined_note TEXT"):
        db.execute_sql(  # type: ignore[no-untyped-call]
            f"ALTER TABLE instance ADD COLUMN {column}"
        )
    db.execute_sql(  # type: ignore[no-untyped-call]
        "CREATE INDEX instance_unexamined ON instance (id) WHERE examined = 0"
    )
    db.execute_sql(  # type: ignore[no-untyped-call]
        "CREATE INDEX instance_examined_note ON instance (examined) WHERE examined_note IS NOT NULL"
    )
    db.create_tables([_reference(db)])
