"""Queries of the eight models without levels: a row per key and way to match it, PS3.4 K.2.2.

Model, keys, the names of the objects of `nonpatients` that match them.
"""

from __future__ import annotations

from typing import Any

from tests.nonpatients import CLASSES, CT_PROTOCOL, XA_PROTOCOL
from tests.objects import uid

Case = tuple[str, dict[str, Any], set[str]]


def within(sequence: str, **keys: Any) -> dict[str, Any]:
    """A key of one item."""
    return {sequence: keys}


def refers(sequence: str, model: str, *names: str) -> dict[str, Any]:
    """A key for a list of UIDs within a sequence that refers to objects."""
    return within(sequence, ReferencedSOPInstanceUID=[uid(model, name) for name in names])


def asserted(**keys: Any) -> dict[str, Any]:
    """A key of one item of the Approval Sequence."""
    return within("ApprovalSequence", **keys)


def by(**keys: Any) -> dict[str, Any]:
    """One level deeper."""
    return asserted(AsserterIdentificationSequence=keys)


def coded(value: str) -> dict[str, Any]:
    """One item of a code sequence."""
    return {"CodeValue": value}


MODEL = "ModelSpecificationSequence"
DEFINED = "HangingProtocolDefinitionSequence"
DATE, TIME = "InstanceCreationDate", "InstanceCreationTime"

PROTOCOL: list[Case] = [
    ("protocol", {}, {"a", "b", "xa"}),
    ("protocol", {"SOPClassUID": CT_PROTOCOL}, {"a", "b"}),
    ("protocol", {"SOPClassUID": XA_PROTOCOL}, {"xa"}),
    ("protocol", {"SOPInstanceUID": uid("protocol", "a")}, {"a"}),
    ("protocol", {"SOPInstanceUID": [uid("protocol", "a"), uid("protocol", "xa")]}, {"a", "xa"}),
    ("protocol", {"SOPInstanceUID": uid("hanging", "a")}, set()),
    ("protocol", {"ProtocolName": "Chest routine"}, {"a"}),
    ("protocol", {"ProtocolName": "chest routine"}, set()),  # LO: the case counts
    ("protocol", {"ProtocolName": "*r*"}, {"a", "b", "xa"}),
    ("protocol", {"ProtocolName": "?hest*"}, {"a"}),
    ("protocol", {"ProtocolName": "*"}, {"a", "b", "xa"}),
    ("protocol", within("CustodialOrganizationSequence", InstitutionName="St.*"), {"a"}),
    (
        "protocol",
        within("CustodialOrganizationSequence", InstitutionCodeSequence=coded("ANNA")),
        {"a"},
    ),
    ("protocol", within("ResponsibleGroupCodeSequence", **coded("THX")), {"a"}),
    ("protocol", within("PotentialScheduledProtocolCodeSequence", **coded("CT1")), {"a"}),
    ("protocol", within("PotentialRequestedProcedureCodeSequence", **coded("P2")), {"a"}),
    (  # both in one item, or no match
        "protocol",
        within("PotentialRequestedProcedureCodeSequence", CodeValue="P2", CodeMeaning="One"),
        set(),
    ),
    ("protocol", within("PotentialReasonsForProcedureCodeSequence", **coded("R1")), {"a"}),
    ("protocol", {"PotentialReasonsForProcedure": "Cou*"}, {"a"}),
    ("protocol", {"PotentialDiagnosticTasks": "*nodules"}, {"a"}),
    ("protocol", refers("PredecessorProtocolSequence", "protocol", "a", "xa"), {"b"}),
    (
        "protocol",
        within("PredecessorProtocolSequence", ReferencedSOPClassUID=CT_PROTOCOL),
        {"b"},
    ),
    ("protocol", {"ContentCreatorName": "rontgen^w*"}, {"a"}),  # PN: no case, no accents
    ("protocol", {"ContentCreatorName": "Curie^Marie"}, {"b"}),
    ("protocol", {DATE: "20240705"}, {"a"}),
    ("protocol", {DATE: "20240706-"}, {"b", "xa"}),
    ("protocol", {TIME: "08-0900"}, {"a", "xa"}),
    ("protocol", {DATE: "20240705-20240707", TIME: "10-18"}, {"xa"}),  # one interval
    ("protocol", {DATE: "20240705-20240707", TIME: "10-20"}, {"b", "xa"}),
    ("protocol", {DATE: "-20240706", TIME: "-0830"}, {"a", "xa"}),
    ("protocol", {"ClinicalTrialSponsorName": "Spon*"}, {"a"}),
    ("protocol", {"ClinicalTrialProtocolID": "T?"}, {"a"}),  # K.2.2.1.1.1: unknown is no match
    ("protocol", {"EquipmentModality": "XA"}, {"xa"}),
    ("protocol", {"EquipmentModality": ["XA", "CT"]}, {"a", "b", "xa"}),
    ("protocol", within(MODEL, Manufacturer="Acme"), {"a"}),
    ("protocol", within(MODEL, Manufacturer="Bolt", ManufacturerModelName="Scan*"), {"b"}),
    ("protocol", within(MODEL, ManufacturerModelName="Scan 5000"), {"a", "b"}),
    ("protocol", within(MODEL, ManufacturerRelatedModelGroup="F*"), {"a"}),
    ("protocol", within(MODEL, SoftwareVersions="1.1"), {"a"}),  # any of several values
    ("protocol", within(MODEL, SoftwareVersions="1.?"), {"a"}),
    ("protocol", within(MODEL, DeviceSerialNumber="7"), {"a"}),
    ("protocol", within(MODEL, Manufacturer=""), {"a", "b", "xa"}),
    ("protocol", within("AnatomicRegionSequence", **coded("816094009")), {"a"}),
    (
        "protocol",
        within("AnatomicRegionSequence", CodeValue="69536005", CodingSchemeDesignator="SCT"),
        {"b"},
    ),
    ("protocol", within("PrimaryAnatomicStructureSequence", CodeMeaning="Lung"), {"a"}),
]

