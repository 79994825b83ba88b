"""Two views as one H.264 stream of Stereo High Profile, ITU-T H.264 Annex H.

No free encoder writes this profile, so the views are coded each for itself and put together here:
the left one is the base view as it is; the slices of the right one become NAL units of type 20,
and its parameter set a subset parameter set (type 15) that names both views and, between them, no
prediction (H.7.3.2.1.4). A decoder of High Profile leaves both types out and shows the left view.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

_START: Final = b"\0\0\0\1"
_SPLIT: Final = re.compile(rb"\x00\x00\x01")
_SLICE, _IDR, _PARAMETERS, _SUBSET, _EXTENSION = 1, 5, 7, 15, 20
_STEREO_HIGH: Final = 128
_VIEW: Final = 1  # the right one; the base view is 0


def nal_units(stream: bytes) -> Iterator[bytes]:
    """The NAL units of an Annex B byte stream, B.1."""
    starts = [match.end() for match in _SPLIT.finditer(stream)]
    for at, following in zip(starts, [*starts[1:], len(stream) + 3], strict=True):
        yield stream[at : following - 3].rstrip(b"\0")


def _kind(unit: bytes) -> int:
    return unit[0] & 0x1F


def together(left: Sequence[bytes], right: Sequence[bytes]) -> list[bytes]:
    """Access units with both views, from the access units of each."""
    made = []
    for base, other in zip(left, right, strict=True):
        units = []
        for unit in nal_units(base):
            units.append(unit)
            if _kind(unit) == _PARAMETERS:
                units.append(_subset(unit))
        units += [_of_view(unit) for unit in nal_units(other) if _kind(unit) in (_SLICE, _IDR)]
        made.append(b"".join(_START + unit for unit in units))
    return made


def _of_view(unit: bytes) -> bytes:
    """A slice as slice extension: NAL unit header MVC extension, H.7.3.1.1."""
    idr = _kind(unit) == _IDR
    fields = (not idr) << 22 | _VIEW << 6 | idr << 2 | 1  # anchor_pic_flag; no inter_view_flag
    return bytes((unit[0] & 0xE0 | _EXTENSION,)) + fields.to_bytes(3) + unit[1:]


def _subset(unit: bytes) -> bytes:
    """The subset parameter set that says the same and the two views, 7.3.2.1.3 and H.7.3.2.1.4."""
    raw = unit[1:].replace(b"\0\0\3", b"\0\0")
    bits = "".join(f"{byte:08b}" for byte in raw).rstrip("0")[:-1]  # without the stop bit
    level = raw[2]
    # two views, 0 and 1; no references among anchors and others, either list
    views = "1" + _ue(1) + _ue(0) + _ue(_VIEW) + _ue(0) * 4
    # one level, one operation point with both views as targets
    levels = _ue(0) + f"{level:08b}" + _ue(0) + "000" + _ue(1) + _ue(0) + _ue(_VIEW) + _ue(1)
    bits = f"{_STEREO_HIGH:08b}" + bits[8:] + views + levels + "00" + "1"
    bits += "0" * (-len(bits) % 8)
    whole = int(bits, 2).to_bytes(len(bits) // 8)
    escaped = re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\0\0\3", whole)
    return bytes((unit[0] & 0xE0 | _SUBSET,)) + escaped


def _ue(value: int) -> str:
    """Exponential Golomb code, 9.1."""
    code = f"{value + 1:b}"
    return "0" * (len(code) - 1) + code
