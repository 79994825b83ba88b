"""What is checked: a data set, what rules may ask about other objects, and what they tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from iod.checks.bitstreams import Video
from iod.checks.items import Element, Item, Reader, name_of, tag_of

Resolve = Callable[[str], str | None]
"""The SOP Class UID of an instance that is known; None when it is not."""

Told = Iterator[tuple[str, str]]
"""What a rule tells: paths, and what is wrong there."""

MOST_ITEMS: Final = 20_000  # that rules about single values look at
CLASS: Final = "1.2.840.10008.5.1.4.1.1."


@dataclass(frozen=True, slots=True)
class Known:
    """What else there is: `resolve`, and whether what it does not know is surely missing."""

    resolve: Resolve
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """The object under check."""

    root: Item
    sop_class_uid: str
    transfer_syntax_uid: str
    iod: str
    read: Reader
    known: Known | None = None
    streams: dict[str, Video | None] = field(
        default_factory=dict
    )  # by codec: read once for all rules

    def value(self, element: Element, most: int) -> bytes:
        """The first bytes of a value, also of a long one or of fragments."""
        if element.fragments is not None:
            made = b""
            for at, length in element.fragments:
                made += self.read(at, min(length, most - len(made)))
                if len(made) >= most:
                    break
            return made
        return (
            element.value[:most]
            if element.kept
            else self.read(element.at, min(element.length, most))
        )


def every(item: Item, keyword: str, path: str = "") -> Iterator[tuple[str, Item]]:
    """The items of a sequence wherever it stands, with their paths as `Sequence[1].`."""
    wanted = tag_of(keyword)
    for tag, element in item.elements.items():
        for number, inside in enumerate(element.items or (), 1):
            where = f"{path}{name_of(tag)}[{number}]."
            if tag == wanted:
                yield where, inside
            yield from every(inside, keyword, where)


def each(root: Item) -> Iterator[tuple[str, Item]]:
    """The data set and every item in it, with their paths; of very many, the first ones."""
    yield from islice(_each(root, ""), MOST_ITEMS)


def _each(item: Item, path: str) -> Iterator[tuple[str, Item]]:
    yield path, item
    for tag, element in item.elements.items():
        for number, inside in enumerate(element.items or (), 1):
            yield from _each(inside, f"{path}{name_of(tag)}[{number}].")


def walk(item: Item, path: str = "") -> Iterator[tuple[str, str, list[Item]]]:
    """Every sequence: the path of its items' parent, its keyword, and its items."""
    for tag, element in item.elements.items():
        if element.items:
            name = name_of(tag)
            yield path, name, element.items
            for number, inside in enumerate(element.items, 1):
                yield from walk(inside, f"{path}{name}[{number}].")


def along(item: Item, names: str, path: str = "") -> Iterator[tuple[str, Item]]:
    """The items at the end of a path of sequences, as `BeamSequence.ControlPointSequence`."""
    first, _, rest = names.partition(".")
    for number, inside in enumerate(item.items(first), 1):
        where = f"{path}{first}[{number}]."
        if rest:
            yield from along(inside, rest, where)
        else:
            yield where, inside
