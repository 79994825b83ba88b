"""Attributes that speak of frames by position, PS3.3: cut, renumbered or left out with them.

Law: one row per attribute below; what stands in no row does not depend on how many frames there
are. Attributes of NM counts per phase or rotation stay: PS3.3 gives them no meaning of their own.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from decimal import Decimal

from pydicom.datadict import dictionary_VR

from iod import elements
from iod.decimals import decimals, encoded
from iod.encoded import Change, Encoded, written
from iod.errors import Uncreatable

FRAME_INCREMENT_POINTER = 0x00280009
FUNCTIONAL_GROUPS = 0x52009230

# One value per frame: cut to the frames kept.
_VECTORS = frozenset(
    (
        0x00181135,  # Table Vertical Increment, C.8.7.4
        0x00181136,  # Table Longitudinal Increment
        0x00181137,  # Table Lateral Increment
        0x00181520,  # Positioner Primary Angle Increment, C.8.7.5
        0x00181521,  # Positioner Secondary Angle Increment
        0x00182001,  # Page Number Vector, C.8.6.3
        0x00182002,  # Frame Label Vector
        0x00182003,  # Frame Primary Angle Vector
        0x00182004,  # Frame Secondary Angle Vector
        0x00182005,  # Slice Location Vector
        0x00182006,  # Display Window Label Vector
        0x00540010,  # Energy Window Vector, C.8.4.8
        0x00540020,  # Detector Vector
        0x00540030,  # Phase Vector
        0x00540050,  # Rotation Vector
        0x00540060,  # R-R Interval Vector
        0x00540070,  # Time Slot Vector
        0x00540080,  # Slice Vector
        0x00540090,  # Angular View Vector
        0x00540100,  # Time Slice Vector
    )
)
# Times are cut by `frametimes`, the functional groups by `frames`, this one by `_grid` below.
_TIMES = frozenset((0x00181063, 0x00181065))
_GRID_FRAME_OFFSET_VECTOR = 0x3004000C
_POSITION, _ORIENTATION = 0x00200032, 0x00200037

_BINARY = {b"US": 2, b"SS": 2, b"UL": 4, b"SL": 4, b"FL": 4, b"FD": 8}

_REPRESENTATIVE_FRAME = 0x00286010
_FRAMES_OF_INTEREST = 0x00286020
_OF_INTEREST = (0x00286022, 0x00286023)  # description and type, a value for each of those
_R_WAVE_POINTER = 0x00286040


def changes(source: Encoded, frames: Sequence[int], count: int) -> dict[int, Change]:
    """What has to change when only these of `count` frames are kept. Raises Uncreatable."""
    pointers = set(source.tags(FRAME_INCREMENT_POINTER))
    if any(tag >> 16 & 1 for tag in pointers):
        raise Uncreatable("the frames are told apart by a private attribute")
    elsewhere = _TIMES | {FUNCTIONAL_GROUPS, _GRID_FRAME_OFFSET_VECTOR}
    made: dict[int, Change] = {}
    for tag in ((_VECTORS | pointers) - elsewhere) & source.elements.keys():
        values = _values(source, tag)
        if len(values) == count:
            made[tag] = _vector(source, tag, [values[frame - 1] for frame in frames])
        elif tag in pointers:
            raise Uncreatable(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) has no value for each frame")
        else:
            made[tag] = None
    return made | _grid(source, frames, count) | _numbered(source, frames)


# -- one value per frame --------------------------------------------------------------------------


def _vr(source: Encoded, tag: int) -> bytes:
    stored = source.elements[tag].vr
    if stored not in (b"", b"UN"):
        return stored
    try:
        return dictionary_VR(tag).encode()
    except KeyError:
        raise Uncreatable(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) is not known") from None


def _values(source: Encoded, tag: int) -> list[bytes]:
    """The values as encoded. A backslash within a character only makes their count wrong."""
    raw, size = source.raw(tag), _BINARY.get(_vr(source, tag))
    if size:
        return [raw[at : at + size] for at in range(0, len(raw), size)]
    return raw.rstrip(b" \0").split(b"\\") if raw else []


def _vector(source: Encoded, tag: int, values: Sequence[bytes]) -> Change:
    vr = _vr(source, tag)
    joint = b"" if vr in _BINARY else b"\\"
    return written(elements.element(source.syntax, tag, vr, joint.join(values)))


# -- frame numbers --------------------------------------------------------------------------------


def _numbered(source: Encoded, frames: Sequence[int]) -> dict[int, Change]:
    """Frame numbers are indices, PS3.17 MM.3: they begin with 1 again, and some are gone."""
    new = {frame: number for number, frame in enumerate(frames, 1)}
    made: dict[int, Change] = {}
    for tag in (_REPRESENTATIVE_FRAME, _FRAMES_OF_INTEREST, _R_WAVE_POINTER):
        if tag in source:
            numbers = [new[frame] for frame in source.numbers(tag, "H") if frame in new]
            raw = struct.pack(f"{source.syntax.order}{len(numbers)}H", *numbers)
            made[tag] = _vector(source, tag, [raw]) if numbers else None
    interest = source.numbers(_FRAMES_OF_INTEREST, "H")
    for tag in filter(source.__contains__, _OF_INTEREST):
        values = _values(source, tag)
        kept = [one for frame, one in zip(interest, values, strict=False) if frame in new]
        made[tag] = _vector(source, tag, kept) if kept and len(values) == len(interest) else None
    return made


# -- the dose grid --------------------------------------------------------------------------------


def _grid(source: Encoded, frames: Sequence[int], count: int) -> dict[int, Change]:
    """PS3.3 C.8.8.3.2: offsets count from Image Position (Patient), which is the first frame's."""
    if _GRID_FRAME_OFFSET_VECTOR not in source:
        return {}
    offsets = decimals(source, _GRID_FRAME_OFFSET_VECTOR)
    if len(offsets) != count:
        raise Uncreatable("Grid Frame Offset Vector has no value for each frame")
    kept = [offsets[frame - 1] for frame in frames]
    shift = kept[0] - offsets[0]
    if not offsets[0]:  # relative to the position; else they are places of the patient's z axis
        kept = [offset - shift for offset in kept]
    vector = encoded(source, _GRID_FRAME_OFFSET_VECTOR, kept)
    made: dict[int, Change] = {_GRID_FRAME_OFFSET_VECTOR: vector}
    if len(frames) == 1:  # its multiplicity is 2-n, and nothing has to point to it any more
        made = {_GRID_FRAME_OFFSET_VECTOR: None, FRAME_INCREMENT_POINTER: None}
    return made | ({_POSITION: _moved(source, shift)} if shift else {})


def _moved(source: Encoded, shift: Decimal) -> Change:
    """Image Position (Patient), moved along the normal of the planes."""
    position, cosines = decimals(source, _POSITION), decimals(source, _ORIENTATION)
    if len(position) != 3 or len(cosines) != 6:
        raise Uncreatable("the position of the planes is not known")
    row, column = cosines[:3], cosines[3:]
    normal = [
        row[(axis + 1) % 3] * column[(axis + 2) % 3] - row[(axis + 2) % 3] * column[(axis + 1) % 3]
        for axis in range(3)
    ]
    moved = [at + shift * towards for at, towards in zip(position, normal, strict=True)]
    return encoded(source, _POSITION, moved)
