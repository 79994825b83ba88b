"""Brachytherapy: an HDR plan, and what to deliver of it today, PS3.3 A.20 and C.8.8.30.

The delivery instruction (Supplement 184) names the plan, the fraction and the application setup; a
delivery system finds it by a unified procedure step.
"""

from __future__ import annotations

from typing import Final

from pydicom import Dataset
from pydicom.uid import RTBrachyApplicationSetupDeliveryInstructionStorage, RTPlanStorage

from iod.samples.identity import uid
from iod.samples.items import item, put, reference
from iod.samples.subjects import ANNA, Equipment, Series, Study, begun

_STUDY: Final = Study("brachytherapy", ANNA, "Cervix, HDR brachytherapy")
_PLANNER: Final = Equipment("Anode", "Sample Planning System", "TPS-1", "4.2")
_MANAGEMENT: Final = Equipment("Anode", "Sample Treatment Management", "TMS-1", "1.4")
_PLANS: Final = Series(_STUDY, "RTPLAN", 1, "Plan", _PLANNER)
_INSTRUCTIONS: Final = Series(_STUDY, "PLAN", 2, "Delivery instructions", _MANAGEMENT)
_SETUP, _FRACTION_GROUP, _FRACTIONS = 1, 1, 4
# Dwell positions from the tip in mm, and how long the source stays there in seconds.
_DWELLS: Final = ((0.0, 12.5), (5.0, 8.0), (10.0, 6.5), (15.0, 8.0))


def instances() -> dict[str, Dataset]:
    """The plan, and the instruction to deliver its second fraction."""
    plan = _plan()
    return {"plan": plan, "delivery-instruction": _instruction(plan)}


def _plan() -> Dataset:
    made = begun(_PLANS, RTPlanStorage, "plan")
    return put(
        made,
        OperatorsName="Planner^Paula",
        FrameOfReferenceUID=uid("frame", _STUDY.key),
        PositionReferenceIndicator="",
        RTPlanLabel="Cervix HDR",
        RTPlanDate=_STUDY.date,
        RTPlanTime=_STUDY.time,
        RTPlanGeometry="TREATMENT_DEVICE",
        PlanIntent="CURATIVE",
        FractionGroupSequence=[
            item(
                FractionGroupNumber=_FRACTION_GROUP,
                NumberOfFractionsPlanned=_FRACTIONS,
                NumberOfBeams=0,
                NumberOfBrachyApplicationSetups=1,
                ReferencedBrachyApplicationSetupSequence=[
                    item(ReferencedBrachyApplicationSetupNumber=_SETUP)
                ],
            )
        ],
        BrachyTreatmentTechnique="INTRACAVITARY",
        BrachyTreatmentType="HDR",
        TreatmentMachineSequence=[item(TreatmentMachineName="AFTERLOADER1")],
        SourceSequence=[_source()],
        ApplicationSetupSequence=[_setup()],
        ApprovalStatus="APPROVED",
        ReviewDate=_STUDY.date,
        ReviewTime="120000",
        ReviewerName="Physicist^Petra",
    )


def _source() -> Dataset:
    return item(
        SourceNumber=1,
        SourceType="CYLINDER",
        SourceIsotopeName="Ir-192",
        SourceIsotopeHalfLife="73.83",
        ReferenceAirKermaRate=40700,
        SourceStrengthReferenceDate="20240301",
        SourceStrengthReferenceTime="080000",
    )


def _setup() -> Dataset:
    total = sum(seconds for _, seconds in _DWELLS)
    return item(
        ApplicationSetupType="FLETCHER_SUIT",
        ApplicationSetupNumber=_SETUP,
        TotalReferenceAirKerma="395.7",
        ChannelSequence=[
            item(
                NumberOfControlPoints=2 * len(_DWELLS),
                ChannelNumber=1,
                ChannelLength=1200,
                ChannelTotalTime=total,
                SourceMovementType="STEPWISE",
                SourceApplicatorStepSize=5,
                TransferTubeNumber=None,
                FinalCumulativeTimeWeight=total,
                BrachyControlPointSequence=_control_points(),
                ReferencedSourceNumber=1,
            )
        ],
    )


def _control_points() -> list[Dataset]:
    """Two for each dwell position, when the source comes and when it leaves; C.8.8.15.6."""
    points: list[Dataset] = []
    weight = 0.0
    for position, seconds in _DWELLS:
        for spent in (0.0, seconds):
            weight += spent
            points.append(
                item(
                    ControlPointIndex=len(points),
                    ControlPointRelativePosition=position,
                    CumulativeTimeWeight=weight,
                )
            )
    return points


def _instruction(plan: Dataset) -> Dataset:
    made = begun(
        _INSTRUCTIONS, RTBrachyApplicationSetupDeliveryInstructionStorage, "delivery-instruction"
    )
    return put(
        made,
        OperatorsName="Therapist^Theo",
        ReferencedSeriesSequence=[
            item(
                SeriesInstanceUID=plan.SeriesInstanceUID,
                ReferencedInstanceSequence=[reference(plan)],
            )
        ],
        ReferencedRTPlanSequence=[
            item(
                StudyInstanceUID=plan.StudyInstanceUID,
                ReferencedSeriesSequence=[
                    item(
                        SeriesInstanceUID=plan.SeriesInstanceUID,
                        ReferencedSOPSequence=[reference(plan)],
                    )
                ],
            )
        ],
        ReferencedFractionGroupNumber=_FRACTION_GROUP,
        CurrentFractionNumber=2,
        BrachyTaskSequence=[
            item(TreatmentDeliveryType="TREATMENT", ReferencedBrachyApplicationSetupNumber=_SETUP)
        ],
    )
