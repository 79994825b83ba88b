"""What photographs and tomograms of the eye have in common, PS3.3 C.8.17.

A right eye, a picture of its fundus, and the modules that say how it was taken.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from pydicom import Dataset
from pydicom.datadict import tag_for_keyword

from iod.samples.identity import uid
from iod.samples.items import code, put
from iod.samples.pictures import Bytes, ball
from iod.samples.subjects import SAMPLE_DATE, SAMPLE_TIME

RIGHT: Final = ("24028007", "SCT", "Right")
EYE: Final = ("81745001", "SCT", "Eye")


def fundus(side: int) -> Bytes:
    """A retina as a wide-field camera sees it: disc, fovea, two arcades of vessels; RGB."""
    shape = (side, side)
    y, x = np.mgrid[0:side, 0:side].astype(np.int64)
    middle = side // 2
    made = np.zeros((*shape, 3), np.uint8)
    retina = ball(shape, (middle, middle), (middle - 2, middle - 2))
    made[retina] = (190, 90, 40)
    across = (y - middle) * (y - middle) * 4 // side
    for sign in (-1, 1):
        arcade = np.abs(x - (side * 5 // 8) + across) <= 1
        made[arcade & retina & (sign * (y - middle) > 0)] = (120, 20, 20)
    made[ball(shape, (middle, middle), (side // 16, side // 16))] = (130, 55, 25)
    made[ball(shape, (middle, side * 5 // 8), (side // 14, side // 16))] = (240, 200, 120)
    return made


def region(made: Dataset) -> Dataset:
    """Ocular Region Imaged Module, C.8.17.5: a right retina."""
    retina = code("5665001", "SCT", "Retina")
    return put(made, ImageLaterality="R", AnatomicRegionSequence=[retina])


def acquired(made: Dataset) -> Dataset:
    """What was known of the eye when it was imaged, C.8.17.4 and C.8.17.8, and of the image."""
    return put(
        made,
        AcquisitionDateTime=SAMPLE_DATE + SAMPLE_TIME,
        ContentDate=SAMPLE_DATE,
        ContentTime=SAMPLE_TIME,
        BurnedInAnnotation="NO",
        RecognizableVisualFeatures="YES",
        LossyImageCompression="00",
        EmmetropicMagnification=None,
        IntraOcularPressure=15.0,
        HorizontalFieldOfView=None,
        PupilDilated="NO",
        RefractiveStateSequence=[],
    )


def photographed(made: Dataset, device: tuple[str, str, str]) -> Dataset:
    """Ophthalmic Photography modules C.8.17.2 to C.8.17.4; `device` is of CID 4202."""
    acquired(made)
    return put(
        made,
        ImageType=["ORIGINAL", "PRIMARY", "", "COLOR"],
        PatientOrientation=["L", "F"],
        PatientEyeMovementCommanded="NO",
        DetectorType="CMOS",
        AcquisitionDeviceTypeCodeSequence=[code(*device)],
        IlluminationTypeCodeSequence=[],
        LightPathFilterTypeStackCodeSequence=[],
        ImagePathFilterTypeStackCodeSequence=[],
        LensesCodeSequence=[],
    )


def synchronized(made: Dataset, name: str) -> Dataset:
    """Synchronization Module, C.7.4.2."""
    return put(
        made,
        SynchronizationFrameOfReferenceUID=uid("clock", name),
        SynchronizationTrigger="NO TRIGGER",
        AcquisitionTimeSynchronized="N",
    )


def one_frame(made: Dataset) -> Dataset:
    """Multi-frame and Cine Modules, C.7.6.6 and C.7.6.5, of an image with one frame."""
    pointer = tag_for_keyword("FrameTimeVector")
    return put(made, NumberOfFrames="1", FrameIncrementPointer=[pointer], FrameTimeVector=["0"])
