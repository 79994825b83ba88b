"""Enhanced CT Images of a multi-energy scan, PS3.3 A.38 and C.8.15: frames over two energies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import EnhancedCTImageStorage

from iod.samples.ct_images import INTERCEPT, SCANNER, SPACING, THICKNESS, pixels
from iod.samples.energy_paths import acquisition
from iod.samples.identity import uid
from iod.samples.items import code, item, put, reference
from iod.samples.multiframes import dimensions, framed
from iod.samples.referring import common_references, evidence
from iod.samples.subjects import SAMPLE_DATE, SAMPLE_TIME, Series, begun

SOURCE: Final = ("121322", "DCM", "Source Image for Image Processing Operation")
_LIVER: Final = ("10200004", "SCT", "Liver")
# Of an item of the classic image's acquisition these stand on their own here, C.8.15.4.
_PATHS: Final = (
    "MultienergyCTXRaySourceSequence",
    "MultienergyCTXRayDetectorSequence",
    "MultienergyCTPathSequence",
)
_COMPUTED: Final = ("DECOMPOSITION", "99ANODE", "Decomposition of two energies")


@dataclass(frozen=True, slots=True)
class Computed:
    """What was computed: value 4 of Image Type, its pixels and what they mean."""

    kind: str
    units: NDArray[np.int16]
    mapping: Dataset
    intercept: int = INTERCEPT
    slope: float = 1.0
    rescale_type: str = "HU"
    groups: tuple[tuple[str, Dataset], ...] = ()
    """Functional groups of Multi-energy CT: processing, characteristics (C.8.15.3.12, .13)."""


def enhanced(
    series: Series, sources: Sequence[tuple[Dataset, Dataset]], computed: Computed
) -> Dataset:
    """All slices of one kind, each frame with the two images it comes from."""
    made = begun(series, EnhancedCTImageStorage, computed.kind)
    described = {
        "PixelPresentation": "MONOCHROME",
        "VolumetricProperties": "VOLUME",
        "VolumeBasedCalculationTechnique": "NONE",
    }
    image_type = ["DERIVED", "PRIMARY", "VOLUME", computed.kind]
    put(
        made,
        ImageType=image_type,
        ContentDate=SAMPLE_DATE,
        ContentTime=SAMPLE_TIME,
        AcquisitionContextSequence=[],
        PatientPosition="HFS",
        MultienergyCTAcquisition="YES",
        SourceImageEvidenceSequence=[evidence([each for pair in sources for each in pair])],
        FrameOfReferenceUID=sources[0][0].FrameOfReferenceUID,
        PositionReferenceIndicator="",
        BurnedInAnnotation="NO",
        LossyImageCompression="00",
        PresentationLUTShape="IDENTITY",
        ContentQualification="RESEARCH",
        **described,
    )
    paths = acquisition(SCANNER)
    for element in (paths[keyword] for keyword in _PATHS):
        made[element.tag] = element
    common_references(made, *(each for pair in sources for each in pair))
    dimensions(
        framed(made, [_frame(pair) for pair in sources]), f"{series.study.key}/{series.number}"
    )
    pixels(made, np.stack([computed.units] * len(sources)), computed.intercept)
    for keyword in (
        "RescaleIntercept",
        "RescaleSlope",
        "RescaleType",
        "WindowCenter",
        "WindowWidth",
    ):
        del made[keyword]
    frame_type = item(FrameType=image_type, **described)
    return put(made, SharedFunctionalGroupsSequence=[_shared(frame_type, computed)])


def _shared(frame_type: Dataset, computed: Computed) -> Dataset:
    """What holds for all frames."""
    return item(
        PixelMeasuresSequence=[item(PixelSpacing=[SPACING, SPACING], SliceThickness=THICKNESS)],
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        FrameAnatomySequence=[item(FrameLaterality="U", AnatomicRegionSequence=[code(*_LIVER)])],
        IrradiationEventIdentificationSequence=[
            item(IrradiationEventUID=uid("event", "multi-energy"))
        ],
        CTImageFrameTypeSequence=[frame_type],
        PixelValueTransformationSequence=[
            item(
                RescaleIntercept=computed.intercept,
                RescaleSlope=computed.slope,
                RescaleType=computed.rescale_type,
            )
        ],
        RealWorldValueMappingSequence=[computed.mapping],
        **{keyword: [group] for keyword, group in computed.groups},
    )


def _frame(pair: tuple[Dataset, Dataset]) -> Dataset:
    """Where a frame lies, and what it comes from."""
    return item(
        PlanePositionSequence=[item(ImagePositionPatient=pair[0].ImagePositionPatient)],
        DerivationImageSequence=[
            item(
                DerivationCodeSequence=[code(*_COMPUTED)],
                SourceImageSequence=[
                    reference(each, PurposeOfReferenceCodeSequence=[code(*SOURCE)]) for each in pair
                ],
            )
        ],
    )
