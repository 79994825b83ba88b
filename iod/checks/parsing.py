"""A data set read into items, PS3.5 7.1, 7.5 and A.4: once through, within bounds.

Law: whatever the bytes are, this ends in items or in `Malformed`, with memory and time bounded by
`Bounds`; hostile input D2 to D6.  What follows is told, not repaired.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, Final

from iod.checks.items import Element, Item, vr_of
from iod.elements import (
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_END,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED,
    Syntax,
    syntax_of,
)
from iod.errors import Beyond, Malformed
from iod.inflating import inflated

_LONG: Final = frozenset(
    ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")
)
_SHORT: Final = frozenset(
    ("AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS",
     "ST", "TM", "UI", "UL", "US")
)  # fmt: skip
_PIXELS: Final = frozenset((PIXEL_DATA, 0x7FE00008, 0x7FE00009))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one object may cost."""

    elements: int = 500_000
    nesting: int = 24
    value_bytes: int = 64 << 10  # of one value that is kept
    kept_bytes: int = 128 << 20  # of all of them
    inflated_bytes: int = 64 << 20


BOUNDS: Final = Bounds()


class Parser:
    """One reading of one data set; `odd` is what it met that is readable and yet not allowed."""

    def __init__(self, file: BinaryIO, end: int, bounds: Bounds = BOUNDS) -> None:
        self.file = file
        self.odd: list[str] = []
        self._end = end
        self._bounds = bounds
        self._left = bounds.elements
        self._room = bounds.kept_bytes
        self._at = 0

    def data_set(self, at: int, syntax: Syntax) -> Item:
        """The data set from here to the end."""
        self._seek(at)
        return self._item(Item(syntax), self._end, 0)

    def read(self, at: int, count: int) -> bytes:
        """Bytes of the file, for checks of long values; as many as there are."""
        self.file.seek(at)
        return self.file.read(max(0, min(count, self._end - at, self._bounds.inflated_bytes)))

    def _seek(self, at: int) -> None:
        if at != self._at or at == 0:
            self.file.seek(at)
            self._at = at

    def _take(self, count: int) -> bytes:
        data = self.file.read(count)
        if len(data) < count:
            raise Malformed(f"the data set ends within an element (byte {self._at})")
        self._at += count
        return data

    def _item(self, item: Item, end: int, depth: int, *, open_: bool = False) -> Item:
        before = -1
        while self._at < end:
            element = self._element(item, end, depth)
            if element.tag == ITEM_END:
                if open_:
                    return item
                raise Malformed(f"an item ends that did not begin (byte {self._at})")
            if element.tag <= before:
                self._odd(element.tag, "stands after one of a higher or the same tag")
            before = element.tag
            item.elements[element.tag] = element
        if open_:
            raise Malformed("an item has no end")
        if self._at != end:
            raise Malformed(f"an element reaches beyond its item (byte {self._at})")
        return item

    def _odd(self, tag: int, what: str) -> None:
        if len(self.odd) < 20:
            self.odd.append(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) {what}")

    def _element(self, item: Item, end: int, depth: int) -> Element:
        self._left -= 1
        if self._left < 0:
            raise Beyond(f"the data set has over {self._bounds.elements} elements")
        syntax = item.syntax
        head = self._take(8)
        group, number = struct.unpack_from(f"{syntax.order}HH", head)
        tag = group << 16 | number
        if group == 0xFFFE:
            return Element(tag, "", 0, self._at)
        vr, length = self._header(tag, head, syntax)
        element = Element(tag, vr, length, self._at)
        if length == UNDEFINED:
            self._open(element, item, end, depth)
        elif self._at + length > end:
            raise Malformed(f"a length reaches beyond what it stands in (byte {self._at - 8})")
        elif vr == "SQ":
            self._items(element, item, self._at + length, depth)
        else:
            self._value(element)
        return element

    def _header(self, tag: int, head: bytes, syntax: Syntax) -> tuple[str, int]:
        if syntax.implicit:
            known = vr_of(tag).partition(" or ")[0] or ("LO" if _creator(tag) else "UN")
            return known, int(struct.unpack_from(f"{syntax.order}I", head, 4)[0])
        vr = head[4:6].decode("latin-1")
        if vr in _SHORT:
            return vr, int(struct.unpack_from(f"{syntax.order}H", head, 6)[0])
        if vr in _LONG:
            return vr, int(struct.unpack(f"{syntax.order}I", self._take(4))[0])
        raise Malformed(f"an element has no VR of the standard (byte {self._at - 8})")

    def _value(self, element: Element) -> None:
        length = element.length
        if length % 2:
            self._odd(element.tag, "has an odd length")
        if length <= self._bounds.value_bytes:
            self._room -= length
            if self._room < 0:
                raise Beyond(f"the data set has over {self._bounds.kept_bytes} bytes of values")
            element.value = self._take(length)
        else:
            element.kept = False
            self._seek(self._at + length)

    def _open(self, element: Element, item: Item, end: int, depth: int) -> None:
        """A value without a length: fragments, or items up to a delimiter."""
        if element.tag in _PIXELS:
            self._fragments(element, end)
        elif element.vr in ("SQ", "UN"):
            self._items(element, item, end, depth, open_=True)
        else:
            raise Malformed(f"a value that is no sequence has no length (byte {self._at})")
        element.length = self._at - element.at

    def _mark(self, syntax: Syntax) -> tuple[int, int]:
        self._left -= 1
        if self._left < 0:
            raise Beyond(f"the data set has over {self._bounds.elements} elements")
        group, number, length = struct.unpack(f"{syntax.order}HHI", self._take(8))
        return group << 16 | number, length

    def _items(
        self, element: Element, item: Item, end: int, depth: int, *, open_: bool = False
    ) -> None:
        if depth >= self._bounds.nesting:
            raise Beyond(f"sequences are nested deeper than {self._bounds.nesting} levels")
        # PS3.5 6.2.2 note 2: inside of UN everything is Implicit VR Little Endian.
        syntax = IMPLICIT_LITTLE if element.vr == "UN" else item.syntax
        element.items = []
        while open_ or self._at < end:
            tag, length = self._mark(syntax)
            if tag == SEQUENCE_END and open_:
                return
            if tag != ITEM:
                raise Malformed(f"no item stands where one must (byte {self._at - 8})")
            inside = Item(syntax, item)
            if length == UNDEFINED:
                self._item(inside, end, depth + 1, open_=True)
            elif self._at + length > end:
                raise Malformed(f"an item reaches beyond its sequence (byte {self._at - 8})")
            else:
                self._item(inside, self._at + length, depth + 1)
            element.items.append(inside)

    def _fragments(self, element: Element, end: int) -> None:
        element.fragments, element.kept = [], False
        order = Syntax(implicit=False, order="<")
        while True:
            tag, length = self._mark(order)
            if tag == SEQUENCE_END:
                return
            if tag != ITEM or self._at + length > end:
                raise Malformed(f"no fragment stands where one must (byte {self._at - 8})")
            element.fragments.append((self._at, length))
            self._seek(self._at + length)


def _creator(tag: int) -> bool:
    return bool(tag >> 16 & 1) and 0x10 <= tag & 0xFFFF <= 0xFF


def parse(
    file: BinaryIO, transfer_syntax_uid: str, extent: tuple[int, int], bounds: Bounds = BOUNDS
) -> tuple[Parser, Item]:
    """The data set in a slice of a file: where it starts, its size. Raises Malformed, OSError."""
    syntax, (start, size) = syntax_of(transfer_syntax_uid), extent
    if syntax.deflated:
        if size > bounds.inflated_bytes:
            raise Beyond(f"the deflated data set has over {bounds.inflated_bytes} bytes")
        file.seek(start)
        plain = b"".join(inflated(BytesIO(file.read(size)), bounds.inflated_bytes))
        file, start, size = BytesIO(plain), 0, len(plain)
    parser = Parser(file, start + size, bounds)
    return parser, parser.data_set(start, syntax)
