"""An MR image of a head, PS3.3 A.4: the anatomy that other families lie over."""

from __future__ import annotations

from typing import Final

import numpy as np
from pydicom import Dataset

from iod.samples.items import put
from iod.samples.pictures import ball, grey_pixels
from iod.samples.subjects import SAMPLE_DATE, SAMPLE_TIME, Series, begun

_MR: Final = "1.2.840.10008.5.1.4.1.1.4"
_SIDE: Final = 64
_SPACING: Final = 3.75


def mr_image(series: Series, frame: str, name: str) -> Dataset:
    """A transverse slice through the origin."""
    made = begun(series, _MR, name)
    corner = -_SPACING * (_SIDE - 1) / 2
    put(
        made,
        ImageType=["ORIGINAL", "PRIMARY", "OTHER"],
        AcquisitionDate=SAMPLE_DATE,
        AcquisitionTime=SAMPLE_TIME,
        ContentDate=SAMPLE_DATE,
        ContentTime=SAMPLE_TIME,
        AcquisitionNumber="1",
        FrameOfReferenceUID=frame,
        PositionReferenceIndicator="",
        PatientPosition="HFS",
        BodyPartExamined="HEAD",
        ImagePositionPatient=[corner, corner, 0],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        PixelSpacing=[_SPACING, _SPACING],
        SliceThickness="5",
        ScanningSequence="SE",
        SequenceVariant="NONE",
        ScanOptions="",
        MRAcquisitionType="2D",
        EchoTime="12",
        RepetitionTime="500",
        EchoTrainLength="1",
        MagneticFieldStrength="3",
        FlipAngle="90",
        WindowCenter="400",
        WindowWidth="800",
    )
    shape = (_SIDE, _SIDE)
    pixels = np.zeros(shape, np.uint16)
    pixels[ball(shape, (32, 32), (28, 22))] = 300
    pixels[ball(shape, (32, 32), (25, 19))] = 520
    for across in (26, 38):
        pixels[ball(shape, (31, across), (8, 3))] = 90
    return grey_pixels(made, pixels, 12)
