"""What is told of procedure protocols and their approvals: PS3.3 C.34, C.35.

Law: a parameter of a defined protocol is an attribute, a constraint and its values (C.34.10); it is
named as the object names it, and its value stands in whichever attribute fits its VR.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pydicom import Dataset, uid
from pydicom.datadict import keyword_for_tag

from iod.reading.sections import Listing, Outline, Section, table
from iod.reading.values import coded, items, joined, text, title, value

_CONTEXT: Final = (
    "ProtocolName ContentCreatorName InstanceCreationDate InstanceCreationTime"
    " ResponsibleGroupCodeSequence CustodialOrganizationSequence.InstitutionName"
    " PotentialScheduledProtocolCodeSequence PotentialRequestedProcedureCodeSequence"
    " PotentialReasonsForProcedure PotentialReasonsForProcedureCodeSequence"
    " PotentialDiagnosticTasks ContraindicationsCodeSequence ProtocolPlanningInformation"
    " ProtocolDesignRationale PredecessorProtocolSequence ClinicalTrialSponsorName"
    " ClinicalTrialProtocolID EquipmentModality ProtocolDefinedPatientPosition"
    " AnatomicRegionSequence PrimaryAnatomicStructureSequence"
)
_PERFORMED: Final = (
    f"{_CONTEXT} ReferencedDefinedProtocolSequence ReferencedPerformedProtocolSequence"
)
_ELEMENT: Final = "ProtocolElementNumber ProtocolElementName ProtocolElementPurpose"
_MODELS: Final = Listing(
    "For equipment",
    "ModelSpecificationSequence",
    "Manufacturer ManufacturerRelatedModelGroup ManufacturerModelName SoftwareVersions"
    " DeviceSerialNumber",
)
_STEPS: Final = Listing(
    "Instructions",
    "InstructionSequence",
    "InstructionIndex InstructionText InstructionDescription InstructionPerformedFlag"
    " InstructionPerformedDateTime",
)
_SPECIFIED: Final = (
    ("Acquisition", "AcquisitionProtocolElementSpecificationSequence"),
    ("Reconstruction", "ReconstructionProtocolElementSpecificationSequence"),
    ("Storage", "StorageProtocolElementSpecificationSequence"),
)


def _specified(dataset: Dataset) -> Iterator[Section]:
    """The elements of a defined protocol, each with its parameters."""
    who = items(dataset, "PatientSpecificationSequence")
    if who:
        yield _parameters("Patients it is for", [("", each) for each in who])
    for name, sequence in _SPECIFIED:
        elements = items(dataset, sequence)
        if elements:
            pairs = [(_element(each), each) for each in elements]
            below = "ParametersSpecificationSequence"
            yield table(
                f"{name} elements",
                ["No.", "Element", "Parameters"],
                ((*each, text(element, f"#{below}")) for each, element in pairs),
            )
            yield _parameters(
                f"{name} parameters",
                [("/".join(each), one) for each, above in pairs for one in items(above, below)],
            )


def _element(one: Dataset) -> tuple[str, str]:
    return text(one, "ProtocolElementNumber"), text(one, "ProtocolElementName")


def _parameters(heading: str, found: list[tuple[str, Dataset]]) -> Section:
    headings = ["Element", "Parameter", "Constraint", "Value", "Default", "Unit", "When violated"]
    return table(heading, headings, (_parameter(element, one) for element, one in found))


def _parameter(element: str, one: Dataset) -> Iterator[str]:
    yield element.rstrip("/")
    yield parameter_name(one)
    yield text(one, "ConstraintType")
    yield joined([_value(each) for each in items(one, "ConstraintValueSequence")])
    yield joined([_value(each) for each in items(one, "RecommendedDefaultValueSequence")])
    unit = coded(one, "MeasurementUnitsCodeSequence")
    yield unit.value if unit else ""
    yield text(one, "ConstraintViolationSignificance")


def parameter_name(one: Dataset) -> str:
    """What attribute is meant: named by the object, or else by the dictionary."""
    told = text(one, "SelectorAttributeName")
    if told:
        return told
    tag = value(one, "SelectorAttribute")
    keyword = keyword_for_tag(tag) if isinstance(tag, int) else ""
    return title(keyword) if keyword else text(one, "SelectorAttribute")


def _value(item: Dataset) -> str:
    """The value in the one attribute of all the Selector...Value that is there."""
    names = (keyword_for_tag(tag) for tag in item.keys())  # noqa: SIM118 - iterating it decodes
    found = (text(item, name) for name in names if name.startswith("Selector"))
    return next(filter(None, found), "")


_ACQUIRED: Final = Listing(
    "Acquisition elements",
    "AcquisitionProtocolElementSequence",
    f"{_ELEMENT} AcquisitionType AcquisitionMotion kV=CTXRayDetailsSequence.KVP"
    " mA=CTXRayDetailsSequence.XRayTubeCurrentInmA ms=CTXRayDetailsSequence.ExposureTimeInms"
    " mAs=CTXRayDetailsSequence.ExposureInmAs"
    " Modulation=CTXRayDetailsSequence.ExposureModulationType RevolutionTime"
    " TotalCollimationWidth SpiralPitchFactor TableFeedPerRotation GantryDetectorTilt CTDIvol"
    " CTDIvolNotificationTrigger DLPNotificationTrigger"
    " Start=AcquisitionStartLocationSequence.ReferenceLocationLabel"
    " End=AcquisitionEndLocationSequence.ReferenceLocationLabel",
)
_RECONSTRUCTED: Final = Listing(
    "Reconstruction elements",
    "ReconstructionProtocolElementSequence",
    f"{_ELEMENT} SourceAcquisitionProtocolElementNumber"
    " Algorithm=ReconstructionAlgorithmSequence.AlgorithmName"
    " ConvolutionKernel ConvolutionKernelGroup SliceThickness SpacingBetweenSlices"
    " ReconstructionDiameter ReconstructionFieldOfView Rows Columns",
)
_STORED: Final = Listing(
    "Storage elements",
    "StorageProtocolElementSequence",
    f"{_ELEMENT} SourceReconstructionProtocolElementNumber RequestedSeriesDescription"
    " Destination=StationAETitle",
)
_APPROVAL: Final = Outline(
    "InstanceCreationDate InstanceCreationTime Manufacturer ManufacturerModelName",
    (
        Listing("Of", "ApprovalSubjectSequence", "ReferencedSOPClassUID ReferencedSOPInstanceUID"),
        Listing(
            "Assertions",
            "ApprovalSequence",
            "AssertionCodeSequence AssertionDateTime AssertionExpirationDateTime"
            " By=AsserterIdentificationSequence.PersonName"
            " Device=AsserterIdentificationSequence.ManufacturerModelName"
            " Role=AsserterIdentificationSequence.OrganizationalRoleCodeSequence"
            " Institution=AsserterIdentificationSequence.InstitutionName AssertionComments"
            " AssertionUID Related=RelatedAssertionSequence.ReferencedAssertionUID",
        ),
    ),
)

OUTLINES: Final[Mapping[str, Outline]] = {
    **dict.fromkeys(
        (uid.CTDefinedProcedureProtocolStorage, uid.XADefinedProcedureProtocolStorage),
        Outline(_CONTEXT, (_MODELS, _STEPS), more=_specified),
    ),
    **dict.fromkeys(
        (uid.CTPerformedProcedureProtocolStorage, uid.XAPerformedProcedureProtocolStorage),
        Outline(_PERFORMED, (_STEPS, _ACQUIRED, _RECONSTRUCTED, _STORED)),
    ),
    uid.ProtocolApprovalStorage: _APPROVAL,
}
