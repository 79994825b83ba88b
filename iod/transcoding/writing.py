"""Writes a tree as the bytes of a data set, PS3.5 7.1, 7.5 and A.4.

Law: what was of defined length stays so, what was open-ended too; values are copied, swapped where
byte orders differ and padded to even length (7.1.1), nothing else. Large values pass in chunks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, Protocol

import numpy as np

from iod.errors import Unconvertible
from iod.transcoding.elements import (
    BINARY,
    ITEM,
    ITEM_END,
    LONG,
    SEQUENCE_END,
    UNDEFINED,
    UNITS,
    Element,
    Encapsulated,
    Fragments,
    Item,
    Native,
    Sequence,
    Span,
    name,
)
from iod.transcoding.syntaxes import Encoding

CHUNK: Final = 1 << 20
_MOST_SHORT: Final = 0xFFFF
_MOST: Final = 0xFFFFFFFE


class Sink(Protocol):
    """Where the bytes go: a file, or a deflater before one."""

    def write(self, data: bytes, /) -> object:
        """Take these bytes."""

    def patch(self, back: int, data: bytes) -> None:
        """Overwrite what was written `back` bytes ago."""


class Writer:
    """Writes one tree, whose values lie in `source`, in one encoding."""

    __slots__ = ("_encoding", "_item", "_mark", "_out", "_source", "_swapped")

    def __init__(self, out: Sink, encoding: Encoding, source: BinaryIO, *, little: bool) -> None:
        self._out, self._encoding, self._source = out, encoding, source
        self._mark = "<" if encoding.little else ">"
        self._item = struct.Struct(f"{self._mark}HHI").pack
        self._swapped = little != encoding.little

    def write(self, root: Item) -> None:
        """Write the data set."""
        self._measure(root)
        self._elements(root)

    # Lengths, from the innermost out: items of defined length say theirs first.

    def _measure(self, item: Item) -> int:
        item.length = sum(self._header_size(each) + self._size(each) for each in item.elements)
        return item.length

    def _size(self, element: Element) -> int:
        value = element.value
        if isinstance(value, Sequence):
            ends = sum(8 for item in value.items if item.open_ended)
            value.length = sum(8 + self._measure(item) for item in value.items) + ends
            return value.length + (8 if value.open_ended else 0)
        if isinstance(value, Encapsulated | Fragments):
            return 0  # stands in the outermost data set alone, which has no length
        length = len(value) if isinstance(value, bytes) else value.length
        if length > _MOST:
            raise Unconvertible(f"{name(element.tag)} would be longer than a length can say")
        return length + length % 2

    def _header_size(self, element: Element) -> int:
        return 8 if self._encoding.implicit or self._vr(element) not in LONG else 12

    def _vr(self, element: Element) -> bytes:
        """PS3.5 6.2.2: UN where the value has outgrown the 16-bit length of its VR."""
        value = element.value
        length = (
            value.length
            if isinstance(value, Span)
            else len(value)
            if isinstance(value, bytes)
            else 0
        )
        return b"UN" if element.vr not in LONG and length > _MOST_SHORT else element.vr

    # Bytes.

    def _elements(self, item: Item) -> None:
        for element in item.elements:
            value = element.value
            if isinstance(value, Sequence):
                self._sequence(element, value)
            elif isinstance(value, Encapsulated):
                self._encapsulated(element, value)
            elif isinstance(value, Fragments):
                raise Unconvertible(f"{name(element.tag)} holds fragments that are no pixel data")
            else:
                self._plain(element)

    def _header(self, tag: int, vr: bytes, length: int) -> None:
        group, element = tag >> 16, tag & 0xFFFF
        if self._encoding.implicit:
            head = self._item(group, element, length)
        elif vr in LONG:
            head = struct.pack(f"{self._mark}HH2s2xI", group, element, vr, length)
        else:
            head = struct.pack(f"{self._mark}HH2sH", group, element, vr, length)
        self._out.write(head)

    def _marker(self, tag: int, length: int) -> None:
        self._out.write(self._item(tag >> 16, tag & 0xFFFF, length))

    def _sequence(self, element: Element, value: Sequence) -> None:
        self._header(element.tag, b"SQ", UNDEFINED if value.open_ended else value.length)
        for item in value.items:
            self._marker(ITEM, UNDEFINED if item.open_ended else item.length)
            self._elements(item)
            if item.open_ended:
                self._marker(ITEM_END, 0)
        if value.open_ended:
            self._marker(SEQUENCE_END, 0)

    def _plain(self, element: Element) -> None:
        vr, size = self._vr(element), self._size(element)
        self._header(element.tag, vr, size)
        made = isinstance(element.value, Native)
        swapped = not self._encoding.little if made else self._swapped
        unit = (element.unit or UNITS.get(vr, 1)) if swapped and vr != b"UN" else 1
        written = 0
        for chunk in self._chunks(element):
            written += len(chunk)
            self._out.write(swap(chunk, unit))
        if written < size - 1 or written > size:
            raise Unconvertible(f"{name(element.tag)} is not as long as it should be")
        if written < size:
            self._out.write(b"\0" if vr in BINARY else b" ")

    def _chunks(self, element: Element) -> Iterable[bytes]:
        value = element.value
        if isinstance(value, bytes):
            return (value,)
        if isinstance(value, Span):
            return pieces(self._source, value)
        assert isinstance(value, Native)
        return value.chunks

    def _encapsulated(self, element: Element, value: Encapsulated) -> None:
        """PS3.5 A.4: one fragment per frame; the Basic Offset Table is filled in at the end."""
        self._header(element.tag, b"OB", UNDEFINED)
        self._marker(ITEM, 4 * value.count)
        self._out.write(bytes(4 * value.count))
        offsets, at = [], 0
        for frame in value.frames:
            offsets.append(at)
            length = len(frame) + len(frame) % 2
            self._marker(ITEM, length)
            self._out.write(frame)
            self._out.write(b"\0" * (length - len(frame)))
            at += 8 + length
        if at > _MOST:
            raise Unconvertible("its compressed frames pass what an offset table can say")
        self._out.patch(at + 4 * value.count, struct.pack(f"<{value.count}I", *offsets))
        self._marker(SEQUENCE_END, 0)


def pieces(source: BinaryIO, span: Span) -> Iterator[bytes]:
    """The bytes of a span, chunk by chunk."""
    source.seek(span.offset)
    left = span.length
    while left:
        chunk = source.read(min(left, CHUNK))
        if not chunk:
            raise Unconvertible("the object is damaged: it ends inside a value")
        left -= len(chunk)
        yield chunk


def swap(data: bytes, unit: int) -> bytes:
    """Turn the bytes of each word around; a torn word at the end stays as it is."""
    if unit == 1 or len(data) < unit:
        return data
    whole = len(data) - len(data) % unit
    return np.frombuffer(data[:whole], f"u{unit}").byteswap().tobytes() + data[whole:]
