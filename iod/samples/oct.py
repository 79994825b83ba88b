"""Optical coherence tomography of a retina, and what is derived of it: PS3.3 A.52, A.83, A.84.

A photograph of the fundus (A.41), a volume of B-scans located on it, the flow in it scan by scan
(B-scan Volume Analysis), and an en face image of the superficial flow.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from pydicom import Dataset

from iod.samples.algorithms import algorithm
from iod.samples.eyes import acquired, fundus, one_frame, photographed, region, synchronized
from iod.samples.identity import uid
from iod.samples.items import code, item, put, reference
from iod.samples.multiframes import dimensions, framed, one_of_one
from iod.samples.pictures import Bytes, colour_pixels, grey_pixels
from iod.samples.referring import common_references
from iod.samples.subjects import BERT, SAMPLE_DATE, SAMPLE_TIME, Equipment, Series, Study, begun

_STUDY: Final = Study("oct", BERT, "Retina, OCT angiography")
_SCANNER: Final = Equipment("Anode", "Sample OCT")
_OPHTHALMIC: Final = "1.2.840.10008.5.1.4.1.1.77.1.5."
_FRAME: Final = uid("frame", _STUDY.key)
_SCANS, _DEPTH, _WIDTH = 12, 48, 64
_ACROSS, _ALONG, _DOWN = 0.5, 0.1, 0.04  # mm: between scans, between columns, in depth
_SIDE, _FINE = 96, 0.1  # of the photograph: pixels along a side, and mm between them
# Pixels of the photograph that the scans lie on: the middle ones. A scan is a row of it.
_BETWEEN: Final = _ACROSS / _FINE
_TOP: Final = (_SIDE - _BETWEEN * (_SCANS - 1)) / 2
_BOTTOM: Final = _SIDE - _TOP
_LEFT: Final = (_SIDE - _WIDTH * _ALONG / _FINE) / 2
_RIGHT: Final = _SIDE - _LEFT
# CID 7202
_STRUCTURE: Final = ("128250", "DCM", "Structural image for image processing")
_FLOW: Final = ("128251", "DCM", "Flow image for image processing")
_RETINA: Final = ("5665001", "SCT", "Retina")


def _series(number: int, modality: str, description: str) -> Series:
    return Series(_STUDY, modality, number, description, _SCANNER)


def _surface() -> Bytes:
    """The depth of the inner surface by scan and column: a pit in the middle."""
    scan, column = np.mgrid[0:_SCANS, 0:_WIDTH].astype(np.int64)
    away = (scan - _SCANS // 2) ** 2 * 24 + (column - _WIDTH // 2) ** 2
    depth: Bytes = (10 + 900 // (60 + away)).astype(np.uint8)
    return depth


def _tissue() -> Bytes:
    """Reflectance by scan, depth and column."""
    depth = np.arange(_DEPTH)[None, :, None] - _surface()[:, None, :].astype(np.int64)
    layers = 120 + 15 * ((depth // 4) % 4)
    return np.where((depth >= 0) & (depth < 28), layers, 12).astype(np.uint8)


def _flow() -> Bytes:
    """Where blood moves, by scan, depth and column: vessels beneath the inner surface."""
    depth = np.arange(_DEPTH)[None, :, None] - _surface()[:, None, :].astype(np.int64)
    scan = np.arange(_SCANS)[:, None, None]
    column = np.arange(_WIDTH)[None, None, :]
    vessel = ((column + 3 * scan) % 16 < 2) & (depth >= 2) & (depth < 6)
    return np.where(vessel, 220, 5).astype(np.uint8)


def _photograph() -> Dataset:
    made = begun(_series(1, "OP", "Fundus"), f"{_OPHTHALMIC}1", "fundus")
    synchronized(one_frame(region(made)), _STUDY.key)
    photographed(made, ("409898007", "SCT", "Fundus Camera"))
    put(made, PixelSpacing=[_FINE, _FINE])
    return colour_pixels(made, fundus(_SIDE))


def _position(number: int) -> Dataset:
    """Where a scan is: from the patient's right to the left, and from the head downwards."""
    return item(ImagePositionPatient=[0, 0, -number * _ACROSS])


