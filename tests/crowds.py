"""An index with very many rows, made in seconds: one stored object, multiplied by SQL.

All rows name the one file, so whatever is sent is sent.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from archive import Archive
from tests.datasets import CT, EXPLICIT, instance

STUDY, SERIES, INSTANCE = "1.2.3", "1.2.3.1", "1.2.3.4"


def crowd(data: Path, *, studies: int = 0, instances: int = 0) -> None:
    """An archive of so many studies more, each of one object, or of so many in one series."""
    with (
        Archive.open(data, sync="lazy") as archive,
        archive.receive(CT, INSTANCE, EXPLICIT) as reception,
    ):
        reception.write((instance(INSTANCE, study=STUDY, series=SERIES),))
        reception.commit()
    with closing(sqlite3.connect(data / "index.sqlite3", isolation_level=None)) as db:
        db.execute("BEGIN")
        _multiply(db, "instance", instances, {"SOPInstanceUID": "'1.9.' || n"})
        first = {"id": "n + 1000"}
        _multiply(db, "study", studies, first | {"StudyInstanceUID": "'1.8.' || n"})
        _multiply(db, "series", studies, first | {"study_id": "n + 1000"})
        own = {"series_id": "n + 1000", "SOPInstanceUID": "'1.7.' || n"}
        _multiply(db, "instance", studies, own)
        db.execute("UPDATE instance SET examined = 1")  # it would take minutes
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _multiply(db: sqlite3.Connection, table: str, count: int, changed: dict[str, str]) -> None:
    """Copies of the first row, with other values where `changed` says so."""
    names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    names = [name for name in names if name != "id" or name in changed]
    listed = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(changed.get(name, f'f."{name}"') for name in names)
    numbers = f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count})"
    if count:
        one = f"(SELECT * FROM {table} ORDER BY id LIMIT 1) AS f"
        db.execute(f"INSERT INTO {table} ({listed}) {numbers} SELECT {values} FROM c, {one}")
