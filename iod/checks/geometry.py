"""Directions in space, PS3.3 C.7.6.2.1.1: of unit length, and at right angles to each other.

Law: numbers come in decimal strings, so a thousandth is allowed for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from iod.checks.items import tag_of
from iod.checks.objects import CLASS, Checked, Told, each

# A value with both directions, or two values with one each.
PAIRS: Final = {
    "ImageOrientationPatient": "",
    "ImageOrientationSlide": "",
    "MPRViewWidthDirection": "MPRViewHeightDirection",
}
SPACINGS: Final = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
DISTANCES: Final = ("SliceThickness", "SpacingBetweenSlices")
# PS3.3 C.8.4.15: a negative spacing says the direction of its slices.
_NUCLEAR: Final = CLASS + "20"
TOLERANCE: Final = 2e-3


def orientation(checked: Checked) -> Told:
    """Directions that are none, or not at right angles."""
    for path, item in each(checked.root):
        for keyword, other in PAIRS.items():
            if tag_of(keyword) in item.elements:
                told = _wrong([*item.numbers(keyword), *(item.numbers(other) if other else ())])
                if told:
                    yield path + keyword, told


def spacing(checked: Checked) -> Told:
    """Distances between pixels that are none: only a single row or column may have zero."""
    root = checked.root
    single = 1 in (root.number("Rows"), root.number("Columns"))
    for path, item in each(root):
        for keyword in SPACINGS:
            if tag_of(keyword) in item.elements:
                least = min(item.numbers(keyword), default=1.0)
                if least < 0 or (least == 0 and not single):
                    yield path + keyword, f"is {least:g}; pixels have a distance above zero"


def distance(checked: Checked) -> Told:
    """Distances between slices below zero: but for a few classes no sign has a meaning."""
    for path, item in each(checked.root):
        for keyword in DISTANCES if checked.sop_class_uid != _NUCLEAR else DISTANCES[:1]:
            if (item.number(keyword) or 0) < 0:
                yield path + keyword, f"is {item.number(keyword):g}; a distance is not negative"


def _wrong(values: Sequence[float]) -> str:
    if len(values) != 6 or not all(map(math.isfinite, values)):
        return ""  # its number of values is wrong, which is found elsewhere
    first, second = values[:3], values[3:]
    if any(abs(math.hypot(*direction) - 1) > TOLERANCE for direction in (first, second)):
        return "has a direction that is not of unit length"
    if abs(sum(a * b for a, b in zip(first, second, strict=True))) > TOLERANCE:
        return "has directions that are not at right angles"
    return ""
