"""CT images of a phantom: a cylinder of water with inserts, PS3.3 A.3 and C.8.2.1.

Every family that needs CT images has them from here; pixels are computed, so they are the same
everywhere.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import CTImageStorage

from iod.samples.identity import uid
from iod.samples.items import put
from iod.samples.subjects import Equipment, Series, begun

SCANNER: Final = Equipment("Anode", "Sample CT 64", "CT-1", "VA10")
SIZE: Final = 64
SPACING: Final = 4.0  # mm between pixels
THICKNESS: Final = 5.0  # mm
INTERCEPT: Final = -1024
AIR, WATER, IODINE, BONE = -1000.0, 0.0, 280.0, 800.0


def phantom(iodine: float = IODINE, bone: float = BONE, water: float = WATER) -> NDArray[np.int16]:
    """Hounsfield units of a slice: water in air, an insert of iodine and one of bone."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE].astype(np.float64)
    middle = (SIZE - 1) / 2
    units = np.full((SIZE, SIZE), AIR)
    units[(rows - middle) ** 2 + (columns - middle) ** 2 <= 28**2] = water
    units[(rows - middle) ** 2 + (columns - 20) ** 2 <= 5**2] = iodine
    units[(rows - middle) ** 2 + (columns - 44) ** 2 <= 5**2] = bone
    return units.round().astype(np.int16)


def slice_of(series: Series, number: int, units: NDArray[np.int16]) -> Dataset:
    """The `number`-th slice of a series, original and axial."""
    made = begun(series, CTImageStorage, f"slice-{number}", number)
    put(
        made,
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        AcquisitionNumber="1",
        AcquisitionDate=series.study.date,
        AcquisitionTime=series.study.time,
        ContentDate=series.study.date,
        ContentTime=series.study.time,
        BodyPartExamined="ABDOMEN",
        PatientPosition="HFS",
        FrameOfReferenceUID=uid("frame", series.study.key),
        PositionReferenceIndicator="",
        KVP="120",
        ConvolutionKernel="B30",
        SliceThickness=THICKNESS,
        PixelSpacing=[SPACING, SPACING],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        ImagePositionPatient=[
            -SPACING * (SIZE - 1) / 2,
            -SPACING * (SIZE - 1) / 2,
            THICKNESS * (number - 1),
        ],
    )
    return pixels(made, units)


def pixels(made: Dataset, units: NDArray[np.int16], intercept: int = INTERCEPT) -> Dataset:
    """Image Pixel Module, C.7.6.3, of values that are stored less an intercept."""
    stored = (units.astype(np.int32) - intercept).clip(0, 4095).astype("<u2")
    put(
        made,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=stored.shape[-2],
        Columns=stored.shape[-1],
        BitsAllocated=16,
        BitsStored=12,
        HighBit=11,
        PixelRepresentation=0,
        WindowCenter="40",
        WindowWidth="400",
        RescaleIntercept=intercept,
        RescaleSlope="1",
        RescaleType="HU",
    )
    made.add_new("PixelData", "OW", stored.tobytes())
    return made
