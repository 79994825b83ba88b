"""Colours: an ICC profile, colour tables with opacity, and how two coloured inputs are weighted.

The profile is that of pydicom's own palettes: one made anew would hold the moment it was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

from pydicom import Dataset, dcmread
from pydicom.data import get_palette_files

from iod.samples.items import item, put

_ENTRIES: Final = 256
_NIBBLES: Final = 16


@dataclass(frozen=True, slots=True)
class Stop:
    """At this input (0 to 255) this colour and this opacity; between two stops it goes evenly."""

    at: int
    red: int
    green: int
    blue: int
    alpha: int


@cache
def icc_profile() -> bytes:
    """An input profile of the sRGB space, PS3.3 C.11.15."""
    (path,) = get_palette_files("hotiron.dcm")
    profile: bytes = dcmread(path).ICCProfile
    return profile


def _ramp(stops: Sequence[Stop], channel: str) -> bytes:
    made = bytearray()
    for low, high in pairwise(stops):
        begin, end = int(getattr(low, channel)), int(getattr(high, channel))
        width = high.at - low.at
        made += bytes(begin + (end - begin) * step // width for step in range(width))
    made.append(getattr(stops[-1], channel))
    assert len(made) == _ENTRIES
    return bytes(made)


def classified(number: int, stops: Sequence[Stop], **more: object) -> Dataset:
    """An item of Presentation State Classification Component Sequence, C.11.27.2: input to RGBA."""
    made = item(
        ComponentType="ONE_TO_RGBA",
        ComponentInputSequence=[item(VolumetricPresentationInputIndex=number)],
        RGBLUTTransferFunction="TABLE",
        AlphaLUTTransferFunction="TABLE",
    )
    for channel in ("Red", "Green", "Blue", "Alpha"):
        put(
            made,
            **{
                f"{channel}PaletteColorLookupTableDescriptor": [_ENTRIES, 0, 8],
                f"{channel}PaletteColorLookupTableData": _ramp(stops, channel.lower()),
            },
        )
    return put(made, **more)


def first_over_second() -> Dataset:
    """An item of Presentation State Compositor Component Sequence, C.11.27.4.

    The tables' input is both opacities, four bits of each; the first colour counts by its opacity,
    the second has what is left.
    """
    first = bytes(alpha * 17 for alpha in range(_NIBBLES) for _ in range(_NIBBLES))
    second = bytes(255 - weight for weight in first)
    return item(WeightingTransferFunctionSequence=[_weights(first), _weights(second)])


def _weights(table: bytes) -> Dataset:
    made = item(LUTDescriptor=[len(table), 0, 8])
    made.add_new("LUTData", "OW", table)
    return made
