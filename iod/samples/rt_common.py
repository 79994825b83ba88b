"""What the objects of second generation radiotherapy share, PS3.3 C.36.3, C.36.4 and 10.9.2."""

from __future__ import annotations

from typing import Final

from pydicom import Dataset

from iod.samples.identity import uid
from iod.samples.items import item, put, reference
from iod.samples.subjects import BERT, SAMPLE_DATE, SAMPLE_TIME, Equipment, Series, Study, begun

STUDY: Final = Study("radiotherapy", BERT, "Prostate, radiotherapy")
FRAME: Final = uid("frame", STUDY.key)
PLANNER: Final = Equipment("Anode", "Sample Planning System", "TPS-1", "4.2")
INTENTS: Final = Series(STUDY, "RTINTENT", 2, "Intent", PLANNER)
ANNOTATIONS: Final = Series(STUDY, "RTSEGANN", 3, "Volumes, annotated", PLANNER)
RADIATIONS: Final = Series(STUDY, "RTRAD", 4, "Radiations", PLANNER)


def second_generation(series: Series, sop_class_uid: str, name: str, number: int = 1) -> Dataset:
    """Begun with the Radiotherapy Common Instance Module, C.36.4."""
    return put(
        begun(series, sop_class_uid, name, number),
        ContentDate=SAMPLE_DATE,
        ContentTime=SAMPLE_TIME,
        AuthorIdentificationSequence=[],
    )


def located(made: Dataset) -> Dataset:
    """Frame of Reference Module, C.7.4.1: the planning images' coordinates."""
    return put(made, FrameOfReferenceUID=FRAME, PositionReferenceIndicator="")


def conceptual_volume(annotated: Dataset, name: str, index: int) -> Dataset:
    """Conceptual Volume Segmentation Reference Macro, 10.34: a volume that is annotated there."""
    return item(
        ConceptualVolumeUID=uid("conceptual-volume", name),
        OriginatingSOPInstanceReferenceSequence=[reference(annotated)],
        ConceptualVolumeCombinationFlag="NO",
        ConceptualVolumeSegmentationDefinedFlag="YES",
        ConceptualVolumeSegmentationReferenceSequence=[
            item(
                ReferencedDirectSegmentInstanceSequence=[reference(annotated)],
                ReferencedSegmentReferenceIndex=index,
            )
        ],
    )


def label(made: Dataset, keyword: str, text: str, description: str) -> Dataset:
    """What the content is called and who made it, by the label's keyword; 10.9.1 and 10.9.2."""
    put(made, **{keyword: text})
    return put(made, ContentDescription=description, ContentCreatorName="Planner^Paula")
