"""What is known of objects that belong to no patient, and further keys of instances."""

from __future__ import annotations

from peewee import Database

# Text columns of instance; `anode reindex` fills them for rows that are there.
ADDED = """
ImageLaterality MultienergyCTAcquisition MultienergyCTCharacteristicsSequence UserContentLabel
UserContentLongLabel RTRadiationSetIntent TreatmentDeviceIdentificationSequence
MIMETypeOfEncapsulatedDocument AssessmentSummary AssessmentLabel AssessmentTypeCodeSequence
AssessedSOPInstanceSequence
"""


def up(migrator: object, db: Database) -> None:
    """Add the table, filled at the next start for objects that are there, and the columns."""
    columns = [f"\"{name}\" TEXT NOT NULL DEFAULT ''" for name in ADDED.split()]
    row = "id INTEGER NOT NULL PRIMARY KEY REFERENCES instance (id)"
    statements = (
        *(f"ALTER TABLE instance ADD COLUMN {column}" for column in columns),
        f'CREATE TABLE nonpatient ({row}, "SOPClassUID" TEXT NOT NULL, value TEXT NOT NULL)',
        'CREATE INDEX "nonpatient_SOPClassUID" ON nonpatient ("SOPClassUID")',
    )
    for statement in statements:
        db.execute_sql(statement)  # type: ignore[no-untyped-call]
