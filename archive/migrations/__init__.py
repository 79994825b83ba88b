"""The history of the index's schema, run by peewee's own runner.

Law: numbered scripts, applied in order, each once; one that has been released never changes.
`python -m playhouse.migrations sqlite:///index.sqlite3 generate NAME archive.models:MODELS` writes
the next one from the difference between the models and a database.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from peewee import Database
from playhouse.migrations import Runner  # type: ignore[import-untyped]

FIRST: Final = "0001_initial"
# What adds columns of keys, of which rows that are there know nothing
KEYS: Final = frozenset({"0002_sequences", "0005_nonpatient", "0009_shared_groups"})


def migrate(database: Database) -> list[str]:
    """Bring a database to the newest schema; the names of what was applied."""
    with database.connection_context():
        applied: list[str] = Runner(database, str(Path(__file__).parent)).up()
    return applied