def _shared() -> Dataset:
    """Functional groups that all scans have: C.7.6.16.2.1, .4, .8."""
    anatomy = item(FrameLaterality="R", AnatomicRegionSequence=[code(*_RETINA)])
    return item(
        PixelMeasuresSequence=[item(PixelSpacing=[_DOWN, _ALONG], SliceThickness="0.5")],
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        FrameAnatomySequence=[anatomy],
    )


def _location(number: int, photograph: Dataset) -> Dataset:
    """An item of Ophthalmic Frame Location Sequence, C.8.17.10.1: rows and columns of a scan."""
    row = _TOP + _BETWEEN * number
    return reference(
        photograph,
        ReferenceCoordinates=[row, _LEFT, row, _RIGHT],
        OphthalmicImageOrientation="LINEAR",
        PurposeOfReferenceCodeSequence=[code("121311", "DCM", "Localizer")],
    )


def _volume(photograph: Dataset) -> Dataset:
    made = begun(_series(2, "OPT", "Structure"), f"{_OPHTHALMIC}4", "volume")
    synchronized(acquired(region(made)), _STUDY.key)
    put(
        made,
        ImageType=["ORIGINAL", "PRIMARY"],
        FrameOfReferenceUID=_FRAME,
        PositionReferenceIndicator="",
        AcquisitionDuration=2.5,
        AcquisitionNumber="1",
        AcquisitionContextSequence=[],
        OphthalmicVolumetricPropertiesFlag="YES",
        AxialLengthOfTheEye=24.0,
        OphthalmicAnatomicReferencePointXCoordinate=None,
        OphthalmicAnatomicReferencePointYCoordinate=None,
        DetectorType="CMOS",
        AcquisitionDeviceTypeCodeSequence=[
            code("392012008", "SCT", "Optical Coherence Tomography Scanner")
        ],
        LightPathFilterTypeStackCodeSequence=[],
        DepthSpatialResolution=6.0,
        MaximumDepthDistortion=1.0,
        AlongScanSpatialResolution=15.0,
        MaximumAlongScanDistortion=1.0,
        AcrossScanSpatialResolution=15.0,
        MaximumAcrossScanDistortion=1.0,
        IlluminationWaveLength=840.0,
        IlluminationPower=700.0,
        IlluminationBandwidth=50.0,
        PresentationLUTShape="IDENTITY",
        SharedFunctionalGroupsSequence=[_shared()],
    )
    frames = [
        item(
            PlanePositionSequence=[_position(number)],
            OphthalmicFrameLocationSequence=[_location(number, photograph)],
            ReferencedImageSequence=[
                reference(
                    photograph,
                    PurposeOfReferenceCodeSequence=[code("121311", "DCM", "Localizer")],
                )
            ],
        )
        for number in range(_SCANS)
    ]
    framed(one_of_one(made), frames)
    common_references(dimensions(made, _STUDY.key), photograph)
    return grey_pixels(made, _tissue(), 8)


def _derived(number: int, volume: Dataset) -> Dataset:
    """Derivation Image Functional Group as A.84.3.2.1.1 constrains it."""
    source = reference(
        volume,
        ReferencedFrameNumber=number + 1,
        PurposeOfReferenceCodeSequence=[code(*_STRUCTURE)],
        SpatialLocationsPreserved="YES",
    )
    return item(
        DerivationCodeSequence=[code("128303", "DCM", "OCT B-scan analysis")],
        SourceImageSequence=[source],
    )


