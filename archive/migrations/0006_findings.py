"""What checks have found of instances: each wording once, and which instances it is of."""

from __future__ import annotations

from typing import Any

from peewee import (
    AutoField,
    CompositeKey,
    Database,
    ForeignKeyField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)

WORDING = ("severity", "path", "rule", "message", "clause")


def _table(name: str, fields: dict[str, Any], **meta: object) -> Any:
    inner = type("Meta", (), {"table_name": name, **meta})
    return type(name.title(), (Model,), {**fields, "Meta": inner})


def up(migrator: object, db: Database) -> None:
    """Add the tables and the state; what was examined before this is not checked."""
    db.execute_sql(  # type: ignore[no-untyped-call]
        "ALTER TABLE instance ADD COLUMN checked INTEGER NOT NULL DEFAULT 0"
    )
    instance = _table("instance", {"id": AutoField()}, database=db)
    texts = {name: TextField() for name in WORDING}
    verdict = _table(
        "verdict", {"id": AutoField(), **texts}, database=db, indexes=((WORDING, True),)
    )
    finding = _table(
        "finding",
        {
            "instance": ForeignKeyField(instance, index=False, on_delete="CASCADE"),
            "place": IntegerField(),
            "verdict": ForeignKeyField(verdict),
        },
        database=db,
        primary_key=CompositeKey("instance", "place"),
        without_rowid=isinstance(db, SqliteDatabase),
    )
    db.create_tables([verdict, finding])
