"""Whose a document is: the attributes of patient, study and clinical trial, PS3.3 C.7.1, C.7.2.

They are taken as they are from another object, whatever its class.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Final

from pydicom import Dataset

from iod.errors import Unwrappable
from iod.reading.values import bare

PATIENT: Final = """
    PatientName PatientID IssuerOfPatientID TypeOfPatientID IssuerOfPatientIDQualifiersSequence
    SourcePatientGroupIdentificationSequence GroupOfPatientsIdentificationSequence PatientBirthDate
    PatientBirthTime PatientBirthDateInAlternativeCalendar PatientDeathDateInAlternativeCalendar
    PatientAlternativeCalendar PatientSex QualityControlSubject StrainDescription StrainNomenclature
    StrainStockSequence StrainAdditionalInformation StrainCodeSequence GeneticModificationsSequence
    OtherPatientNames OtherPatientIDsSequence ReferencedPatientPhotoSequence EthnicGroupCodeSequence
    PatientSpeciesDescription PatientSpeciesCodeSequence PatientBreedDescription
    PatientBreedCodeSequence BreedRegistrationSequence ResponsiblePerson ResponsiblePersonRole
    ResponsibleOrganization PatientComments PatientIdentityRemoved DeidentificationMethod
    DeidentificationMethodCodeSequence ClinicalTrialSponsorName ClinicalTrialProtocolID
    ClinicalTrialProtocolName IssuerOfClinicalTrialProtocolID OtherClinicalTrialProtocolIDsSequence
    ClinicalTrialSiteID ClinicalTrialSiteName IssuerOfClinicalTrialSiteID ClinicalTrialSubjectID
    IssuerOfClinicalTrialSubjectID ClinicalTrialSubjectReadingID
    IssuerOfClinicalTrialSubjectReadingID ClinicalTrialProtocolEthicsCommitteeName
    ClinicalTrialProtocolEthicsCommitteeApprovalNumber
"""
STUDY: Final = """
    StudyInstanceUID StudyDate StudyTime AccessionNumber IssuerOfAccessionNumberSequence
    ReferringPhysicianName ReferringPhysicianIdentificationSequence ConsultingPhysicianName
    ConsultingPhysicianIdentificationSequence StudyDescription ProcedureCodeSequence
    PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence NameOfPhysiciansReadingStudy
    PhysiciansReadingStudyIdentificationSequence ReferencedStudySequence StudyID RequestingService
    RequestingServiceCodeSequence ReasonForPerformedProcedureCodeSequence
    AdmittingDiagnosesDescription AdmittingDiagnosesCodeSequence PatientAge PatientSize
    PatientSizeCodeSequence
    PatientBodyMassIndex MeasuredAPDimension MeasuredLateralDimension PatientWeight MedicalAlerts
    Allergies Occupation SmokingStatus AdditionalPatientHistory PregnancyStatus LastMenstrualDate
    PatientSexNeutered ReasonForVisit ReasonForVisitCodeSequence AdmissionID
    IssuerOfAdmissionIDSequence ServiceEpisodeID ServiceEpisodeDescription
    IssuerOfServiceEpisodeIDSequence PatientState ClinicalTrialTimePointID
    ClinicalTrialTimePointDescription LongitudinalTemporalOffsetFromEvent
    LongitudinalTemporalEventType ClinicalTrialTimePointTypeCodeSequence
    IssuerOfClinicalTrialTimePointID ConsentForClinicalTrialUseSequence
"""
# Type 2 in these modules: there, with or without a value.
_PATIENT_EMPTY: Final = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_STUDY_EMPTY: Final = (
    "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyID",
)  # fmt: skip


def of(source: Dataset, new_study: str = "") -> Dataset:
    """The patient and study of an object; `new_study` is the UID of another study of the patient.

    Raises Unwrappable.
    """
    if not (bare(source, "PatientID") or bare(source, "PatientName")):
        raise Unwrappable("it names no patient")
    made = Dataset()
    _take(made, source, PATIENT.split(), _PATIENT_EMPTY)
    if new_study:
        made.StudyInstanceUID = new_study
        _take(made, Dataset(), [], _STUDY_EMPTY)
    elif not bare(source, "StudyInstanceUID"):
        raise Unwrappable("it belongs to no study")
    else:
        _take(made, source, STUDY.split(), _STUDY_EMPTY)
    return made


def take(made: Dataset, source: Dataset, keywords: Iterable[str]) -> None:
    """Copy these attributes, as far as they are there. Raises Unwrappable."""
    for keyword in keywords:
        if keyword in source:
            try:
                element = deepcopy(source[keyword])
            except Exception as error:  # noqa: BLE001 - pydicom raises whatever its converters do
                raise Unwrappable(f"its {keyword} is damaged ({type(error).__name__})") from None
            made[element.tag] = element


def _take(made: Dataset, source: Dataset, keywords: list[str], needed: tuple[str, ...]) -> None:
    take(made, source, keywords)
    for keyword in needed:
        if keyword not in made:
            setattr(made, keyword, None)


def differ(one: Dataset, other: Dataset) -> bool:
    """Whether two objects are of different patients, by id and issuer."""
    keys = ("PatientID", "IssuerOfPatientID")
    return any(bare(one, key) != bare(other, key) for key in keys)
