"""What the physician wants, and what the volumes are: PS3.3 C.36.5 to C.36.9 (Supplement 147)."""

from __future__ import annotations

from typing import Final

from pydicom import Dataset
from pydicom.uid import RTPhysicianIntentStorage, RTSegmentAnnotationStorage

from iod.samples.identity import uid
from iod.samples.items import code, item, put, reference
from iod.samples.referring import common_references
from iod.samples.rt_common import (
    ANNOTATIONS,
    INTENTS,
    conceptual_volume,
    label,
    second_generation,
)

_TARGET: Final = ("130041", "DCM", "RT Target")
_CALCULATION: Final = ("130042", "DCM", "RT Dose Calculation Structure")
_PTV: Final = ("130054", "DCM", "PTV Primary")
_AT_RISK: Final = ("130060", "DCM", "Organ At Risk")
# The ROIs of the structure set: index, name, category and type (CID 9503, 9534, 9535).
_VOLUMES: Final = ((1, "PTV", _TARGET, _PTV), (2, "Rectum", _CALCULATION, _AT_RISK))
_PRESCRIBED: Final = ("130009", "DCM", "Prescription Radiation Dose")
_MAXIMUM: Final = ("130004", "DCM", "Maximum Radiation Dose")


def annotation(structures: Dataset) -> Dataset:
    """RT Segment Annotation: each ROI of the structure set is told what it is."""
    made = second_generation(ANNOTATIONS, RTSegmentAnnotationStorage, "segment-annotation")
    label(made, "UserContentLongLabel", "Prostate, volumes", "Target and organ at risk")
    common_references(made, structures)
    return put(
        made,
        RTSegmentAnnotationSequence=[
            item(
                RTSegmentAnnotationIndex=index,
                EntityLongLabel=name,
                ReferencedSegmentReferenceIndex=index,
                SegmentAnnotationCategoryCodeSequence=[code(*category)],
                SegmentAnnotationTypeCodeSequence=[code(*kind)],
                SegmentedRTAccessoryDeviceSequence=[],
                SegmentCharacteristicsPrecedence=index,
            )
            for index, name, category, kind in _VOLUMES
        ],
        SegmentReferenceSequence=[
            item(
                SegmentReferenceIndex=index,
                DirectSegmentReferenceSequence=[
                    item(
                        ConceptualVolumeUID=uid("conceptual-volume", name),
                        ReferencedSOPSequence=[reference(structures)],
                        ReferencedROINumber=index,
                    )
                ],
            )
            for index, name, *_ in _VOLUMES
        ],
    )


def intent(annotated: Dataset) -> Dataset:
    """RT Physician Intent with RT Enhanced Prescription: 60 Gy to the target."""
    made = second_generation(INTENTS, RTPhysicianIntentStorage, "physician-intent")
    label(made, "UserContentLongLabel", "Prostate, 60 Gy", "Definitive radiotherapy")
    common_references(made, annotated)
    put(
        made,
        ContentCreatorName="Oncologist^Olga",
        RTTreatmentPhaseIntentPresenceFlag="NO",
        RTPhysicianIntentSequence=[
            item(
                RTPhysicianIntentIndex=1,
                TreatmentSite="Prostate",
                TreatmentSiteCodeSequence=[code("41216001", "SCT", "Prostate")],
                RTPhysicianIntentNarrative="Definitive treatment in 30 fractions of 2 Gy.",
                RTTreatmentIntentType="CURATIVE",
                RTTreatmentApproachLabel="Opposed fields",
                RTProtocolCodeSequence=[],
                RTDiagnosisCodeSequence=[],
                RTPhysicianIntentInputInstanceSequence=[],
            )
        ],
    )
    return put(
        made,
        RTPrescriptionSequence=[_prescription(annotated)],
        DosimetricObjectiveSequence=[
            _objective("PTV", _PRESCRIBED, 60),
            _objective("Rectum", _MAXIMUM, 50),
        ],
    )


def _prescription(annotated: Dataset) -> Dataset:
    return item(
        RTPrescriptionLabel="Prostate 60 Gy",
        RTPrescriptionIndex=1,
        ReferencedRTPhysicianIntentIndex=1,
        ReferencedDosimetricObjectivesSequence=[
            item(ReferencedDosimetricObjectiveUID=uid("objective", name))
            for _, name, *_ in _VOLUMES
        ],
        RTAnatomicPrescriptionSequence=[
            _anatomic(annotated, index, name, (category, kind))
            for index, name, category, kind in _VOLUMES
        ],
        FractionBasedRelationshipSequence=[],
        PriorTreatmentDoseDescription="None",
        PriorTreatmentReferenceSequence=[],
        PlanningInputInformationSequence=[],
        PatientTreatmentOrientationSequence=[],
    )


def _anatomic(
    annotated: Dataset, index: int, name: str, role: tuple[tuple[str, str, str], ...]
) -> Dataset:
    category, kind = role
    return item(
        EntityLabel=name,
        TherapeuticRoleCategoryCodeSequence=[code(*category)],
        TherapeuticRoleTypeCodeSequence=[code(*kind)],
        ConceptualVolumeOptimizationPrecedence=index,
        ConceptualVolumeBlockingConstraint="NONE",
        ConceptualVolumeCategoryCodeSequence=[],
        ConceptualVolumeDescription=name,
        ConceptualVolumeSequence=[conceptual_volume(annotated, name, index)],
    )


def _objective(name: str, kind: tuple[str, str, str], gray: int) -> Dataset:
    return item(
        DosimetricObjectiveUID=uid("objective", name),
        DosimetricObjectiveTypeCodeSequence=[code(*kind)],
        DosimetricObjectivePurpose="BOTH",
        DosimetricObjectiveEvaluationScope="CURRENT",
        AbsoluteDosimetricObjectiveFlag="YES",
        DosimetricObjectiveParameterSequence=[
            item(
                ValueType="NUMERIC",
                ConceptNameCodeSequence=[code(*kind)],
                NumericValue=gray,
                MeasurementUnitsCodeSequence=[code("Gy", "UCUM", "Gray")],
            )
        ],
    )
