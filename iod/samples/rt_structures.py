"""Planning images, and on them an RT Structure Set, PS3.3 A.19: target and organ at risk as boxes.

Each image has a contour of either.
"""

from __future__ import annotations

from typing import Final

from pydicom import Dataset
from pydicom.uid import RTStructureSetStorage

from iod.samples.ct_images import SCANNER, THICKNESS, phantom, slice_of
from iod.samples.items import item, put, reference
from iod.samples.rt_common import FRAME, PLANNER, STUDY, located
from iod.samples.subjects import Series, begun

ISOCENTRE: Final = (0.0, 0.0, 40.0)
_SERIES: Final = Series(STUDY, "RTSTRUCT", 1, "Volumes", PLANNER)
_IMAGES: Final = Series(STUDY, "CT", 5, "Planning images", SCANNER)
_SLICES: Final = (30.0, 35.0, 40.0, 45.0, 50.0)
# The study as it was referred to before it was only a level: PS3.3 C.8.8.5, a retired SOP class.
_STUDY_MANAGEMENT: Final = "1.2.840.10008.3.1.2.3.1"
# Number, name, interpreted type (C.8.8.8.1), colour, and the square (x, y, half a side) in mm.
_VOLUMES: Final = (
    (1, "PTV", "PTV", (255, 0, 0), (0.0, 0.0, 25.0)),
    (2, "Rectum", "ORGAN", (160, 96, 32), (0.0, 45.0, 15.0)),
)


def planning_images() -> list[Dataset]:
    """The slices of the target, in the frame of reference of the treatment."""
    return [
        put(
            slice_of(_IMAGES, round(z / THICKNESS) + 1, phantom(iodine=0)),
            BodyPartExamined="PELVIS",
        )
        for z in _SLICES
    ]


def structures(images: list[Dataset]) -> Dataset:
    """The volumes that are annotated and prescribed, drawn on these images."""
    made = located(begun(_SERIES, RTStructureSetStorage, "structures"))
    return put(
        made,
        OperatorsName="Planner^Paula",
        StructureSetLabel="Prostate",
        StructureSetDate=STUDY.date,
        StructureSetTime=STUDY.time,
        ReferencedFrameOfReferenceSequence=[_drawn_on(images)],
        StructureSetROISequence=[
            item(
                ROINumber=number,
                ReferencedFrameOfReferenceUID=FRAME,
                ROIName=name,
                ROIGenerationAlgorithm="MANUAL",
            )
            for number, name, *_ in _VOLUMES
        ],
        ROIContourSequence=[
            item(
                ROIDisplayColor=list(colour),
                ReferencedROINumber=number,
                ContourSequence=[_contour(square, image) for image in images],
            )
            for number, _, _, colour, square in _VOLUMES
        ],
        RTROIObservationsSequence=[
            item(
                ObservationNumber=number,
                ReferencedROINumber=number,
                RTROIInterpretedType=kind,
                ROIInterpreter="Planner^Paula",
            )
            for number, _, kind, *_ in _VOLUMES
        ],
        ApprovalStatus="UNAPPROVED",
    )


def _drawn_on(images: list[Dataset]) -> Dataset:
    series = item(
        SeriesInstanceUID=images[0].SeriesInstanceUID,
        ContourImageSequence=[reference(each) for each in images],
    )
    study = item(
        ReferencedSOPClassUID=_STUDY_MANAGEMENT,
        ReferencedSOPInstanceUID=images[0].StudyInstanceUID,
        RTReferencedSeriesSequence=[series],
    )
    return item(FrameOfReferenceUID=FRAME, RTReferencedStudySequence=[study])


def _contour(square: tuple[float, float, float], image: Dataset) -> Dataset:
    x, y, half = square
    z = float(image.ImagePositionPatient[2])
    corners = ((-half, -half), (half, -half), (half, half), (-half, half))
    points = [value for dx, dy in corners for value in (x + dx, y + dy, z)]
    return item(
        ContourImageSequence=[reference(image)],
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(corners),
        ContourData=points,
    )
