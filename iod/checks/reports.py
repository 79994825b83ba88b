"""Structured reports: titles, time zone, and evidence for what the tree refers to, PS3.3 C.17.

Law: what a class demands of its root template is a row (root concepts as DCMTK's checkers have
them too); the tree's form is judged by `content.py`.
"""

from __future__ import annotations

import re
from typing import Final

from iod.checks.content import VALUE_TYPES as ALL_TYPES
from iod.checks.objects import CLASS, Checked, Told, along, every

# Class: the code of its root, PS3.16.
TITLES: Final = {
    CLASS + "88.72": ("125200", "DCM", "TID 5300"),
    CLASS + "88.73": ("128401", "DCM", "TID 10030"),
    CLASS + "88.74": ("130226", "DCM", "TID 11001"),
    CLASS + "88.75": ("130227", "DCM", "TID 11020"),
}
TITLED: Final = frozenset(TITLES)
ECHO: Final = frozenset((CLASS + "88.72",))
DOCUMENTS: Final = frozenset(
    CLASS + f"88.{n}" for n in (11, 22, 33, 34, 35, 40, 50, 59, 65, 67, 68, 71, 72, 73, 74, 75, 76)
)
BY_VALUE: Final = frozenset(CLASS + f"88.{n}" for n in (11, 22, 59, 67, 68, 71, 72, 73, 74, 75))
BASIC: Final = frozenset((CLASS + "88.11",))
# PS3.3 A.35.1: what Basic Text has.
_BASIC_TYPES: Final = frozenset(
    ("TEXT", "CODE", "DATETIME", "DATE", "TIME", "UIDREF", "PNAME", "COMPOSITE", "IMAGE",
     "WAVEFORM", "CONTAINER")
)  # fmt: skip
_COMMON: Final = frozenset(("TEXT", "CODE", "UIDREF", "PNAME", "CONTAINER", "TABLE"))
_MEASURED: Final = _COMMON | {"NUM", "DATETIME"}
_OBJECTS: Final = frozenset(("COMPOSITE", "IMAGE", "WAVEFORM"))
_PLANAR: Final = _MEASURED | _OBJECTS | {"DATE", "TIME", "SCOORD", "TCOORD"}
_DOSES: Final = _MEASURED | {"DATE", "TIME", "COMPOSITE", "IMAGE"}
# Class: the value types of tables A.35.2-2 to A.35.20-2, as far as DCMTK's checkers have them too.
VALUE_TYPES: Final = {
    CLASS + "88.22": _PLANAR,
    CLASS + "88.33": _PLANAR,
    CLASS + "88.34": _PLANAR | {"SCOORD3D"},
    CLASS + "88.59": _COMMON | _OBJECTS,
    CLASS + "88.67": _DOSES,
    CLASS + "88.68": _MEASURED,
    CLASS + "88.71": _MEASURED | {"DATE", "TIME", "SCOORD3D"},
    CLASS + "88.72": _MEASURED | _OBJECTS | {"SCOORD", "TCOORD"},
    CLASS + "88.73": _DOSES,
    CLASS + "88.74": _MEASURED | {"DATE"},
    CLASS + "88.75": _MEASURED | _OBJECTS | {"DATE"},
}
TYPED: Final = frozenset(VALUE_TYPES)
_ZONE: Final = re.compile(r"[+-](0\d|1[0-4])[0-5]\d")
_EVIDENCE: Final = ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")


def title(checked: Checked) -> Told:
    """A title that is not the one of the class."""
    value, scheme, template = TITLES[checked.sop_class_uid]
    found = checked.root.code("ConceptNameCodeSequence")
    if any(found) and found != (value, scheme):
        message = f"is ({found[0][:16]!a}, {found[1][:16]!a}); {template} has ({value}, {scheme})"
        yield "ConceptNameCodeSequence[1].CodeValue", message


def empty(checked: Checked) -> Told:
    """PS3.3 C.17.3: what a document says is the tree below its root, which is its title."""
    if not checked.root.items("ContentSequence"):
        yield "ContentSequence", "has no item, so the document says nothing"


def timezone(checked: Checked) -> Told:
    """PS3.3 C.12.5: an adult echo report says in which time zone its times are."""
    said = checked.root.text("TimezoneOffsetFromUTC")
    if not said:
        yield "TimezoneOffsetFromUTC", "is missing, so that nobody knows when its times were"
    elif not _ZONE.fullmatch(said):
        yield "TimezoneOffsetFromUTC", "is no offset from UTC, as +0100"


def evidence(checked: Checked) -> Told:
    """PS3.3 C.17.2.3: what the tree refers to is listed as evidence."""
    listed = {
        item.text("ReferencedSOPInstanceUID")
        for name in _EVIDENCE
        for _, item in along(checked.root, f"{name}.ReferencedSeriesSequence.ReferencedSOPSequence")
    }
    for path, item in every(checked.root, "ContentSequence"):
        for reference in item.items("ReferencedSOPSequence"):
            uid = reference.text("ReferencedSOPInstanceUID")
            if uid and uid not in listed:
                where = f"{path}ReferencedSOPSequence[1].ReferencedSOPInstanceUID"
                yield where, "is referred to and not listed as evidence"


def by_value(checked: Checked) -> Told:
    """A relationship by reference where the class has none."""
    for path, item in every(checked.root, "ContentSequence"):
        if item.element("ReferencedContentItemIdentifier") is not None:
            where = f"{path}ReferencedContentItemIdentifier"
            yield where, "is there; reports of this class have no relationship by reference"


def class_types(checked: Checked) -> Told:
    """A value type that reports of the class do not have, though others do."""
    allowed = VALUE_TYPES[checked.sop_class_uid]
    for path, item in every(checked.root, "ContentSequence"):
        kind = item.text("ValueType")
        if kind in ALL_TYPES and kind not in allowed:
            yield f"{path}ValueType", f"is {kind}, which reports of this class do not have"


def basic_types(checked: Checked) -> Told:
    """A value type that a Basic Text report does not have."""
    for path, item in every(checked.root, "ContentSequence"):
        kind = item.text("ValueType")
        if kind and kind not in _BASIC_TYPES:
            yield f"{path}ValueType", f"is {kind[:16]!a}, which Basic Text does not have"
