"""Matches of a C-FIND for people and programs: a table, the DICOM JSON model (PS3.18 F), CSV.

Law: the table is to be read, and its cells may be cut or put in other words; JSON and CSV hold the
values as they came.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydicom import Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.tag import BaseTag

from archive.attributes import CODE
from cli import show, texts
from cli.questions import Question
from config import catalogue

# Keyword and heading, by level or model without levels: what is asked for, and shown, without -k.
COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "PATIENT": {
        "PatientName": "Patient",
        "PatientID": "Patient ID",
        "PatientBirthDate": "Born",
        "PatientSex": "Sex",
        "NumberOfPatientRelatedStudies": "Studies",
    },
    "STUDY": {
        "PatientName": "Patient",
        "PatientID": "Patient ID",
        "StudyDate": "Date",
        "StudyDescription": "Description",
        "ModalitiesInStudy": "Modalities",
        "AccessionNumber": "Accession",
        "NumberOfStudyRelatedInstances": "Objects",
        "StudyInstanceUID": "Study Instance UID",
    },
    "SERIES": {
        "Modality": "Modality",
        "SeriesNumber": "No.",
        "SeriesDescription": "Description",
        "BodyPartExamined": "Body part",
        "NumberOfSeriesRelatedInstances": "Objects",
        "SeriesInstanceUID": "Series Instance UID",
    },
    "IMAGE": {
        "InstanceNumber": "No.",
        "SOPClassUID": "SOP class",
        "NumberOfFrames": "Frames",
        "SOPInstanceUID": "SOP Instance UID",
    },
    "protocol": {
        "ProtocolName": "Protocol",
        "EquipmentModality": "Modality",
        "ContentCreatorName": "By",
        "InstanceCreationDate": "Made",
        "SOPInstanceUID": "SOP Instance UID",
    },
    "approval": {
        "InstanceCreationDate": "Made",
        "ApprovalSequence": "Says",
        "ApprovalSubjectSequence": "Of",
        "SOPInstanceUID": "SOP Instance UID",
    },
    "hanging": {
        "HangingProtocolName": "Name",
        "HangingProtocolLevel": "Level",
        "HangingProtocolDescription": "Description",
        "NumberOfScreens": "Screens",
        "SOPInstanceUID": "SOP Instance UID",
    },
    "palette": {
        "ContentLabel": "Label",
        "ContentDescription": "Description",
        "ContentCreatorName": "By",
        "SOPInstanceUID": "SOP Instance UID",
    },
    "implant": {
        "Manufacturer": "Manufacturer",
        "ImplantName": "Implant",
        "ImplantPartNumber": "Part",
        "ImplantSize": "Size",
        "EffectiveDateTime": "Effective",
        "SOPInstanceUID": "SOP Instance UID",
    },
    "assembly": {
        "ImplantAssemblyTemplateName": "Assembly",
        "Manufacturer": "Manufacturer",
        "SurgicalTechnique": "Technique",
        "SOPInstanceUID": "SOP Instance UID",
    },
    "group": {
        "ImplantTemplateGroupName": "Group",
        "ImplantTemplateGroupIssuer": "Issuer",
        "EffectiveDateTime": "Effective",
        "SOPInstanceUID": "SOP Instance UID",
    },
    "inventory": {
        "ContentDate": "Date",
        "ContentTime": "Time",
        "InventoryLevel": "Level",
        "InventoryCompletionStatus": "Status",
        "NumberOfStudyRecordsInInstance": "Studies",
        "SOPInstanceUID": "SOP Instance UID",
    },
}
_NUMBERS = ("Studies", "Objects", "No.", "Frames", "Screens")
_OF_EVERY_MATCH = ("QueryRetrieveLevel", "SpecificCharacterSet")
_REFERENCE = {"ReferencedSOPClassUID", "ReferencedSOPInstanceUID"}
_MODEL = dict.fromkeys(
    (
        *("Manufacturer", "ManufacturerRelatedModelGroup", "ManufacturerModelName"),
        *("SoftwareVersions", "DeviceSerialNumber"),
    )
).keys()  # in this order
_ASSERTION = {"AssertionUID", "AssertionCodeSequence", "AssertionDateTime"}
_UNREADABLE = "(unreadable)"
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def _columns(asked: Question) -> dict[BaseTag, str]:
    """Tag and heading: what -k asked for beyond the level's own, then these."""
    known = COLUMNS[asked.kind]
    tags = asked.identifier.keys()
    named = {tag: keyword_for_tag(tag) or str(tag) for tag in tags}
    hidden = (*_OF_EVERY_MATCH, *known)
    extra = {tag: name for tag, name in named.items() if name not in hidden}
    own = {tag: name for tag, name in named.items() if name in known}
    return extra | dict(sorted(own.items(), key=lambda one: list(known).index(one[1])))


