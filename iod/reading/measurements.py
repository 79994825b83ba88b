"""The measurements of a report, each with what it is of: PS3.3 C.18.1, PS3.16 TID 300.

Law: a measurement is a NUM item; beside them are the qualitative evaluations of measurement groups.
Finding, site, tracking identifier and the like are its own children's, or else those of the nearest
container above that says them (TID 1410, 1411, 1501); codes are told apart by value and scheme, in
SNOMED's old identifiers as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from iod.reading.content import Content
from iod.reading.values import Coded

_CONTEXT: Final[Mapping[tuple[str, str], str]] = {
    ("121071", "DCM"): "finding",
    ("363698007", "SCT"): "finding_site",
    ("G-C0E3", "SRT"): "finding_site",
    ("272741003", "SCT"): "laterality",
    ("G-C171", "SRT"): "laterality",
    ("106233006", "SCT"): "topographical_modifier",
    ("G-A1F8", "SRT"): "topographical_modifier",
    ("276214006", "SCT"): "finding_category",
    ("130400", "DCM"): "geometric_purpose",
    ("112039", "DCM"): "tracking_identifier",
    ("112040", "DCM"): "tracking_uid",
    ("C67447", "NCIt"): "activity_session",
    ("126072", "DCM"): "time_point",
    ("370129005", "SCT"): "method",
    ("G-C036", "SRT"): "method",
    ("121401", "DCM"): "derivation",
}
"""What a concept says of a measurement beside it or in it."""

CONTEXT: Final = frozenset(_CONTEXT.values())

_OF_SITE: Final = ("laterality", "topographical_modifier")
"""What is said of a finding site: below it (TID 1410, 1501) or beside it."""

_CONTEXT_TYPES: Final = frozenset({"CODE", "TEXT", "UIDREF", "DATETIME", "PNAME"})
_EVALUATING: Final = frozenset(
    {
        ("125007", "DCM"),  # Measurement Group
        ("C0034375", "UMLS"),  # Qualitative Evaluations
    }
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement. `context` has the keys of `_CONTEXT`, `group` the containers above.

    An evaluation has neither number nor unit, and `code` when its value is one.
    """

    number: str
    name: Coded | None
    value: str  # with its unit
    numeric: str
    unit: Coded | None
    group: tuple[str, ...]
    group_number: str
    context: Mapping[str, Content] = field(default_factory=dict)
    modifiers: tuple[Content, ...] = ()
    instances: tuple[str, ...] = ()
    kind: str = "measurement"
    code: Coded | None = None
    qualifier: Coded | None = None

    def said(self, key: str) -> str:
        """What the context says, in words; empty when nothing."""
        found = self.context.get(key)
        return "" if found is None else str(found.code or found.value)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What holds for all below an item."""

    group: tuple[str, ...] = ()
    number: str = ""
    context: Mapping[str, Content] = field(default_factory=dict)
    instances: tuple[str, ...] = ()


def measurements(root: Content) -> Iterator[Measurement]:
    """All measurements of a tree, in its order."""
    known = {item.number: item for item in root.walk()}
    yield from _below(root, _Scope(), known)


def _below(item: Content, above: _Scope, known: Mapping[str, Content]) -> Iterator[Measurement]:
    scope = _within(item, above, known)
    if item.value_type == "NUM":
        yield _measurement(item, scope)
    for child in item.children:
        if _evaluates(child, item):
            yield _measurement(child, _within(child, scope, known))
        yield from _below(child, scope, known)


def _measurement(item: Content, scope: _Scope) -> Measurement:
    measured = item.value_type == "NUM"
    return Measurement(
        number=item.number,
        name=item.concept,
        value=item.value,
        numeric=item.numeric,
        unit=item.code if measured else None,
        group=scope.group,
        group_number=scope.number,
        context=scope.context,
        modifiers=tuple(_modifiers(item)),
        instances=scope.instances,
        kind="measurement" if measured else "evaluation",
        code=None if measured else item.code,
        qualifier=item.qualifier,
    )


def _evaluates(item: Content, above: Content) -> bool:
    """Whether an item is a qualitative evaluation of the group that it stands in, TID 1501."""
    within = above.concept is not None and above.concept.same in _EVALUATING
    told = item.value_type in ("CODE", "TEXT") and item.relationship == "CONTAINS"
    return within and told and not _key(item)


def _within(item: Content, above: _Scope, known: Mapping[str, Content]) -> _Scope:
    """What holds below an item: what it and its children say, else what was said above."""
    own = {_key(item): item} if _key(item) else {}
    said = _said(item)
    # A site of its own has not the side of another one.
    without = _OF_SITE if "finding_site" in said else ()
    inherited = {key: each for key, each in above.context.items() if key not in without}
    context = {**inherited, **own, **said}
    instances = tuple(dict.fromkeys(_instances(item, known))) or above.instances
    if item.value_type == "CONTAINER":
        return _Scope((*above.group, item.name), item.number, context, instances)
    return _Scope(above.group, above.number, context, instances)


def _said(item: Content) -> dict[str, Content]:
    """What the children of an item say of it, where they agree: of two findings neither is."""
    keys = Counter(_key(child) for child in item.children)
    said = {key: child for child in item.children if (key := _key(child)) and keys[key] == 1}
    site = said.get("finding_site")
    below = {_key(child): child for child in site.children} if site else {}
    return {**{key: below[key] for key in _OF_SITE if key in below}, **said}


def _instances(item: Content, known: Mapping[str, Content]) -> Iterator[str]:
    """The objects beside or below an item, but those of other measurements and containers."""
    for child in item.children:
        meant = known.get(child.refers_to, child)
        if meant.instance:
            yield meant.instance
        if child.value_type not in ("NUM", "CONTAINER") and not child.refers_to:
            yield from _instances(child, known)


def _key(child: Content) -> str:
    if child.concept is None or child.value_type not in _CONTEXT_TYPES:
        return ""
    return _CONTEXT.get(child.concept.same, "")


def _modifiers(item: Content) -> Iterator[Content]:
    """What else is said of a measurement itself."""
    kinds = ("HAS CONCEPT MOD", "HAS OBS CONTEXT", "HAS PROPERTIES")
    return (each for each in item.children if each.relationship in kinds and not _key(each))


# -- for scripts ----------------------------------------------------------------------------------


def document(one: Measurement) -> dict[str, object]:
    """One measurement as JSON has it."""
    return {
        "item": one.number,
        "kind": one.kind,
        "name": coded(one.name),
        "value": _value(one),
        "unit": coded(one.unit),
        "qualifier": coded(one.qualifier),
        "group": list(one.group),
        "group_item": one.group_number,
        **{key: _document(one.context[key]) for key in one.context},
        "modifiers": [_modifier(each) for each in one.modifiers],
        "instances": list(one.instances),
    }


def _value(one: Measurement) -> object:
    """A number; of an evaluation its code or text."""
    if one.kind == "measurement":
        return number(one.numeric)
    return coded(one.code) if one.code else one.value


def number(held: str) -> float | int | str | None:
    """A numeric value as a number; what is none stays a text, and nothing is None."""
    if "_" in held or not held.isascii():  # Python's numbers may have these, DICOM's not
        return held
    for kind in (int, float):
        try:
            made = kind(held)
        except ValueError:
            continue
        return made if abs(made) < float("inf") else held
    return held or None


def coded(one: Coded | None) -> dict[str, str] | None:
    """A code as JSON has it."""
    if one is None:
        return None
    return {"value": one.value, "scheme": one.scheme, "meaning": one.meaning}


def _document(item: Content) -> object:
    return coded(item.code) if item.code and item.value_type == "CODE" else item.value


def _modifier(item: Content) -> dict[str, object]:
    return {"name": coded(item.concept), "value": _document(item)}
