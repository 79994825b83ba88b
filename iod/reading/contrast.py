"""Contrast administrations, planned and performed: PS3.16 TID 11001 and TID 11020.

Law: a step or a phase is a container named so; what was to be given or was given in it are its NUM
items, told apart by what their unit measures: volume, flow, pressure, time.  So both reports, and
those of vendors with concepts of their own, come into one table.  What they add up to and how they
differ is `differences`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from iod.reading.content import Content
from iod.reading.differences import KINDS, differences, highest, measured
from iod.reading.sections import Section, table

PLANNED: Final = "1.2.840.10008.5.1.4.1.1.88.74"
PERFORMED: Final = "1.2.840.10008.5.1.4.1.1.88.75"
PLANNED_INSTANCE: Final = ("130236", "DCM")  # Planned Imaging Agent Administration SOP Instance

_CONTAINERS: Final[Mapping[tuple[str, str], str]] = {
    ("130195", "DCM"): "step",
    ("130202", "DCM"): "phase",
    ("130183", "DCM"): "agent",  # Imaging Agent Information
}
_CURVES: Final = frozenset(
    {
        ("130229", "DCM"),  # Flow Rate vs Time
        ("130230", "DCM"),  # Pressure vs Time
    }
)
_IDENTIFIERS: Final = frozenset(
    {
        ("130196", "DCM"),  # Imaging Agent Administration Step Identifier
        ("130203", "DCM"),  # Imaging Agent Administration Phase Identifier
        ("130217", "DCM"),  # Referenced Imaging Agent Administration Phase Identifier
        ("130264", "DCM"),  # Imaging Agent Administration Injector Phase Identifier
        ("130254", "DCM"),  # Imaging Agent Identifier
    }
)


@dataclass(slots=True)
class Part:
    """A step or a phase, and what is measured in it by kind; `above` is what it stands in."""

    step: str
    phase: str
    kind: str = ""
    above: Part | None = None
    measured: dict[str, list[Content]] = field(default_factory=dict)


def administration(root: Content, whose: str) -> Iterator[tuple[str, ...]]:
    """A row for each part of a report."""
    for part in parts(root):
        cells = (_cell(part.measured.get(kind, [])) for kind in KINDS)
        yield (part.step, part.phase, whose, *cells)


def section(reports: Iterable[tuple[str, Content]]) -> Section:
    """Reports in one table, part by part: (planned or performed, its tree)."""
    rows = [row for whose, root in reports for row in administration(root, whose)]
    order = {key: at for at, key in enumerate(dict.fromkeys(row[:2] for row in rows))}
    rows.sort(key=lambda row: order[row[:2]])  # stable: planned before performed
    return table("Contrast administration", ["Step", "Phase", "Report", *KINDS], rows)


def parts(root: Content) -> list[Part]:
    """The report as a whole, its steps and phases that something was measured in."""
    whole = Part("", "")
    made = [whole]
    _gather(root, whole, made)
    return [part for part in made if part.measured]


def _gather(item: Content, part: Part, made: list[Part]) -> None:
    if item.value_type == "CONTAINER" and item.concept:
        kind = _CONTAINERS.get(item.concept.same)
        if kind:
            place = sum(each.kind == kind and each.above is part for each in made) + 1
            part = _part(kind, _identifier(item) or f"no. {place}", part)
            made.append(part)
        if item.concept.same in _CURVES:
            _curve(item, part)
            return
    measure = measured(item)
    if measure:
        part.measured.setdefault(measure, []).append(item)
    for child in item.children:
        _gather(child, part, made)


def _curve(item: Content, part: Part) -> None:
    """Of what went up and down the highest point."""
    for kind in KINDS:
        points = [each for each in item.children if measured(each) == kind]
        if points:
            part.measured.setdefault(kind, []).append(highest(kind, points))


def _part(kind: str, name: str, above: Part) -> Part:
    """A phase is one of the step it stands in."""
    if kind == "phase":
        return Part(above.step, name, kind, above)
    return Part(name if kind == "step" else f"agent {name}", "", kind, above)


def _identifier(item: Content) -> str:
    """What a container calls itself; empty when it has no name: then its place tells it."""
    for child in item.children:
        if child.concept and child.concept.same in _IDENTIFIERS and child.value:
            return child.value
    return ""


def _cell(measured: list[Content]) -> str:
    return "; ".join(f"{each.name}: {each.value}" for each in measured)


def compared(planned: Content, performed: Content) -> Section:
    """What was to be given and what was, part by part and measure by measure."""
    left, right = _together(planned), _together(performed)
    rows = []
    for key in dict.fromkeys((*left, *right)):
        for kind in KINDS:
            was, became = (side.get(key, {}).get(kind, []) for side in (left, right))
            if became and not was:
                was = _of_whole(left, key, kind)
            if was or became:
                difference = _unmatched(key, left, right) or differences(kind, was, became)
                rows.append((*key, kind, _cell(was), _cell(became), difference))
    headings = ["Step", "Phase", "Measure", "Planned", "Performed", "Difference"]
    return table("Planned against performed", headings, rows)


_Parts = Mapping[tuple[str, str], Mapping[str, list[Content]]]


def _together(root: Content) -> _Parts:
    """The parts by step and phase; one that was given twice is one part, with all of both."""
    made: dict[tuple[str, str], dict[str, list[Content]]] = {}
    for part in parts(root):
        held = made.setdefault((part.step, part.phase), {})
        for kind, found in part.measured.items():
            held.setdefault(kind, []).extend(found)
    return made


def _of_whole(planned: _Parts, key: tuple[str, str], kind: str) -> list[Content]:
    """What the plan says elsewhere: the step's limit of pressure, its phases' volumes and flows."""
    step, phase = key
    if phase and kind == "Pressure":
        return planned.get((step, ""), {}).get(kind, [])
    if step and not phase and kind in ("Volume", "Flow"):
        held = [of for (each, below), of in planned.items() if each == step and below]
        return [each for of in held for each in of.get(kind, [])]
    return []


def _unmatched(key: tuple[str, str], planned: _Parts, performed: _Parts) -> str:
    """Why there is nothing to compare a part with."""
    step, phase = key
    for side, said in ((planned, "not planned"), (performed, "not performed")):
        if key not in side and (phase or step not in {of for of, _ in side}):
            return said
    return ""


def planned_instances(root: Content) -> list[str]:
    """The UIDs of the plans a report refers to."""
    found = (item for item in root.walk() if item.instance)
    return [
        item.instance for item in found if item.concept and item.concept.same == PLANNED_INSTANCE
    ]
