"""The first schema: patient, study, series, instance. A frozen copy, apart from the models."""

from __future__ import annotations

from typing import Any

from peewee import (
    AutoField,
    BigIntegerField,
    BooleanField,
    Database,
    ForeignKeyField,
    Model,
    SqliteDatabase,
    TextField,
)
from playhouse.sqlite_ext import AutoIncrementField  # type: ignore[import-untyped]

PATIENT = """
PatientID PatientName PatientName_match PatientName_more IssuerOfPatientID PatientBirthDate
PatientBirthDate_match PatientBirthTime PatientBirthTime_match PatientSex OtherPatientNames
OtherPatientNames_match OtherPatientNames_more EthnicGroup PatientComments
"""
STUDY = """
StudyInstanceUID StudyDate StudyDate_match StudyTime StudyTime_match AccessionNumber StudyID
ReferringPhysicianName ReferringPhysicianName_match ReferringPhysicianName_more StudyDescription
NameOfPhysiciansReadingStudy NameOfPhysiciansReadingStudy_match NameOfPhysiciansReadingStudy_more
AdmittingDiagnosesDescription AdmittingDiagnosesDescription_match
AdmittingDiagnosesDescription_more PatientAge PatientSize PatientSize_match PatientWeight
PatientWeight_match Occupation AdditionalPatientHistory TimezoneOffsetFromUTC
"""
SERIES = """
SeriesInstanceUID Modality SeriesNumber SeriesNumber_match SeriesDescription SeriesDate
SeriesDate_match SeriesTime SeriesTime_match BodyPartExamined Laterality ProtocolName StationName
Manufacturer ManufacturerModelName InstitutionName InstitutionalDepartmentName
PerformedProcedureStepStartDate PerformedProcedureStepStartDate_match
PerformedProcedureStepStartTime PerformedProcedureStepStartTime_match PerformedProcedureStepID
PerformedProcedureStepDescription OperatorsName OperatorsName_match OperatorsName_more
PerformingPhysicianName PerformingPhysicianName_match PerformingPhysicianName_more
"""
INSTANCE = """
SOPInstanceUID InstanceNumber InstanceNumber_match SOPClassUID ContentDate ContentDate_match
ContentTime ContentTime_match AcquisitionDate AcquisitionDate_match AcquisitionTime
AcquisitionTime_match AcquisitionDateTime AcquisitionDateTime_match AcquisitionNumber
AcquisitionNumber_match InstanceCreationDate InstanceCreationDate_match InstanceCreationTime
InstanceCreationTime_match ImageType ImageType_match ImageType_more Rows Columns BitsAllocated
NumberOfFrames NumberOfFrames_match ContentLabel ContentDescription ContainerIdentifier
CompletionFlag VerificationFlag DocumentTitle
"""

# Column or columns, unique?
INDEXES: dict[str, tuple[tuple[tuple[str, ...], bool], ...]] = {
    "patient": (
        (("identity",), True),
        (("PatientID",), False),
        (("PatientName_match",), False),
        (("PatientName_more",), False),
    ),
    "study": (
        (("patient", "StudyInstanceUID"), True),
        (("StudyInstanceUID",), False),
        (("PatientID",), False),
        (("PatientName_match",), False),
        (("PatientName_more",), False),
        (("StudyDate_match",), False),
        (("AccessionNumber",), False),
    ),
    "series": (
        (("study", "SeriesInstanceUID"), True),
        (("SeriesInstanceUID",), False),
        (("Modality",), False),
    ),
    "instance": ((("SOPInstanceUID",), True), (("series", "SOPClassUID"), False)),
}


def _text(columns: str) -> dict[str, Any]:
    return {
        column: TextField(null=True) if column.endswith("_more") else TextField(default="")
        for column in columns.split()
    }


def _table(db: Database, name: str, fields: dict[str, Any]) -> Any:
    # Identifiers are never used twice: another process may still hold one of a deleted row.
    key = AutoIncrementField() if isinstance(db, SqliteDatabase) else AutoField()
    meta = type("Meta", (), {"database": db, "table_name": name, "indexes": INDEXES[name]})
    return type(name.title(), (Model,), {"id": key, **fields, "Meta": meta})


def up(migrator: object, db: Database) -> None:
    """Create the four tables."""
    patient = _table(db, "patient", {"identity": TextField(), **_text(PATIENT)})
    above = {"patient": ForeignKeyField(patient, index=False)}
    study = _table(db, "study", {**above, **_text(STUDY), **_text(PATIENT)})
    above = {"study": ForeignKeyField(study, index=False)}
    series = _table(db, "series", {**above, **_text(SERIES)})
    instance = _table(
        db,
        "instance",
        {
            "series": ForeignKeyField(series, index=False, null=True),
            **_text(INSTANCE),
            "transfer_syntax_uid": TextField(),
            "path": TextField(),
            "offset": BigIntegerField(),
            "size": BigIntegerField(),
            "sha256": TextField(),
            "received": TextField(),
            "source_ae": TextField(default=""),
            "odd_character_set": BooleanField(default=False),
        },
    )
    db.create_tables([patient, study, series, instance])
