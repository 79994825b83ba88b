"""Broken twins of samples: several energies, displays, implants, inventories, documents."""

from __future__ import annotations

from tests.broken import Twin, bad_code, changed, empty, gone, now

_PALETTE = "DisplaySetsSequence[1].PseudoColorPaletteInstanceReferenceSequence[1]"
_MEMBER = "ImplantTemplateGroupMembersSequence[1]"
_SERIES = "InventoriedStudiesSequence[1]"
_PATH = "MultienergyCTAcquisitionSequence[1].MultienergyCTPathSequence[2]"

TWINS = (
    Twin("multi-energy/iodine", gone("MultienergyCTAcquisitionSequence"), "multi-energy.flag"),
    Twin("multi-energy/iodine", now("MultienergyCTAcquisition", "NO"), "multi-energy.flag"),
    Twin("multi-energy/iodine", now(f"{_PATH}.ReferencedXRaySourceIndex", 9), "number.unknown"),
    Twin("multi-energy/monoenergetic", now("Rows", 3), "pixel.size", "PixelData"),
    Twin("multi-energy/80-kv-1", gone("ImagePositionPatient"), "type1.missing"),
    Twin(
        "multi-energy/iodine-enhanced",
        gone("SharedFunctionalGroupsSequence[1].RealWorldValueMappingSequence"),
        "multi-energy.units",
        "RealWorldValueMappingSequence",
    ),
    bad_code("multi-energy/iodine", "SourceImageSequence[1].PurposeOfReferenceCodeSequence[1]"),
    Twin("displays/palette", gone("ContentLabel"), "type1.missing"),
    Twin("displays/palette", empty("ICCProfile"), "type1.empty"),
    Twin("displays/hanging-protocol", now("HangingProtocolLevel", "WARD"), "value.enumerated"),
    Twin("displays/hanging-protocol", gone("DisplaySetsSequence"), "type1.missing"),
    Twin(
        "displays/hanging-protocol",
        now("DisplaySetsSequence[1].ImageSetNumber", 9),
        "number.unknown",
    ),
    Twin("implants/head-32", gone("ImplantPartNumber"), "type1.missing"),
    Twin(
        "implants/head-32",
        gone("MaterialsCodeSequence[1].CodingSchemeDesignator"),
        "code.scheme",
    ),
    Twin("implants/stem-10", empty("ImplantName"), "type1.empty"),
    Twin("implants/assembly", gone("ComponentTypesSequence"), "type1.missing"),
    Twin("implants/group", gone("EffectiveDateTime"), "type1.missing"),
    Twin("inventory/inventory", gone("InventoryLevel"), "type1.missing"),
    Twin("inventory/inventory", empty("InventoryCompletionStatus"), "type1.empty"),
    Twin("inventory/inventory", now("TotalNumberOfStudyRecords", None), "type1.empty"),
    Twin("inventory/inventory", gone("ContentTime"), "type1.missing"),
    Twin("inventory/image-1", now("Columns", 1), "pixel.size", "PixelData"),
    Twin(
        "clinical-document/report",
        now("MIMETypeOfEncapsulatedDocument", "text/plain"),
        "document.mime",
    ),
    Twin(
        "clinical-document/report",
        changed("EncapsulatedDocument", lambda _: b"<html><body>no report</body></html> "),
        "document.content",
    ),
    Twin("clinical-document/report", now("EncapsulatedDocumentLength", 12), "document.length"),
    Twin("clinical-document/report", empty("BurnedInAnnotation"), "type1.empty"),
    Twin(
        "clinical-document/report", gone("ConceptNameCodeSequence[1].CodeMeaning"), "code.meaning"
    ),
)
