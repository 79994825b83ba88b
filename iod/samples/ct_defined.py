"""CT Defined Procedure Protocols, PS3.3 A.82.1: what a scanner may load; of no patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydicom import Dataset
from pydicom.datadict import dictionary_description, dictionary_VR, tag_for_keyword
from pydicom.uid import CTDefinedProcedureProtocolStorage

from iod.samples.ct_images import SCANNER
from iod.samples.items import code, item, put, reference
from iod.samples.subjects import INSTITUTION, Equipment, equip, sop_common

_WRITER: Final = Equipment("Anode", "Sample Protocol Manager", "PM-1", "3.0")
_VALUES: Final = {vr: f"Selector{vr}Value" for vr in ("CS", "DS", "FD", "FL")}


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a protocol: what it is called, its number, its tube voltage in kV, its day."""

    title: str
    number: int
    kvp: int
    created: str


def defined(name: str, version: Version, *, predecessor: Dataset | None = None) -> Dataset:
    """A spiral scan of the abdomen and its reconstruction, for one model of scanner."""
    made = sop_common(CTDefinedProcedureProtocolStorage, "ct-protocols", name)
    equip(made, _WRITER)
    put(
        made,
        InstanceCreationDate=version.created,
        ProtocolName=version.title,
        ContentCreatorName="Physicist^Petra",
        CustodialOrganizationSequence=[
            item(InstitutionName=INSTITUTION, InstitutionCodeSequence=[])
        ],
        ResponsibleGroupCodeSequence=[],
        PotentialScheduledProtocolCodeSequence=[code("CTABD", "99ANODE", "CT of the abdomen")],
        PotentialRequestedProcedureCodeSequence=[code("CTABD", "99ANODE", "CT of the abdomen")],
        ProtocolDesignRationale=f"Version {version.number}: {version.kvp} kV.",
        EquipmentModality="CT",
        ModelSpecificationSequence=[
            item(Manufacturer=SCANNER.manufacturer, ManufacturerModelName=SCANNER.model)
        ],
        ProtocolDefinedPatientPosition="HFS",
        AnatomicRegionSequence=[code("113345001", "SCT", "Abdomen")],
        PrimaryAnatomicStructureSequence=[],
        InstructionSequence=[
            item(InstructionIndex=1, InstructionText="Breathe in and hold your breath.")
        ],
        AcquisitionProtocolElementSpecificationSequence=[_acquisition(version.kvp)],
        ReconstructionProtocolElementSpecificationSequence=[_reconstruction()],
    )
    if predecessor is not None:
        put(made, PredecessorProtocolSequence=[reference(predecessor)])
    return made


def _acquisition(kvp: int) -> Dataset:
    return item(
        ProtocolElementNumber=1,
        ProtocolElementName="Spiral",
        ParametersSpecificationSequence=[
            parameter("AcquisitionType", "EQUAL", "SPIRAL"),
            parameter("SpiralPitchFactor", "RANGE_INCL", [0.8, 1.2]),
            parameter("KVP", "EQUAL", kvp, within="CTXRayDetailsSequence"),
        ],
    )


def _reconstruction() -> Dataset:
    return item(
        ProtocolElementNumber=1,
        ProtocolElementName="Soft tissue",
        ParametersSpecificationSequence=[
            parameter("SliceThickness", "LESS_OR_EQUAL", 5),
        ],
    )


def parameter(keyword: str, constraint: str, value: object, within: str = "") -> Dataset:
    """Attribute Value Constraint Macro, 10.25: what the value of an attribute has to be."""
    made = item(
        SelectorAttribute=tag_for_keyword(keyword),
        SelectorAttributeName=dictionary_description(keyword),
        SelectorAttributeKeyword=keyword,
        SelectorAttributeVR=dictionary_VR(keyword),
        SelectorValueNumber=1,
        ConstraintType=constraint,
        ModifiableConstraintFlag="NO",
        ConstraintValueSequence=[item(**{_VALUES[dictionary_VR(keyword)]: value})],
    )
    if within:
        put(
            made,
            SelectorSequencePointer=tag_for_keyword(within),
            SelectorSequencePointerItems=1,
        )
    return made
