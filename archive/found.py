"""What a query finds, however much: never many rows in memory, and no statement open for long.

Law: first it is found which rows match, as numbers; the rows are read in portions when they are
wanted. A peer that takes its answers slowly so holds nothing of the index, where an open statement
would keep SQLite's journal from being written back (D10 of hostile-input.md). Rows that come after
the first answer are none of them; rows that go meanwhile are left out.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from peewee import SQL, ColumnBase, Entity, Select

from archive import select, single
from archive.dialect import Dialect, compiled
from archive.query import Query
from archive.record import NOBODY, StoredInstance, Subject
from archive.select import Statement
from archive.writer import STORED_COLUMNS, SUBJECT_COLUMNS, stored_instance

PORTION = 256  # rows read at a time
WINDOW = 100_000  # numbers of answers known at a time
_NO_LIMIT = 1 << 62

Read = Callable[[Statement], Iterator[tuple[Any, ...]]]
"""Carries out a SELECT, whose rows are to be taken to their end at once."""

Kind = tuple[str, str]
"""SOP class and transfer syntax."""


def answers(query: Query, dialect: Dialect, read: Read) -> Generator[tuple[str, ...], None, None]:
    """One tuple per entity at the query's level, aligned with `query.returns`.

    Most queries match few: those take one statement.
    """
    written = _written(query)
    # One row more than wanted tells that there is more.
    left = _NO_LIMIT if query.limit is None else query.limit + 1
    first = min(PORTION, left)
    rows = list(read(written.answers(query, dialect, first)))
    if len(rows) == first:  # whoever stores meanwhile must not make it endless
        query = replace(query, after=rows[-1][-1])
        last = next(iter(read(written.newest(query))))[0]
    yield from (row[:-1] for row in rows)
    if len(rows) == first:
        # Written once: only the rows that are wanted change.
        sql, (*params, _) = written.chosen(query, dialect, ())
        for numbers in _windows(query, dialect, read, (last, left - first)):
            for some in _portions(numbers):
                rows = list(read((sql, [*params, dialect.listed(some)])))
                yield from (row[:-1] for row in rows)


def _written(query: Query) -> ModuleType:
    """What writes the query's SQL."""
    return single if query.single else select


def _windows(
    query: Query, dialect: Dialect, read: Read, bounds: tuple[int, int]
) -> Iterator[array[int]]:
    """The numbers of the rows up to the last, at most so many in all."""
    last, left = bounds
    while left:
        most = min(WINDOW, left)
        found = read(_written(query).numbers(query, dialect, most))
        numbers = array("q", (row[0] for row in found if row[0] <= last))
        yield numbers
        if len(numbers) < most:
            return
        left -= most
        query = replace(query, after=numbers[-1])


def _portions(numbers: array[int]) -> Iterator[array[int]]:
    return (numbers[at : at + PORTION] for at in range(0, len(numbers), PORTION))


class Found(Collection[StoredInstance]):
    """The object files a retrieval covers: counted, and read as they are wanted."""

    __slots__ = ("_kind_of", "_kinds", "_numbers", "_rows", "subjects")

    def __init__(
        self,
        numbers: tuple[array[int], array[int]],
        kinds: Sequence[Kind],
        subjects: Mapping[Subject, Mapping[str, int]],
        rows: Callable[[Sequence[int]], Iterable[StoredInstance | None]],
    ) -> None:
        """`numbers` are those of the rows, and of the kind of each; 12 bytes an object."""
        self._numbers, self._kind_of = numbers
        self._kinds = kinds
        self._rows = rows
        self.subjects = subjects
        """Whose they are: how many of each SOP class."""

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[StoredInstance]:
        """Those that are still there, series by series."""
        for some in _portions(self._numbers):
            yield from (one for one in self._rows(some) if one is not None)

    def __contains__(self, one: object) -> bool:
        return any(one == each for each in self)

    @property
    def kinds(self) -> Collection[Kind]:
        """SOP classes and transfer syntaxes, each pair once."""
        return [self._kinds[number] for number in dict.fromkeys(self._kind_of)]

    @property
    def rows(self) -> Sequence[int]:
        """The numbers of the rows."""
        return self._numbers

    def rows_of(self, sop_classes: Collection[str]) -> list[int]:
        """The numbers of the rows of these SOP classes."""
        some = {number for number, kind in enumerate(self._kinds) if kind[0] in sop_classes}
        both = zip(self._numbers, self._kind_of, strict=True)
        return [number for number, kind in both if kind in some]

    def followed_by(self, other: Found) -> Found:
        """These, then those."""
        kinds = [*self._kinds, *other._kinds]
        kind_of = self._kind_of + array("L", (len(self._kinds) + one for one in other._kind_of))
        subjects = {whose: Counter(counts) for whose, counts in self.subjects.items()}
        for whose, counts in other.subjects.items():
            subjects.setdefault(whose, Counter()).update(counts)
        return Found((self._numbers + other._numbers, kind_of), kinds, subjects, self._rows)

    def of(self, kinds: Collection[Kind]) -> Found:
        """Those of these kinds. Whose they are is told of all of them."""
        some = {number for number, kind in enumerate(self._kinds) if kind in kinds}
        if some.issuperset(self._kind_of):
            return self
        both = [pair for pair in zip(self._numbers, self._kind_of, strict=True) if pair[1] in some]
        numbers = array("q", (pair[0] for pair in both)), array("L", (pair[1] for pair in both))
        return Found(numbers, self._kinds, self.subjects, self._rows)


