"""Encoded data sets, PS3.5 7.1 and 7.5: where each element lies, and how one is written.

Law: values are never interpreted here, and nothing but headers is read. A walk needs a seekable
file and no memory, so the pixel data of any size can stand in it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.datadict import dictionary_VR

from iod.errors import Malformed

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_DATA = 0x7FE00010
# PS3.5 7.1.2: VRs with a length of 16 bits, and of 32.
_SHORT = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_DEEPEST = 64
# PS3.5 Annex A; whatever is not named is Explicit VR Little Endian, A.4
_IMPLICIT = frozenset(("1.2.840.10008.1.2", "1.2.840.113619.5.2"))
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_DEFLATED = frozenset(
    ("1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205")
)


@dataclass(frozen=True, slots=True)
class Syntax:
    """How elements are encoded; `order` is struct's mark of the byte order."""

    implicit: bool
    order: str
    deflated: bool = False


IMPLICIT_LITTLE = Syntax(implicit=True, order="<")


def syntax_of(transfer_syntax_uid: str) -> Syntax:
    """The encoding of elements in a transfer syntax, also in a private one."""
    return Syntax(
        implicit=transfer_syntax_uid in _IMPLICIT,
        order=">" if transfer_syntax_uid == _BIG_ENDIAN else "<",
        deflated=transfer_syntax_uid in _DEFLATED,
    )


@dataclass(frozen=True, slots=True)
class Element:
    """Where an element lies: header, value from `value` up to `stop`, next header at `end`."""

    tag: int
    vr: bytes  # empty in implicit VR
    start: int
    value: int
    stop: int
    end: int

    @property
    def length(self) -> int:
        """Bytes of the value, without the delimiter of an undefined length."""
        return self.stop - self.value

    @property
    def undefined(self) -> bool:
        """Whether its length was left open: it ends with a delimiter."""
        return self.end != self.stop

    @property
    def private(self) -> bool:
        """PS3.5 7.8: odd groups are private."""
        return self.tag >> 16 & 1 == 1

    @property
    def sequence(self) -> bool:
        """Whether its value is items with elements in them; pixel data has fragments instead."""
        if self.tag == PIXEL_DATA or self.vr == b"SQ":
            return self.vr == b"SQ"
        return self.vr in (b"", b"UN") and (self.undefined or _known(self.tag) == "SQ")

    def within(self, syntax: Syntax) -> Syntax:
        """PS3.5 6.2.2 note 2: inside of UN everything is Implicit VR Little Endian."""
        return IMPLICIT_LITTLE if self.vr == b"UN" else syntax


