"""Frames taken out of a multi-frame object as a new object, PS3.4 Y.3.3.

Law: the new object is of the same class, patient, study and series, has a new SOP Instance UID,
its frames in their order and nothing that would be false of them. Pixels are copied, never decoded;
what is not looked at stays byte for byte. Left out on purpose: private attributes, whose meaning
nobody knows (Y.3.3); digital signatures, that the change breaks; curves and audio (retired), mask
subtraction, trims and durations, that speak of all frames; group lengths (retired).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from pydicom.uid import UID, generate_uid

from iod import elements, fragments, frametimes, framevectors, nativeframes, overlays
from iod.elements import Element, Syntax
from iod.encoded import (
    Change,
    Encoded,
    Made,
    Stored,
    Write,
    opened,
    without_private,
    writing,
    written,
)
from iod.errors import Uncreatable, Unextractable
from iod.frameranges import TIME_RANGE, FrameRange, frames
from iod.framevectors import FUNCTIONAL_GROUPS

_SOP_CLASS, _SOP_INSTANCE, _NUMBER_OF_FRAMES = 0x00080016, 0x00080018, 0x00280008
_EXTRACTION, _EXTRACTED_FROM = 0x00081164, 0x00081167
_CREATION_DATE, _CREATION_TIME, _TIMEZONE = 0x00080012, 0x00080013, 0x00080201
_EQUIPMENT = 0x0018A001
_DIMENSION_ORGANIZATION = 0x00209311
_PIXELS = (elements.PIXEL_DATA, 0x7FE00008, 0x7FE00009)  # integers, floats, doubles
_MOST_FRAMES = 1_000_000

_LEFT_OUT = frozenset(
    (
        0x00080014,  # Instance Creator UID: it was not them
        0x00082142,  # Start Trim
        0x00082143,  # Stop Trim
        0x00180072,  # Effective Duration
        0x00186060,  # R Wave Time Vector
        0x00200242,  # SOP Instance UID of Concatenation Source, and the rest of C.7.6.16
        0x00209161,  # Concatenation UID
        0x00209162,  # In-concatenation Number
        0x00209163,  # In-concatenation Total Number
        0x00209228,  # Concatenation Frame Offset Number
        0x00280106,  # Smallest Image Pixel Value
        0x00280107,  # Largest Image Pixel Value
        0x00281090,  # Recommended Viewing Mode, of the masks
        0x00286100,  # Mask Subtraction Sequence
        0x00287FE0,  # Pixel Data Provider URL
        0x4FFE0001,  # MAC Parameters Sequence
        0xFFFAFFFA,  # Digital Signatures Sequence
        0xFFFCFFFC,  # Data Set Trailing Padding
    )
)
# PS3.5 8.2.5 to 8.2.9 and A.6: frames depend on each other. 8.2.4: components span frames.
_TOGETHER = frozenset(
    f"1.2.840.10008.1.2.{last}"
    for last in (
        *("4.92", "4.93", "4.94", "4.95", "4.204", "4.205"),
        *("4.100", "4.100.1", "4.101", "4.101.1", "4.102", "4.102.1", "4.103", "4.103.1"),
        *("4.104", "4.104.1", "4.105", "4.105.1", "4.106", "4.106.1", "4.107", "4.108"),
    )
)


@dataclass(frozen=True, slots=True)
class Extraction:
    """A request for frames, by whom it is fulfilled, and where the new object is to be written."""

    wanted: FrameRange
    station: str
    into: Path


def extract(stored: Stored, extraction: Extraction) -> Made:
    """The new object with the frames wanted, in the file named. Raises IodError, OSError."""
    if stored.transfer_syntax_uid in _TOGETHER:
        raise Unextractable("frames of this transfer syntax cannot be taken out without decoding")
    into = extraction.into
    with opened(stored, into.parent) as source:
        count = _count(source)
        times = partial(frametimes.times, source, count)
        chosen = frames(extraction.wanted, count, times)
        uid = generate_uid(prefix=None)
        changes = (
            _pixels(source, stored.transfer_syntax_uid, chosen, count)
            | _public(source)
            | framevectors.changes(source, chosen, count)
            | frametimes.changes(source, chosen, count)
            | overlays.changes(source, chosen)
            | _groups(source, chosen, count)
            | _about(source, extraction, uid, len(chosen))
            | dict.fromkeys(filter(_left_out, source.elements))
        )
        with writing(into, source.syntax) as write:
            source.rewrite(changes, write)
        sop_class = source.text(_SOP_CLASS).strip("\0")
    return Made(sop_class, uid, stored.transfer_syntax_uid, into, 0, into.stat().st_size)


def _count(source: Encoded) -> int:
    text = source.text(_NUMBER_OF_FRAMES)
    if not text:
        raise Uncreatable("the object is not a multi-frame image")
    if not re.fullmatch(r"\+?[0-9]{1,12}", text) or not 0 < int(text) <= _MOST_FRAMES:
        raise Uncreatable(f"the object has no number of frames from 1 to {_MOST_FRAMES}")
    return int(text)


def _left_out(tag: int) -> bool:
    group = tag >> 16
    curve = group & 0xFF00 == 0x5000 and group & 0xFF <= 0x1E  # PS3.5 7.6
    return tag in _LEFT_OUT or group & 1 == 1 or tag & 0xFFFF == 0 or curve


def _pixels(
    source: Encoded, transfer_syntax_uid: str, chosen: Sequence[int], count: int
) -> dict[int, Change]:
    for tag in _PIXELS:
        if (element := source.elements.get(tag)) is None:
            continue
        if element.undefined:
            return fragments.fragments(source, element, count).changes(chosen)
        syntax = UID(transfer_syntax_uid)
        if syntax.is_transfer_syntax and syntax.is_encapsulated:
            raise Unextractable("the pixel data is not encapsulated as its transfer syntax asks")
        return {tag: partial(nativeframes.planes(source, element, count).cut, chosen)}
    raise Uncreatable("the object has no pixel data")


def _public(source: Encoded) -> dict[int, Change]:
    """Every sequence, without what is private in it."""

    def change(element: Element, write: Write) -> None:
        write(without_private(source.read(element.start, element.end), source.syntax))

    return {tag: partial(change, each) for tag, each in source.elements.items() if each.sequence}


def _groups(source: Encoded, chosen: Sequence[int], count: int) -> dict[int, Change]:
    """The items of the functional groups that are of these frames; dimension indices stay."""
    organization = source.text(_DIMENSION_ORGANIZATION)
    if organization == "TILED_FULL":  # PS3.3 C.7.6.17.3: the order of frames is their position
        raise Uncreatable("the frames of a full tiling have no positions of their own")
    made: dict[int, Change] = {}
    if organization.startswith("3D") and len(list(nativeframes.runs(chosen))) > 1:
        made[_DIMENSION_ORGANIZATION] = None
    groups = source.elements.get(FUNCTIONAL_GROUPS)
    if groups is None:
        return made
    places = source.ranges(FUNCTIONAL_GROUPS)
    if len(places) != count:
        raise Uncreatable(f"{len(places)} functional groups are there for {count} frames")
    kept = [places[frame - 1] for frame in chosen]
    return made | {FUNCTIONAL_GROUPS: partial(_items, source, groups, kept)}


def _items(
    source: Encoded, groups: Element, places: Sequence[tuple[int, int]], write: Write
) -> None:
    """A sequence of items of the source, one in memory at a time."""
    inner = groups.within(source.syntax)
    write(elements.header(source.syntax, groups.tag, groups.vr, elements.UNDEFINED))
    for place in places:
        item = without_private(source.read(*place), inner)
        write(elements.mark(inner, elements.ITEM, len(item)) + item)
    write(elements.mark(inner, elements.SEQUENCE_END))


# -- what the new object says of itself -----------------------------------------------------------


def _about(source: Encoded, extraction: Extraction, uid: str, count: int) -> dict[int, Change]:
    zone = source.text(_TIMEZONE)
    now = datetime.now(frametimes.zone(zone)) if zone else datetime.now().astimezone()
    values = (
        (_CREATION_DATE, b"DA", now.strftime("%Y%m%d")),
        (_CREATION_TIME, b"TM", now.strftime("%H%M%S.%f")),
        (_SOP_INSTANCE, b"UI", uid),
        (_NUMBER_OF_FRAMES, b"IS", str(count)),
    )
    made = {
        tag: written(elements.element(source.syntax, tag, vr, value.encode()))
        for tag, vr, value in values
    }
    origin = source.text(_SOP_INSTANCE).strip("\0")
    made[_EXTRACTION] = _longer(source, _EXTRACTION, partial(_extracted, extraction.wanted, origin))
    made[_EQUIPMENT] = _longer(source, _EQUIPMENT, partial(_equipment, extraction.station, now))
    return made


def _longer(source: Encoded, tag: int, item: Callable[[Syntax], bytes]) -> Change:
    """A sequence with one item more."""
    found = source.elements.get(tag)
    vr, inner = (found.vr, found.within(source.syntax)) if found else (b"SQ", source.syntax)
    items = [without_private(each, inner) for each in source.items(tag)]
    return written(elements.sequence(source.syntax, tag, vr, [*items, item(inner)]))


def _extracted(wanted: FrameRange, origin: str, syntax: Syntax) -> bytes:
    """An item of the Frame Extraction Sequence, PS3.3 C.12.3."""
    vr, form = (b"FD", "d") if wanted.tag == TIME_RANGE else (b"UL", "I")
    values = wanted.values if form == "d" else map(int, wanted.values)
    raw = struct.pack(f"{syntax.order}{len(wanted.values)}{form}", *values)
    key = elements.element(syntax, wanted.tag, vr, raw)
    return key + elements.element(syntax, _EXTRACTED_FROM, b"UI", origin.encode())


def _equipment(station: str, now: datetime, syntax: Syntax) -> bytes:
    """An item of the Contributing Equipment Sequence, PS3.3 C.12.1."""
    purpose = (
        (0x00080100, b"SH", "109105"),
        (0x00080102, b"SH", "DCM"),
        (0x00080104, b"LO", "Frame Extracting Equipment"),
    )
    about = (
        (0x00080070, b"LO", "Anode"),  # Manufacturer
        (0x00081010, b"SH", station),  # Station Name
        (0x00081090, b"LO", "Anode"),  # Manufacturer's Model Name
        (0x0018A002, b"DT", now.strftime("%Y%m%d%H%M%S.%f%z")),  # Contribution DateTime
    )
    code = elements.sequence(syntax, 0x0040A170, b"SQ", [_texts(syntax, purpose)])
    return _texts(syntax, about) + code


def _texts(syntax: Syntax, values: Sequence[tuple[int, bytes, str]]) -> bytes:
    return b"".join(
        elements.element(syntax, tag, vr, value.encode("ascii", "replace"))
        for tag, vr, value in values
    )
