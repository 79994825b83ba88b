"""From the head of an object to the rows of the index.

Law: whatever the head holds becomes Unicode text; an odd character set costs a flag, never the
object. Rows hold their values in the order of `models.columns`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from archive import items, text, values
from archive.attributes import LEVELS, SPECIFIC_CHARACTER_SET, STORED, Attribute, Level
from archive.heads import Head
from archive.seals import seal, stamp
from archive.values import Columns


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose an object is; all empty for objects of no patient (PS3.4 GG)."""

    study_instance_uid: str = ""
    patient_id: str = ""
    patient_name: str = ""


NOBODY = Subject()


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
    subject: Subject = field(default=NOBODY, compare=False, repr=False)  # never in a log


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
    whole: str = ""  # what `nonpatient` keeps, as JSON, of a class whose objects need no patient

    @property
    def of_patient(self) -> bool:
        """False for objects that belong to no study, such as hanging protocols (PS3.4 GG)."""
        return bool(self.study[AT["StudyInstanceUID"]] and self.series[AT["SeriesInstanceUID"]])

    @property
    def subject(self) -> Subject:
        """Whose the object is."""
        if not self.of_patient:
            return NOBODY
        return Subject(
            self.study[AT["StudyInstanceUID"]] or "",
            self.patient[AT["PatientID"]] or "",
            self.patient[AT["PatientName"]] or "",
        )


# -- rows -----------------------------------------------------------------------------------------

Row = tuple[Columns, bool]  # and whether something in it could not be decoded
Raw = tuple[bytes | None, ...]

_SHORT = 64  # bytes of a value worth remembering


class _Plan:
    """How the values of a level become its row: by tag, with where their columns begin."""

    def __init__(self, level: Level) -> None:
        self.tags = tuple(a.tag for a in STORED[level])
        self.empty: Columns = ()
        self.known: list[tuple[int, Attribute]] = []
        for attribute in STORED[level]:
            self.known.append((len(self.empty), attribute))
            self.empty += values.empty(attribute)

    def row(self, raws: Raw, little_endian: bool, charset: text.CharacterSet) -> Row:
        """The row of these values, one for each tag."""
        row, odd = list(self.empty), False
        for raw, (place, attribute) in zip(raws, self.known, strict=True):
            if raw:
                read = _remembered_columns if len(raw) <= _SHORT else _columns
                found, strange = read(attribute.tag, raw, little_endian, charset)
                row[place : place + len(found)] = found
                odd = odd or strange
        return tuple(row), odd


_ATTRIBUTES = {
    each.tag: (each, values.filler(each), values.empty(each))
    for level in LEVELS
    for each in STORED[level]
}
_PLANS: Mapping[Level, _Plan] = {level: _Plan(level) for level in LEVELS}


def _columns(tag: int, raw: bytes, little_endian: bool, charset: text.CharacterSet) -> Row:
    attribute, fill, empty = _ATTRIBUTES[tag]
    if attribute.vr == "SQ":
        return (items.read(raw, attribute, charset, little=little_endian),), False
    value, strange = values.read(raw, attribute.vr, charset, little_endian=little_endian)
    return fill(value) if value else empty, strange


_remembered_columns = lru_cache(maxsize=1024)(_columns)


def _row(level: Level, raws: Raw, little_endian: bool, charset: text.CharacterSet) -> Row:
    return _PLANS[level].row(raws, little_endian, charset)


# The instances of a series repeat the rows above them. Only rows of ordinary size are kept.
_remembered_row = lru_cache(maxsize=256)(_row)
_ORDINARY = 16_384


def _row_of(level: Level, head: Head, charset: text.CharacterSet) -> Row:
    raws = tuple(map(head.values.get, _PLANS[level].tags))
    if level == "IMAGE" or sum(map(len, filter(None, raws))) > _ORDINARY:
        return _row(level, raws, head.little_endian, charset)
    return _remembered_row(level, raws, head.little_endian, charset)


def identity(row: Columns) -> str:
    """Who a patient is: Patient ID and its issuer, or the name where there is no ID.

    A backslash cannot occur in either, so it parts them safely.
    """
    patient_id, issuer = row[AT["PatientID"]], row[AT["IssuerOfPatientID"]]
    name = "" if patient_id else text.fold_name(row[AT["PatientName"]] or "")
    return f"{patient_id}\\{issuer}\\{name}"


def record(
    head: Head, stored: StoredInstance, source_ae: str, *, patient_related: bool = True
) -> Record:
    """The record of one stored object."""
    charset = text.character_set(head.values.get(SPECIFIC_CHARACTER_SET, b""))
    patient, odd_patient = _row_of("PATIENT", head, charset)
    study, odd_study = _row_of("STUDY", head, charset)
    series, odd_series = _row_of("SERIES", head, charset)
    found, odd_image = _row_of("IMAGE", head, charset)
    image, sealed = list(found), seal(stored.path)
    # The index is keyed by what the file was stored as.
    image[AT["SOPInstanceUID"]] = stored.sop_instance_uid
    image[AT["SOPClassUID"]] = stored.sop_class_uid
    whole, odd_whole = ("", False) if patient_related else items.whole(head, charset)
    return Record(
        patient=patient,
        study=study,
        series=series,
        image=tuple(image),
        stored=stored,
        source_ae=source_ae,
        received=sealed.received if sealed else stamp(time.time()),
        odd_character_set=any(
            (charset.odd, odd_patient, odd_study, odd_series, odd_image, odd_whole)
        ),
        whole=whole,
    )