APPROVAL: list[Case] = [
    ("approval", {}, {"a", "b"}),
    ("approval", refers("ApprovalSubjectSequence", "protocol", "a"), {"a"}),
    ("approval", refers("ApprovalSubjectSequence", "protocol", "a", "b"), {"a", "b"}),
    (
        "approval",
        within("ApprovalSubjectSequence", ReferencedSOPClassUID=CLASSES["protocol"]),
        {"a", "b"},
    ),
    ("approval", {DATE: "20240701-20240731", TIME: "0000-2359"}, {"a"}),
    ("approval", asserted(AssertionCodeSequence=coded("APPROVED")), {"a", "b"}),
    ("approval", asserted(AssertionCodeSequence=coded("REJECTED")), {"a"}),
    ("approval", asserted(AssertionUID=uid("assertion", "Bob^Builder", "REJECTED")), {"a"}),
    ("approval", by(PersonName="ADA^LOVE*"), {"a"}),
    ("approval", by(PersonName="bob^builder"), {"a", "b"}),
    (  # all of it in one item: Bob rejected a
        "approval",
        asserted(
            AssertionCodeSequence=coded("APPROVED"),
            AsserterIdentificationSequence={"PersonName": "Bob*"},
        ),
        {"b"},
    ),
    ("approval", by(PersonIdentificationCodeSequence=coded("Ada")), {"a"}),
    ("approval", by(OrganizationalRoleCodeSequence=coded("PHYS")), {"a", "b"}),
    ("approval", by(InstitutionName="Hospital of A*"), {"a"}),
    ("approval", by(InstitutionCodeSequence=coded("HBob")), {"a", "b"}),
    ("approval", by(InstitutionalDepartmentName="Radiology"), {"a", "b"}),
    ("approval", by(ObserverType="DEV"), set()),
    ("approval", by(StationName="DESK?"), {"a", "b"}),
    ("approval", asserted(AssertionDateTime="20240705100000"), {"a"}),
    ("approval", asserted(AssertionDateTime="20240706-202407"), {"a"}),
    ("approval", asserted(AssertionDateTime="20240801-"), {"b"}),
    ("approval", asserted(AssertionExpirationDateTime="2025"), {"a"}),
    ("approval", asserted(AssertionExpirationDateTime="-20250101"), set()),
    ("approval", asserted(AssertionComments="REJECTED*"), {"a"}),
    (
        "approval",
        asserted(
            RelatedAssertionSequence={
                "ReferencedAssertionUID": uid("assertion", "Ada^Lovelace", "APPROVED")
            }
        ),
        {"b"},
    ),
    ("approval", asserted(InstitutionCodeSequence=coded("ANNA")), {"a"}),  # where it is approved
    ("approval", asserted(ClinicalTrialProtocolID="T?"), {"b"}),
    ("approval", {"Manufacturer": "Ac*"}, {"a"}),
    ("approval", {"ManufacturerModelName": "Desk"}, {"a"}),
    ("approval", {"SoftwareVersions": "3"}, {"a"}),
]

HANGING: list[Case] = [
    ("hanging", {}, {"a", "b"}),
    ("hanging", {"HangingProtocolName": "NEURO_1"}, {"b"}),
    ("hanging", {"HangingProtocolName": "NEURO?1"}, {"a", "b"}),
    ("hanging", {"HangingProtocolName": "NEURO*"}, {"a", "b"}),
    ("hanging", {"HangingProtocolDescription": "Two*"}, {"a"}),
    ("hanging", {"HangingProtocolLevel": "SITE"}, {"a"}),
    ("hanging", {"HangingProtocolCreator": "Dr Ix"}, {"a"}),
    ("hanging", {"HangingProtocolCreationDateTime": "2024"}, {"a"}),
    ("hanging", {"HangingProtocolCreationDateTime": "20240102-"}, set()),
    ("hanging", {"NumberOfPriorsReferenced": 1}, {"a"}),
    ("hanging", {"NumberOfPriorsReferenced": 0}, {"b"}),
    ("hanging", {"NumberOfScreens": 2}, {"a"}),
    ("hanging", {"HangingProtocolUserGroupName": "Neuro"}, {"a"}),
    ("hanging", within("HangingProtocolUserIdentificationCodeSequence", **coded("U1")), {"a"}),
    ("hanging", within(DEFINED, Modality="MR"), {"a", "b"}),
    ("hanging", within(DEFINED, Laterality="L"), {"a"}),
    ("hanging", within(DEFINED, Modality="MR", Laterality="L"), set()),
    ("hanging", within(DEFINED, AnatomicRegionSequence=coded("816094009")), {"a", "b"}),
    (
        "hanging",
        within(DEFINED, Modality="MR", AnatomicRegionSequence=coded("816094009")),
        {"b"},
    ),
    ("hanging", within(DEFINED, ProcedureCodeSequence=coded("MRH")), {"a"}),
    ("hanging", within(DEFINED, ReasonForRequestedProcedureCodeSequence=coded("R9")), {"a"}),
    ("hanging", within("NominalScreenDefinitionSequence", NumberOfVerticalPixels=2048), {"a"}),
]

