"""SR content items, PS3.3 C.17.3: what each value type needs, level by level.

Law: highdicom's tables flatten the content macros; this walks the tree itself.  Each value type is
a row: the attributes that its content items must have.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from iod.checks.findings import Finding
from iod.checks.items import Item

CLAUSE: Final = "PS3.3 C.17.3"
# Value type: required attributes, and whether a concept name is one of them (C.17.3.2.1).
VALUE_TYPES: Final = {
    "TEXT": (("TextValue",), True),
    "NUM": (("MeasuredValueSequence",), True),
    "CODE": (("ConceptCodeSequence",), True),
    "DATETIME": (("DateTime",), True),
    "DATE": (("Date",), True),
    "TIME": (("Time",), True),
    "UIDREF": (("UID",), True),
    "PNAME": (("PersonName",), True),
    "COMPOSITE": (("ReferencedSOPSequence",), False),
    "IMAGE": (("ReferencedSOPSequence",), False),
    "WAVEFORM": (("ReferencedSOPSequence",), False),
    "SCOORD": (("GraphicData", "GraphicType"), False),
    "SCOORD3D": (("GraphicData", "GraphicType", "ReferencedFrameOfReferenceUID"), False),
    "TCOORD": (("TemporalRangeType",), False),
    "CONTAINER": (("ContinuityOfContent",), False),
    "TABLE": (("TabulatedValuesSequence",), False),
}
# May be there and empty: type 2, or a value of NUM that could not be measured (C.18.1).
_MAY_BE_EMPTY: Final = frozenset(("MeasuredValueSequence",))
_VALUES: Final = {
    "CONTAINER": ("ContinuityOfContent", frozenset(("SEPARATE", "CONTINUOUS"))),
    "SCOORD": ("GraphicType",
               frozenset(("POINT", "MULTIPOINT", "POLYLINE", "CIRCLE", "ELLIPSE"))),
    "SCOORD3D": ("GraphicType", frozenset(("POINT", "MULTIPOINT", "POLYLINE", "POLYGON",
                                           "ELLIPSE", "ELLIPSOID"))),
    "TCOORD": ("TemporalRangeType", frozenset(("POINT", "MULTIPOINT", "SEGMENT", "MULTISEGMENT",
                                               "BEGIN", "END"))),
}  # fmt: skip
RELATIONSHIPS: Final = frozenset(
    ("CONTAINS", "HAS OBS CONTEXT", "HAS CONCEPT MOD", "HAS PROPERTIES", "HAS ACQ CONTEXT",
     "INFERRED FROM", "SELECTED FROM")
)  # fmt: skip
_TIMES: Final = ("ReferencedSamplePositions", "ReferencedTimeOffsets", "ReferencedDateTime")


def content(root: Item) -> Iterator[Finding]:
    """What is wrong with the tree of a document; its root is a container with a title."""
    if root.text("ValueType") != "CONTAINER":
        message = "is no CONTAINER, which the root of a document is"
        yield Finding("error", "ValueType", "sr.root", message, CLAUSE)
    elif not root.has("ConceptNameCodeSequence"):
        yield _lack("", "ConceptNameCodeSequence", "the title of the document")
    yield from _item(root, "", root=root)


def _item(item: Item, path: str, *, root: Item) -> Iterator[Finding]:
    kind = item.text("ValueType")
    row = VALUE_TYPES.get(kind)
    if row is not None:
        yield from _required(item, path, kind)
        yield from _listed(item, path, kind)
    elif kind:
        message = f"is {kind[:16]!a}, no value type"
        yield Finding("error", f"{path}ValueType", "sr.value-type", message, CLAUSE)
    for number, template in enumerate(item.items("ContentTemplateSequence"), 1):
        for keyword in ("MappingResource", "TemplateIdentifier"):
            if not template.has(keyword):
                where = f"{path}ContentTemplateSequence[{number}]."
                yield _lack(where, keyword, "a template has both")
    element = item.element("ContentSequence")
    if element is not None and element.empty:
        yield _lack(path, "ContentSequence", "where it stands, it has items")
    for number, child in enumerate(item.items("ContentSequence"), 1):
        yield from _child(child, f"{path}ContentSequence[{number}].", root)


def _child(child: Item, path: str, root: Item) -> Iterator[Finding]:
    relationship = child.text("RelationshipType")
    if not relationship:
        yield _lack(path, "RelationshipType", "what the item is to its parent")
    elif relationship not in RELATIONSHIPS:
        message = f"is {relationship[:16]!a}, no relationship"
        yield Finding("error", f"{path}RelationshipType", "sr.relationship", message, CLAUSE)
    if child.element("ReferencedContentItemIdentifier") is not None:
        yield from _by_reference(child, path, root)
        return
    if not child.text("ValueType"):
        yield _lack(path, "ValueType", "what kind of content it is")
    yield from _item(child, path, root=root)


def _listed(item: Item, path: str, kind: str) -> Iterator[Finding]:
    keyword, allowed = _VALUES.get(kind, ("", frozenset()))
    value = item.text(keyword) if keyword else ""
    if value and value not in allowed:
        message = f"is {value[:16]!a}; content items of {kind} list {', '.join(sorted(allowed))}"
        yield Finding("error", path + keyword, "value.enumerated", message, CLAUSE)


def _required(item: Item, path: str, kind: str) -> Iterator[Finding]:
    needed, named = VALUE_TYPES[kind]
    for keyword in needed:
        if not item.has(keyword) and not (keyword in _MAY_BE_EMPTY and item.element(keyword)):
            yield _lack(path, keyword, f"content items of {kind} have it")
    if named and not item.has("ConceptNameCodeSequence"):
        yield _lack(path, "ConceptNameCodeSequence", f"content items of {kind} have a name")
    if kind == "TCOORD" and not any(map(item.has, _TIMES)):
        yield _lack(path, "ReferencedSamplePositions", "a TCOORD has positions, offsets or times")
    if kind == "NUM":
        for number, measured in enumerate(item.items("MeasuredValueSequence"), 1):
            yield from _measured(measured, f"{path}MeasuredValueSequence[{number}].")
    if "ReferencedSOPSequence" in needed and item.has("ReferencedSOPSequence"):
        referenced = item.item("ReferencedSOPSequence")
        for keyword in ("ReferencedSOPClassUID", "ReferencedSOPInstanceUID"):
            if not referenced.has(keyword):
                yield _lack(f"{path}ReferencedSOPSequence[1].", keyword, "a reference names both")


def _measured(item: Item, path: str) -> Iterator[Finding]:
    if not item.has("NumericValue"):
        yield _lack(path, "NumericValue", "a measured value has a number")
    if not item.has("MeasurementUnitsCodeSequence"):
        yield _lack(path, "MeasurementUnitsCodeSequence", "a measured value has a unit")


def _by_reference(child: Item, path: str, root: Item) -> Iterator[Finding]:
    """C.17.3.2.5: the identifier leads from the root, which is its first number, to an item."""
    at: Item | None = root
    for number in [int(x) for x in child.numbers("ReferencedContentItemIdentifier")][1:]:
        inside = at.items("ContentSequence") if at else []
        at = inside[number - 1] if 0 < number <= len(inside) else None
    if at is None:
        where = f"{path}ReferencedContentItemIdentifier"
        message = "leads to no content item of this document"
        yield Finding("error", where, "sr.by-reference", message, "PS3.3 C.17.3.2.5")


def _lack(path: str, keyword: str, why: str) -> Finding:
    return Finding("error", path + keyword, "sr.missing", f"is missing: {why}", CLAUSE)
