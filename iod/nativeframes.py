"""Frames in native pixel data, PS3.5 8.1.1 and 8.2: one after another, without a gap, bit by bit.

Law: pixels are never decoded; runs of frames are copied in pieces, whatever their size. Frames
need not begin on a byte: bits then move, and nothing else.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iod import elements
from iod.elements import Element
from iod.encoded import CHUNK, Encoded, Write
from iod.errors import Unextractable

_SAMPLES, _PHOTOMETRIC, _ROWS, _COLUMNS = 0x00280002, 0x00280004, 0x00280010, 0x00280011
_BITS_ALLOCATED = 0x00280100
# PS3.3 C.7.6.3.1.2: chrominance is sampled at half the width, so two samples a pixel in all
_SUBSAMPLED = frozenset(("YBR_FULL_422", "YBR_PARTIAL_422"))


@dataclass(frozen=True, slots=True)
class Planes:
    """A value that holds frames of `bits` each; `swapped`: cells smaller than its words, big
    endian (PS3.5 8.1.1)."""

    source: Encoded
    element: Element
    bits: int
    swapped: bool

    def cut(self, frames: Sequence[int], write: Write) -> None:
        """Write the element with these frames only, numbered from 1."""
        size = -(-self.bits * len(frames) // 16) * 2
        write(elements.header(self.source.syntax, self.element.tag, self.element.vr, size))
        ranges = [(first * self.bits, last * self.bits) for first, last in runs(frames)]
        whole = self.bits % (16 if self.swapped else 8) == 0
        for piece in self._bytes(ranges) if whole else self._bits(ranges):
            size -= len(piece)
            write(piece)
        write(b"\0" * size)

    def _bytes(self, ranges: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        at = self.element.value
        for begin, end in ranges:
            yield from self.source.chunks(at + begin // 8, at + end // 8)

    def _bits(self, ranges: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        """PS3.5 8.2: the first pixel is the least significant bit of the first byte."""
        waiting, count = 0, 0
        for begin, end in ranges:
            at = begin
            while at < end:
                first = at // 16 * 2
                last = min(first + CHUNK, -(-end // 16) * 2)
                taken = min(end, last * 8) - at
                value = int.from_bytes(self._read(first, last), "little") >> at - first * 8
                waiting |= (value & (1 << taken) - 1) << count
                at, count = at + taken, count + taken
                full = count // 16 * 2
                yield self._ordered((waiting & (1 << full * 8) - 1).to_bytes(full, "little"))
                waiting, count = waiting >> full * 8, count - full * 8
        if count:
            yield self._ordered(waiting.to_bytes(2, "little"))

    def _read(self, first: int, last: int) -> bytes:
        at = self.element.value
        raw = self.source.read(at + first, min(at + last, self.element.stop))
        return self._ordered(raw + b"\0" if len(raw) % 2 else raw)

    def _ordered(self, raw: bytes) -> bytes:
        if not self.swapped:
            return raw
        words = array("H", raw)
        words.byteswap()
        return words.tobytes()


def runs(frames: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Frames in a row, as ranges of indices: (0, 2) is frames 1 and 2."""
    first = 0
    for number, frame in enumerate(frames, 1):
        if number == len(frames) or frames[number] != frame + 1:
            yield frames[first] - 1, frame
            first = number


def planes(source: Encoded, element: Element, count: int) -> Planes:
    """The frames in an element with native pixel data. Raises Unextractable."""
    bits = _frame_bits(source)
    if bits <= 0 or bits * count > element.length * 8:
        raise Unextractable(f"the pixel data does not hold {count} frames of {bits} bits")
    return Planes(source, element, bits, _swapped(source, element, source.number(_BITS_ALLOCATED)))


def overlay_planes(source: Encoded, element: Element, bits: int) -> Planes:
    """The frames in an element with overlay data, one bit a pixel, PS3.3 C.9.2."""
    return Planes(source, element, bits, _swapped(source, element, 1))


def _swapped(source: Encoded, element: Element, bits_allocated: int) -> bool:
    return source.syntax.order == ">" and element.vr == b"OW" and bits_allocated <= 8


def _frame_bits(source: Encoded) -> int:
    samples = source.number(_SAMPLES, 1)
    if samples == 3 and source.text(_PHOTOMETRIC) in _SUBSAMPLED:
        samples = 2
    pixels = source.number(_ROWS) * source.number(_COLUMNS)
    return pixels * samples * source.number(_BITS_ALLOCATED)
