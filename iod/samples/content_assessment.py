"""A photon RT Plan and the result of its assessment, PS3.3 A.20 and A.84 (Supplement 185).

The assessment looks at the plan before delivery, as in IHE-RO's Quality Assurance with Plan Veto:
one observation, of minor significance, so that the plan passes.
"""

from __future__ import annotations

from typing import Final

from pydicom import Dataset
from pydicom.uid import ContentAssessmentResultsStorage, RTPlanStorage

from iod.samples.identity import uid
from iod.samples.items import code, item, put, reference
from iod.samples.subjects import BERT, EQUIPMENT, INSTITUTION, Equipment, Series, Study, begun

_STUDY: Final = Study("assessment", BERT, "Prostate, treatment planning")
_PLANNER: Final = Equipment("Anode", "Sample Planning System", "TPS-1", "4.2")
_PLANS: Final = Series(_STUDY, "RTPLAN", 1, "Plan", _PLANNER)
_RESULTS: Final = Series(_STUDY, "ASMT", 2, "Plan check", EQUIPMENT)
_ANGLES: Final = (0.0, 120.0, 240.0)
_JAW: Final = (("ASYMX", -40.0, 40.0), ("ASYMY", -45.0, 45.0))


def instances() -> dict[str, Dataset]:
    """The plan and its assessment."""
    plan = _plan()
    return {"plan": plan, "assessment": _assessment(plan)}


def _plan() -> Dataset:
    made = begun(_PLANS, RTPlanStorage, "plan")
    return put(
        made,
        OperatorsName="Planner^Paula",
        FrameOfReferenceUID=uid("frame", _STUDY.key),
        PositionReferenceIndicator="",
        RTPlanLabel="Prostate 3F",
        RTPlanDate=_STUDY.date,
        RTPlanTime=_STUDY.time,
        RTPlanGeometry="TREATMENT_DEVICE",
        PlanIntent="CURATIVE",
        PatientSetupSequence=[item(PatientSetupNumber=1, PatientPosition="HFS")],
        FractionGroupSequence=[
            item(
                FractionGroupNumber=1,
                NumberOfFractionsPlanned=30,
                NumberOfBeams=len(_ANGLES),
                NumberOfBrachyApplicationSetups=0,
                ReferencedBeamSequence=[
                    item(BeamMeterset=92.5, ReferencedBeamNumber=number)
                    for number in range(1, len(_ANGLES) + 1)
                ],
            )
        ],
        BeamSequence=[_beam(number, angle) for number, angle in enumerate(_ANGLES, 1)],
        ApprovalStatus="UNAPPROVED",
    )


def _beam(number: int, angle: float) -> Dataset:
    return item(
        BeamNumber=number,
        BeamName=f"Field {number}",
        BeamType="STATIC",
        RadiationType="PHOTON",
        TreatmentMachineName="LINAC1",
        PrimaryDosimeterUnit="MU",
        SourceAxisDistance=1000,
        TreatmentDeliveryType="TREATMENT",
        ReferencedPatientSetupNumber=1,
        BeamLimitingDeviceSequence=[
            item(RTBeamLimitingDeviceType=kind, NumberOfLeafJawPairs=1) for kind, _, _ in _JAW
        ],
        NumberOfWedges=0,
        NumberOfCompensators=0,
        NumberOfBoli=0,
        NumberOfBlocks=0,
        FinalCumulativeMetersetWeight=1,
        NumberOfControlPoints=2,
        ControlPointSequence=[_first(angle), item(ControlPointIndex=1, CumulativeMetersetWeight=1)],
    )


def _first(angle: float) -> Dataset:
    still = {f"{name}RotationDirection": "NONE" for name in ("Gantry", "BeamLimitingDevice")}
    still |= {
        f"{name}RotationDirection": "NONE" for name in ("PatientSupport", "TableTopEccentric")
    }
    return item(
        ControlPointIndex=0,
        NominalBeamEnergy=6,
        DoseRateSet=600,
        BeamLimitingDevicePositionSequence=[
            item(RTBeamLimitingDeviceType=kind, LeafJawPositions=[low, high])
            for kind, low, high in _JAW
        ],
        GantryAngle=angle,
        BeamLimitingDeviceAngle=0,
        PatientSupportAngle=0,
        TableTopEccentricAngle=0,
        TableTopVerticalPosition=None,
        TableTopLongitudinalPosition=None,
        TableTopLateralPosition=None,
        IsocenterPosition=[3.5, -12.0, 40.0],
        CumulativeMetersetWeight=0,
        **still,
    )


def _assessment(plan: Dataset) -> Dataset:
    made = begun(_RESULTS, ContentAssessmentResultsStorage, "assessment")
    return put(
        made,
        InstanceCreatorUID=uid("creator", "plan-check"),
        ReferencedSeriesSequence=[
            item(
                SeriesInstanceUID=plan.SeriesInstanceUID,
                ReferencedInstanceSequence=[reference(plan)],
            )
        ],
        AssessmentLabel="PLAN CHECK",
        AssessmentSummary="PASSED",
        AssessmentTypeCodeSequence=[code("121374", "DCM", "RT Pre-Treatment Consistency Check")],
        AssessedSOPInstanceSequence=[reference(plan)],
        AssessmentRequesterSequence=[
            item(
                ObserverType="PSN",
                PersonName="Physicist^Petra",
                PersonIdentificationCodeSequence=[],
                InstitutionName=INSTITUTION,
                InstitutionCodeSequence=[],
            )
        ],
        NumberOfAssessmentObservations=1,
        AssessmentObservationsSequence=[_observation()],
    )


def _observation() -> Dataset:
    """The dose rate is above the usual one: seen, and of no matter."""
    return item(
        ObservationSignificance="MINOR",
        ObservationDescription="The dose rate is above the usual 400 MU/min of this clinic.",
        ObservationBasisCodeSequence=[code("121376", "DCM", "Assessment By Rules")],
        StructuredConstraintObservationSequence=[],
    )
