"""The segmentation of the sample volume, PS3.3 A.51: binary planes, and the same as a label map.

Built by highdicom; what it makes by chance (UIDs) or by the clock is set anew (`settling`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import highdicom as hd
import numpy as np
from highdicom.seg import (
    SegmentAlgorithmTypeValues,
    Segmentation,
    SegmentationTypeValues,
    SegmentDescription,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from iod.samples import tomography
from iod.samples.identity import uid
from iod.samples.settling import made_by, settled
from iod.samples.subjects import Series

BONE: Final = 1
VESSEL: Final = 2


def _segments(algorithm: SegmentAlgorithmTypeValues) -> list[SegmentDescription]:
    structure = Code("91723000", "SCT", "Anatomical Structure")
    kinds = ((BONE, "Bone", Code("272673000", "SCT", "Bone")), (VESSEL, "Vessel", codes.SCT.Aorta))
    return [
        SegmentDescription(
            segment_number=number,
            segment_label=label,
            segmented_property_category=structure,
            segmented_property_type=kind,
            algorithm_type=algorithm,
            algorithm_identification=hd.AlgorithmIdentificationSequence(
                name="Sample threshold",
                family=codes.DCM.HistogramAnalysis,
                version="1.0",
            ),
            tracking_uid=uid("tracking", label),
            tracking_id=label,
        )
        for number, label, kind in kinds
    ]


def _labels() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    made = np.zeros((tomography.SLICES, tomography.SIDE, tomography.SIDE), np.uint8)
    made[tomography.vessel()] = VESSEL
    made[tomography.bone()] = BONE
    return made


def _segmentation(
    series: Series, volume: Sequence[Dataset], kind: SegmentationTypeValues
) -> Dataset:
    made = Segmentation(
        source_images=volume,
        pixel_array=_labels(),
        segmentation_type=kind,
        segment_descriptions=_segments(SegmentAlgorithmTypeValues.AUTOMATIC),
        content_label=kind.value,
        content_description=series.description,
        content_creator_name="Segmenter^Sue",
        **made_by(series, kind.value),
    )
    return settled(made, series)


def binary(series: Series, volume: Sequence[Dataset]) -> Dataset:
    """Segmentation Storage, one bit a voxel and segment."""
    return _segmentation(series, volume, SegmentationTypeValues.BINARY)


def label_map(series: Series, volume: Sequence[Dataset]) -> Dataset:
    """Label Map Segmentation Storage: a voxel is the number of its segment."""
    return _segmentation(series, volume, SegmentationTypeValues.LABELMAP)
