"""An index as plain values, to compare two of them: rows by what they say, not by their numbers."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

# Rows above the instances have no name but their own and their parents'.
_NAMES = {
    "patient": "SELECT id, identity FROM patient",
    "study": 'SELECT id, patient_id, "StudyInstanceUID" FROM study',
    "series": 'SELECT id, study_id, "SeriesInstanceUID" FROM series',
    "instance": 'SELECT id, "SOPInstanceUID" FROM instance',
    "nonpatient": 'SELECT n.id, "SOPInstanceUID" FROM nonpatient AS n JOIN instance USING (id)',
}
_ABOVE = {"study": ("patient_id", "patient"), "series": ("study_id", "study")}
_OWNED = {**_ABOVE, "instance": ("series_id", "series")}

Row = dict[str, object]


def dump(root: Path, *, leave_out: tuple[str, ...] = ()) -> dict[str, dict[object, Row]]:
    """Every row of every table by its name; numbers of other rows are these rows' names."""
    with closing(sqlite3.connect(root / "index.sqlite3")) as db:
        db.row_factory = sqlite3.Row
        names: dict[str, dict[int, object]] = {}
        for table, sql in _NAMES.items():
            names[table] = {}
            for row in db.execute(sql):
                above = names[_ABOVE[table][1]][row[1]] if table in _ABOVE else None
                names[table][row[0]] = (above, row[-1])
        found: dict[str, dict[object, Row]] = {}
        for table in _NAMES:
            found[table] = {}
            for row in map(dict, db.execute(f"SELECT * FROM {table}")):
                own = names[table][row.pop("id")]
                if table in _OWNED:
                    column, other = _OWNED[table]
                    row[column] = names[other].get(row[column])
                found[table][own] = {k: v for k, v in row.items() if k not in leave_out}
        terms = db.execute("SELECT home, owner, path, form FROM term").fetchall()
        found["term"] = {
            (home, names[home][owner], path, form): {} for home, owner, path, form in terms
        }
    return found
