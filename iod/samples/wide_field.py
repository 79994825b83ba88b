"""Wide field photographs of the retina, PS3.3 A.76 and A.77: the two ways to measure on them.

One is projected stereographically from a sphere (C.8.17.11), one maps its pixels to points of the
eye (C.8.17.12), which all lie on a sphere whose diameter is the axial length, as the method
"Spherical projection" demands; the origin is the corneal vertex, z goes into the eye.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from pydicom import Dataset

from iod.samples.algorithms import algorithm
from iod.samples.colours import icc_profile
from iod.samples.eyes import EYE, RIGHT, fundus, one_frame, photographed, synchronized
from iod.samples.identity import uid
from iod.samples.items import code, item, put
from iod.samples.pictures import colour_pixels
from iod.samples.subjects import BERT, Equipment, Series, Study, begun

_STUDY: Final = Study("wide-field", BERT, "Retina, wide field")
_CAMERA: Final = Equipment("Anode", "Sample Laser Ophthalmoscope")
_OPHTHALMOSCOPE: Final = ("392001008", "SCT", "Scanning Laser Ophthalmoscope")
_STEREOGRAPHIC: Final = "1.2.840.10008.5.1.4.1.1.77.1.5.5"
_COORDINATES: Final = "1.2.840.10008.5.1.4.1.1.77.1.5.6"
_SIDE: Final = 96
_LENGTH: Final = 24.0  # mm, of the eye
_MAP_STEP: Final = 12  # pixels between two points of the map


def _photograph(number: int, sop_class_uid: str, name: str) -> Dataset:
    series = Series(_STUDY, "OP", number, f"Wide field, {name}", _CAMERA)
    made = photographed(begun(series, sop_class_uid, name), _OPHTHALMOSCOPE)
    synchronized(one_frame(made), _STUDY.key)
    eye = put(code(*EYE), AnatomicRegionModifierSequence=[code(*RIGHT)])
    put(
        made,
        FrameOfReferenceUID=uid("frame", _STUDY.key, name),
        PositionReferenceIndicator="CORNEAL_VERTEX_R",
        ImageLaterality="R",
        AnatomicRegionSequence=[eye],
        OphthalmicAxialLength=_LENGTH,
        OphthalmicAxialLengthMethod="POPULATION",
        ICCProfile=icc_profile(),
    )
    return colour_pixels(made, fundus(_SIDE))


def _stereographic() -> Dataset:
    made = _photograph(1, _STEREOGRAPHIC, "stereographic")
    return put(
        made,
        TransformationAlgorithmSequence=[
            algorithm("Sample projection", code("111791", "DCM", "Spherical projection"))
        ],
        XCoordinatesCenterPixelViewAngle=1.5,
        YCoordinatesCenterPixelViewAngle=1.5,
    )


def _points() -> Iterator[tuple[float, float, float, float, float]]:
    """Column, row and place of every so many pixels, by stereographic projection from the pupil."""
    radius, middle = _LENGTH / 2, _SIDE / 2
    for row in range(_MAP_STEP // 2, _SIDE, _MAP_STEP):
        for column in range(_MAP_STEP // 2, _SIDE, _MAP_STEP):
            across, down = (column - middle) / middle, (row - middle) / middle
            square = across * across + down * down
            scale = 2 * radius / (1 + square)
            height = radius * (1 - square) / (1 + square)
            yield column + 0.5, row + 0.5, scale * across, scale * down, radius + height


def _mapped() -> Dataset:
    made = _photograph(2, _COORDINATES, "coordinates")
    points = list(_points())
    values = [value for point in points for value in point]
    mapping = item(
        ReferencedFrameNumber=1,
        NumberOfMapPoints=len(points),
        TwoDimensionalToThreeDimensionalMapData=struct.pack(f"<{len(values)}f", *values),
    )
    spherical = code("111791", "DCM", "Spherical projection")
    return put(
        made,
        TransformationMethodCodeSequence=[spherical],
        TransformationAlgorithmSequence=[
            algorithm("Sample mapping", code("111791", "DCM", "Spherical projection"))
        ],
        TwoDimensionalToThreeDimensionalMapSequence=[mapping],
    )


def instances() -> dict[str, Dataset]:
    """The same eye in both ways."""
    return {"stereographic": _stereographic(), "coordinates": _mapped()}
