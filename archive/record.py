"""From the head of an object to the rows of the index.

Law: whatever the head holds becomes Unicode text; an odd character set costs a flag, never the
object. Rows hold their values in the order of `models.columns`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from archive import text
from archive.attributes import LEVELS, SPECIFIC_CHARACTER_SET, STORED, Attribute, Level
from archive.heads import Head

Columns = tuple[str | None, ...]


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


# Where a column stands in the row of its level.
AT: Mapping[str, int] = {
    column: place
    for level in LEVELS
    for place, column in enumerate(c for a in STORED[level] for c in a.columns)
}


@dataclass(frozen=True, slots=True)
class Record:
    """The rows one object brings, one tuple of column values per level."""

    patient: Columns
    study: Columns
    series: Columns
    image: Columns
    stored: StoredInstance
    source_ae: str
    received: str
    odd_character_set: bool

    @property
    def of_patient(self) -> bool:
        """False for objects that belong to no study, such as hanging protocols (PS3.4 GG)."""
        return bool(self.study[AT["StudyInstanceUID"]] and self.series[AT["SeriesInstanceUID"]])


# -- one value to its columns ---------------------------------------------------------------------


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


def _forms(vr: str, values: Sequence[str]) -> list[str]:
    """The forms of a stored value that matching compares; any of them may match."""
    if vr == "PN":
        return list(dict.fromkeys(form for value in values for form in text.name_forms(value)))
    normal = _NORMAL.get(vr, str)
    return [normal(value) if value else "" for value in values]


def _filler(attribute: Attribute) -> Callable[[str], Columns]:
    """How a text fills an attribute's columns."""
    vr, many = attribute.vr, attribute.many
    if not attribute.has_forms:
        return lambda value: (value,)
    if not attribute.has_more:
        normal = _NORMAL[vr]
        return lambda value: (value, normal(value))

    def several(value: str) -> Columns:
        first, *more = _forms(vr, value.split("\\") if many else [value])
        return value, first, json.dumps(more, ensure_ascii=False) if more else None

    return several


# -- rows -----------------------------------------------------------------------------------------

_PLAN: Mapping[Level, tuple[tuple[str, Callable[[str], Columns], Columns], ...]] = {
    level: tuple((a.vr, _filler(a), ("", "", None)[: len(a.columns)]) for a in STORED[level])
    for level in LEVELS
}
_TAGS: Mapping[Level, tuple[int, ...]] = {
    level: tuple(a.tag for a in STORED[level]) for level in LEVELS
}

Raw = tuple[bytes | None, ...]
Row = tuple[Columns, bool]  # and whether something in it could not be decoded


def _row(level: Level, raws: Raw, little_endian: bool, charset: text.CharacterSet) -> Row:
    row: list[str | None] = []
    odd = False
    for raw, (vr, fill, empty) in zip(raws, _PLAN[level], strict=True):
        if not raw:
            row += empty
            continue
        if vr in text.BINARY:
            value = text.numbers(raw, vr, little_endian=little_endian)
        else:
            value, strange = text.decode(raw, vr, charset)
            odd = odd or strange
        row += fill(value) if value else empty
    return tuple(row), odd


# The instances of a series repeat the rows above them. Only rows of ordinary size are kept.
_remembered_row = lru_cache(maxsize=256)(_row)
_ORDINARY = 4096


def _row_of(level: Level, head: Head, charset: text.CharacterSet) -> Row:
    raws = tuple(map(head.values.get, _TAGS[level]))
    if level == "IMAGE" or sum(map(len, filter(None, raws))) > _ORDINARY:
        return _row(level, raws, head.little_endian, charset)
    return _remembered_row(level, raws, head.little_endian, charset)


def identity(row: Columns) -> str:
    """Who a patient is: Patient ID and its issuer, or the name where there is no ID.

    A backslash cannot occur in either, so it parts them safely.
    """
    patient_id, issuer = row[AT["PatientID"]], row[AT["IssuerOfPatientID"]]
    name = "" if patient_id else row[AT["PatientName_match"]]
    return f"{patient_id}\\{issuer}\\{name}"


def record(head: Head, stored: StoredInstance, source_ae: str) -> Record:
    """The record of one stored object."""
    charset = text.character_set(head.values.get(SPECIFIC_CHARACTER_SET, b""))
    patient, odd_patient = _row_of("PATIENT", head, charset)
    study, odd_study = _row_of("STUDY", head, charset)
    series, odd_series = _row_of("SERIES", head, charset)
    found, odd_image = _row_of("IMAGE", head, charset)
    image = list(found)
    # The index is keyed by what the file was stored as.
    image[AT["SOPInstanceUID"]] = stored.sop_instance_uid
    image[AT["SOPClassUID"]] = stored.sop_class_uid
    return Record(
        patient=patient,
        study=study,
        series=series,
        image=tuple(image),
        stored=stored,
        source_ae=source_ae,
        received=datetime.now(UTC).isoformat(timespec="milliseconds"),
        odd_character_set=charset.odd or odd_patient or odd_study or odd_series or odd_image,
    )
