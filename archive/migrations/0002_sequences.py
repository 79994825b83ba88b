"""Sequences, sounds of names, and further keys, with `term`: what the items of sequences hold."""

from __future__ import annotations

from typing import Any

from peewee import BigIntegerField, CompositeKey, Database, Model, SqliteDatabase, TextField

PATIENT = """
PatientName_sound OtherPatientNames_sound OtherPatientIDsSequence
"""
STUDY = """
ReferringPhysicianName_sound NameOfPhysiciansReadingStudy_sound PhysiciansOfRecord
PhysiciansOfRecord_match PhysiciansOfRecord_more PhysiciansOfRecord_sound OtherStudyNumbers
OtherStudyNumbers_match OtherStudyNumbers_more IssuerOfAccessionNumberSequence
ProcedureCodeSequence ReferencedStudySequence AdmittingDiagnosesCodeSequence
"""
SERIES = """
OperatorsName_sound PerformingPhysicianName_sound FrameOfReferenceUID PatientPosition
RequestAttributesSequence PerformedProtocolCodeSequence SeriesDescriptionCodeSequence
ReferencedPerformedProcedureStepSequence InstitutionCodeSequence AnatomicRegionSequence
"""
INSTANCE = """
RelatedGeneralSOPClassUID RelatedGeneralSOPClassUID_match RelatedGeneralSOPClassUID_more
ConceptNameCodeSequence ContentTemplateSequence SpecimenDescriptionSequence ViewCodeSequence
"""

ADDED = {
    "patient": PATIENT,
    "study": f"{STUDY} {PATIENT}",  # a study carries its patient's columns
    "series": SERIES,
    "instance": INSTANCE,
}


def _column(name: str) -> str:
    # Constant defaults: neither SQLite nor PostgreSQL rewrites a row for them.
    return f'"{name}" TEXT' if name.endswith("_more") else f"\"{name}\" TEXT NOT NULL DEFAULT ''"


def _term(db: Database) -> Any:
    meta = {
        "database": db,
        "table_name": "term",
        "primary_key": CompositeKey("home", "path", "form", "owner"),
        "without_rowid": isinstance(db, SqliteDatabase),
        "indexes": ((("home", "owner"), False),),
    }
    texts = {name: TextField() for name in ("home", "path", "form")}
    fields = {**texts, "owner": BigIntegerField(), "Meta": type("Meta", (), meta)}
    return type("Term", (Model,), fields)


def up(migrator: object, db: Database) -> None:
    """Add the columns, which `anode reindex` fills for rows that are there, and `term`."""
    for table, columns in ADDED.items():
        for name in columns.split():
            db.execute_sql(  # type: ignore[no-untyped-call]
                f"ALTER TABLE {table} ADD COLUMN {_column(name)}"
            )
    db.create_tables([_term(db)])
    for table in ("patient", "study"):  # `term` finds the further groups of names
        db.execute_sql(f'DROP INDEX "{table}_PatientName_more"')  # type: ignore[no-untyped-call]
