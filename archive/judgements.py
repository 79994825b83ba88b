"""What checks have found of instances, as the index has it: written as examining finds it.

Law: a wording is a row of `verdict`, once; `finding` says which instances it is of, in the order of
the check. `checked` says by which rules an instance was judged; 0: it is not known what is wrong
with it. What was found of a deleted instance goes with it, and so do wordings that are of no other:
they may hold values of it. What an object refers to is not judged here: that changes.
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
    """How much was found: instances with an error, and findings by severity.

    `older` of those checked were judged by other rules than those in force.
    """

    checked: int
    invalid: int
    errors: int
    warnings: int
    older: int = 0


class OfClass(NamedTuple):
    """What is held of one SOP class; `bytes` are those of data sets, `invalid` has errors."""

    sop_class_uid: str
    instances: int
    bytes: int
    invalid: int


class Rows(Protocol):
    """The reading side of an index."""

    def __call__(self, sql: str, params: list[object]) -> Iterable[tuple[Any, ...]]: ...


_STATE = "UPDATE instance SET checked = ? WHERE id = ?"
_WORDS = "SELECT verdict_id FROM finding WHERE instance_id = ?"
_FORGET = "DELETE FROM finding WHERE instance_id = ?"
_FORGET_WORD = """
DELETE FROM verdict WHERE id = ?
AND NOT EXISTS (SELECT 1 FROM finding WHERE verdict_id = verdict.id)
"""
_NAMES = "severity, path, rule, message, clause"
_WORD = f"INSERT INTO verdict ({_NAMES}) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_WORDED = (
    "SELECT id FROM verdict WHERE severity = ? AND path = ? AND rule = ? AND message = ?"
    " AND clause = ?"
)
_ADD = "INSERT INTO finding (instance_id, place, verdict_id) VALUES (?, ?, ?)"


def forget(db: Connection, row: int) -> None:
    """Delete what was found of an instance, with the wordings that are of no other."""
    words = db.execute(_WORDS, (row,)).fetchall()
    db.execute(_FORGET, (row,))
    _tidy(db, (word for (word,) in words))


def _tidy(db: Connection, words: Iterable[int]) -> None:
    db.executemany(_FORGET_WORD, ((word,) for word in words))


def note_rules(db: Connection, rules: int) -> None:
    """All that is checked has been judged by these."""
    db.execute("DELETE FROM judged")
    db.execute("INSERT INTO judged (rules) VALUES (?)", (rules,))


SELECT_JUDGED = "SELECT rules FROM judged"
SELECT_OLDER = "FROM instance WHERE id > ? AND checked > 0 AND checked <> ? ORDER BY id LIMIT ?"


class Wordings:
    """The rows of wordings within one transaction: objects of a study say mostly the same."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._known: dict[Judgement, int] = {}
        self._former = set[int]()

    def note(self, row: int, found: Sequence[Judgement] | None, rules: int) -> None:
        """Write what was found of an instance by these rules; None: it was not checked."""
        self._former.update(word for (word,) in self._db.execute(_WORDS, (row,)))
        self._db.execute(_FORGET, (row,))
        self._db.execute(_STATE, (0 if found is None else rules, row))
        rows = [(row, place, self._row(each)) for place, each in enumerate(found or ())]
        self._db.executemany(_ADD, rows)

    def tidy(self) -> None:
        """Delete the wordings that were of these instances before, and are of none now."""
        _tidy(self._db, self._former)

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
SELECT (SELECT count(*) FROM instance WHERE checked > 0), count(DISTINCT CASE severity
WHEN 'error' THEN instance_id END), count(CASE severity WHEN 'error' THEN 1 END),
count(CASE severity WHEN 'warning' THEN 1 END)
FROM finding JOIN verdict ON verdict.id = finding.verdict_id
"""
_CLASSES = """
SELECT "SOPClassUID", count(*), sum(size), count(wrong.instance_id) FROM instance
LEFT JOIN (SELECT DISTINCT instance_id FROM finding JOIN verdict ON verdict.id = finding.verdict_id
WHERE severity = 'error') AS wrong ON wrong.instance_id = instance.id
GROUP BY "SOPClassUID" ORDER BY count(*) DESC, "SOPClassUID"
"""
_OLDER = "SELECT count(*) FROM instance WHERE checked > 0 AND checked <> ?"


class Judgements:
    """Findings, asked of the index; any thread may."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def of(self, sop_instance_uid: str, rules: int | None = None) -> list[Judgement] | None:
        """What was found of an instance; None when it has not been checked, or by other rules."""
        sql = 'SELECT checked FROM instance WHERE "SOPInstanceUID" = ?'
        by = next((int(row[0]) for row in self._rows(sql, [sop_instance_uid])), 0)
        if not by or rules not in (None, by):
            return None
        return list(self._each(sop_instance_uid))

    def _each(self, sop_instance_uid: str) -> Iterator[Judgement]:
        for row in self._rows(_OF, [sop_instance_uid]):
            yield Judgement(*map(str, row))

    def rules(self) -> int:
        """The rules that all has been judged by that is checked; 0 when that is not known."""
        return next((int(row[0]) for row in self._rows(SELECT_JUDGED, [])), 0)

    def counts(self, rules: int) -> Judged:
        """How much was found; `rules` are those in force."""
        (row,) = self._rows(_COUNTS, [])
        (older,) = self._rows(_OLDER, [rules])
        return Judged(*map(int, (*row, *older)))

    def classes(self) -> list[OfClass]:
        """What is held of each SOP class, most instances first; reads every row of the index."""
        return [OfClass(*row) for row in self._rows(_CLASSES, [])]