def _known(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return ""


@dataclass(frozen=True, slots=True)
class Walk:
    """A file with an encoded data set or a part of one; `depth` is of sequences around it."""

    file: BinaryIO
    syntax: Syntax
    end: int
    depth: int = 0

    def elements(self, at: int) -> Iterator[Element]:
        """The elements from `at` to the end, in the order they stand."""
        while at < self.end:
            element = self._element(at)
            yield element
            at = element.end

    def items(self, at: int) -> Iterator[tuple[int, int]]:
        """Items, or fragments, from `at` to the end: where the content of each begins and ends."""
        while at < self.end:
            tag, length = self._mark(at)
            if tag != ITEM:
                raise Malformed(f"no item stands where one must (byte {at})")
            stop = self._item_end(at + 8) if length == UNDEFINED else at + 8 + length
            self._check(stop)
            yield at + 8, stop
            at = stop + 8 if length == UNDEFINED else stop

    def inside(self, element: Element) -> Walk:
        """The walk over the value of a sequence."""
        self._check_depth()
        return Walk(self.file, element.within(self.syntax), element.stop, self.depth + 1)

    def _element(self, at: int) -> Element:
        self.file.seek(at)
        head = self.file.read(12)
        if len(head) < 8:
            raise Malformed(f"the data set ends within an element (byte {at})")
        group, number = struct.unpack_from(f"{self.syntax.order}HH", head)
        vr, header, length = self._length(head, at)
        value, tag = at + header, group << 16 | number
        if length != UNDEFINED:
            self._check(value + length)
            return Element(tag, vr, at, value, value + length, value + length)
        syntax = IMPLICIT_LITTLE if vr == b"UN" else self.syntax
        stop = Walk(self.file, syntax, self.end, self.depth + 1)._sequence_end(value)
        return Element(tag, vr, at, value, stop, stop + 8)

    def _length(self, head: bytes, at: int) -> tuple[bytes, int, int]:
        """VR, bytes of the header, bytes of the value."""
        order, vr = self.syntax.order, head[4:6]
        if self.syntax.implicit or struct.unpack_from(f"{order}H", head)[0] == 0xFFFE:
            return b"", 8, struct.unpack_from(f"{order}I", head, 4)[0]
        if vr in _SHORT:
            return vr, 8, struct.unpack_from(f"{order}H", head, 6)[0]
        if vr in _LONG and len(head) == 12:
            return vr, 12, struct.unpack_from(f"{order}I", head, 8)[0]
        raise Malformed(f"an element has no VR of the standard (byte {at})")

    def _sequence_end(self, at: int) -> int:
        """Where the delimiter of a sequence, or of fragments, stands."""
        self._check_depth()
        while True:
            tag, length = self._mark(at)
            if tag == SEQUENCE_END:
                return at
            if tag != ITEM:
                raise Malformed(f"no item stands where one must (byte {at})")
            at += 8
            at = self._item_end(at) + 8 if length == UNDEFINED else at + length

    def _item_end(self, at: int) -> int:
        for element in self.elements(at):
            if element.tag == ITEM_END:
                return element.start
        raise Malformed("an item has no end")

    def _mark(self, at: int) -> tuple[int, int]:
        self.file.seek(at)
        head = self.file.read(8)
        if len(head) < 8 or at + 8 > self.end:
            raise Malformed(f"the data set ends within a sequence (byte {at})")
        group, number, length = struct.unpack(f"{self.syntax.order}HHI", head)
        return group << 16 | number, length

    def _check_depth(self) -> None:
        if self.depth > _DEEPEST:
            raise Malformed(f"sequences are nested deeper than {_DEEPEST} levels")

    def _check(self, stop: int) -> None:
        if stop > self.end:
            raise Malformed(f"a length reaches beyond what it stands in (byte {stop})")


# -- writing --------------------------------------------------------------------------------------


def header(syntax: Syntax, tag: int, vr: bytes, length: int) -> bytes:
    """Tag, VR and length."""
    group, number = tag >> 16, tag & 0xFFFF
    if syntax.implicit:
        return struct.pack(f"{syntax.order}HHI", group, number, length)
    if vr in _LONG:
        return struct.pack(f"{syntax.order}HH2sHI", group, number, vr, 0, length)
    if length > 0xFFFE:
        raise Malformed("a value does not fit the 16-bit length of its VR")
    return struct.pack(f"{syntax.order}HH2sH", group, number, vr, length)


def element(syntax: Syntax, tag: int, vr: bytes, value: bytes) -> bytes:
    """A whole element, padded to even length, PS3.5 6.2."""
    if len(value) % 2:
        value += b"\0" if vr in (b"UI", b"OB", b"UN") else b" "
    return header(syntax, tag, vr, len(value)) + value


def mark(syntax: Syntax, tag: int, length: int = 0) -> bytes:
    """An item or a delimiter: these have no VR in any syntax."""
    return struct.pack(f"{syntax.order}HHI", tag >> 16, tag & 0xFFFF, length)


def sequence(syntax: Syntax, tag: int, vr: bytes, items: Iterable[bytes]) -> bytes:
    """A sequence of encoded items; `vr` is SQ, or UN around implicit ones."""
    inner = IMPLICIT_LITTLE if vr == b"UN" else syntax
    value = b"".join(mark(inner, ITEM, len(item)) + item for item in items)
    return header(syntax, tag, vr, len(value)) + value
