"""What checks have found of instances: each wording once, and which instances it is of."""

from __future__ import annotations

from peewee import Database

_TABLES = (
    "ALTER TABLE instance ADD COLUMN checked INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE "verdict" (
        "id" INTEGER NOT NULL PRIMARY KEY, "severity" TEXT NOT NULL, "path" TEXT NOT NULL,
        "rule" TEXT NOT NULL, "message" TEXT NOT NULL, "clause" TEXT NOT NULL)""",
    """CREATE UNIQUE INDEX "verdict_severity_path_rule_message_clause"
        ON "verdict" ("severity", "path", "rule", "message", "clause")""",
    """CREATE TABLE "finding" (
        "instance_id" INTEGER NOT NULL, "place" INTEGER NOT NULL, "verdict_id" INTEGER NOT NULL,
        PRIMARY KEY ("instance_id", "place"),
        FOREIGN KEY ("instance_id") REFERENCES "instance" ("id") ON DELETE CASCADE,
        FOREIGN KEY ("verdict_id") REFERENCES "verdict" ("id")) WITHOUT ROWID""",
    """CREATE INDEX "finding_verdict_id" ON "finding" ("verdict_id")""",
)


def up(migrator: object, db: Database) -> None:
    """Add the tables and the state; what was examined before this is not checked."""
    for sql in _TABLES:
        db.execute_sql(sql)  # type: ignore[no-untyped-call]
