"""Frames in encapsulated pixel data, PS3.5 A.4: which fragments are whose, copied as they are.

Law: codestreams are never decoded. What tells frames apart, in this order: the Extended Offset
Table, the Basic Offset Table, one fragment a frame, the marker a codestream begins with. When
none of these fits the number of frames the answer is Unextractable, never a guess.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from iod import elements
from iod.elements import Element
from iod.encoded import Change, Encoded, Write, written
from iod.errors import Unextractable

_OFFSETS, _LENGTHS, _TOTAL = 0x7FE00001, 0x7FE00002, 0x7FE00003
_MOST_BASIC = 0xFFFFFFFF
# JPEG and JPEG-LS begin with SOI, JPEG 2000 with SOC and SIZ, JPEG XL bare or in a box
_BEGINNINGS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\xff\x0a", b"\0\0\0\x0cJXL ")


@dataclass(frozen=True, slots=True)
class Fragments:
    """Encapsulated pixel data: where its fragments lie, and the index of each frame's first."""

    source: Encoded
    element: Element
    places: Sequence[tuple[int, int]]
    firsts: Sequence[int]  # one more than there are frames

    def changes(self, frames: Sequence[int]) -> dict[int, Change]:
        """The pixel data with these frames only, and new offset tables."""
        chosen = [self.places[self.firsts[f - 1] : self.firsts[f]] for f in frames]
        sizes = [sum(stop - start + 8 for start, stop in places) for places in chosen]
        offsets = [0, *accumulate(sizes)]
        extended = _OFFSETS in self.source or offsets[-2] > _MOST_BASIC
        changes: dict[int, Change] = dict.fromkeys((_OFFSETS, _LENGTHS, _TOTAL))
        if extended and all(len(places) == 1 for places in chosen):
            # PS3.5 A.4: with an Extended Offset Table the basic one is empty
            changes |= {_OFFSETS: self._table(_OFFSETS, offsets[:-1])}
            changes |= {_LENGTHS: self._table(_LENGTHS, self._lengths(frames, sizes))}
        basic = offsets[:-1] if not extended else []

        def pixel_data(write: Write) -> None:
            self._write(basic, [place for places in chosen for place in places], write)

        return changes | {self.element.tag: pixel_data}

    def _lengths(self, frames: Sequence[int], sizes: Sequence[int]) -> list[int]:
        """Lengths without padding where the source told them, PS3.3 C.7.6.3.1.8."""
        told = self.source.numbers(_LENGTHS, "Q")
        if len(told) == len(self.firsts) - 1:
            return [told[frame - 1] for frame in frames]
        return [size - 8 for size in sizes]

    def _table(self, tag: int, values: Sequence[int]) -> Change:
        raw = struct.pack(f"<{len(values)}Q", *values)
        return written(elements.element(self.source.syntax, tag, b"OV", raw))

    def _write(self, basic: Sequence[int], places: Sequence[tuple[int, int]], write: Write) -> None:
        syntax = self.source.syntax
        table = struct.pack(f"<{len(basic)}I", *basic)
        write(elements.header(syntax, self.element.tag, self.element.vr, elements.UNDEFINED))
        write(elements.mark(syntax, elements.ITEM, len(table)) + table)
        for start, stop in places:
            write(elements.mark(syntax, elements.ITEM, stop - start))
            for piece in self.source.chunks(start, stop):
                write(piece)
        write(elements.mark(syntax, elements.SEQUENCE_END))


def fragments(source: Encoded, element: Element, count: int) -> Fragments:
    """The frames in an element with encapsulated pixel data. Raises Unextractable."""
    table, *places = source.ranges(element.tag) or [(0, 0)]
    for offsets in (source.numbers(_OFFSETS, "Q"), _basic(source, table)):
        firsts = _by_offsets(places, offsets)
        if firsts is not None and len(firsts) == count:
            return Fragments(source, element, places, [*firsts, len(places)])
    if len(places) == count:
        return Fragments(source, element, places, range(count + 1))
    firsts = [number for number, place in enumerate(places) if _begins(source, place)]
    if count == 1 and places:
        firsts = [0]
    if len(firsts) != count or firsts[0] != 0:
        raise Unextractable(
            f"nothing tells which of {len(places)} fragments belong to which of {count} frames"
        )
    return Fragments(source, element, places, [*firsts, len(places)])


def _basic(source: Encoded, table: tuple[int, int]) -> Sequence[int]:
    raw = source.read(*table)
    return struct.unpack_from(f"<{len(raw) // 4}I", raw)


def _by_offsets(places: Sequence[tuple[int, int]], offsets: Sequence[int]) -> list[int] | None:
    """The index of the fragment at each offset; None where the table does not fit."""
    if not offsets or not places or offsets[0] != 0:
        return None
    origin = places[0][0] - 8
    index = {start - 8 - origin: number for number, (start, _) in enumerate(places)}
    firsts = [index.get(offset, -1) for offset in offsets]
    rising = all(a < b for a, b in pairwise(firsts))
    return firsts if rising and firsts[0] == 0 else None


def _begins(source: Encoded, place: tuple[int, int]) -> bool:
    start, stop = place
    return source.read(start, min(start + 8, stop)).startswith(_BEGINNINGS)
