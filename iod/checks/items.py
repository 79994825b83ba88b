"""An object as the checker sees it: elements by tag, items within them, values when asked for.

Law: a value is bytes until a check reads it, and reading never raises: what cannot be read as asked
for is no value.  Long values stay in the file.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

from iod.elements import Syntax

_NUMBERS: Final = {
    "US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d",
    "OW": "H", "OF": "f", "OD": "d", "OL": "I", "OV": "Q",
}  # fmt: skip
_WHOLE_TEXTS: Final = frozenset(("ST", "LT", "UT", "UR"))
_PADS: Final = " \0"


@cache
def tag_of(keyword: str) -> int:
    """The tag of a keyword; 0 for one the dictionary does not know."""
    return tag_for_keyword(keyword) or 0


@cache
def name_of(tag: int) -> str:
    """The keyword of a tag, or the tag itself."""
    return keyword_for_tag(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


@cache
def vr_of(tag: int) -> str:
    """The VR, or VRs, of the dictionary; empty for what it does not know."""
    try:
        return dictionary_VR(tag)
    except KeyError:
        return ""


@dataclass(slots=True)
class Element:
    """A tag, its VR, and the value: bytes, items, or only where it lies in the file."""

    tag: int
    vr: str
    length: int
    at: int
    value: bytes = b""
    kept: bool = True
    items: list[Item] | None = None
    fragments: list[tuple[int, int]] | None = None

    @property
    def empty(self) -> bool:
        """Whether it has no value, PS3.5 7.4: length zero, or nothing but padding."""
        if self.items is not None:
            return not self.items
        if self.fragments is not None:
            return len(self.fragments) < 2 and not any(length for _, length in self.fragments)
        if not self.kept:
            return False
        return not (self.value.strip(b" \0") if self.vr not in _NUMBERS else self.value)


@dataclass(slots=True)
class Item:
    """A data set or an item of a sequence; `around` is what it stands in."""

    syntax: Syntax
    around: Item | None = None
    elements: dict[int, Element] = field(default_factory=dict)

    def element(self, keyword: str) -> Element | None:
        """The element of this keyword."""
        return self.elements.get(tag_of(keyword))

    def has(self, keyword: str) -> bool:
        """Whether it is there with a value."""
        found = self.element(keyword)
        return found is not None and not found.empty

    def items(self, keyword: str) -> list[Item]:
        """The items of a sequence; none when it is not there, or no sequence."""
        found = self.element(keyword)
        return (found.items or []) if found else []

    def item(self, keyword: str) -> Item:
        """The first item of a sequence; an empty one when there is none."""
        found = self.items(keyword)
        return found[0] if found else Item(self.syntax, self)

    def texts(self, keyword: str) -> list[str]:
        """The values as text, without padding."""
        found = self.element(keyword)
        return texts(found) if found else []

    def text(self, keyword: str) -> str:
        """The first value as text."""
        return next(iter(self.texts(keyword)), "")

    def numbers(self, keyword: str) -> list[float]:
        """The values as numbers; those that are none are left out."""
        found = self.element(keyword)
        return numbers(found, self.syntax) if found else []

    def number(self, keyword: str) -> float | None:
        """The first value as a number."""
        return next(iter(self.numbers(keyword)), None)

    def values(self, keyword: str) -> list[str]:
        """The values as the standard writes them: numbers too, and tags as eight digits."""
        found = self.element(keyword)
        if found is None:
            return []
        if found.vr == "AT":
            pairs = struct.iter_unpack(f"{self.syntax.order}HH", found.value[: found.length & ~3])
            return [f"{group:04X}{number:04X}" for group, number in pairs]
        if found.vr in _NUMBERS:
            return [f"{number:g}" for number in numbers(found, self.syntax)]
        return texts(found)

    def code(self, keyword: str) -> tuple[str, str]:
        """The first code of a code sequence: value and scheme."""
        item = self.item(keyword)
        value = item.text("CodeValue") or item.text("LongCodeValue") or item.text("URNCodeValue")
        return value, item.text("CodingSchemeDesignator")

    def outward(self) -> Iterator[Item]:
        """This item, then what it stands in, out to the data set."""
        at: Item | None = self
        while at is not None:
            yield at
            at = at.around


Reader = Callable[[int, int], bytes]
"""Bytes of the object's file by place and number."""


def texts(element: Element) -> list[str]:
    """The values of an element as text, undecoded beyond ASCII."""
    raw = element.value.decode("latin-1")
    if element.vr in _WHOLE_TEXTS:
        told = raw.rstrip(_PADS)
        return [told] if told else []
    return [part.strip(_PADS) for part in raw.split("\\")] if raw.strip(_PADS) else []


def numbers(element: Element, syntax: Syntax) -> list[float]:
    """The values of an element as numbers; infinities and NaN are none."""
    form = _NUMBERS.get(element.vr)
    if form:
        count = len(element.value) // struct.calcsize(form)
        told = struct.unpack_from(f"{syntax.order}{count}{form}", element.value)
        return list(filter(math.isfinite, told))
    found = []
    for part in texts(element):
        try:
            found.append(float(part))
        except ValueError:
            continue
    return list(filter(math.isfinite, found))
