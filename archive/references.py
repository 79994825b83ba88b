"""References between instances as the index has them, and what has been examined for them.

Law: examining comes after an object is acknowledged and never before. A row is born waiting; so
what a crash, an import or a reindex leaves unexamined waits, and is found by whoever examines next.
What was found is written together with the state, in one transaction, and only while the row still
is of the very file. That it cannot be examined once more takes nothing away that is known: the
fault may pass. How often such a fault has stopped the first examining is kept in the state, so that
it is tried again, and not for ever, whoever restarts. The rows of a deleted instance go with it
(ON DELETE CASCADE).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, Protocol

from archive.dialect import Connection
from archive.judgements import Judgement, Wordings
from archive.record import StoredInstance


class State(IntEnum):
    """How far an instance is."""

    WAITING = 0
    EXAMINED = 1
    FAILED = 2  # it cannot be examined; the note says why
    STOPPED = 3  # and above: a fault that may pass has stopped it once, twice...


TRIES: Final = 5  # of examining what such a fault stops
_GIVEN_UP: Final = State.FAILED + TRIES


@dataclass(frozen=True, slots=True)
class Examined:
    """What examining an instance has found; `row` is its number in the index.

    `references` are (role, SOP Class UID, SOP Instance UID). `note` says what was left out, or why
    it could not be examined; `stopped` is whether by a fault that may pass. `findings` are those of
    a check by these `rules`; None where it was not checked.
    """

    row: int
    sop_instance_uid: str
    references: Sequence[tuple[str, str, str]] = ()
    note: str = ""
    failed: bool = False
    stopped: bool = False
    findings: Sequence[Judgement] | None = None
    rules: int = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Relation:
    """One reference, seen from either of its ends: the other instance, and as what.

    `held` is whether the archive has the other instance; it has always who refers.
    """

    role: str
    sop_class_uid: str
    sop_instance_uid: str
    held: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How much waits, and how much could not be examined.

    `again` of those that could not are tried again; `cause` is why most of them could not.
    """

    waiting: int
    failed: int
    again: int = 0
    cause: str = ""


@dataclass(slots=True)
class Needed:
    """Rows of the instances that others need, with their SOP classes."""

    rows: dict[int, str]
    waiting: bool = False  # some of those that need are not examined yet
    cut: bool = False  # there are more


class Rows(Protocol):
    """The reading side of an index."""

    def __call__(self, sql: str, params: list[object]) -> Iterable[tuple[Any, ...]]: ...


_STATE = 'UPDATE instance SET examined = ?, examined_note = ? WHERE id = ? AND "SOPInstanceUID" = ?'
_STATE_OF = 'SELECT examined FROM instance WHERE id = ? AND "SOPInstanceUID" = ?'
_ADD = (
    "INSERT INTO reference (instance_id, to_uid, role, to_class) VALUES (?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING"
)


def note(db: Connection, found: Sequence[Examined]) -> int:
    """Write what was found; of how many instances."""
    written, wordings = 0, Wordings(db)
    for each in found:
        if each.failed:
            written += _note_failed(db, wordings, each)
            continue
        row = (State.EXAMINED, each.note or None, each.row, each.sop_instance_uid)
        if not db.execute(_STATE, row).rowcount:
            continue
        written += 1
        wordings.note(each.row, each.findings, each.rules)
        db.execute("DELETE FROM reference WHERE instance_id = ?", (each.row,))
        db.executemany(_ADD, ((each.row, uid, role, kind) for role, kind, uid in each.references))
    wordings.tidy()
    return written


def _note_failed(db: Connection, wordings: Wordings, each: Examined) -> bool:
    """Write that it could not be examined, unless it has been, and what was found of it before."""
    former = db.execute(_STATE_OF, (each.row, each.sop_instance_uid)).fetchone()
    if former is None:
        return False
    if former[0] not in (State.EXAMINED, State.FAILED):
        times = max(former[0], State.FAILED) + 1
        state = min(times, _GIVEN_UP) if each.stopped else State.FAILED
        db.execute(_STATE, (state, each.note or None, each.row, each.sop_instance_uid))
    elif each.findings is None:
        return False
    if each.findings is not None:
        wordings.note(each.row, each.findings, each.rules)
    return True


def wait_again(db: Connection, most: int) -> int:
    """Have what faults that may pass have stopped, given up or not, wait as if new; how many."""
    return db.execute(_WAIT_AGAIN, (State.STOPPED, most)).rowcount


