"""What a content item says, by its value type: PS3.3 C.17.3.2.1 and C.18.

Law: every value type the standard has is a row of `_READ`; others, of a later edition or of a
vendor, are told with whatever attributes their item has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydicom import Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.multival import MultiValue

from iod.reading import values
from iod.reading.values import Coded, coded, items, text

LONGEST: Final = 64 << 10  # characters of one text
MOST_CELLS: Final = 10_000

Details = tuple[tuple[str, str], ...]
"""What else is said of a value: name and words."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an item says, whatever its value type."""

    value: str = ""
    code: Coded | None = None
    details: Details = ()
    instance: str = ""
    table: tuple[tuple[str, ...], ...] = ()
    numeric: str = ""
    qualifier: Coded | None = None


def details(item: Dataset, paths: str) -> Details:
    pairs = ((values.title(path), text(item, path)) for path in paths.split())
    return tuple(pair for pair in pairs if pair[1])


# -- one function a value type, PS3.3 C.17.3.2.1 and C.18 -----------------------------------------


def _container(item: Dataset) -> Said:
    """C.18.8."""
    return Said(details=details(item, "ContentTemplateSequence.TemplateIdentifier"))


def _text(item: Dataset) -> Said:
    return Said(text(item, "TextValue", LONGEST))


def _code(item: Dataset) -> Said:
    """C.18.2."""
    found = coded(item, "ConceptCodeSequence")
    return Said(found.full if found else "", found)


def _num(item: Dataset) -> Said:
    """C.18.1: without a measured value there may be a qualifier that says why."""
    qualifier = coded(item, "NumericValueQualifierCodeSequence")
    measured = next(iter(items(item, "MeasuredValueSequence")), None)
    told = (("Qualifier", str(qualifier)),) if qualifier else ()
    if measured is None:
        shown = f"no value: {qualifier}" if qualifier else "no value"
        return Said(shown, details=told, qualifier=qualifier)
    unit = coded(measured, "MeasurementUnitsCodeSequence")
    numeric = text(measured, "NumericValue")
    shown = " ".join(filter(None, (numeric, _symbol(unit))))
    paths = "RationalNumeratorValue RationalDenominatorValue"
    if values.value(measured, "NumericValue") != values.value(measured, "FloatingPointValue"):
        paths = f"FloatingPointValue {paths}"
    also = told + details(measured, paths)
    return Said(shown, unit, also, numeric=numeric, qualifier=qualifier)


def _symbol(unit: Coded | None) -> str:
    """A unit of UCUM by its code, which is its symbol; no unit at all is 1, or `no units`."""
    if unit is None or unit.value in ("1", "{no units}"):
        return ""
    return unit.value if unit.scheme == "UCUM" and not unit.value.startswith("{") else str(unit)


def _attribute(keyword: str) -> Callable[[Dataset], Said]:
    """A value type whose value is one attribute."""
    return lambda item: Said(text(item, keyword, LONGEST))


def _composite(item: Dataset) -> Said:
    """C.18.3 to C.18.5: the object, and which part of it."""
    reference = next(iter(items(item, "ReferencedSOPSequence")), Dataset())
    instance = text(reference, "ReferencedSOPInstanceUID")
    shown = f"{text(reference, 'ReferencedSOPClassUID')} {instance}".strip()
    parts = "ReferencedFrameNumber ReferencedSegmentNumber ReferencedWaveformChannels"
    also = "ReferencedSOPSequence ReferencedRealWorldValueMappingInstanceSequence"
    return Said(shown, details=details(reference, f"{parts} {also}"), instance=instance)


def _coordinates(item: Dataset) -> Said:
    """C.18.6 and C.18.9: a shape, and its points."""
    kind = text(item, "GraphicType")
    data = values.value(item, "GraphicData")
    size = 3 if text(item, "ValueType") == "SCOORD3D" else 2
    number = len(data) // size if data is not None and not isinstance(data, float) else 0
    shown = f"{kind}, {number} {'point' if number == 1 else 'points'}" if number else kind
    paths = "GraphicData PixelOriginInterpretation FiducialUID ReferencedFrameOfReferenceUID"
    return Said(shown, details=details(item, paths))


def _times(item: Dataset) -> Said:
    """C.18.7."""
    paths = "ReferencedSamplePositions ReferencedTimeOffsets ReferencedDateTime"
    return Said(text(item, "TemporalRangeType"), details=details(item, paths))


