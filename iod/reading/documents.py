"""A description as one JSON document, for scripts.

Law: texts as people read them, codes with value, scheme and meaning, numbers as numbers where they
are some; the tree keeps its order and its item numbers.
"""

from __future__ import annotations

from iod.reading.content import Content
from iod.reading.description import Description
from iod.reading.measurements import coded, number
from iod.reading.measurements import document as measurement
from iod.reading.sections import Fact, Section


def document(one: Description) -> dict[str, object]:
    """All that is told of an object."""
    return {
        "sop_class_uid": one.sop_class_uid,
        "sop_class": one.sop_class,
        "sop_instance_uid": one.sop_instance_uid,
        "title": one.title,
        "sections": [section(each) for each in one.sections],
        "content": item(one.content) if one.content else None,
        "measurements": [measurement(each) for each in one.measurements],
    }


def section(one: Section) -> dict[str, object]:
    """Facts by name, or rows by heading."""
    made: dict[str, object] = {"title": one.title}
    if one.facts:
        made["facts"] = _by_name(one.facts)
    if one.headings:
        made["rows"] = [dict(zip(one.headings, row, strict=True)) for row in one.rows]
    if one.more:
        made["more"] = one.more
    return made


def _by_name(facts: tuple[Fact, ...]) -> dict[str, str]:
    """Facts as members of an object; what is said more than once stands there in order."""
    made: dict[str, str] = {}
    for name, said in facts:
        made[name] = f"{made[name]}; {said}" if name in made else said
    return made


def item(one: Content) -> dict[str, object]:
    """A content item and those below it; what is empty is left out."""
    whole: dict[str, object] = {
        "item": one.number,
        "relationship": one.relationship,
        "value_type": one.value_type,
        "concept": coded(one.concept),
        "value": number(one.numeric) if one.numeric else one.value,
        "unit": coded(one.code) if one.value_type == "NUM" else None,
        "qualifier": coded(one.qualifier),
        "code": coded(one.code) if one.value_type == "CODE" else None,
        "instance": one.instance,
        "refers_to": one.refers_to,
        "details": _by_name(one.details),
        "table": [list(row) for row in one.table],
        "beyond": one.beyond,
        "children": [item(each) for each in one.children],
    }
    return {name: held for name, held in whole.items() if held not in (None, "", [], {})}
