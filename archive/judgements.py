"""What checks have found of instances, as the index has it: written as examining finds it.

Law: a wording is a row of `verdict`, once; `finding` says which instances it is of, in the order of
the check. An instance is `checked` or it is not known what is wrong with it; rows of a deleted one
go with it (ON DELETE CASCADE). What an object refers to is not judged here: that changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from archive.dialect import Connection


class Judgement(NamedTuple):
    """One finding, as `iod.checks` words it."""

    severity: str
    path: str
    rule: str
    message: str
    clause: str


@dataclass(frozen=True, slots=True)
class Judged:
    """How much was found: instances with an error, and findings by severity."""

    checked: int
    invalid: int
    errors: int
    warnings: int


class Rows(Protocol):
    """The reading side of an index."""

    def __call__(self, sql: str, params: list[object]) -> Iterable[tuple[Any, ...]]: ...


_STATE = "UPDATE instance SET checked = ? WHERE id = ?"
_FORGET = "DELETE FROM finding WHERE instance_id = ?"
_NAMES = "severity, path, rule, message, clause"
_WORD = f"INSERT OR IGNORE INTO verdict ({_NAMES}) VALUES (?, ?, ?, ?, ?)"
_WORDED = (
    "SELECT id FROM verdict WHERE severity = ? AND path = ? AND rule = ? AND message = ?"
    " AND clause = ?"
)
_ADD = "INSERT INTO finding (instance_id, place, verdict_id) VALUES (?, ?, ?)"


class Wordings:
    """The rows of wordings within one transaction: objects of a study say mostly the same."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._known: dict[Judgement, int] = {}

    def note(self, row: int, found: Sequence[Judgement] | None) -> None:
        """Write what was found of an instance; None: it was not checked."""
        self._db.execute(_FORGET, (row,))
        self._db.execute(_STATE, (found is not None, row))
        rows = [(row, place, self._row(each)) for place, each in enumerate(found or ())]
        self._db.executemany(_ADD, rows)

    def _row(self, judgement: Judgement) -> int:
        if judgement not in self._known:
            self._db.execute(_WORD, judgement)
            (self._known[judgement],) = self._db.execute(_WORDED, judgement).fetchone()
        return self._known[judgement]


_OF = """
SELECT severity, verdict.path, rule, message, clause
FROM instance JOIN finding ON finding.instance_id = instance.id
JOIN verdict ON verdict.id = finding.verdict_id
WHERE instance."SOPInstanceUID" = ? ORDER BY finding.place
"""
_COUNTS = """
SELECT (SELECT count(*) FROM instance WHERE checked = 1), count(DISTINCT CASE severity
WHEN 'error' THEN instance_id END), coalesce(sum(severity = 'error'), 0),
coalesce(sum(severity = 'warning'), 0)
FROM finding JOIN verdict ON verdict.id = finding.verdict_id
"""


class Judgements:
    """Findings, asked of the index; any thread may."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def of(self, sop_instance_uid: str) -> list[Judgement] | None:
        """What was found of an instance; None when it has not been checked."""
        sql = 'SELECT checked FROM instance WHERE "SOPInstanceUID" = ?'
        if not any(row[0] for row in self._rows(sql, [sop_instance_uid])):
            return None
        return list(self._each(sop_instance_uid))

    def _each(self, sop_instance_uid: str) -> Iterator[Judgement]:
        for row in self._rows(_OF, [sop_instance_uid]):
            yield Judgement(*map(str, row))

    def counts(self) -> Judged:
        """How much was found."""
        (row,) = self._rows(_COUNTS, [])
        return Judged(*map(int, row))
