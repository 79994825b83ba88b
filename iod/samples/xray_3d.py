"""A rotational angiography by its protocol, reconstructed to an X-Ray 3D Angiographic Image, A.53.

As PS3.17 tells for such volumes (Supplement 167), all frames of the volume have one Stack ID and
their place in the stack; acquisition and reconstruction are described (C.8.21.3, C.8.21.4).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from pydicom import Dataset

from iod.samples.identity import uid
from iod.samples.items import code, item, put
from iod.samples.multiframes import dimensions, framed
from iod.samples.pictures import ball, grey_pixels
from iod.samples.subjects import ANNA, SAMPLE_DATE, SAMPLE_TIME, Equipment, Series, Study, begun
from iod.samples.xa_protocol import ARC, CURRENT, KVP, SECONDS, STEP, approved, defined, performed

_STUDY: Final = Study("xray-3d", ANNA, "Cerebral arteries, rotational angiography")
_ANGIOGRAPH: Final = Equipment("Anode", "Sample Angiograph")
_CLASS: Final = "1.2.840.10008.5.1.4.1.1.13.1.1"
_FRAMES, _SIDE, _SPACING = 16, 32, 0.75
_TYPE: Final = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
_KIND: Final = {
    "PixelPresentation": "MONOCHROME",
    "VolumetricProperties": "VOLUME",
    "VolumeBasedCalculationTechnique": "NONE",
}


def _voxels() -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    """An artery with an aneurysm on it."""
    shape = (_FRAMES, _SIDE, _SIDE)
    made = np.full(shape, 200, np.uint16)
    for number in range(_FRAMES):
        made[number][ball(shape[1:], (16, 10 + number // 2), (2, 2))] = 3000
    made[ball(shape, (8, 16, 20), (5, 5, 5))] = 2800
    return made


def _shared() -> Dataset:
    """Functional groups of all frames: C.7.6.16.2.1, .4, .8, .10 and C.8.21.5.1."""
    anatomy = item(
        FrameLaterality="R",
        AnatomicRegionSequence=[code("17232002", "SCT", "Middle cerebral artery")],
    )
    return item(
        PixelMeasuresSequence=[item(PixelSpacing=[_SPACING, _SPACING], SliceThickness=_SPACING)],
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        FrameAnatomySequence=[anatomy],
        FrameVOILUTSequence=[item(WindowCenter="1800", WindowWidth="3600")],
        XRay3DFrameTypeSequence=[item(FrameType=_TYPE, ReconstructionIndex=1, **_KIND)],
    )


def _acquisition() -> Dataset:
    """An item of X-Ray 3D Acquisition Sequence, C.8.21.3.2: a turn of 200 degrees."""
    moment = SAMPLE_DATE + SAMPLE_TIME
    return item(
        KVP=KVP,
        DistanceSourceToDetector="1200",
        DistanceSourceToIsocenter=785.0,
        FieldOfViewShape="RECTANGLE",
        FieldOfViewDimensionsInFloat=[300.0, 300.0],
        FieldOfViewOrigin=["0", "0"],
        FieldOfViewRotation="0",
        FieldOfViewHorizontalFlip="NO",
        DetectorType="SCINTILLATOR",
        XRayReceptorType="DIGITAL_DETECTOR",
        PhysicalDetectorSize=[300.0, 300.0],
        FilterType="NONE",
        Grid="NONE",
        FocalSpots="0.6",
        ExposureTimeInms=SECONDS * 1000,
        XRayTubeCurrentInmA=CURRENT,
        ExposureInmAs=CURRENT * SECONDS,
        ContrastBolusAgent="Iodine",
        ContrastBolusAgentSequence=[code("44588005", "SCT", "Iodine")],
        PrimaryPositionerScanArc=ARC,
        PrimaryPositionerScanStartAngle=-ARC / 2,
        PrimaryPositionerIncrement=STEP,
        SecondaryPositionerScanArc=0.0,
        SecondaryPositionerScanStartAngle=0.0,
        SecondaryPositionerIncrement=0.0,
        StartAcquisitionDateTime=moment,
        EndAcquisitionDateTime=f"{SAMPLE_DATE}101505",
    )


def _reconstruction() -> Dataset:
    """An item of X-Ray 3D Reconstruction Sequence, C.8.21.4."""
    return item(
        ReconstructionDescription="Cone beam",
        ApplicationName="Sample reconstruction",
        ApplicationVersion="1.0",
        ApplicationManufacturer="Anode",
        AlgorithmType="FILTER_BACK_PROJ",
        AcquisitionIndex=1,
    )


def instances() -> dict[str, Dataset]:
    """The protocol, its approval, how it was performed, the volume."""
    protocol, volume = defined(_STUDY.key, _ANGIOGRAPH), _volume()
    series = Series(_STUDY, "XAPROTOCOL", 2, "Protocol, performed", _ANGIOGRAPH)
    return {
        "defined": protocol,
        "protocol-approval": approved(protocol),
        "volume": volume,
        "performed": performed(series, protocol, volume),
    }


def _volume() -> Dataset:
    made = begun(Series(_STUDY, "XA", 1, "Volume", _ANGIOGRAPH), _CLASS, "volume")
    put(
        made,
        ImageType=_TYPE,
        ContentDate=SAMPLE_DATE,
        ContentTime=SAMPLE_TIME,
        AcquisitionDateTime=SAMPLE_DATE + SAMPLE_TIME,
        FrameOfReferenceUID=uid("frame", _STUDY.key),
        PositionReferenceIndicator="",
        PatientPosition="HFS",
        AcquisitionContextSequence=[],
        ContentQualification="RESEARCH",
        BurnedInAnnotation="NO",
        RecognizableVisualFeatures="NO",
        LossyImageCompression="00",
        PresentationLUTShape="IDENTITY",
        XRay3DAcquisitionSequence=[_acquisition()],
        XRay3DReconstructionSequence=[_reconstruction()],
        SharedFunctionalGroupsSequence=[_shared()],
        **_KIND,
    )
    low = -_SPACING * (_SIDE - 1) / 2
    frames = [
        item(PlanePositionSequence=[item(ImagePositionPatient=[low, low, number * _SPACING])])
        for number in range(_FRAMES)
    ]
    dimensions(framed(made, frames), _STUDY.key)
    return grey_pixels(made, _voxels(), 12)
