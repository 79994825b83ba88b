"""An RT Structure Set, PS3.3 A.19: target and organ at risk as boxes of three contours each."""

from __future__ import annotations

from typing import Final

from pydicom import Dataset
from pydicom.uid import RTStructureSetStorage

from iod.samples.items import item, put
from iod.samples.rt_common import FRAME, PLANNER, STUDY, located
from iod.samples.subjects import Series, begun

ISOCENTRE: Final = (0.0, 0.0, 40.0)
_SERIES: Final = Series(STUDY, "RTSTRUCT", 1, "Volumes", PLANNER)
_SLICES: Final = (30.0, 40.0, 50.0)
# Number, name, interpreted type (C.8.8.8.1), colour, and the square (x, y, half a side) in mm.
_VOLUMES: Final = (
    (1, "PTV", "PTV", (255, 0, 0), (0.0, 0.0, 25.0)),
    (2, "Rectum", "ORGAN", (160, 96, 32), (0.0, 45.0, 15.0)),
)


def structures() -> Dataset:
    """The volumes that are annotated and prescribed."""
    made = located(begun(_SERIES, RTStructureSetStorage, "structures"))
    return put(
        made,
        OperatorsName="Planner^Paula",
        StructureSetLabel="Prostate",
        StructureSetDate=STUDY.date,
        StructureSetTime=STUDY.time,
        ReferencedFrameOfReferenceSequence=[item(FrameOfReferenceUID=FRAME)],
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
                ContourSequence=[_contour(square, z) for z in _SLICES],
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


def _contour(square: tuple[float, float, float], z: float) -> Dataset:
    x, y, half = square
    corners = ((-half, -half), (half, -half), (half, half), (-half, half))
    points = [value for dx, dy in corners for value in (x + dx, y + dy, z)]
    return item(
        ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=len(corners), ContourData=points
    )
