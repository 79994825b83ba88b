"""What we know of objects that belong to no patient: one row per key of an information model.

Law: the tables of PS3.4 HH.6, II.6, U.6, X.6 and BB.6, each a model of one level whose matching is
the worklist's (K.2.2). U, R and O are as in `attributes`; what the standard only has returned is
matched here as well, and so an O. What is known of the items of a sequence stands there, too.

All of it is kept as one item, JSON in one column (docs/decisions/0014): a new key is one row here
and no migration. `anode reindex` fills it for objects that are held already.

The key table of Inventory (JJ) could not be read: its keys are the attributes of the Inventory
module (PS3.3) that are no lists of studies.
"""

from __future__ import annotations

from collections.abc import Mapping

from archive import attributes
from archive.attributes import SPECIFIC_CHARACTER_SET, Attribute

_COMMON = """
SOPInstanceUID U | SOPClassUID R | SpecificCharacterSet O | TimezoneOffsetFromUTC O
"""
_CREATED = "InstanceCreationDate R | InstanceCreationTime R"

_MODELS: Mapping[str, str] = {
    "protocol": f"""
        ProtocolName R | CustodialOrganizationSequence R | ResponsibleGroupCodeSequence R
        PotentialScheduledProtocolCodeSequence R | PotentialRequestedProcedureCodeSequence R
        PotentialReasonsForProcedure O | PotentialReasonsForProcedureCodeSequence R
        PotentialDiagnosticTasks O | PredecessorProtocolSequence R | ContentCreatorName R
        {_CREATED} | ClinicalTrialSponsorName R | ClinicalTrialProtocolID R
        EquipmentModality R | ModelSpecificationSequence R | AnatomicRegionSequence R
        PrimaryAnatomicStructureSequence R""",
    "approval": f"""
        {_CREATED} | ApprovalSubjectSequence R | ApprovalSequence R
        Manufacturer O | ManufacturerModelName O | SoftwareVersions O""",
    "hanging": """
        HangingProtocolName R | HangingProtocolDescription O | HangingProtocolLevel R
        HangingProtocolCreator O | HangingProtocolCreationDateTime O
        HangingProtocolDefinitionSequence R | NumberOfPriorsReferenced R
        HangingProtocolUserIdentificationCodeSequence R | HangingProtocolUserGroupName R
        NumberOfScreens R | NominalScreenDefinitionSequence O | SourceHangingProtocolSequence O""",
    "palette": """
        ContentLabel R | ContentDescription O | ContentCreatorName O
        AlternateContentDescriptionSequence O""",
    "implant": """
        Manufacturer R | ImplantName R | ImplantPartNumber R | ImplantSize R
        ImplantTemplateVersion O | ReplacedImplantTemplateSequence R
        DerivationImplantTemplateSequence R | OriginalImplantTemplateSequence R
        EffectiveDateTime R | ImplantTargetAnatomySequence R
        ImplantRegulatoryDisapprovalCodeSequence R | MaterialsCodeSequence R
        CoatingMaterialsCodeSequence R | ImplantTypeCodeSequence O""",
    "assembly": """
        ImplantAssemblyTemplateName R | Manufacturer R | ProcedureTypeCodeSequence R
        ReplacedImplantAssemblyTemplateSequence R | OriginalImplantAssemblyTemplateSequence R
        DerivationImplantAssemblyTemplateSequence R | SurgicalTechnique R
        ImplantAssemblyTemplateVersion O | ImplantAssemblyTemplateIssuer O
        EffectiveDateTime O""",
    "group": """
        ImplantTemplateGroupName R | ImplantTemplateGroupDescription O
        ImplantTemplateGroupIssuer R | EffectiveDateTime R
        ReplacedImplantTemplateGroupSequence R | ImplantTemplateGroupVersion O""",
    "inventory": """
        ContentDate O | ContentTime O | InventoryLevel O | InventoryCompletionStatus O
        NumberOfStudyRecordsInInstance O | TotalNumberOfStudyRecords O | InventoryPurpose O
        InventoryInstanceDescription O | TransactionUID O
        IncorporatedInventoryInstanceSequence O | Manufacturer O | InstitutionName O""",
}


def _keys(text: str) -> tuple[Attribute, ...]:
    rows = f"{_COMMON}\n{text}".replace("|", "\n").split("\n")
    return tuple(attributes.attribute(row, "IMAGE") for row in rows if row.strip())


MODELS: Mapping[str, tuple[Attribute, ...]] = {name: _keys(rows) for name, rows in _MODELS.items()}
"""The keys of each model, by its root in the catalogue."""

BY_TAG: Mapping[int, Attribute] = {each.tag: each for keys in MODELS.values() for each in keys}
KEPT: tuple[Attribute, ...] = tuple(BY_TAG.values())
"""What is kept of an object, whatever its model."""

# The tags the scanner keeps of every object it sees.
WANTED: frozenset[int] = frozenset(
    {
        SPECIFIC_CHARACTER_SET,
        *(each.tag for each in attributes.ATTRIBUTES if not each.computed),
        *BY_TAG,
    }
)
