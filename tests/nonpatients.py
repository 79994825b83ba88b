"""Objects that belong to no patient, two or three of each information model, made from values.

    made = objects("hanging")      # {"a": dataset, "b": dataset}

What a sequence holds is written as a list of dictionaries. They are for queries: they have the
attributes that are keys, and are no whole objects of their IODs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydicom import Dataset, FileDataset
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement

from tests.objects import non_patient, uid

FIND: Mapping[str, str] = {
    "protocol": "1.2.840.10008.5.1.4.20.1",
    "approval": "1.2.840.10008.5.1.4.1.1.200.4",
    "hanging": "1.2.840.10008.5.1.4.38.2",
    "palette": "1.2.840.10008.5.1.4.39.2",
    "implant": "1.2.840.10008.5.1.4.43.2",
    "assembly": "1.2.840.10008.5.1.4.44.2",
    "group": "1.2.840.10008.5.1.4.45.2",
    "inventory": "1.2.840.10008.5.1.4.1.1.201.2",
}
MOVE = {model: one[:-1] + str(int(one[-1]) + 1) for model, one in FIND.items()}
GET = {model: one[:-1] + str(int(one[-1]) + 2) for model, one in FIND.items()}

CT_PROTOCOL = "1.2.840.10008.5.1.4.1.1.200.1"
XA_PROTOCOL = "1.2.840.10008.5.1.4.1.1.200.7"
CLASSES: Mapping[str, str] = {
    "protocol": CT_PROTOCOL,
    "approval": "1.2.840.10008.5.1.4.1.1.200.3",
    "hanging": "1.2.840.10008.5.1.4.38.1",
    "palette": "1.2.840.10008.5.1.4.39.1",
    "implant": "1.2.840.10008.5.1.4.43.1",
    "assembly": "1.2.840.10008.5.1.4.44.1",
    "group": "1.2.840.10008.5.1.4.45.1",
    "inventory": "1.2.840.10008.5.1.4.1.1.201.1",
}


def code(value: str, meaning: str, scheme: str = "99TEST") -> list[dict[str, Any]]:
    """The items of a code sequence, PS3.3 8.8."""
    return [{"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}]


def reference(model: str, name: str) -> list[dict[str, Any]]:
    """The items of a sequence that refers to one of these objects."""
    return [{"ReferencedSOPClassUID": CLASSES[model], "ReferencedSOPInstanceUID": uid(model, name)}]


CHEST, HEAD = code("816094009", "Chest", "SCT"), code("69536005", "Head", "SCT")
FEMUR, HIP = code("71341001", "Femur", "SCT"), code("24136001", "Hip joint", "SCT")
LEFT = {"AnatomicRegionModifierSequence": code("7771000", "Left", "SCT")}
TITANIUM, STEEL = code("T", "Titanium"), code("S", "Steel")


def _asserted(who: str, what: str, at: str, until: str = "", **more: Any) -> dict[str, Any]:
    who_is = {
        "ObserverType": "PSN",
        "PersonName": who,
        "PersonIdentificationCodeSequence": code(who[:3], who),
        "OrganizationalRoleCodeSequence": code("PHYS", "Physicist"),
        "StationName": "DESK1",
        "DeviceUID": uid("desk", who),
        "Manufacturer": "Desks of " + who[:3],
        "ManufacturerModelName": "Desk 1",
        "StationAETitle": "DESK_" + who[:3].upper(),
        "InstitutionName": f"Hospital of {who[:3]}",
        "InstitutionCodeSequence": code("H" + who[:3], "Hospital"),
        "InstitutionalDepartmentName": "Radiology",
        "InstitutionalDepartmentTypeCodeSequence": code("RAD", "Radiology"),
    }
    return {
        "AssertionCodeSequence": code(what, what.title()),
        "AssertionUID": uid("assertion", who, what),
        "AsserterIdentificationSequence": [who_is],
        "AssertionDateTime": at,
        "AssertionExpirationDateTime": until,
        "AssertionComments": f"{what} by {who}",
        **more,
    }


VALUES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "protocol": {
        "a": {
            "ProtocolName": "Chest routine",
            "CustodialOrganizationSequence": [
                {
                    "InstitutionName": "St. Anna",
                    "InstitutionCodeSequence": code("ANNA", "St. Anna"),
                }
            ],
            "ResponsibleGroupCodeSequence": code("THX", "Thorax group"),
            "PotentialScheduledProtocolCodeSequence": code("CT1", "CT chest"),
            "PotentialRequestedProcedureCodeSequence": [*code("P1", "One"), *code("P2", "Two")],
            "PotentialReasonsForProcedure": "Cough",
            "PotentialReasonsForProcedureCodeSequence": code("R1", "Cough"),
            "PotentialDiagnosticTasks": "Find nodules",
            "ContentCreatorName": "Röntgen^Wilhelm",
            "InstanceCreationDate": "20240705",
            "InstanceCreationTime": "090000",
            "ClinicalTrialSponsorName": "Sponsor",
            "ClinicalTrialProtocolID": "T1",
            "EquipmentModality": "CT",
            "ModelSpecificationSequence": [
                {
                    "Manufacturer": "Acme",
                    "ManufacturerRelatedModelGroup": "Fast",
                    "ManufacturerModelName": "Scan 5000",
                    "SoftwareVersions": ["1.0", "1.1"],
                    "DeviceSerialNumber": "7",
                },
                {"Manufacturer": "Bolt", "ManufacturerModelName": "Ring 9"},
            ],
            "AnatomicRegionSequence": [{**CHEST[0], **LEFT}],
            "PrimaryAnatomicStructureSequence": code("39607008", "Lung", "SCT"),
        },
        "b": {
            "ProtocolName": "Head trauma",
            "PredecessorProtocolSequence": reference("protocol", "a"),
            "ContentCreatorName": "Curie^Marie",
            "InstanceCreationDate": "20240707",
            "InstanceCreationTime": "190000",
            "EquipmentModality": "CT",
            "ModelSpecificationSequence": [
                {"Manufacturer": "Bolt", "ManufacturerModelName": "Scan 5000"}
            ],
            "AnatomicRegionSequence": HEAD,
        },
        "xa": {
            "SOPClassUID": XA_PROTOCOL,
            "ProtocolName": "Coronary",
            "ContentCreatorName": "Forssmann^Werner",
            "InstanceCreationDate": "20240706",
            "InstanceCreationTime": "080000",
            "EquipmentModality": "XA",
        },
    },
    "approval": {
        "a": {
            "InstanceCreationDate": "20240705",
            "InstanceCreationTime": "100000",
            "ApprovalSubjectSequence": reference("protocol", "a"),
            "ApprovalSequence": [
                _asserted(
                    "Ada^Lovelace",
                    "APPROVED",
                    "20240705100000",
                    "20250705",
                    InstitutionCodeSequence=code("ANNA", "St. Anna"),
                ),
                _asserted("Bob^Builder", "REJECTED", "20240706100000"),
            ],
            "Manufacturer": "Acme",
            "ManufacturerModelName": "Desk",
            "SoftwareVersions": "3",
        },
        "b": {
            "InstanceCreationDate": "20240801",
            "InstanceCreationTime": "120000",
            "ApprovalSubjectSequence": reference("protocol", "b"),
            "ApprovalSequence": [
                _asserted(
                    "Bob^Builder",
                    "APPROVED",
                    "20240801120000",
                    ClinicalTrialProtocolID="T1",
                    RelatedAssertionSequence=[
                        {"ReferencedAssertionUID": uid("assertion", "Ada^Lovelace", "APPROVED")}
                    ],
                )
            ],
        },
    },
    "hanging": {
        "a": {
            "HangingProtocolName": "NEURO 1",
            "HangingProtocolDescription": "Two by two",
            "HangingProtocolLevel": "SITE",
            "HangingProtocolCreator": "Dr Ix",
            "HangingProtocolCreationDateTime": "20240101120000",
            "HangingProtocolDefinitionSequence": [
                {
                    "Modality": "MR",
                    "Laterality": "",
                    "AnatomicRegionSequence": HEAD,
                    "ProcedureCodeSequence": code("MRH", "MR head"),
                    "ReasonForRequestedProcedureCodeSequence": code("R9", "Ache"),
                },
                {
                    "Modality": "CT",
                    "Laterality": "L",
                    "AnatomicRegionSequence": [{**CHEST[0], **LEFT}],
                },
            ],
            "HangingProtocolUserIdentificationCodeSequence": code("U1", "User one"),
            "HangingProtocolUserGroupName": "Neuro",
            "NumberOfPriorsReferenced": 1,
            "NumberOfScreens": 2,
            "NominalScreenDefinitionSequence": [
                {
                    "NumberOfVerticalPixels": 2048,
                    "NumberOfHorizontalPixels": 1536,
                    "DisplayEnvironmentSpatialPosition": [0.0, 1.0, 0.5, 0.0],
                    "ScreenMinimumGrayscaleBitDepth": 8,
                    "ScreenMinimumColorBitDepth": 24,
                    "ApplicationMaximumRepaintTime": 500,
                }
            ],
            "SourceHangingProtocolSequence": reference("hanging", "b"),
        },
        "b": {
            "HangingProtocolName": "NEURO_1",
            "HangingProtocolLevel": "MANUFACTURER",
            "HangingProtocolDefinitionSequence": [
                {"Modality": "MR", "AnatomicRegionSequence": CHEST}
            ],
            "NumberOfPriorsReferenced": 0,
            "NumberOfScreens": 0,
        },
    },
    "palette": {
        "a": {
            "ContentLabel": "HOT_IRON",
            "ContentDescription": "Glowing",
            "ContentCreatorName": "Ada^Lovelace",
            "AlternateContentDescriptionSequence": [
                {
                    "ContentDescription": "Glühend",
                    "LanguageCodeSequence": code("de", "German", "RFC5646"),
                }
            ],
        },
        "b": {"ContentLabel": "PET", "ContentDescription": ""},
    },
    "implant": {
        "a": {
            "Manufacturer": "Acme",
            "ImplantName": "Stem",
            "ImplantPartNumber": "AS-1",
            "ImplantSize": "12",
            "ImplantTemplateVersion": "2",
            "EffectiveDateTime": "20240101000000",
            "ReplacedImplantTemplateSequence": reference("implant", "b"),
            "ImplantTargetAnatomySequence": [
                {"AnatomicRegionSequence": [{**FEMUR[0], **LEFT}]},
                {"AnatomicRegionSequence": HIP},
            ],
            "MaterialsCodeSequence": TITANIUM,
            "ImplantTypeCodeSequence": code("112310", "Femoral Stem", "DCM"),
            "CoatingMaterialsCodeSequence": code("HA", "Hydroxyapatite"),
        },
        "b": {
            "Manufacturer": "Acme",
            "ImplantName": "Stem",
            "ImplantPartNumber": "AS-1",
            "ImplantSize": "14",
            "ImplantTemplateVersion": "1",
            "EffectiveDateTime": "20200101000000",
            "DerivationImplantTemplateSequence": reference("implant", "a"),
            "OriginalImplantTemplateSequence": reference("implant", "c"),
            "ImplantRegulatoryDisapprovalCodeSequence": code("US", "United States"),
            "MaterialsCodeSequence": STEEL,
        },
    },
    "assembly": {
        "a": {
            "ImplantAssemblyTemplateName": "Hip A",
            "Manufacturer": "Acme",
            "ProcedureTypeCodeSequence": code("THR", "Total hip replacement"),
            "SurgicalTechnique": "Press fit",
            "ImplantAssemblyTemplateVersion": "2",
            "ImplantAssemblyTemplateIssuer": "Acme",
            "EffectiveDateTime": "20240201000000",
            "ReplacedImplantAssemblyTemplateSequence": reference("assembly", "b"),
        },
        "b": {
            "ImplantAssemblyTemplateName": "Knee B",
            "Manufacturer": "Bolt",
            "ProcedureTypeCodeSequence": code("TKR", "Total knee replacement"),
            "OriginalImplantAssemblyTemplateSequence": reference("assembly", "a"),
            "DerivationImplantAssemblyTemplateSequence": reference("assembly", "a"),
        },
    },
    "group": {
        "a": {
            "ImplantTemplateGroupName": "Hips",
            "ImplantTemplateGroupDescription": "All hips",
            "ImplantTemplateGroupIssuer": "Acme",
            "ImplantTemplateGroupVersion": "3",
            "EffectiveDateTime": "20240101000000",
            "ReplacedImplantTemplateGroupSequence": reference("group", "b"),
        },
        "b": {
            "ImplantTemplateGroupName": "Knees",
            "ImplantTemplateGroupIssuer": "Bolt",
            "EffectiveDateTime": "20230101000000",
        },
    },
    "inventory": {
        "a": {
            "ContentDate": "20240705",
            "ContentTime": "090000",
            "InventoryLevel": "STUDY",
            "InventoryCompletionStatus": "COMPLETE",
            "NumberOfStudyRecordsInInstance": 3,
            "TotalNumberOfStudyRecords": 7,
            "InventoryPurpose": "Migration",
            "InventoryInstanceDescription": "The first of two",
            "Manufacturer": "Acme",
            "InstitutionName": "St. Anna",
            "TransactionUID": uid("transaction"),
            "IncorporatedInventoryInstanceSequence": reference("inventory", "b"),
        },
        "b": {
            "ContentDate": "20240707",
            "ContentTime": "190000",
            "InventoryLevel": "SERIES",
            "InventoryCompletionStatus": "PARTIAL",
            "NumberOfStudyRecordsInInstance": 4,
            "TotalNumberOfStudyRecords": 4,
        },
    },
}


def filled(made: Dataset, values: Mapping[str, Any]) -> Dataset:
    """A data set with these values; keys need not be what their VR allows."""
    for keyword, value in values.items():
        vr = dictionary_VR(keyword)
        if vr == "SQ":
            items = [value] if isinstance(value, dict) else value or []
            value = [filled(Dataset(), item) for item in items]  # noqa: PLW2901
        made[keyword] = DataElement(keyword, vr, value, validation_mode=IGNORE)
    return made


def made(model: str, name: str, values: Mapping[str, Any]) -> FileDataset:
    """An object of this model; its UID follows from its name."""
    sop_class = str(values.get("SOPClassUID", CLASSES[model]))
    one = non_patient(sop_class, SOPInstanceUID=uid(model, name))
    one.SpecificCharacterSet = "ISO_IR 100"
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    filled(one, values)
    return one


def objects(model: str) -> dict[str, FileDataset]:
    """All of a model."""
    return {name: made(model, name, values) for name, values in VALUES[model].items()}
