"""A treatment in radiotherapy of the second generation, PS3.3 A.86 (Supplements 147 and 175).

Planning images -> structure set -> segment annotation -> physician intent with prescription -> two
C-arm radiations -> radiation set with the dose that each contributes. Prostate, 30 fractions of
2 Gy.
"""

from __future__ import annotations

from pydicom import Dataset
from pydicom.uid import RTRadiationSetStorage

from iod.samples.identity import uid
from iod.samples.items import item, put, reference
from iod.samples.referring import common_references
from iod.samples.rt_common import (
    RADIATIONS,
    STUDY,
    conceptual_volume,
    label,
    located,
    second_generation,
)
from iod.samples.rt_intent import annotation, intent
from iod.samples.rt_radiation import radiation
from iod.samples.rt_structures import ISOCENTRE, planning_images, structures

_ANGLES = (90.0, 270.0)
_METERSET = 112.0
_DOSE = 1.0  # Gy that each radiation gives to the reference point


def instances() -> dict[str, Dataset]:
    """The treatment, from its volumes to the set of radiations."""
    images = planning_images()
    volumes = structures(images)
    annotated = annotation(volumes)
    prescribed = intent(annotated)
    radiations = [
        radiation(number, angle, _METERSET) for number, angle in enumerate(_ANGLES, start=1)
    ]
    return {
        **{f"planning-image-{number}": each for number, each in enumerate(images, start=1)},
        "structure-set": volumes,
        "segment-annotation": annotated,
        "physician-intent": prescribed,
        **{f"radiation-{number}": each for number, each in enumerate(radiations, start=1)},
        "radiation-set": _radiation_set(annotated, prescribed, radiations),
    }


def _radiation_set(annotated: Dataset, prescribed: Dataset, radiations: list[Dataset]) -> Dataset:
    """RT Radiation Set, RT Dose Contribution: C.36.10 and C.36.11."""
    made = second_generation(RADIATIONS, RTRadiationSetStorage, "radiation-set", number=3)
    located(made)
    label(made, "UserContentLabel", "Prostate", "Two opposed fields")
    common_references(made, annotated, prescribed, *radiations)
    return put(
        made,
        RTRadiationSetIntent="TREATMENT",
        IntendedNumberOfFractions=30,
        ReferencedRTPhysicianIntentSequence=[
            reference(
                prescribed,
                ReferencedRTPrescriptionSequence=[item(ReferencedRTPrescriptionIndex=1)],
            )
        ],
        TreatmentPositionGroupSequence=[
            item(
                TreatmentPositionGroupUID=uid("treatment-position", STUDY.key),
                TreatmentPositionGroupLabel="Supine",
                ReferencedRTRadiationSequence=[reference(each) for each in radiations],
            )
        ],
        RTRadiationSequence=[reference(each) for each in radiations],
        RadiationDoseIdentificationSequence=[
            item(
                RadiationDoseIdentificationIndex=1,
                RadiationDoseIdentificationLabel="Isocentre",
                ReferenceDoseType="PER_RADIATION",
                ConceptualVolumeSequence=[conceptual_volume(annotated, "PTV", 1)],
                ReferenceDosePointCoordinates=list(ISOCENTRE),
            )
        ],
        RadiationDoseSequence=[_contribution(each) for each in radiations],
    )


def _contribution(one: Dataset) -> Dataset:
    return item(
        ReferencedRTRadiationSequence=[reference(one)],
        RadiationDoseValuesParametersSequence=[
            item(
                PrimaryDoseValueIndicator="YES",
                ReferencedRadiationDoseIdentificationIndex=1,
                DoseValuesSequence=[
                    item(
                        DoseValuePurpose="TRACKING",
                        RadiobiologicalDoseEffectFlag="NO",
                        MetersetToDoseMappingSequence=[
                            item(CumulativeMeterset=0.0, RadiationDoseValue=0.0),
                            item(CumulativeMeterset=_METERSET, RadiationDoseValue=_DOSE),
                        ],
                    )
                ],
            )
        ],
    )
