"""The tables of the index as peewee models, generated from the attribute table.

Law: a table holds the columns of its level, and what ties it to its neighbours. `study` also
carries the patient's columns as its first instance told them, so that Study Root needs no join.
What is known only of objects without a patient stands beside `instance`, for images never have it.
The schema itself is made by `migrations/`; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peewee import (
    AutoField,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    Field,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)

from archive.attributes import STORED, Level

# Text is never NULL: empty is unknown. Only further forms, which few values have, may be NULL.


def columns(level: Level) -> tuple[str, ...]:
    """The columns of a level's attributes, in the order `record` fills them."""
    return tuple(column for attribute in STORED[level] for column in attribute.columns)


def _fields(*levels: Level) -> dict[str, Any]:
    return {
        column: TextField(null=True) if column.endswith("_more") else TextField(default="")
        for level in levels
        for column in columns(level)
    }


def _model(
    name: str,
    fields: Mapping[str, Any],
    indexes: tuple[tuple[Any, bool], ...],
    *,
    key: tuple[str, ...] = (),
) -> Any:
    meta: Any = type("Meta", (), {"table_name": name.lower(), "indexes": indexes})
    if key:  # the rows are the key's index
        meta.primary_key, meta.without_rowid = CompositeKey(*key), True
    return type(name, (Model,), {**fields, "Meta": meta, "__module__": __name__})


def _parent(model: Any, *, null: bool = False) -> Field[Any]:
    # Each table's indexes below begin with its parent, so the key needs none of its own.
    return ForeignKeyField(model, index=False, null=null)


Patient = _model(
    "Patient",
    {"id": AutoField(), "identity": TextField(), **_fields("PATIENT")},
    (
        (("identity",), True),
        (("PatientID",), False),
        (("PatientName_match",), False),
    ),
)

Study = _model(
    "Study",
    {"id": AutoField(), "patient": _parent(Patient), **_fields("STUDY", "PATIENT")},
    (
        (("patient", "StudyInstanceUID"), True),
        (("StudyInstanceUID",), False),
        (("PatientID",), False),
        (("PatientName_match",), False),
        (("StudyDate_match",), False),
        (("AccessionNumber",), False),
    ),
)

Series = _model(
    "Series",
    {"id": AutoField(), "study": _parent(Study), **_fields("SERIES")},
    (
        (("study", "SeriesInstanceUID"), True),
        (("SeriesInstanceUID",), False),
        (("Modality", "study"), False),
    ),
)

Instance = _model(
    "Instance",
    {
        "id": AutoField(),
        "series": _parent(Series, null=True),  # NULL: an object of no patient
        **_fields("IMAGE"),
        "transfer_syntax_uid": TextField(),
        "path": TextField(),  # relative to the archive's root, with forward slashes
        "offset": BigIntegerField(),
        "size": BigIntegerField(),
        "sha256": TextField(),
        "received": TextField(),  # UTC, ISO 8601
        "source_ae": TextField(default=""),
        "odd_character_set": BooleanField(default=False),
        "examined": IntegerField(default=0),  # archive/references.py
        "examined_note": TextField(null=True),
        "checked": IntegerField(default=0),  # by which rules: archive/judgements.py
    },
    (
        (("SOPInstanceUID",), True),
        (("series", "SOPClassUID"), False),
    ),
)

# Few rows, and few of them at a time: those to be examined, and what was said of others.
Instance.add_index(
    Instance.index(Instance.id, where=Instance.examined == 0, name="instance_unexamined")
)
Instance.add_index(
    Instance.index(
        Instance.examined,
        where=Instance.examined_note.is_null(False),
        name="instance_examined_note",
    )
)

# What is known of objects whose class needs no patient, each as one item (`items.whole`).
NonPatient = _model(
    "NonPatient",
    {
        "id": ForeignKeyField(Instance, column_name="id", primary_key=True, index=False),
        "SOPClassUID": TextField(),
        "value": TextField(),
    },
    ((("SOPClassUID",), False),),
)

# What the items of sequences hold, so that a key of theirs finds its rows without reading all.
Term = _model(
    "Term",
    {
        "home": TextField(),  # the table of the row
        "path": TextField(),  # keywords from the sequence down, joined by dots
        "form": TextField(),
        "owner": BigIntegerField(),  # the row
    },
    ((("home", "owner"), False),),
    key=("home", "path", "form", "owner"),
)

# What instances refer to, as examining them after they were stored has found it.
Reference = _model(
    "Reference",
    {
        "instance": ForeignKeyField(Instance, index=False, on_delete="CASCADE"),
        **{name: TextField() for name in ("to_uid", "role", "to_class")},
    },
    ((("to_uid",), False),),
    key=("instance", "to_uid", "role"),
)

# What checks have found of instances; a wording is there once.
Verdict = _model(
    "Verdict",
    {
        "id": AutoField(),
        **{name: TextField() for name in ("severity", "path", "rule", "message", "clause")},
    },
    ((("severity", "path", "rule", "message", "clause"), True),),
)
Finding = _model(
    "Finding",
    {
        "instance": ForeignKeyField(Instance, index=False, on_delete="CASCADE"),
        "place": IntegerField(),
        "verdict": ForeignKeyField(Verdict),
    },
    (),
    key=("instance", "place"),
)

# The rules that all has been judged by that is checked; no row before it is known.
Judged = _model("Judged", {"rules": IntegerField(primary_key=True)}, ())

MODELS: tuple[Any, ...] = (
    Patient, Study, Series, Instance, NonPatient, Term, Reference, Verdict, Finding, Judged,
)  # fmt: skip