def instances(query: Query, dialect: Dialect, read: Read, root: Path) -> Found:
    """The object files a retrieval covers."""
    return _found(read(select.instances(query, dialect)), dialect, read, root)


def joined(first: Found, rows: Sequence[int], dialect: Dialect, read: Read, *, root: Path) -> Found:
    """What was found first, and the instances of these rows behind it."""
    some = array("q", rows)
    kinds = (row for portion in _portions(some) for row in read(_kinds(portion, dialect)))
    return first.followed_by(_found(kinds, dialect, read, root))


def _found(each: Iterable[Sequence[Any]], dialect: Dialect, read: Read, root: Path) -> Found:
    """From series, number, SOP class and transfer syntax of each."""
    numbers, kind_of = array("q"), array("L")
    kinds: dict[Kind, int] = {}
    by_series: dict[int | None, Counter[str]] = {}
    for series, number, sop_class, syntax in each:
        numbers.append(number)
        kind_of.append(kinds.setdefault((sop_class, syntax), len(kinds)))
        by_series.setdefault(series, Counter())[sop_class] += 1

    def rows(some: Sequence[int]) -> Iterator[StoredInstance | None]:
        found = {row[-1]: row[:-1] for row in read(_stored(some, dialect))}
        for number in some:
            yield stored_instance(root, found[number]) if number in found else None

    subjects = _subjects(by_series, dialect, read)
    return Found((numbers, kind_of), list(kinds), subjects, rows)


def _subjects(
    by_series: Mapping[int | None, Counter[str]], dialect: Dialect, read: Read
) -> Mapping[Subject, Counter[str]]:
    made: dict[Subject, Counter[str]] = {}
    known = array("q", (series for series in by_series if series is not None))
    whose: dict[int | None, Subject] = {None: NOBODY}
    for some in _portions(known):
        for number, *columns in read(_whose(some, dialect)):
            whose[number] = Subject(*(str(value or "") for value in columns))
    for series, counts in by_series.items():
        made.setdefault(whose.get(series, NOBODY), Counter()).update(counts)
    return made


# -- rows by their numbers ------------------------------------------------------------------------

# Whose an instance is; nothing for those of no study, which a join would leave out.
_OWN_STUDY = (
    '(SELECT s."{column}" FROM series AS e JOIN study AS s ON s.id = e.study_id'
    " WHERE e.id = instance.series_id)"
)


def _stored(rows: Sequence[int], dialect: Dialect) -> Statement:
    """Where the object files of these instances lie, and whose they are; last their number."""
    columns: list[ColumnBase] = [Entity("instance", column) for column in STORED_COLUMNS]
    columns += [SQL(_OWN_STUDY.format(column=column)) for column in SUBJECT_COLUMNS]
    number = Entity("instance", "id")
    chosen = Select([SQL("instance")], [*columns, number]).where(dialect.one_of(number, rows))
    return compiled(dialect, chosen)


def _kinds(rows: Sequence[int], dialect: Dialect) -> Statement:
    """Series, number and kind of each of these instances, series by series."""
    names = ("series_id", "id", "SOPClassUID", "transfer_syntax_uid")
    columns: list[ColumnBase] = [Entity("instance", name) for name in names]
    number = Entity("instance", "id")
    chosen = Select([SQL("instance")], columns).where(dialect.one_of(number, rows))
    return compiled(dialect, chosen.order_by(*columns[:2]))


def _whose(series: Sequence[int], dialect: Dialect) -> Statement:
    """Whose these series are, behind the number of each."""
    number, *columns = SQL("series.id"), *(Entity("study", name) for name in SUBJECT_COLUMNS)
    source = SQL("series JOIN study ON study.id = series.study_id")
    chosen = Select([source], [number, *columns]).where(dialect.one_of(number, series))
    return compiled(dialect, chosen)
