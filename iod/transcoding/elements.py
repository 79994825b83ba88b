"""A data set as a tree of elements whose values are bytes, or places in the source; PS3.5 7.

Law: values are never decoded, so no character set, no odd number and no private secret can be lost.
Big values stay in the file: a tree of a large object is small.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

UNDEFINED: Final = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

# PS3.5 tables 7.1-1 and 7.1-2: VRs with a length of 16 bits, and of 32.
SHORT: Final = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
LONG: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
OPEN_ENDED: Final = frozenset((b"OB", b"OW"))

# PS3.5 7.3: what is swapped where byte orders differ. UN never is: it is little endian, 6.2.2.
UNITS: Final = {
    **dict.fromkeys((b"AT", b"OW", b"SS", b"US"), 2),
    **dict.fromkeys((b"FL", b"OF", b"OL", b"SL", b"UL"), 4),
    **dict.fromkeys((b"FD", b"OD", b"OV", b"SV", b"UV"), 8),
}
BINARY: Final = frozenset((*UNITS, b"OB", b"UN", b"UI"))  # padded by a zero byte, PS3.5 6.2


@dataclass(frozen=True, slots=True)
class Span:
    """A value that stays in the source."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Fragments:
    """Encapsulated pixel data, PS3.5 A.4: where its offset table item and each fragment lie."""

    offset: int
    spans: tuple[Span, ...]


@dataclass(slots=True)
class Sequence:
    """Items, of defined length together or not."""

    items: list[Item]
    open_ended: bool
    length: int = 0


@dataclass(frozen=True, slots=True)
class Native:
    """Pixel data that is being made: `length` bytes, little endian."""

    length: int
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Encapsulated:
    """Compressed frames that are being made, `count` of them."""

    count: int
    frames: Iterator[bytes]


Value = bytes | Span | Sequence | Fragments | Native | Encapsulated


@dataclass(slots=True)
class Element:
    """One data element; `unit` is the size of what a change of byte order swaps."""

    tag: int
    vr: bytes
    value: Value
    unit: int = 0


@dataclass(slots=True)
class Item:
    """A data set: the object's own, or an item of a sequence."""

    elements: list[Element] = field(default_factory=list)
    open_ended: bool = False
    length: int = 0

    def get(self, tag: int) -> Element | None:
        """The element of this tag."""
        return next((each for each in self.elements if each.tag == tag), None)

    def put(self, element: Element) -> None:
        """Set an element in its place."""
        self.drop(element.tag)
        at = sum(each.tag < element.tag for each in self.elements)
        self.elements.insert(at, element)

    def drop(self, *tags: int) -> None:
        """Take elements out."""
        self.elements = [each for each in self.elements if each.tag not in tags]

    def raw(self, tag: int) -> bytes:
        """The bytes of a small value; empty when there is none."""
        element = self.get(tag)
        return element.value if element and isinstance(element.value, bytes) else b""

    def text(self, tag: int) -> str:
        """A value of the default repertoire, stripped."""
        return self.raw(tag).decode("latin-1").strip("\0 ")

    def number(self, tag: int, *, little: bool) -> int | None:
        """The first value of US."""
        element, raw = self.get(tag), self.raw(tag)
        if element is None or len(raw) < 2:
            return None
        return int.from_bytes(raw[:2], "little" if little or element.vr == b"UN" else "big")


def name(tag: int) -> str:
    """A tag as the standard writes it."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
