"""What a statement is made of, before it is written as Markdown or HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its number says its rank, `5.2.7` is of the third."""

    number: str
    text: str

    @property
    def rank(self) -> int:
        """1 for a chapter."""
        return self.number.count(".") + 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with its caption."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Bullets | Grid


def grid(caption: str, headings: str, rows: Iterable[Sequence[object]]) -> Grid:
    """A table; headings are parted by `|`."""
    names = tuple(name.strip() for name in headings.split("|"))
    return Grid(caption, names, tuple(tuple(str(cell) for cell in row) for row in rows))


def bullets(*items: str) -> Bullets:
    """A list."""
    return Bullets(items)
