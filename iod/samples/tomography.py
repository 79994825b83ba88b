"""A small CT volume: a body with a vessel and a bone in it, PS3.3 A.3; slices of 64 by 64.

What is where is told by the same functions to whoever segments it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from iod.samples.items import put
from iod.samples.pictures import Shorts, ball, grey_pixels
from iod.samples.subjects import SAMPLE_DATE, SAMPLE_TIME, Series, begun

_CT: Final = "1.2.840.10008.5.1.4.1.1.2"
SIDE: Final = 64
SLICES: Final = 12
SPACING: Final = 2.5
DISTANCE: Final = 5.0
_SHAPE: Final = (SLICES, SIDE, SIDE)
# Hounsfield units
_AIR, _BODY, _VESSEL, _BONE = -1000, 40, 220, 900


@dataclass(frozen=True, slots=True)
class Volume:
    """Where the volume is: the first voxel is at -corner in x and y and at `low` in z."""

    corner: float = SPACING * (SIDE - 1) / 2
    low: float = -DISTANCE * (SLICES - 1) / 2

    @property
    def box(self) -> tuple[float, float, float, float, float, float]:
        """Two opposite corners, through the centres of the outermost voxels."""
        return (-self.corner, -self.corner, self.low, self.corner, self.corner, -self.low)


PLACE: Final = Volume()


def bone() -> npt.NDArray[np.bool_]:
    """The voxels of the bone."""
    return ball(_SHAPE, (6, 44, 32), (9, 9, 9))


def vessel() -> npt.NDArray[np.bool_]:
    """The voxels of the vessel; it is bent."""
    made = np.zeros(_SHAPE, np.bool_)
    for number in range(SLICES):
        made[number] = ball(_SHAPE[1:], (24, 26 + number), (4, 4))
    return made


def voxels() -> Shorts:
    """Hounsfield units."""
    made = np.full(_SHAPE, _AIR, np.int16)
    for number in range(SLICES):
        made[number][ball(_SHAPE[1:], (32, 32), (24, 29))] = _BODY
    made[vessel()] = _VESSEL
    made[bone()] = _BONE
    return made


def slices(series: Series, frame: str) -> list[Dataset]:
    """The volume as CT images, feet first."""
    return [_slice(series, frame, number, plane) for number, plane in enumerate(voxels())]


def _slice(series: Series, frame: str, number: int, plane: Shorts) -> Dataset:
    made = begun(series, _CT, f"slice-{number + 1}", number + 1)
    height = PLACE.low + number * DISTANCE
    put(
        made,
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        AcquisitionDate=SAMPLE_DATE,
        AcquisitionTime=SAMPLE_TIME,
        ContentDate=SAMPLE_DATE,
        ContentTime=SAMPLE_TIME,
        AcquisitionNumber="1",
        FrameOfReferenceUID=frame,
        PositionReferenceIndicator="",
        PatientPosition="HFS",
        BodyPartExamined="ABDOMEN",
        ImagePositionPatient=[-PLACE.corner, -PLACE.corner, height],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        PixelSpacing=[SPACING, SPACING],
        SliceThickness=DISTANCE,
        SliceLocation=height,
        KVP="120",
        XRayTubeCurrent="200",
        ExposureTime="500",
        ConvolutionKernel="STANDARD",
        RescaleIntercept="-1024",
        RescaleSlope="1",
        RescaleType="HU",
        WindowCenter="60",
        WindowWidth="400",
        BurnedInAnnotation="NO",
    )
    return grey_pixels(made, (plane + 1024).astype(np.uint16), 12)
