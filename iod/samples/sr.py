"""Structured reports: a tree of content items and the document around it, PS3.3 C.17 and C.18.

Content items are highdicom's, and so are documents of the three SR classes that it knows
(`measurements`); those of other classes are put together here. A concept is three words: value,
scheme, meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import highdicom as hd
from highdicom.sr import ContentItem, RelationshipTypeValues
from pydicom import Dataset
from pydicom.sr.coding import Code

from iod.samples.identity import uid
from iod.samples.items import code, item, put
from iod.samples.referring import evidence as of_study
from iod.samples.subjects import Series, begun

Concept = tuple[str, str, str]

CONTAINS: Final = RelationshipTypeValues.CONTAINS
PROPERTIES: Final = RelationshipTypeValues.HAS_PROPERTIES
OBSERVED: Final = RelationshipTypeValues.HAS_OBS_CONTEXT
ACQUIRED: Final = RelationshipTypeValues.HAS_ACQ_CONTEXT
MODIFIED: Final = RelationshipTypeValues.HAS_CONCEPT_MOD
INFERRED: Final = RelationshipTypeValues.INFERRED_FROM
SELECTED: Final = RelationshipTypeValues.SELECTED_FROM

_ENGLISH: Final = ("en-US", "RFC5646", "English (United States)")
YES: Final = ("373066001", "SCT", "Yes")
NO: Final = ("373067005", "SCT", "No")


def _code(concept: Concept) -> Code:
    return Code(*concept)


def _with(made: ContentItem, children: Iterable[ContentItem]) -> ContentItem:
    below = list(children)
    if below:
        made.ContentSequence = hd.sr.ContentSequence(below)
    return made


def container(
    concept: Concept,
    *children: ContentItem,
    by: RelationshipTypeValues | None = CONTAINS,
    template: str | None = None,
) -> ContentItem:
    """A heading with what is below it; the root of a tree is below nothing."""
    made = hd.sr.ContainerContentItem(
        _code(concept), is_content_continuous=False, template_id=template, relationship_type=by
    )
    return _with(made, children)


def coded(
    concept: Concept,
    value: Concept,
    *children: ContentItem,
    by: RelationshipTypeValues = CONTAINS,
) -> ContentItem:
    """A coded value."""
    made = hd.sr.CodeContentItem(_code(concept), _code(value), relationship_type=by)
    return _with(made, children)


def text(concept: Concept, value: str, *, by: RelationshipTypeValues = CONTAINS) -> ContentItem:
    """Words."""
    return hd.sr.TextContentItem(_code(concept), value, relationship_type=by)


def number(
    concept: Concept,
    value: float,
    unit: tuple[str, str],
    *children: ContentItem,
    by: RelationshipTypeValues = CONTAINS,
) -> ContentItem:
    """A measurement; the unit is its UCUM code and what it means."""
    made = hd.sr.NumContentItem(
        _code(concept), value, Code(unit[0], "UCUM", unit[1]), relationship_type=by
    )
    return _with(made, children)


def person(concept: Concept, name: str, by: RelationshipTypeValues = OBSERVED) -> ContentItem:
    """A person's name."""
    return hd.sr.PnameContentItem(_code(concept), name, relationship_type=by)


def identified(concept: Concept, names: str, by: RelationshipTypeValues = CONTAINS) -> ContentItem:
    """A UID; `names` is what it is a hash of."""
    return hd.sr.UIDRefContentItem(_code(concept), uid(names), relationship_type=by)


def at(concept: Concept, when: str, by: RelationshipTypeValues = CONTAINS) -> ContentItem:
    """A date and time."""
    return hd.sr.DateTimeContentItem(_code(concept), when, relationship_type=by)


def image(concept: Concept, of: Dataset, *, by: RelationshipTypeValues = CONTAINS) -> ContentItem:
    """An image that is referred to."""
    return hd.sr.ImageContentItem(
        _code(concept), of.SOPClassUID, of.SOPInstanceUID, relationship_type=by
    )


def composite(
    concept: Concept, of: Dataset, *, by: RelationshipTypeValues = CONTAINS
) -> ContentItem:
    """An instance that is no image."""
    return hd.sr.CompositeContentItem(
        _code(concept), of.SOPClassUID, of.SOPInstanceUID, relationship_type=by
    )


def language() -> ContentItem:
    """TID 1204: the report is in English."""
    spoken = ("121049", "DCM", "Language of Content Item and Descendants")
    return coded(spoken, _ENGLISH, by=MODIFIED)


def observer(name: str) -> tuple[ContentItem, ...]:
    """TID 1002 and 1003: a person has observed."""
    kind = ("121006", "DCM", "Person")
    return (
        coded(("121005", "DCM", "Observer Type"), kind, by=OBSERVED),
        person(("121008", "DCM", "Person Observer Name"), name),
    )


def device(name: str) -> tuple[ContentItem, ...]:
    """TID 1002 and 1004: a device has observed."""
    kind = ("121007", "DCM", "Device")
    return (
        coded(("121005", "DCM", "Observer Type"), kind, by=OBSERVED),
        identified(("121012", "DCM", "Device Observer UID"), name, by=OBSERVED),
        text(("121013", "DCM", "Device Observer Name"), name, by=OBSERVED),
    )


def document(
    series: Series,
    sop_class_uid: str,
    name: str,
    root: ContentItem,
    *,
    evidence: Sequence[Dataset] = (),
) -> Dataset:
    """The document of this tree; `evidence` is what it refers to, all of its study."""
    made = begun(series, sop_class_uid, name)
    put(
        made,
        ReferencedPerformedProcedureStepSequence=[],
        ContentDate=series.study.date,
        ContentTime=series.study.time,
        CompletionFlag="COMPLETE",
        VerificationFlag="UNVERIFIED",
        PerformedProcedureCodeSequence=[],
    )
    if evidence:
        put(made, CurrentRequestedProcedureEvidenceSequence=[of_study(evidence)])
    for element in root:
        if element.keyword != "RelationshipType":
            made[element.tag] = element
    return made


def table(
    concept: Concept,
    columns: Sequence[tuple[Concept, tuple[str, str]]],
    rows: Sequence[Sequence[float]],
    by: RelationshipTypeValues = CONTAINS,
) -> ContentItem:
    """A table of numbers, Tabulated Values of C.18.10; highdicom has no such content item."""
    cells = [
        item(
            TableRowNumber=row,
            TableColumnNumber=column,
            SelectorAttributeVR="DS",
            SelectorDSValue=value,
        )
        for row, values in enumerate(rows, start=1)
        for column, value in enumerate(values, start=1)
    ]
    values = item(
        NumberOfTableRows=len(rows),
        NumberOfTableColumns=len(columns),
        TableColumnDefinitionSequence=[
            item(
                TableColumnNumber=column,
                ConceptNameCodeSequence=[code(*named)],
                MeasurementUnitsCodeSequence=[code(unit[0], "UCUM", unit[1])],
            )
            for column, (named, unit) in enumerate(columns, start=1)
        ],
        CellValuesSequence=cells,
    )
    made = ContentItem.__new__(ContentItem)
    Dataset.__init__(made)
    put(
        made,
        RelationshipType=by.value,
        ValueType="TABLE",
        ConceptNameCodeSequence=[hd.sr.CodedConcept(*concept)],
        TabulatedValuesSequence=[values],
    )
    return made
