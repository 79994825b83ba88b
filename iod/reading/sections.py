"""What is told of an object, before anybody prints it: sections of facts and lists.

Law: an `Outline` says for a class which attributes are facts and which sequences are lists; what is
empty in an object is left out. What a table of keywords cannot say is a function of the outline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pydicom import Dataset

from iod.reading.values import items, text, title

MOST_ROWS: Final = 200

Fact = tuple[str, str]
"""What it is called, and what it is."""


@dataclass(frozen=True, slots=True)
class Section:
    """Facts, or the rows of a list under their headings; `more` rows were left out."""

    title: str
    facts: tuple[Fact, ...] = ()
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: a row for each item of a sequence (`A.B`: of B in all items of A).

    Columns are paths as `values.text` takes them, each with another name before it, if need be:
    `Points=#ContourData`.
    """

    title: str
    sequence: str
    columns: str


@dataclass(frozen=True, slots=True)
class Outline:
    """What is told of the objects of a class: facts are paths, as columns are."""

    facts: str
    lists: tuple[Listing, ...] = ()
    more: Callable[[Dataset], Iterable[Section]] = lambda _: ()


def told(dataset: Dataset, outline: Outline, heading: str) -> Iterator[Section]:
    """What an outline finds in an object."""
    facts = tuple(facts_of(dataset, outline.facts))
    if facts:
        yield Section(heading, facts)
    for listing in outline.lists:
        found = items(dataset, listing.sequence)
        if found:
            yield listed(listing.title, found, listing.columns)
    yield from outline.more(dataset)


def facts_of(dataset: Dataset, paths: str) -> Iterator[Fact]:
    """The attributes that are there, by what they are called."""
    for name, path in _named(paths):
        said = text(dataset, path)
        if said:
            yield name, said


def listed(heading: str, found: list[Dataset], columns: str) -> Section:
    """A row for each item; columns that are empty in all of them are left out."""
    named = list(_named(columns))
    rows = [[text(item, path) for _, path in named] for item in found[:MOST_ROWS]]
    return table(heading, [name for name, _ in named], rows, len(found) - len(rows))


def table(
    heading: str, headings: list[str], rows: Iterable[Iterable[str]], more: int = 0
) -> Section:
    """A list, without the columns that nothing stands in."""
    cells = [list(row) for row in rows]
    filled = [at for at in range(len(headings)) if any(row[at] for row in cells)]
    return Section(
        heading,
        headings=tuple(headings[at] for at in filled),
        rows=tuple(tuple(row[at] for at in filled) for row in cells),
        more=more,
    )


def _named(paths: str) -> Iterator[tuple[str, str]]:
    for each in paths.split():
        name, _, path = each.rpartition("=")
        yield name.replace("_", " ") or title(path), path