SELECT_WAITING = "FROM instance WHERE examined = 0 ORDER BY id LIMIT ?"
SELECT_STOPPED = (
    "FROM instance WHERE examined_note IS NOT NULL AND examined = ? ORDER BY id LIMIT ?"
)
_WAIT_AGAIN = (
    "UPDATE instance SET examined = 0, examined_note = NULL WHERE id IN"
    " (SELECT id FROM instance WHERE examined_note IS NOT NULL AND examined >= ? LIMIT ?)"
)
_PROGRESS = """
SELECT (SELECT count(*) FROM instance WHERE examined = 0), count(*),
count(CASE WHEN examined BETWEEN ? AND ? THEN 1 END)
FROM instance WHERE examined_note IS NOT NULL AND examined >= 2
"""
_CAUSE = """
SELECT examined_note FROM instance WHERE examined_note IS NOT NULL AND examined >= 2
GROUP BY examined_note ORDER BY count(*) DESC, examined_note LIMIT 1
"""
_REFERS_TO = """
SELECT reference.role, coalesce(other."SOPClassUID", reference.to_class), reference.to_uid,
       other.id IS NOT NULL
FROM instance JOIN reference ON reference.instance_id = instance.id
LEFT JOIN instance AS other ON other."SOPInstanceUID" = reference.to_uid
WHERE instance."SOPInstanceUID" = ? ORDER BY reference.role, reference.to_uid
"""
_REFERRED_BY = """
SELECT reference.role, other."SOPClassUID", other."SOPInstanceUID", 1
FROM reference JOIN instance AS other ON other.id = reference.instance_id
WHERE reference.to_uid = ? ORDER BY reference.role, other.id
"""
_NEEDED = """
SELECT other.id, other."SOPClassUID", reference.role
FROM reference JOIN instance AS other ON other."SOPInstanceUID" = reference.to_uid
WHERE reference.instance_id = ?
"""
_NOTES = """
SELECT "SOPInstanceUID", examined_note FROM instance
WHERE examined_note IS NOT NULL AND examined >= 2 ORDER BY examined, id LIMIT ?
"""


class References:
    """Relations, asked of the index; any thread may."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def progress(self) -> Progress:
        """How much waits to be examined."""
        counted = self._rows(_PROGRESS, [State.STOPPED, _GIVEN_UP - 1])
        ((waiting, failed, again),) = counted
        cause = next((str(row[0]) for row in self._rows(_CAUSE, [])), "")
        return Progress(int(waiting), int(failed), int(again), cause)

    def failures(self, most: int) -> list[tuple[str, str]]:
        """The first instances that could not be examined, and why."""
        return [(str(uid), str(why)) for uid, why in self._rows(_NOTES, [most])]

    def of(self, sop_instance_uid: str) -> list[Relation]:
        """What an instance refers to, by role."""
        return self._relations(_REFERS_TO, sop_instance_uid)

    def to(self, sop_instance_uid: str) -> list[Relation]:
        """What refers to an instance, held or not, by role and in the order it came."""
        return self._relations(_REFERRED_BY, sop_instance_uid)

    def missing(self, sop_instance_uid: str) -> list[Relation]:
        """What an instance refers to and the archive does not have."""
        return [each for each in self.of(sop_instance_uid) if not each.held]

    def needed(
        self,
        start: Sequence[int],
        without: Collection[str],
        bounds: tuple[int, int],
        *,
        but: Collection[str] = (),
    ) -> Needed:
        """What these rows refer to, and what that refers to..., but for references in some roles.

        `bounds` are steps and instances. What is among the first is not told; in the first step
        the roles of `but` are followed, too.
        """
        steps, most = bounds
        found = Needed({})
        seen, here = set(start), list(start)
        left_out = set(without) - set(but)
        for _ in range(steps):
            there = dict[int, str]()
            for row in here:
                for number, kind, role in self._rows(_NEEDED, [row]):
                    if role in left_out or number in seen or number in there:
                        continue
                    if len(there) + len(found.rows) == most:
                        found.rows, found.cut = found.rows | there, True
                        return found
                    there[int(number)] = str(kind)
                found.waiting = found.waiting or self._waits(row)
            left_out = set(without)
            seen |= there.keys()
            found.rows |= there
            here = list(there)
        return found

    def _waits(self, row: int) -> bool:
        sql = "SELECT examined FROM instance WHERE id = ?"
        return any(each[0] == State.WAITING for each in self._rows(sql, [row]))

    def unknown(self, sop_instance_uid: str) -> str:
        """Why not all is known that a held instance refers to; empty where all is."""
        sql = 'SELECT examined, examined_note FROM instance WHERE "SOPInstanceUID" = ?'
        for state, note in self._rows(sql, [sop_instance_uid]):
            if state == State.WAITING:
                return "not examined yet"
            return str(note or "") if state == State.EXAMINED else f"not to be examined: {note}"
        return ""

    def _relations(self, sql: str, uid: str) -> list[Relation]:
        return [
            Relation(str(role), str(kind), str(other), bool(held))
            for role, kind, other, held in self._rows(sql, [uid])
        ]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An instance to be examined; `row` is its number in the index."""

    row: int
    stored: StoredInstance
