"""Rows into the index, on one connection, inside transactions that `index` opens and commits.

Law: prepared raw statements only, and one row for an object whose study and series are known.
The first value received that is not empty stays; later instances fill columns that are empty.
What is remembered of other rows may be stale (another process deletes): foreign keys refuse a row
that builds on it, and the index forgets and tries once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from archive import items, judgements, references
from archive.attributes import STORED, Level
from archive.dialect import Connection
from archive.models import columns
from archive.record import AT, NOBODY, Record, StoredInstance, Subject, identity
from archive.values import Columns

REMEMBERED = 500  # rows per table: those of what arrives at a time, some 4 KB a series

STORED_COLUMNS = (
    "SOPClassUID", "SOPInstanceUID", "transfer_syntax_uid", "path", "offset", "size", "sha256",
)  # fmt: skip

# Of the study above it: whose it is
SUBJECT_COLUMNS = ("StudyInstanceUID", "PatientID", "PatientName")

# Table, its parent, its children and their key: the way up from a deleted instance.
_UPWARDS = (
    ("series", "study_id", "instance", "series_id"),
    ("study", "patient_id", "series", "study_id"),
    ("patient", "NULL", "study", "patient_id"),
)


@dataclass(frozen=True, slots=True)
class Added:
    """What came of a record: a new row, or the instance that was there before."""

    new: bool
    existing: StoredInstance | None = None
    row: int = 0  # of the index, when it is new


@dataclass(slots=True)
class _Known:
    id: int
    empty: list[int]  # places of attributes that no instance has told yet


def _named(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _insert(table: str, names: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({_named(names)}) VALUES ({', '.join('?' * len(names))})"


def stored_instance(root: Path, row: Sequence[object]) -> StoredInstance:
    """From a row of `STORED_COLUMNS`, and of `SUBJECT_COLUMNS` where they were asked for."""
    sop_class, uid, syntax, path, offset, size, sha256, *subject = row
    return StoredInstance(
        sop_class_uid=str(sop_class),
        sop_instance_uid=str(uid),
        transfer_syntax_uid=str(syntax),
        path=root / str(path),
        offset=int(str(offset)),
        size=int(str(size)),
        sha256=str(sha256),
        subject=_subject(tuple(subject)) if subject else NOBODY,
    )


@lru_cache(maxsize=256)
def _subject(row: tuple[object, ...]) -> Subject:
    """The instances of a study share it."""
    return Subject(*(str(value or "") for value in row))


_TERM = "INSERT INTO term (home, path, form, owner) VALUES (?, ?, ?, ?)"


class _Terms:
    """What one column cannot offer an index, kept findable in `term`: what the items of sequences
    hold, and the further component groups of names."""

    def __init__(self, table: str, levels: tuple[Level, ...]) -> None:
        names = [column for level in levels for column in columns(level)]
        stored = (attribute for level in levels for attribute in STORED[level])
        self._table = table
        self._at = {names.index(a.keyword): a for a in stored if a.vr in ("SQ", "PN")}

    def some(self, row: Sequence[str | None]) -> bool:
        """Whether a row has any."""
        return any(row[at] for at in self._at)

    def add(self, db: Connection, owner: int, row: Sequence[str | None], place: int = -1) -> None:
        """Add those of a new row, or of one attribute that a row did not have so far."""
        for at, attribute in self._at.items():
            if row[at] and place in (-1, at):
                for path, form in items.terms(attribute, row[at : at + len(attribute.columns)]):
                    db.execute(_TERM, (self._table, path, form, owner))


SELECT_OF_CLASSES = (
    f"SELECT {_named(STORED_COLUMNS)} FROM instance WHERE id IN"
    ' (SELECT id FROM instance WHERE "SOPClassUID" IN ({marks})) ORDER BY id'
)
SELECT_NEWEST = f"SELECT {_named(STORED_COLUMNS)} FROM instance ORDER BY id DESC LIMIT ?"
SELECT_STORED = f'SELECT {_named(STORED_COLUMNS)} FROM instance WHERE "SOPInstanceUID" = ?'
SELECT_WAITING = f"SELECT id, {_named(STORED_COLUMNS)} {references.SELECT_WAITING}"
SELECT_STOPPED = f"SELECT id, {_named(STORED_COLUMNS)} {references.SELECT_STOPPED}"
SELECT_OLDER = f"SELECT id, {_named(STORED_COLUMNS)} {judgements.SELECT_OLDER}"
SELECT_HELD = f"SELECT id, {_named(STORED_COLUMNS)} FROM instance WHERE id > ? ORDER BY id LIMIT ?"


# Objects of no patient about which more is to be known.
_BARE = "series_id IS NULL AND id NOT IN (SELECT id FROM nonpatient)"
SELECT_UNREAD = f"SELECT {_named(STORED_COLUMNS)} FROM instance WHERE {_BARE}"
_UNREAD = f'SELECT id FROM instance WHERE "SOPInstanceUID" = ? AND {_BARE}'


class _Table:
    """The rows above the instances: found, made, filled and remembered by their keys."""

    def __init__(self, name: str, keys: tuple[str, ...], levels: tuple[Level, ...]) -> None:
        names = [column for level in levels for column in columns(level)]
        own = [key for key in keys if key not in names]
        where = " AND ".join(f'"{key}" = ?' for key in keys)
        self.known: dict[tuple[object, ...], _Known] = {}
        self._own = len(own)
        self._terms = _Terms(name, levels)
        self._select = f"SELECT id, {_named(names)} FROM {name} WHERE {where}"
        self._insert = _insert(name, own + names) + " RETURNING id"
        self._fills: dict[int, tuple[int, str]] = {}  # place of an attribute: its end, its UPDATE
        place = 0
        for level in levels:
            for attribute in STORED[level]:
                end = place + len(attribute.columns)
                sets = ", ".join(f'"{column}" = ?' for column in attribute.columns)
                guard = f'id = ? AND "{attribute.keyword}" = ?'
                self._fills[place] = end, f"UPDATE {name} SET {sets} WHERE {guard}"
                place = end

    def id_of(self, db: Connection, key: tuple[object, ...], row: tuple[str | None, ...]) -> int:
        """The row with this key, made or filled from what an instance says of it."""
        known = self.known.get(key)
        if known is None:
            known = self._find(db, key) or self._make(db, key, row)
            if len(self.known) >= REMEMBERED:
                self.known.clear()
            self.known[key] = known
        # Most attributes that one instance leaves empty stay empty: this loop rarely finds any.
        for place in [place for place in known.empty if row[place]]:
            self._fill(db, known, place, row)
        return known.id

    def _find(self, db: Connection, key: tuple[object, ...]) -> _Known | None:
        found = db.execute(self._select, key).fetchone()
        return None if found is None else _Known(found[0], self._empty(found[1:]))

    def _make(self, db: Connection, key: tuple[object, ...], row: tuple[str | None, ...]) -> _Known:
        made = db.execute(self._insert, (*key[: self._own], *row)).fetchone()
        self._terms.add(db, made[0], row)
        return _Known(made[0], self._empty(row))

    def _empty(self, row: Sequence[str | None]) -> list[int]:
        return [place for place in self._fills if not row[place]]

    def _fill(self, db: Connection, known: _Known, place: int, row: tuple[str | None, ...]) -> None:
        end, update = self._fills[place]
        if db.execute(update, (*row[place:end], known.id, "")).rowcount:
            self._terms.add(db, known.id, row, place)
        known.empty.remove(place)


class Writer:
    """Adds and removes instances."""

    def __init__(self, db: Connection, root: Path) -> None:
        self._db = db
        self._root = root
        self._above = f"{root}/"
        self._latest: tuple[tuple[Columns, ...], int] | None = None  # rows above, and the series
        self._patients = _Table("patient", ("identity",), ("PATIENT",))
        self._studies = _Table("study", ("patient_id", "StudyInstanceUID"), ("STUDY", "PATIENT"))
        self._series = _Table("series", ("study_id", "SeriesInstanceUID"), ("SERIES",))
        file = ("transfer_syntax_uid", "path", "offset", "size", "sha256")
        about = ("received", "source_ae", "odd_character_set")
        self._insert = _insert("instance", ("series_id", *columns("IMAGE"), *file, *about))
        self._terms = _Terms("instance", ("IMAGE",))
        self._whole = _insert("nonpatient", ("id", "SOPClassUID", "value"))

    def forget(self) -> None:
        """Drop what is remembered: a transaction was rolled back, or rows were deleted."""
        self._latest = None
        for table in (self._patients, self._studies, self._series):
            table.known.clear()

    def add(self, record: Record) -> Added:
        """Insert the instance and the rows above it, unless its UID is there already."""
        stored = record.stored
        found = self._db.execute(SELECT_STORED, (stored.sop_instance_uid,)).fetchone()
        if found is not None:
            return Added(False, stored_instance(self._root, found))
        path = str(stored.path).removeprefix(self._above)
        file = (stored.transfer_syntax_uid, path, stored.offset, stored.size, stored.sha256)
        about = (record.received, record.source_ae, record.odd_character_set)
        series = self._series_of(record) if record.of_patient else None
        row = (series, *record.image, *file, *about)
        if record.whole or self._terms.some(record.image):
            (made,) = self._db.execute(f"{self._insert} RETURNING id", row).fetchone()
            self._terms.add(self._db, made, record.image)
            self._add_whole(made, record)
        else:
            made = self._db.execute(self._insert, row).lastrowid
        return Added(True, row=made)

    def complete(self, record: Record) -> bool:
        """Make the row of an object without a patient that an older version did not make."""
        if not record.whole:
            return False
        (number,) = self._db.execute(_UNREAD, (record.stored.sop_instance_uid,)).fetchone() or (0,)
        if number:
            self._add_whole(number, record)
        return bool(number)

    def _add_whole(self, number: int, record: Record) -> None:
        if record.whole:
            row = (number, record.stored.sop_class_uid, record.whole)
            self._db.execute(self._whole, row)
            for path, form in items.terms_of_whole(record.whole):
                self._db.execute(_TERM, ("nonpatient", path, form, number))

    def _series_of(self, record: Record) -> int:
        above = record.patient, record.study, record.series
        if self._latest is not None and self._latest[0] == above:
            return self._latest[1]
        self._latest = above, self._series_like(record)
        return self._latest[1]

    def _series_like(self, record: Record) -> int:
        db = self._db
        patient = self._patients.id_of(db, (identity(record.patient),), record.patient)
        study_key = (patient, record.study[AT["StudyInstanceUID"]])
        study = self._studies.id_of(db, study_key, record.study + record.patient)
        series_key = (study, record.series[AT["SeriesInstanceUID"]])
        return self._series.id_of(db, series_key, record.series)

    def note(self, found: Sequence[references.Examined]) -> int:
        """Write what examining instances has found."""
        return references.note(self._db, found)

    def wait_again(self, most: int) -> int:
        """Have instances wait that could not be examined for a fault that may pass; how many."""
        return references.wait_again(self._db, most)

    def note_rules(self, rules: int) -> None:
        """Write that all has been judged by these rules."""
        judgements.note_rules(self._db, rules)

    def remove(self, sop_instance_uid: str, path: Path | None = None) -> bool:
        """Delete an instance, and what is left empty above it; only if its file is this one."""
        find = 'SELECT id, series_id, path FROM instance WHERE "SOPInstanceUID" = ?'
        found = self._db.execute(find, (sop_instance_uid,)).fetchone()
        if found is None or (path is not None and path != self._root / str(found[2])):
            return False
        judgements.forget(self._db, found[0])
        self._delete("nonpatient", found[0])
        self._delete("instance", found[0])
        row = found[1]
        for table, above, child, key in _UPWARDS:
            count = f"SELECT count(*) FROM (SELECT 1 FROM {child} WHERE {key} = ? LIMIT 1)"
            if row is None or self._db.execute(count, (row,)).fetchone()[0]:
                break
            parent = self._db.execute(f"SELECT {above} FROM {table} WHERE id = ?", (row,))
            row_above = parent.fetchone()[0]
            self._delete(table, row)
            row = row_above
        self.forget()
        return True

    def _delete(self, table: str, row: int) -> None:
        self._db.execute(f"DELETE FROM {table} WHERE id = ?", (row,))
        self._db.execute("DELETE FROM term WHERE home = ? AND owner = ?", (table, row))
