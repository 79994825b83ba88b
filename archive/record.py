"""From the head of an object to the rows of the index.

Law: whatever the head holds becomes Unicode text; an odd character set costs a flag, never the
object. Rows hold their values in the order of `models.columns`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from archive import text
from archive.attributes import (
    LEVELS,
    SPECIFIC_CHARACTER_SET,
    STORED,
    Attribute,
    Level,
)
from archive.heads import Head


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """One object file: what it holds and where its data set lies."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    path: Path  # absolute
    offset: int  # first byte of the data set
    size: int  # bytes of the data set
    sha256: str


@dataclass(frozen=True, slots=True)
class Record:
    """The rows one object brings, one tuple of column values per level."""

    patient: tuple[str | None, ...]
    study: tuple[str | None, ...]
    series: tuple[str | None, ...]
    image: tuple[str | None, ...]
    stored: StoredInstance
    source_ae: str
    received: str
    odd_character_set: bool

    @property
    def of_patient(self) -> bool:
        """False for objects that belong to no study, such as hanging protocols (PS3.4 GG)."""
        return bool(self.study[AT["StudyInstanceUID"]] and self.series[AT["SeriesInstanceUID"]])


def forms(attribute: Attribute, value: str) -> tuple[str, ...]:
    """The forms of a stored value that matching compares; any of them may match."""
    values = value.split("\\") if attribute.many else (value,)
    if attribute.vr == "PN":
        return tuple(dict.fromkeys(form for v in values for form in text.name_forms(v)))
    normal = _NORMAL.get(attribute.vr)
    return tuple(values) if normal is None else tuple(normal(v) if v else "" for v in values)


def _first_of(span: Callable[[str], text.Span | None]) -> Callable[[str], str]:
    def first(value: str) -> str:
        found = span(value)
        return found[0] if found else text.UNREADABLE

    return first


# Dates and times are filed under their first day or moment; matching.py spreads the key instead.
_NORMAL: Mapping[str, Callable[[str], str]] = {
    "DA": _first_of(text.date_span),
    "TM": _first_of(text.time_span),
    "DT": _first_of(text.moment_span),
    "IS": text.number,
    "DS": text.number,
}

_EMPTY: Mapping[str, tuple[str | None, ...]] = {
    a.keyword: ("", "", None)[: len(a.columns)] for level in LEVELS for a in STORED[level]
}
# Where a column stands in the row of its level.
AT: Mapping[str, int] = {
    column: place
    for level in LEVELS
    for place, column in enumerate(c for a in STORED[level] for c in a.columns)
}


def _values(attribute: Attribute, value: str) -> tuple[str | None, ...]:
    if not attribute.has_forms:
        return (value,)
    first, *more = forms(attribute, value)
    if not attribute.has_more:
        return value, first
    return value, first, json.dumps(more, ensure_ascii=False) if more else None


def _row(level: Level, head: Head, charset: text.CharacterSet) -> tuple[list[str | None], bool]:
    row: list[str | None] = []
    odd = False
    for attribute in STORED[level]:
        raw = head.values.get(attribute.tag)
        value = ""
        if raw and attribute.vr in text.BINARY:
            value = text.numbers(raw, attribute.vr, little_endian=head.little_endian)
        elif raw:
            value, strange = text.decode(raw, attribute.vr, charset)
            odd = odd or strange
        row += _values(attribute, value) if value else _EMPTY[attribute.keyword]
    return row, odd


def identity(row: Sequence[str | None]) -> str:
    """Who a patient is: Patient ID and its issuer, or the name where there is no ID.

    A backslash cannot occur in either, so it parts them safely.
    """
    patient_id, issuer = row[AT["PatientID"]], row[AT["IssuerOfPatientID"]]
    name = "" if patient_id else row[AT["PatientName_match"]]
    return f"{patient_id}\\{issuer}\\{name}"


def record(head: Head, stored: StoredInstance, source_ae: str) -> Record:
    """The record of one stored object."""
    charset = text.character_set(head.values.get(SPECIFIC_CHARACTER_SET, b""))
    patient, odd_patient = _row("PATIENT", head, charset)
    study, odd_study = _row("STUDY", head, charset)
    series, odd_series = _row("SERIES", head, charset)
    image, odd_image = _row("IMAGE", head, charset)
    # The index is keyed by what the file was stored as.
    image[AT["SOPInstanceUID"]] = stored.sop_instance_uid
    image[AT["SOPClassUID"]] = stored.sop_class_uid
    return Record(
        patient=tuple(patient),
        study=tuple(study),
        series=tuple(series),
        image=tuple(image),
        stored=stored,
        source_ae=source_ae,
        received=datetime.now(UTC).isoformat(timespec="milliseconds"),
        odd_character_set=charset.odd or odd_patient or odd_study or odd_series or odd_image,
    )