def _analysis(volume: Dataset, photograph: Dataset) -> Dataset:
    made = begun(_series(3, "OPTBSV", "Flow"), f"{_OPHTHALMIC}8", "flow")
    acquisition = item(
        ScanPatternTypeCodeSequence=[code("128279", "DCM", "Cube B-scan pattern")],
        NumberOfBscansPerFrame=4,
        BscanSlabThickness=_ACROSS,
        DistanceBetweenBscanSlabs=_ACROSS,
        BscanCycleTime=5.0,
    )
    shared = put(_shared(), FrameVOILUTSequence=[item(WindowCenter="128", WindowWidth="256")])
    localizer = reference(
        photograph, PurposeOfReferenceCodeSequence=[code("121311", "DCM", "Localizer")]
    )
    put(
        made,
        ImageType=["ORIGINAL", "PRIMARY"],
        ContentDate=SAMPLE_DATE,
        ContentTime=SAMPLE_TIME,
        FrameOfReferenceUID=_FRAME,
        PositionReferenceIndicator="",
        AcquisitionMethodAlgorithmSequence=[
            algorithm("Sample flow", code("128252", "DCM", "OCT-A amplitude decorrelation"))
        ],
        OCTBscanAnalysisAcquisitionParametersSequence=[acquisition],
        BurnedInAnnotation="NO",
        RecognizableVisualFeatures="NO",
        LossyImageCompression="00",
        PresentationLUTShape="IDENTITY",
        SharedFunctionalGroupsSequence=[shared],
    )
    frames = [
        item(
            PlanePositionSequence=[_position(number)],
            ReferencedImageSequence=[localizer],
            DerivationImageSequence=[_derived(number, volume)],
        )
        for number in range(_SCANS)
    ]
    framed(one_of_one(made), frames)
    common_references(dimensions(made, _STUDY.key), volume, photograph)
    return grey_pixels(made, _flow(), 8)


def _en_face(volume: Dataset, flow: Dataset, photograph: Dataset) -> Dataset:
    made = begun(_series(4, "OPTENF", "Superficial flow"), f"{_OPHTHALMIC}7", "en-face")
    region(made)
    sources = ((volume, _STRUCTURE), (flow, _FLOW))
    place = reference(
        photograph,
        ReferenceCoordinates=[
            *(_TOP, _LEFT, _TOP, _RIGHT),
            *(_BOTTOM, _RIGHT, _BOTTOM, _LEFT),
        ],
    )
    put(
        made,
        ImageType=["DERIVED", "PRIMARY"],
        ContentDate=SAMPLE_DATE,
        ContentTime=SAMPLE_TIME,
        FrameOfReferenceUID=_FRAME,
        PositionReferenceIndicator="",
        PatientOrientation=["L", "F"],
        ImageOrientationPatient=[1, 0, 0, 0, 0, -1],
        PixelSpacing=[_ACROSS, _ALONG],
        SourceImageSequence=[
            reference(each, PurposeOfReferenceCodeSequence=[code(*why)]) for each, why in sources
        ],
        OphthalmicFrameLocationSequence=[place],
        DerivationAlgorithmSequence=[
            algorithm("Sample projection", code("128252", "DCM", "OCT-A amplitude decorrelation"))
        ],
        OphthalmicImageTypeCodeSequence=[
            code("128265", "DCM", "Superficial retina vasculature flow")
        ],
        BurnedInAnnotation="NO",
        RecognizableVisualFeatures="NO",
        WindowCenter="128",
        WindowWidth="256",
        LossyImageCompression="00",
        PresentationLUTShape="IDENTITY",
    )
    common_references(made, volume, flow, photograph)
    return grey_pixels(made, _flow().max(axis=1), 8)


def instances() -> dict[str, Dataset]:
    """Photograph, volume, flow, en face image."""
    photograph = _photograph()
    volume = _volume(photograph)
    flow = _analysis(volume, photograph)
    return {
        "fundus": photograph,
        "volume": volume,
        "flow": flow,
        "en-face": _en_face(volume, flow, photograph),
    }
