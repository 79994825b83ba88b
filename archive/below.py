"""What is told of an entity by what lies below it, as SQL text: counts, sets, items.

Law: texts alone; `select` names the rows they hang on, in braces.
"""

from __future__ import annotations

from collections.abc import Mapping

_SERIES_OF = "series AS e JOIN study AS s ON s.id = e.study_id WHERE s.patient_id = {patient}"
_INSTANCES = "series AS e JOIN instance AS i ON i.series_id = e.id"

COUNTS: Mapping[str, str] = {
    "NumberOfPatientRelatedStudies": "study AS s WHERE s.patient_id = {patient}",
    "NumberOfPatientRelatedSeries": _SERIES_OF,
    "NumberOfPatientRelatedInstances": (
        f"study AS s JOIN {_INSTANCES} WHERE s.id = e.study_id AND s.patient_id = {{patient}}"
    ),
    "NumberOfStudyRelatedSeries": "series AS e WHERE e.study_id = {study}",
    "NumberOfStudyRelatedInstances": f"{_INSTANCES} WHERE e.study_id = {{study}}",
    "NumberOfSeriesRelatedInstances": "instance AS i WHERE i.series_id = {series}",
}
SETS: Mapping[str, str] = {
    "ModalitiesInStudy": (
        'SELECT DISTINCT e."Modality" AS v FROM series AS e'
        " WHERE e.study_id = {study} AND e.\"Modality\" <> '' ORDER BY v"
    ),
    "SOPClassesInStudy": (
        f'SELECT DISTINCT i."SOPClassUID" AS v FROM {_INSTANCES}'
        " WHERE e.study_id = {study} ORDER BY v"
    ),
}
EXPRESSIONS: Mapping[str, str] = {
    "InstanceAvailability": "'ONLINE'",
    "AvailableTransferSyntaxUID": "instance.transfer_syntax_uid",
    "AlternateRepresentationSequence": "''",
    "RecordKey": "'{level}-' || {own}.id",
}
# Of an instance: what it refers to, which is known once it has been examined.
REFERENCES = "ReferencedSOPSequence"
# Of a study: the items that its series hold, each once.
ITEMS: Mapping[str, str] = {"AnatomicRegionsInStudyCodeSequence": "AnatomicRegionSequence"}

# Of a study: those whose series have a member of the set, by an index; and what the member is.
OWNERS: Mapping[str, tuple[str, str]] = {
    "ModalitiesInStudy": ("SELECT e.study_id FROM series AS e WHERE", 'e."Modality"'),
}
