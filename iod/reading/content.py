"""The content of a structured report as a tree, PS3.3 C.17.3.

Law: what an item says is `valuetypes`; its place in the tree is here. Items are numbered as
ReferencedContentItemIdentifier numbers them (C.17.3.2.5): the root is 1, its second child 1.2.
Depth and number of items are bounded: what lies beyond is told, not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pydicom import Dataset

from iod.reading import values
from iod.reading.values import Coded, coded, items, text
from iod.reading.valuetypes import Details, details, said

DEEPEST: Final = 64
MOST_ITEMS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Content:
    """One content item. `refers_to` is the number of the item it stands for, by reference.

    `value` is then what that one says, in short, and `referred` whether others refer to an item.
    """

    number: str
    relationship: str
    value_type: str
    concept: Coded | None
    value: str = ""
    code: Coded | None = None  # of a CODE its value, of a NUM its unit
    numeric: str = ""  # of a NUM, without its unit
    qualifier: Coded | None = None  # of a NUM, why there is no value or what is wrong with it
    details: Details = ()
    instance: str = ""  # the SOP Instance UID of a COMPOSITE, IMAGE or WAVEFORM
    refers_to: str = ""
    referred: bool = False
    table: tuple[tuple[str, ...], ...] = ()
    children: tuple[Content, ...] = ()
    beyond: str = ""  # why there are no children although there should be

    @property
    def name(self) -> str:
        """The concept in words; of an item without one its value type."""
        return str(self.concept) if self.concept else self.value_type.lower()

    def walk(self) -> Iterator[Content]:
        """This item and all below it, from top to bottom."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True)
class _Left:
    """How many items may still be read."""

    items: int = MOST_ITEMS


def is_report(dataset: Dataset) -> bool:
    """Whether there is a tree of content items."""
    return "ValueType" in dataset and "ContentSequence" in dataset


def content(dataset: Dataset) -> Content:
    """The tree of a report."""
    root = _content(dataset, "1", 1, _Left())
    meant = {item.refers_to for item in root.walk()} - {""}
    if not meant:
        return root
    return _meaning(root, {item.number: item for item in root.walk() if item.number in meant})


def _meaning(item: Content, meant: Mapping[str, Content]) -> Content:
    """The same, where references tell what they stand for."""
    if not item.refers_to:
        children = tuple(_meaning(child, meant) for child in item.children)
        return replace(item, referred=item.number in meant, children=children)
    other = meant.get(item.refers_to)
    if other is None:
        return replace(item, beyond="there is no such item")
    return replace(item, value=values.cut(": ".join(filter(None, (other.name, other.value)))))


def _content(item: Dataset, number: str, depth: int, left: _Left) -> Content:
    left.items -= 1
    kind = text(item, "ValueType")
    made = Content(
        number=number,
        relationship=text(item, "RelationshipType"),
        value_type=kind,
        concept=coded(item, "ConceptNameCodeSequence"),
    )
    referred = values.value(item, "ReferencedContentItemIdentifier")
    if referred is not None:
        numbers = [referred] if isinstance(referred, int) else list(referred)
        return replace(made, refers_to=".".join(str(each) for each in numbers))
    read = said(item, kind)
    children, beyond = _children(item, number, depth, left)
    return replace(
        made,
        value=read.value,
        code=read.code,
        numeric=read.numeric,
        qualifier=read.qualifier,
        details=read.details + _observed(item),
        instance=read.instance,
        table=read.table,
        children=children,
        beyond=beyond,
    )


def _children(
    item: Dataset, number: str, depth: int, left: _Left
) -> tuple[tuple[Content, ...], str]:
    below = items(item, "ContentSequence")
    if below and depth >= DEEPEST:
        return (), f"{len(below)} items deeper than {DEEPEST} levels are not shown"
    made: list[Content] = []
    for place, each in enumerate(below, 1):
        if left.items <= 0:
            rest = len(below) - len(made)
            return tuple(made), f"{rest} more items beyond {MOST_ITEMS} are not shown"
        made.append(_content(each, f"{number}.{place}", depth + 1, left))
    return tuple(made), ""


def _observed(item: Dataset) -> Details:
    """What any item may carry, C.17.3.2.4: when it was observed, and as what."""
    return details(item, "ObservationDateTime ObservationUID")