def _table(item: Dataset) -> Said:
    """C.18.10: rows and columns have names and units, cells values of any type."""
    tabulated = next(iter(items(item, "TabulatedValuesSequence")), item)
    columns = _named(tabulated, "TableColumnDefinitionSequence", "TableColumnNumber")
    rows = _named(tabulated, "TableRowDefinitionSequence", "TableRowNumber")
    cells: dict[tuple[int, int], str] = {}
    for cell in items(tabulated, "CellValuesSequence")[:MOST_CELLS]:
        cells.update(_cells(cell))
    below = sorted({row for row, _ in cells} | rows.keys())
    across = sorted({column for _, column in cells} | columns.keys())
    size = f"{text(tabulated, 'NumberOfTableRows')} rows, "
    size += f"{text(tabulated, 'NumberOfTableColumns')} columns"
    if len(below) * len(across) > MOST_CELLS:
        return Said(f"{size}: too large to show")
    head = ("", *(columns.get(column, str(column)) for column in across))
    body = ((rows.get(row, str(row)), *(cells.get((row, c), "") for c in across)) for row in below)
    return Said(size, table=(head, *body))


def _named(item: Dataset, sequence: str, number: str) -> dict[int, str]:
    """Rows or columns by number: their concept and unit."""
    made = {}
    for each in items(item, sequence):
        unit = _symbol(coded(each, "MeasurementUnitsCodeSequence"))
        name = str(coded(each, "ConceptNameCodeSequence") or "")
        made[_whole(each, number)] = f"{name} [{unit}]" if unit else name
    return made


def _whole(item: Dataset, keyword: str) -> int:
    found = values.value(item, keyword)
    return found if isinstance(found, int) else 0


def _cells(cell: Dataset) -> Iterator[tuple[tuple[int, int], str]]:
    """One value at its place, or those of a whole row or column where the other number is left out.

    A value stands in whichever attribute its type asks for.
    """
    row, column = _whole(cell, "TableRowNumber"), _whole(cell, "TableColumnNumber")
    name = next((name for name, _ in _others(cell, _OF_CELL)), "")
    held = values.value(cell, name) if name else None
    many = list(held) if isinstance(held, MultiValue | list) and not (row and column) else []
    for place, each in enumerate(many[:MOST_CELLS], 1):
        yield (row or place, column or place), values.cut(str(each))
    if not many and name:
        yield (row or 1, column or 1), text(cell, name)


def _unknown(item: Dataset) -> Said:
    """Whatever the item holds beside what all items do; what has no name is hidden from nobody."""
    return Said(details=tuple((values.title(name), said) for name, said in _others(item, _OF_ALL)))


def _others(item: Dataset, known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The keywords of what else an item holds, each with its value in words."""
    names = (keyword_for_tag(tag) for tag in item.keys())  # noqa: SIM118 - iterating it decodes
    pairs = ((name, text(item, name)) for name in names if name and name not in known)
    return (pair for pair in pairs if pair[1])


_OF_ALL: Final = frozenset(
    {
        *("RelationshipType", "ValueType", "ConceptNameCodeSequence", "ContentSequence"),
        *("ObservationDateTime", "ObservationUID"),
    }
)
_OF_CELL: Final = frozenset(
    {"TableRowNumber", "TableColumnNumber", "SelectorAttributeVR", "SelectorAttribute"}
)
_READ: Final[Mapping[str, Callable[[Dataset], Said]]] = {
    "CONTAINER": _container,
    "TEXT": _text,
    "CODE": _code,
    "NUM": _num,
    "PNAME": _attribute("PersonName"),
    "DATE": _attribute("Date"),
    "TIME": _attribute("Time"),
    "DATETIME": _attribute("DateTime"),
    "UIDREF": _attribute("UID"),
    "COMPOSITE": _composite,
    "IMAGE": _composite,
    "WAVEFORM": _composite,
    "SCOORD": _coordinates,
    "SCOORD3D": _coordinates,
    "TCOORD": _times,
    "TABLE": _table,
}
VALUE_TYPES: Final = frozenset(_READ)


def said(item: Dataset, kind: str) -> Said:
    """What an item of this value type says."""
    return _READ.get(kind, _unknown)(item)
