"""Overlays that have frames of their own, PS3.3 C.9.3: cut to the image frames they lie on."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import partial

from iod import elements
from iod.encoded import Change, Encoded, written
from iod.errors import Uncreatable
from iod.nativeframes import overlay_planes

_GROUPS = range(0x60000000, 0x60200000, 0x20000)
_ROWS, _COLUMNS, _COUNT, _ORIGIN, _DATA = 0x10, 0x11, 0x15, 0x51, 0x3000


def changes(source: Encoded, frames: Sequence[int]) -> dict[int, Change]:
    """What has to change when only these image frames are kept. Raises Uncreatable.

    An overlay without a number of frames lies on every image frame, and stays.
    """
    made: dict[int, Change] = {}
    for group in _GROUPS:
        if group | _COUNT in source:
            made |= _overlay(source, group, frames)
    return made


def _overlay(source: Encoded, group: int, frames: Sequence[int]) -> dict[int, Change]:
    text = source.text(group | _COUNT)
    count = int(text) if text.isdecimal() else 0
    origin = source.number(group | _ORIGIN, 1)
    kept = [frame - origin + 1 for frame in frames if origin <= frame < origin + count]
    if not kept:
        return dict.fromkeys(tag for tag in source.elements if tag & 0xFFFF0000 == group)
    first = frames.index(kept[0] + origin - 1) + 1
    syntax = source.syntax
    number = elements.element(syntax, group | _COUNT, b"IS", str(len(kept)).encode())
    raw = struct.pack(f"{syntax.order}H", first)
    made = {
        group | _COUNT: written(number),
        group | _ORIGIN: written(elements.element(syntax, group | _ORIGIN, b"US", raw)),
    }
    data = source.elements.get(group | _DATA)
    if data is None:
        return made
    bits = source.number(group | _ROWS) * source.number(group | _COLUMNS)
    if not bits or bits * count > data.length * 8:
        raise Uncreatable(f"the overlay of group {group >> 16:04X} does not hold its frames")
    return made | {data.tag: partial(overlay_planes(source, data, bits).cut, kept)}