OTHERS: list[Case] = [
    ("palette", {}, {"a", "b"}),
    ("palette", {"ContentLabel": "HOT*"}, {"a"}),
    ("palette", {"ContentLabel": "PET"}, {"b"}),
    ("palette", {"ContentDescription": "Gl?wing"}, {"a"}),
    ("palette", {"ContentCreatorName": "ada^*"}, {"a"}),
    ("palette", {"SOPInstanceUID": uid("palette", "b")}, {"b"}),
    ("palette", within("AlternateContentDescriptionSequence", ContentDescription="Glü*"), {"a"}),
    (
        "palette",
        within("AlternateContentDescriptionSequence", LanguageCodeSequence=coded("de")),
        {"a"},
    ),
    ("implant", {}, {"a", "b"}),
    ("implant", {"Manufacturer": "Acme", "ImplantSize": "1?"}, {"a", "b"}),
    ("implant", {"ImplantName": "St*", "ImplantSize": "14"}, {"b"}),
    ("implant", {"ImplantPartNumber": "AS-1", "ImplantTemplateVersion": "2"}, {"a"}),
    ("implant", {"EffectiveDateTime": "2021-"}, {"a"}),
    ("implant", {"EffectiveDateTime": "2020"}, {"b"}),
    ("implant", refers("ReplacedImplantTemplateSequence", "implant", "b"), {"a"}),
    ("implant", refers("DerivationImplantTemplateSequence", "implant", "a", "x"), {"b"}),
    ("implant", refers("OriginalImplantTemplateSequence", "implant", "c"), {"b"}),
    (
        "implant",
        within("ImplantTargetAnatomySequence", AnatomicRegionSequence=coded("24136001")),
        {"a"},
    ),
    ("implant", within("ImplantRegulatoryDisapprovalCodeSequence", **coded("US")), {"b"}),
    ("implant", within("MaterialsCodeSequence", **coded("S")), {"b"}),
    ("implant", within("CoatingMaterialsCodeSequence", **coded("HA")), {"a"}),
    ("assembly", {}, {"a", "b"}),
    ("assembly", {"ImplantAssemblyTemplateName": "Hip*"}, {"a"}),
    ("assembly", {"Manufacturer": "Bolt"}, {"b"}),
    ("assembly", {"SurgicalTechnique": "*fit"}, {"a"}),
    ("assembly", within("ProcedureTypeCodeSequence", **coded("THR")), {"a"}),
    ("assembly", refers("ReplacedImplantAssemblyTemplateSequence", "assembly", "b"), {"a"}),
    ("assembly", refers("OriginalImplantAssemblyTemplateSequence", "assembly", "a"), {"b"}),
    ("assembly", refers("DerivationImplantAssemblyTemplateSequence", "assembly", "a"), {"b"}),
    ("group", {}, {"a", "b"}),
    ("group", {"ImplantTemplateGroupName": "H?ps"}, {"a"}),
    ("group", {"ImplantTemplateGroupDescription": "All*"}, {"a"}),
    ("group", {"ImplantTemplateGroupIssuer": "Bolt"}, {"b"}),
    ("group", {"EffectiveDateTime": "-20230601"}, {"b"}),
    ("group", refers("ReplacedImplantTemplateGroupSequence", "group", "b"), {"a"}),
    ("inventory", {}, {"a", "b"}),
    ("inventory", {"InventoryLevel": "STUDY"}, {"a"}),
    ("inventory", {"InventoryCompletionStatus": "PARTIAL"}, {"b"}),
    ("inventory", {"ContentDate": "20240705-20240707", "ContentTime": "10-20"}, {"b"}),
    ("inventory", {"NumberOfStudyRecordsInInstance": 3}, {"a"}),
    ("inventory", {"TotalNumberOfStudyRecords": 4}, {"b"}),
    ("inventory", {"InventoryPurpose": "Migra*"}, {"a"}),
    ("inventory", {"TransactionUID": uid("transaction")}, {"a"}),
    ("inventory", refers("IncorporatedInventoryInstanceSequence", "inventory", "b"), {"a"}),
]

CASES: list[Case] = [*PROTOCOL, *APPROVAL, *HANGING, *OTHERS]