# -- a table --------------------------------------------------------------------------------------


def table(asked: Question, matches: Sequence[Dataset]) -> None:
    """As rows for a person."""
    if matches:
        columns = _columns(asked)
        known = COLUMNS[asked.kind]
        headings = [known.get(name, name) for name in columns.values()]
        rows = [[_cell(match, tag) for tag in columns] for match in matches]
        show.listing(headings, rows, _NUMBERS)


def _cell(match: Dataset, tag: BaseTag) -> str:
    try:
        return _words(match[tag]) if tag in match else ""
    except Exception:  # noqa: BLE001 - pydicom raises what its converters happen to raise
        return _UNREADABLE


def _words(element: DataElement) -> str:
    if element.VR == "SQ":
        return "; ".join(map(_item, element.value))
    if element.keyword == "SOPClassUID":
        return catalogue.name_of(str(element.value or ""))
    text = _text(element)
    if element.VR == "DA" and len(text) == 8 and text.isdecimal():
        return _day(text)
    return text.replace("\\", ", ") if element.VM > 1 else text


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}"


def _item(item: Dataset) -> str:
    keywords = {element.keyword for element in item}
    if keywords == _REFERENCE:
        return str(item.ReferencedSOPInstanceUID or "")
    if keywords <= CODE:
        return str(item.get("CodeMeaning") or item.get("CodeValue") or "")
    if keywords <= _MODEL:
        return " ".join(filter(None, (_words(item[name]) for name in _MODEL if name in item)))
    if keywords >= _ASSERTION:
        said = ", ".join(_item(code) for code in item.AssertionCodeSequence)
        return f"{said}, {_day(str(item.AssertionDateTime))}"
    return ", ".join(f"{inner.keyword or inner.tag}={_words(inner)}" for inner in item)


# -- CSV ------------------------------------------------------------------------------------------


def csv(asked: Question, matches: Iterable[Dataset]) -> None:
    """RFC 4180: one column for each key that was asked for; several values parted by backslash."""
    columns = _columns(asked)
    rows = ([_value(match, tag) for tag in columns] for match in matches)
    show.records(list(columns.values()), rows)


def _value(match: Dataset, tag: BaseTag) -> str:
    try:
        return _text(match[tag]) if tag in match else ""
    except Exception:  # noqa: BLE001 - pydicom raises what its converters happen to raise
        return _raw(match, tag)


def _text(element: DataElement) -> str:
    """A value as DICOM writes it, PS3.5 6.2; sequences as JSON, bytes as base64."""
    if element.VR == "SQ":
        items = [model(item) for item in element.value]
        return json.dumps(items, ensure_ascii=False, separators=(",", ":")) if items else ""
    if element.is_empty:
        return ""
    values = element.value if element.VM > 1 else [element.value]
    return "\\".join(_one(element.VR, value) for value in values)


def _one(vr: str, value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return f"{value:08X}" if vr == "AT" else str(value)


def _raw(match: Dataset, tag: BaseTag) -> str:
    """What stands there, where it is not what its representation asks for."""
    value = getattr(match.get_item(tag), "value", b"")
    return value.decode("latin-1").rstrip("\0 ") if isinstance(value, bytes) else str(value)


# -- the DICOM JSON model -------------------------------------------------------------------------


def model(match: Dataset) -> dict[str, Any]:
    """PS3.18 F.2: pydicom's, where one value that cannot be converted does not cost the match."""
    made = {
        f"{tag:08X}": _attribute(match, tag)
        for tag in sorted(match.keys())
        if tag.element  # F.2.2: no group lengths
    }
    if "00080005" in made:  # F.2: JSON is UTF-8
        made["00080005"] = {"vr": "CS", "Value": [texts.UTF8]}
    return made


def _attribute(match: Dataset, tag: BaseTag) -> dict[str, Any]:
    try:
        element = match[tag]
        if element.VR == "SQ":
            items = [model(item) for item in element.value]
            return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
        made = element.to_json_dict(None, 0)
    except Exception:  # noqa: BLE001 - pydicom raises what its converters happen to raise
        vr = getattr(match.get_item(tag), "VR", None) or "UN"
        # F.2.3: numbers may be strings
        return {"vr": vr, "Value": _raw(match, tag).split("\\")}
    if "Value" in made:
        made["Value"] = [_json_value(value) for value in made["Value"]]
    return made


def _json_value(value: Any) -> Any:
    if isinstance(value, dict):  # F.2.2: a person's name, without the groups it does not have
        return {name: value[name] for name in _GROUPS if value.get(name)} or None
    if isinstance(value, float) and not math.isfinite(value):
        return str(value).replace("nan", "NaN")
    return None if value == "" else value  # F.2.5: an empty one among several
