"""Reads a data set into a tree, PS3.5 7.1 (elements), 7.5 (sequences), A.4 (fragments).

Law: the bytes are hostile. Every length is checked against what is around it, nesting and number
are bounded, nothing but headers and small values is read. Group lengths are left behind: they are
retired (7.2) and would be wrong, as would Length to End.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

from iod.errors import Unconvertible
from iod.transcoding import representations
from iod.transcoding.elements import (
    ITEM,
    ITEM_END,
    LONG,
    OPEN_ENDED,
    SEQUENCE_END,
    SHORT,
    UNDEFINED,
    Element,
    Fragments,
    Item,
    Sequence,
    Span,
    Value,
    name,
)
from iod.transcoding.syntaxes import Encoding

KEPT: Final = 64 << 10  # values longer than this stay in the file
NESTING: Final = 64
ELEMENTS: Final = 1_000_000
LENGTH_TO_END: Final = 0x00080001

Creators = dict[int, str]


class Reader:
    """One walk from the start of the data set to its end."""

    __slots__ = (
        "_at",
        "_depth",
        "_file",
        "_implicit",
        "_item",
        "_little",
        "_long",
        "_room",
        "_size",
    )

    def __init__(self, file: BinaryIO, size: int, encoding: Encoding) -> None:
        mark = "<" if encoding.little else ">"
        self._file, self._size = file, size
        self._little = encoding.little
        self._item = struct.Struct(f"{mark}HHI").unpack
        self._long = struct.Struct(f"{mark}I").unpack
        self._at = file.tell()
        self._depth, self._room = 0, ELEMENTS
        self._implicit = self._looks_implicit(encoding.implicit)

    def read(self) -> Item:
        """The tree of the whole data set."""
        return Item(self._elements(self._size, self._implicit, closed=True))

    def _looks_implicit(self, declared: bool) -> bool:
        """What the first element says; some writers declare the other one."""
        start = self._file.read(6)
        self._file.seek(self._at)
        if len(start) < 6 or not self._little:
            return declared
        return start[4:6] not in SHORT and start[4:6] not in LONG

    def _read(self, count: int) -> bytes:
        data = self._file.read(count)
        self._at += len(data)
        if len(data) != count:
            raise Unconvertible("the object is damaged: it ends inside an element")
        return data

    def _elements(self, end: int, implicit: bool, *, closed: bool) -> list[Element]:
        """The elements up to `end`, or to the delimiter of an open-ended item."""
        found: list[Element] = []
        creators: Creators = {}
        while self._at < end:
            tag, vr, length = self._header(implicit, creators)
            if tag == ITEM_END and not closed:
                return found
            element = self._element(tag, vr, length, end=end, implicit=implicit)
            if self._at > end:
                raise Unconvertible(f"the object is damaged: {name(tag)} reaches beyond its item")
            if tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF and isinstance(element.value, bytes):
                creators[tag] = element.value.decode("latin-1").strip("\0 ")
            if tag & 0xFFFF and tag != LENGTH_TO_END:
                found.append(element)
        if not closed:
            raise Unconvertible("the object is damaged: an item does not end")
        return found

    def _header(self, implicit: bool, creators: Creators) -> tuple[int, bytes, int]:
        self._room -= 1
        if self._room < 0:
            raise Unconvertible(f"the object has more than {ELEMENTS} data elements")
        head = self._read(8)
        group, element, length = self._item(head)
        tag = group << 16 | element
        if group == 0xFFFE:
            if tag != ITEM_END:
                raise Unconvertible(f"the object is damaged: {name(tag)} stands among elements")
            return tag, b"", length
        if implicit:
            return tag, representations.vr(tag, length, creators), length
        vr = head[4:6]
        if vr in SHORT:
            return tag, vr, int.from_bytes(head[6:], "little" if self._little else "big")
        if vr in LONG:
            return tag, vr, self._long(self._read(4))[0]
        raise Unconvertible(f"the object is damaged: {name(tag)} has no VR of the standard")

    def _element(self, tag: int, vr: bytes, length: int, *, end: int, implicit: bool) -> Element:
        if length == UNDEFINED:
            if vr in OPEN_ENDED or tag == representations.PIXEL_DATA:
                return Element(tag, vr, self._fragments(end))
            if vr == b"UN" and not self._little:
                raise Unconvertible(f"{name(tag)} mixes byte orders")
            # PS3.5 6.2.2: UN of undefined length is a sequence in Implicit VR Little Endian.
            return Element(tag, b"SQ", self._sequence(end, implicit or vr == b"UN", closed=False))
        if self._at + length > end:
            raise Unconvertible(f"the object is damaged: it ends inside the value of {name(tag)}")
        if vr == b"SQ":
            return Element(tag, vr, self._sequence(self._at + length, implicit, closed=True))
        return Element(tag, vr, self._value(length))

    def _value(self, length: int) -> Value:
        if length <= KEPT:
            return self._read(length)
        span = Span(self._at, length)
        self._skip(length)
        return span

    def _skip(self, length: int) -> None:
        self._at += length
        self._file.seek(self._at)

    def _sequence(self, end: int, implicit: bool, *, closed: bool) -> Sequence:
        self._depth += 1
        if self._depth > NESTING:
            raise Unconvertible(f"sequences are nested deeper than {NESTING} levels")
        items = list[Item]()
        while closed is False or self._at < end:
            tag, length = self._marker(end)
            if tag == SEQUENCE_END and not closed:
                break
            if tag != ITEM:
                raise Unconvertible(f"the object is damaged: {name(tag)} stands among items")
            items.append(self._sequence_item(end, length, implicit))
        self._depth -= 1
        return Sequence(items, open_ended=not closed)

    def _sequence_item(self, end: int, length: int, implicit: bool) -> Item:
        if length == UNDEFINED:
            return Item(self._elements(end, implicit, closed=False), open_ended=True)
        if self._at + length > end:
            raise Unconvertible("the object is damaged: an item reaches beyond its sequence")
        return Item(self._elements(self._at + length, implicit, closed=True))

    def _marker(self, end: int) -> tuple[int, int]:
        """The tag and length of an item or delimiter."""
        self._room -= 1
        if self._room < 0:
            raise Unconvertible(f"the object has more than {ELEMENTS} data elements")
        if self._at + 8 > end:
            raise Unconvertible("the object is damaged: a sequence does not end")
        group, element, length = self._item(self._read(8))
        return group << 16 | element, length

    def _fragments(self, end: int) -> Fragments:
        """PS3.5 A.4: the first item is the Basic Offset Table, the others are fragments."""
        start, spans = self._at, list[Span]()
        while True:
            tag, length = self._marker(end)
            if tag == SEQUENCE_END:
                return Fragments(start, tuple(spans[1:]))
            if tag != ITEM or self._at + length > end:
                raise Unconvertible("the object is damaged: its pixel data does not end")
            spans.append(Span(self._at, length))
            self._skip(length)
