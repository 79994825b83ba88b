"""Tracks found in diffusion images: Tractography Results, PS3.3 A.78 and C.8.33.

Two track sets of curved tracks, left and right corticospinal tract, with fractional anisotropy at
every point and apparent diffusion coefficient at some, and statistics of tracks and of sets. The
values of a measurement stand in the order of the tracks (C.8.33.2.1). The MR image whose frame of
reference they are in is part of the family.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from pydicom import Dataset

from iod.samples.algorithms import algorithm
from iod.samples.identity import uid
from iod.samples.items import code, item, put, reference
from iod.samples.magnetic import mr_image
from iod.samples.referring import common_references
from iod.samples.subjects import BERT, SAMPLE_DATE, SAMPLE_TIME, Equipment, Series, Study, begun

_STUDY: Final = Study("tractography", BERT, "Brain, diffusion tractography")
_TRACKER: Final = Equipment("Anode", "Sample Tracker")
_TRACTOGRAPHY: Final = "1.2.840.10008.5.1.4.1.1.66.6"
_FRAME: Final = uid("frame", "tractography")
_TRACKS: Final = 5
_POINTS: Final = 24
_MEASURED_EVERY: Final = 4  # the diffusion coefficient is given at every fourth point
# CID 7263 and its units
_FA: Final = (("110808", "DCM", "Fractional Anisotropy"), ("1", "UCUM", "no units"))
_ADC: Final = (("113041", "DCM", "Apparent Diffusion Coefficient"), ("um2/s", "UCUM", "um2/s"))
_MEAN: Final = ("373098007", "SCT", "Mean")

Point = tuple[float, float, float]
Named = tuple[tuple[str, str, str], tuple[str, str, str]]


def _track(side: int, number: int) -> list[Point]:
    """From the brain stem upwards and outwards; `side` is 1 for left (+x), -1 for right."""
    points = []
    for step in range(_POINTS):
        rise = step / (_POINTS - 1)
        across = side * (8.0 + 1.5 * number + 22.0 * rise * rise)
        along = -12.0 + number - 10.0 * rise * (1.0 - rise)
        points.append((across, along, -30.0 + 90.0 * rise))
    return points


def _anisotropy(number: int) -> list[float]:
    return [
        0.45 + 0.01 * number + 0.25 * (1 - abs(2 * step / (_POINTS - 1) - 1))
        for step in range(_POINTS)
    ]


def _diffusion(number: int) -> list[float]:
    return [780.0 - 10.0 * number - step for step in range(0, _POINTS, _MEASURED_EVERY)]


def _floats(values: Sequence[float]) -> bytes:
    """Values of VR OF: IEEE 754 singles, little endian."""
    return struct.pack(f"<{len(values)}f", *values)


def _measurement(named: Named, values: list[Dataset]) -> Dataset:
    concept, unit = named
    return item(
        ConceptNameCodeSequence=[code(*concept)],
        MeasurementUnitsCodeSequence=[code(*unit)],
        MeasurementValuesSequence=values,
    )


def _statistic(named: Named, **values: object) -> Dataset:
    concept, unit = named
    made = item(
        ConceptNameCodeSequence=[code(*concept)],
        ModifierCodeSequence=[code(*_MEAN)],
        MeasurementUnitsCodeSequence=[code(*unit)],
    )
    return put(made, **values)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _track_set(number: int, side: int, laterality: tuple[str, str, str]) -> Dataset:
    tracks = [
        item(PointCoordinatesData=_floats([axis for point in _track(side, each) for axis in point]))
        for each in range(_TRACKS)
    ]
    anisotropies = [_anisotropy(each) for each in range(_TRACKS)]
    indices = struct.pack("<6L", *range(1, _POINTS + 1, _MEASURED_EVERY))
    means = [_mean(values) for values in anisotropies]
    site = code("1320", "NEU", "corticospinal tract")
    put(site, ModifierCodeSequence=[code(*laterality)])
    return item(
        TrackSetNumber=number,
        TrackSetLabel=f"Corticospinal tract, {laterality[2].lower()}",
        TrackSetAnatomicalTypeCodeSequence=[site],
        RecommendedDisplayCIELabValue=[0x8A00, 0xD000, 0xC800]
        if side > 0
        else [0x5200, 0xCE00, 0x1400],
        RecommendedLineThickness=1.0,
        TrackSequence=tracks,
        MeasurementsSequence=[
            _measurement(_FA, [item(FloatingPointValues=_floats(each)) for each in anisotropies]),
            _measurement(
                _ADC,
                [
                    item(FloatingPointValues=_floats(_diffusion(each)), TrackPointIndexList=indices)
                    for each in range(_TRACKS)
                ],
            ),
        ],
        TrackStatisticsSequence=[_statistic(_FA, FloatingPointValues=_floats(means))],
        TrackSetStatisticsSequence=[_statistic(_FA, FloatingPointValue=_mean(means))],
        DiffusionAcquisitionCodeSequence=[code("113223", "DCM", "DTI")],
        DiffusionModelCodeSequence=[code("113231", "DCM", "Single Tensor")],
        TrackingAlgorithmIdentificationSequence=[
            algorithm("Sample tracker", code("113211", "DCM", "Deterministic"))
        ],
    )


def _results(anatomy: Dataset) -> Dataset:
    series = Series(_STUDY, "MR", 2, "Corticospinal tracts", _TRACKER)
    made = begun(series, _TRACTOGRAPHY, "tracks")
    put(
        made,
        FrameOfReferenceUID=_FRAME,
        PositionReferenceIndicator="",
        ContentDate=SAMPLE_DATE,
        ContentTime=SAMPLE_TIME,
        BodyPartExamined="BRAIN",
        ContentLabel="TRACTS",
        ContentDescription="Corticospinal tracts, both sides",
        ContentCreatorName="Tracer^Tom",
        TrackSetSequence=[
            _track_set(1, 1, ("7771000", "SCT", "Left")),
            _track_set(2, -1, ("24028007", "SCT", "Right")),
        ],
        ReferencedInstanceSequence=[reference(anatomy)],
    )
    return common_references(made, anatomy)


def instances() -> dict[str, Dataset]:
    """The anatomy, and the tracks through it."""
    anatomy = mr_image(Series(_STUDY, "MR", 1, "Anatomy", _TRACKER), _FRAME, "anatomy")
    return {"anatomy": anatomy, "tracks": _results(anatomy)}
