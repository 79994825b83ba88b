"""What we know of an object: one row per attribute, PS3.4 C.6.1, C.6.2 and C.3.4.

Law: columns, extraction, identifier checks, matching and return keys all follow from this table.
A new key is one row here and one migration that adds its columns; `anode reindex` fills old rows.

A row's level is the highest one at which the attribute is known: keys of a level are answered at
that level and at every level below it. Its key type is PS3.4's: U unique, R required, O optional.
A sequence is a row like others; what is known of its items stands in `_ITEMS`.
Tag, value representation and multiplicity come from the data dictionary, never from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydicom.datadict import dictionary_VM, dictionary_VR, tag_for_keyword

Level = Literal["PATIENT", "STUDY", "SERIES", "IMAGE"]
KeyType = Literal["U", "R", "O"]

LEVELS: tuple[Level, ...] = ("PATIENT", "STUDY", "SERIES", "IMAGE")

SPECIFIC_CHARACTER_SET = 0x00080005
QUERY_RETRIEVE_LEVEL = 0x00080052

# VRs whose values compare by meaning and not by their text (PS3.4 C.2.2.2.1).
BY_MEANING = frozenset({"PN", "DA", "TM", "DT", "IS", "DS"})


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute, and what the index does with it."""

    keyword: str
    level: Level
    key: KeyType
    tag: int
    vr: str
    many: bool  # the value multiplicity allows several values: any of them matches
    computed: bool  # answered by a subquery or a constant, not from a column of its own
    matched: bool  # False: returned, but a value in the request is not a key
    items: tuple[Attribute, ...] = ()  # of a sequence: what is known of its items, by tag

    @property
    def has_forms(self) -> bool:
        """Beside the text a column holds what matching compares."""
        return self.vr in BY_MEANING or self.many

    @property
    def has_more(self) -> bool:
        """One value may offer several things to compare: values, component groups of a name."""
        return self.vr == "PN" or self.many

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of this attribute: its text, the form compared, further ones as JSON, sounds."""
        if self.computed:
            return ()
        forms = (f"{self.keyword}_match",) if self.has_forms else ()
        more = (f"{self.keyword}_more",) if self.has_more else ()
        sound = (f"{self.keyword}_sound",) if self.vr == "PN" else ()
        return (self.keyword, *forms, *more, *sound)


_PATIENT = """
PatientID U | PatientName R | IssuerOfPatientID O | PatientBirthDate O | PatientBirthTime O
PatientSex O | OtherPatientNames O | EthnicGroup O | PatientComments O
OtherPatientIDsSequence O | SpecificCharacterSet O
"""
_STUDY = """
StudyInstanceUID U | StudyDate R | StudyTime R | AccessionNumber R | StudyID R
ReferringPhysicianName O | StudyDescription O | NameOfPhysiciansReadingStudy O
AdmittingDiagnosesDescription O | PatientAge O | PatientSize O | PatientWeight O | Occupation O
AdditionalPatientHistory O | TimezoneOffsetFromUTC O | PhysiciansOfRecord O | OtherStudyNumbers O
IssuerOfAccessionNumberSequence O | ProcedureCodeSequence O | ReferencedStudySequence O
AdmittingDiagnosesCodeSequence O
"""
_SERIES = """
SeriesInstanceUID U | Modality R | SeriesNumber R | SeriesDescription O | SeriesDate O
SeriesTime O | BodyPartExamined O | Laterality O | ProtocolName O | StationName O
Manufacturer O | ManufacturerModelName O | InstitutionName O | InstitutionalDepartmentName O
PerformedProcedureStepStartDate O | PerformedProcedureStepStartTime O
PerformedProcedureStepID O | PerformedProcedureStepDescription O
OperatorsName O | PerformingPhysicianName O | FrameOfReferenceUID O | PatientPosition O
RequestAttributesSequence O | PerformedProtocolCodeSequence O | SeriesDescriptionCodeSequence O
ReferencedPerformedProcedureStepSequence O | InstitutionCodeSequence O | AnatomicRegionSequence O
"""
_IMAGE = """
SOPInstanceUID U | InstanceNumber R | SOPClassUID O | ContentDate O | ContentTime O
AcquisitionDate O | AcquisitionTime O | AcquisitionDateTime O | AcquisitionNumber O
InstanceCreationDate O | InstanceCreationTime O | ImageType O | Rows O | Columns O
BitsAllocated O | NumberOfFrames O | ContentLabel O | ContentDescription O
ContainerIdentifier O | CompletionFlag O | VerificationFlag O | DocumentTitle O
RelatedGeneralSOPClassUID O | ConceptNameCodeSequence O | ContentTemplateSequence O
SpecimenDescriptionSequence O | ViewCodeSequence O | ImageLaterality O
MultienergyCTAcquisition O | MultienergyCTCharacteristicsSequence O
UserContentLabel O | UserContentLongLabel O | RTRadiationSetIntent O
TreatmentDeviceIdentificationSequence O | MIMETypeOfEncapsulatedDocument O
AssessmentSummary O | AssessmentLabel O | AssessmentTypeCodeSequence O
AssessedSOPInstanceSequence O | SharedFunctionalGroupsSequence O
"""

# What is known of a sequence's items, optional where no ":R" says that a model demands it.
# A code's items (PS3.3 8.8) need no row here.
_CODE = """CodeValue CodingSchemeDesignator CodingSchemeVersion CodeMeaning LongCodeValue
    URNCodeValue ContextIdentifier MappingResource"""
CODE: frozenset[str] = frozenset(_CODE.split())
_ISSUER = "LocalNamespaceEntityID UniversalEntityID UniversalEntityIDType"
_REFERENCE = "ReferencedSOPClassUID ReferencedSOPInstanceUID"
_ITEMS: Mapping[str, str] = {
    "OtherPatientIDsSequence": """PatientID IssuerOfPatientID TypeOfPatientID
        IssuerOfPatientIDQualifiersSequence""",
    "IssuerOfPatientIDQualifiersSequence": """UniversalEntityID UniversalEntityIDType
        IdentifierTypeCode AssigningFacilitySequence AssigningJurisdictionCodeSequence""",
    "AssigningFacilitySequence": _ISSUER,
    "IssuerOfAccessionNumberSequence": _ISSUER,
    "IssuerOfTheSpecimenIdentifierSequence": _ISSUER,
    "ReferencedStudySequence": _REFERENCE,
    "ReferencedPerformedProcedureStepSequence": _REFERENCE,
    "RequestAttributesSequence": """RequestedProcedureID ScheduledProcedureStepID AccessionNumber
        StudyInstanceUID IssuerOfAccessionNumberSequence RequestedProcedureDescription
        RequestedProcedureCodeSequence ReasonForTheRequestedProcedure
        ReasonForRequestedProcedureCodeSequence ScheduledProcedureStepDescription
        ScheduledProtocolCodeSequence""",
    "AnatomicRegionSequence": f"{_CODE} AnatomicRegionModifierSequence",
    "AnatomicRegionsInStudyCodeSequence": f"{_CODE} AnatomicRegionModifierSequence",
    "AnatomicRegionModifierSequence": _CODE,
    "ViewCodeSequence": f"{_CODE} ViewModifierCodeSequence",
    "ContentTemplateSequence": "MappingResource TemplateIdentifier MappingResourceUID",
    "SpecimenDescriptionSequence": """SpecimenIdentifier SpecimenUID SpecimenShortDescription
        IssuerOfTheSpecimenIdentifierSequence SpecimenTypeCodeSequence
        PrimaryAnatomicStructureSequence""",
    "PrimaryAnatomicStructureSequence": _CODE,
    "AlternateRepresentationSequence": _REFERENCE,
    "ReferencedSOPSequence": _REFERENCE,  # whatever it refers to: archive/references.py
    "MultienergyCTCharacteristicsSequence": "MonoenergeticEnergyEquivalent",
    # What holds for all frames of an enhanced image; what each frame has is not known.
    "SharedFunctionalGroupsSequence": "MultienergyCTCharacteristicsSequence FrameAnatomySequence",
    "FrameAnatomySequence": "FrameLaterality AnatomicRegionSequence",
    "TreatmentDeviceIdentificationSequence": """DeviceLabel DeviceTypeCodeSequence Manufacturer
        ManufacturerModelName DeviceSerialNumber SoftwareVersions DeviceAlternateIdentifier
        InstitutionName InstitutionalDepartmentName""",
    "AssessedSOPInstanceSequence": _REFERENCE,
    # Of objects that belong to no patient, PS3.4 HH.6, II.6, U.6, X.6, BB.6
    "CustodialOrganizationSequence": "InstitutionName:R InstitutionCodeSequence:R",
    "ModelSpecificationSequence": """Manufacturer:R ManufacturerRelatedModelGroup:R
        ManufacturerModelName:R SoftwareVersions:R DeviceSerialNumber""",
    # Where and in which trial it holds (the last two) says the IOD alone, PS3.3 C.34.15
    "ApprovalSequence": """AssertionCodeSequence:R AssertionUID AsserterIdentificationSequence:R
        AssertionDateTime:R AssertionExpirationDateTime:R AssertionComments
        RelatedAssertionSequence InstitutionCodeSequence ClinicalTrialProtocolID""",
    "AsserterIdentificationSequence": """ObserverType PersonName:R
        PersonIdentificationCodeSequence:R OrganizationalRoleCodeSequence:R StationName DeviceUID
        Manufacturer ManufacturerModelName StationAETitle InstitutionName:R
        InstitutionCodeSequence:R InstitutionalDepartmentName
        InstitutionalDepartmentTypeCodeSequence""",
    "RelatedAssertionSequence": "ReferencedAssertionUID",
    "HangingProtocolDefinitionSequence": """Modality:R Laterality:R AnatomicRegionSequence:R
        ProcedureCodeSequence:R ReasonForRequestedProcedureCodeSequence:R""",
    "NominalScreenDefinitionSequence": """NumberOfVerticalPixels NumberOfHorizontalPixels
        DisplayEnvironmentSpatialPosition ScreenMinimumGrayscaleBitDepth
        ScreenMinimumColorBitDepth ApplicationMaximumRepaintTime""",
    "AlternateContentDescriptionSequence": "ContentDescription LanguageCodeSequence",
    "ImplantTargetAnatomySequence": "AnatomicRegionSequence:R",
    "SourceHangingProtocolSequence": _REFERENCE,
    "IncorporatedInventoryInstanceSequence": _REFERENCE,
    **dict.fromkeys(
        (
            *("PredecessorProtocolSequence", "ApprovalSubjectSequence"),
            *("ReplacedImplantTemplateSequence", "DerivationImplantTemplateSequence"),
            *("OriginalImplantTemplateSequence", "ReplacedImplantAssemblyTemplateSequence"),
            *("OriginalImplantAssemblyTemplateSequence", "ReplacedImplantTemplateGroupSequence"),
            "DerivationImplantAssemblyTemplateSequence",
        ),
        "ReferencedSOPClassUID:R ReferencedSOPInstanceUID:R",
    ),
}

# Computed keys stand at the level from which they can be told.
_COMPUTED: Mapping[Level, str] = {
    "PATIENT": """InstanceAvailability O | RecordKey O | NumberOfPatientRelatedStudies O
        NumberOfPatientRelatedSeries O | NumberOfPatientRelatedInstances O""",
    "STUDY": """ModalitiesInStudy O | SOPClassesInStudy O
        NumberOfStudyRelatedSeries O | NumberOfStudyRelatedInstances O
        AnatomicRegionsInStudyCodeSequence O""",
    "SERIES": "NumberOfSeriesRelatedInstances O",
    "IMAGE": """AvailableTransferSyntaxUID O | AlternateRepresentationSequence O
        ReferencedSOPSequence O""",
}

_STORED: Mapping[Level, str] = {
    "PATIENT": _PATIENT,
    "STUDY": _STUDY,
    "SERIES": _SERIES,
    "IMAGE": _IMAGE,
}

# The set says how values are written (PS3.4 C.4.1.1.3.1). Kept is that of the first object of the
# patient and of the study: who names none may be answered in it.
# The offset says how the request's times are meant, it is not a key (PS3.4 C.4.1.1.3);
# availability is always ONLINE here and only told; of other representations there are none.
_NOT_MATCHED = frozenset(
    {
        *("SpecificCharacterSet", "TimezoneOffsetFromUTC", "InstanceAvailability"),
        "AlternateRepresentationSequence",
        "RecordKey",  # a return key of the Repository Query, PS3.4 C.6.4
    }
)


def attribute(row: str, level: Level, *, computed: bool = False) -> Attribute:
    """What a row of a table of keys says, as "PatientName R"."""
    keyword, key = row.split()
    tag = tag_for_keyword(keyword)
    if tag is None or key not in ("U", "R", "O"):
        raise ValueError(f"attribute table: {row!r} is not 'Keyword U|R|O'")
    return Attribute(
        keyword=keyword,
        level=level,
        key=key,  # type: ignore[arg-type]  # checked above
        tag=int(tag),
        vr=dictionary_VR(tag),
        many=dictionary_VM(tag) != "1",
        computed=computed,
        matched=keyword not in _NOT_MATCHED,
        items=_items(keyword, level) if dictionary_VR(tag) == "SQ" else (),
    )


def _items(sequence: str, level: Level) -> tuple[Attribute, ...]:
    rows = [word.partition(":") for word in _ITEMS.get(sequence, _CODE).split()]
    known = (attribute(f"{keyword} {key or 'O'}", level) for keyword, _, key in rows)
    return tuple(sorted(known, key=lambda each: each.tag))


def _rows(table: Mapping[Level, str], *, computed: bool) -> Iterator[Attribute]:
    for level, text in table.items():
        for row in text.replace("|", "\n").split("\n"):
            if row.strip():
                yield attribute(row, level, computed=computed)


ATTRIBUTES: tuple[Attribute, ...] = (
    *_rows(_STORED, computed=False),
    *_rows(_COMPUTED, computed=True),
)
BY_TAG: Mapping[int, Attribute] = {each.tag: each for each in ATTRIBUTES}
BY_KEYWORD: Mapping[str, Attribute] = {each.keyword: each for each in ATTRIBUTES}

# Dates and the times of these dates: one moment together (PS3.4 C.2.2.2.5).
PAIRS: tuple[tuple[Attribute, Attribute], ...] = tuple(
    (each, BY_KEYWORD[each.keyword.replace("Date", "Time")])
    for each in ATTRIBUTES
    if each.vr == "DA" and each.keyword.replace("Date", "Time") in BY_KEYWORD
)

STORED: Mapping[Level, tuple[Attribute, ...]] = {
    level: tuple(a for a in ATTRIBUTES if a.level == level and not a.computed) for level in LEVELS
}
UNIQUE: Mapping[Level, Attribute] = {each.level: each for each in ATTRIBUTES if each.key == "U"}


def rank(level: str) -> int:
    """Where a level stands, PATIENT 0 to IMAGE 3."""
    return LEVELS.index(level)
