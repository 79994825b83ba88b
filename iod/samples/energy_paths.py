"""How a scan at two energies was done, PS3.3 C.8.2.2 and C.8.15.3.14: sources, detectors, paths.

Two tubes, each with a detector of its own: path 1 is 80 kV, path 2 is 140 kV.
"""

from __future__ import annotations

from typing import Final

from pydicom import Dataset

from iod.samples.items import code, item
from iod.samples.subjects import SAMPLE_DATE, Equipment

_KVP: Final = (80, 140)
_CURRENT: Final = (220.0, 110.0)
_FROM, _TO = f"{SAMPLE_DATE}101500", f"{SAMPLE_DATE}101507"


def acquisition(scanner: Equipment) -> Dataset:
    """An item of Multi-energy CT Acquisition Sequence."""
    paths = (1, 2)
    return item(
        MultienergyAcquisitionDescription="Two tubes at 80 and 140 kV",
        MultienergyCTXRaySourceSequence=[_source(scanner, path) for path in paths],
        MultienergyCTXRayDetectorSequence=[_detector(scanner, path) for path in paths],
        MultienergyCTPathSequence=[
            item(
                MultienergyCTPathIndex=path,
                ReferencedXRaySourceIndex=path,
                ReferencedXRayDetectorIndex=path,
            )
            for path in paths
        ],
        CTExposureSequence=[_exposure(path) for path in paths],
        CTXRayDetailsSequence=[_details(path) for path in paths],
        CTAcquisitionDetailsSequence=[_gantry(path) for path in paths],
        CTGeometrySequence=[
            item(
                ReferencedPathIndex=path,
                DistanceSourceToDetector=1085,
                DistanceSourceToDataCollectionCenter=595.0,
            )
            for path in paths
        ],
    )


def _source(scanner: Equipment, path: int) -> Dataset:
    return item(
        XRaySourceIndex=path,
        XRaySourceID=f"{scanner.serial}-TUBE-{path}",
        MultienergySourceTechnique="CONSTANT_SOURCE",
        SourceStartDateTime=_FROM,
        SourceEndDateTime=_TO,
    )


def _detector(scanner: Equipment, path: int) -> Dataset:
    return item(
        XRayDetectorIndex=path,
        XRayDetectorID=f"{scanner.serial}-DETECTOR-{path}",
        MultienergyDetectorType="INTEGRATING",
    )


def _exposure(path: int) -> Dataset:
    return item(
        ReferencedXRaySourceIndex=path,
        ExposureTimeInms=500.0,
        XRayTubeCurrentInmA=_CURRENT[path - 1],
        ExposureInmAs=_CURRENT[path - 1] / 2,
        ExposureModulationType="NONE",
        CTDIvol=4.1,
        CTDIPhantomTypeCodeSequence=[code("113691", "DCM", "IEC Body Dosimetry Phantom")],
    )


def _details(path: int) -> Dataset:
    return item(
        ReferencedPathIndex=path,
        KVP=_KVP[path - 1],
        FocalSpots="0.9",
        FilterType="FLAT",
        FilterMaterial="ALUMINUM",
    )


def _gantry(path: int) -> Dataset:
    return item(
        ReferencedPathIndex=path,
        RotationDirection="CW",
        RevolutionTime=0.5,
        SingleCollimationWidth=0.6,
        TotalCollimationWidth=38.4,
        TableHeight=150,
        GantryDetectorTilt=0,
        DataCollectionDiameter=330,
    )
