"""Contrast administrations, planned and performed: PS3.16 TID 11001 and TID 11020.

Law: a step or a phase is a container named so; what was to be given or was given in it are its NUM
items, told apart by what their unit measures: volume, flow, pressure, time.  So both reports, and
those of vendors with concepts of their own, come into one table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from iod.reading.content import Content
from iod.reading.sections import Section, table

PLANNED: Final = "1.2.840.10008.5.1.4.1.1.88.74"
PERFORMED: Final = "1.2.840.10008.5.1.4.1.1.88.75"
PLANNED_INSTANCE: Final = ("130236", "DCM")  # Planned Imaging Agent Administration SOP Instance

_CONTAINERS: Final[Mapping[tuple[str, str], str]] = {
    ("130195", "DCM"): "step",
    ("130202", "DCM"): "phase",
    ("130183", "DCM"): "agent",  # Imaging Agent Information
}
_IDENTIFIERS: Final = frozenset(
    {
        ("130196", "DCM"),  # Imaging Agent Administration Step Identifier
        ("130203", "DCM"),  # Imaging Agent Administration Phase Identifier
        ("130217", "DCM"),  # Referenced Imaging Agent Administration Phase Identifier
        ("130264", "DCM"),  # Imaging Agent Administration Injector Phase Identifier
        ("130254", "DCM"),  # Imaging Agent Identifier
    }
)
_KINDS: Final = ("Volume", "Flow", "Pressure", "Time")
_MEASURES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("mL", "cm3", "L", "ml", "cc"), "Volume"),
    **dict.fromkeys(("mL/s", "ml/s", "mL/min", "ml/min", "cm3/s"), "Flow"),
    **dict.fromkeys(("kPa", "Pa", "mm[Hg]", "[psi]", "bar", "MPa"), "Pressure"),
    **dict.fromkeys(("s", "ms", "min", "h"), "Time"),
}


@dataclass(slots=True)
class Part:
    """A step or a phase, and what is measured in it by kind."""

    step: str
    phase: str
    measured: dict[str, list[Content]] = field(default_factory=dict)


def administration(root: Content, whose: str) -> Iterator[tuple[str, ...]]:
    """A row for each part of a report."""
    for part in parts(root):
        cells = (_cell(part.measured.get(kind, [])) for kind in _KINDS)
        yield (part.step, part.phase, whose, *cells)


def section(reports: Iterable[tuple[str, Content]]) -> Section:
    """Reports in one table, part by part: (planned or performed, its tree)."""
    rows = [row for whose, root in reports for row in administration(root, whose)]
    order = {key: at for at, key in enumerate(dict.fromkeys(row[:2] for row in rows))}
    rows.sort(key=lambda row: order[row[:2]])  # stable: planned before performed
    return table("Contrast administration", ["Step", "Phase", "Report", *_KINDS], rows)


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
            part = _part(kind, _identifier(item), part)
            made.append(part)
    if item.value_type == "NUM" and item.numeric:
        measure = _MEASURES.get(item.code.value if item.code else "")
        if measure:
            part.measured.setdefault(measure, []).append(item)
    for child in item.children:
        _gather(child, part, made)


def _part(kind: str, name: str, above: Part) -> Part:
    """A phase is one of the step it stands in."""
    if kind == "phase":
        return Part(above.step, name)
    return Part(name if kind == "step" else f"agent {name}", "")


def _identifier(item: Content) -> str:
    """What a container calls itself, or else its number in the tree."""
    for child in item.children:
        if child.concept and child.concept.same in _IDENTIFIERS and child.value:
            return child.value
    return item.number


def _cell(measured: list[Content]) -> str:
    return "; ".join(f"{each.name}: {each.value}" for each in measured)


def compared(planned: Content, performed: Content) -> Section:
    """What was to be given and what was, part by part and measure by measure."""
    left = {(part.step, part.phase): part.measured for part in parts(planned)}
    right = {(part.step, part.phase): part.measured for part in parts(performed)}
    rows = []
    for key in dict.fromkeys((*left, *right)):
        for kind in _KINDS:
            was, became = (side.get(key, {}).get(kind, []) for side in (left, right))
            if kind == "Pressure" and not was:  # a limit on the pressure is one of the whole step
                was = left.get((key[0], ""), {}).get(kind, [])
            if was or became:
                cells = (_cell(was), _cell(became), _difference(was, became))
                rows.append((*key, kind, *cells))
    headings = ["Step", "Phase", "Measure", "Planned", "Performed", "Difference"]
    return table("Planned against performed", headings, rows)


def _difference(planned: list[Content], performed: list[Content]) -> str:
    """Of those that are called the same; else of the greatest on each side, as peak and limit."""
    names = {each.concept.same: each for each in planned if each.concept}
    pairs = [(names.get(each.concept.same), each) for each in performed if each.concept]
    said = [f"{b.name}: {_gap(a, b)}" for a, b in pairs if a is not None and _gap(a, b)]
    if said and len(performed) > 1:
        return "; ".join(said)
    greatest = [max(side, key=_amount, default=None) for side in (planned, performed)]
    return _gap(greatest[0], greatest[1]) if greatest[0] and greatest[1] else ""


def _amount(measured: Content) -> float:
    try:
        return float(measured.numeric)
    except ValueError:
        return 0.0


def _gap(planned: Content, performed: Content) -> str:
    """Performed less planned, with the unit, where both are numbers in the same one."""
    if not planned.code or not performed.code or planned.code.same != performed.code.same:
        return ""
    try:
        was, became = float(planned.numeric), float(performed.numeric)
    except ValueError:
        return ""
    if became == was:
        return "none"
    share = f" ({100 * (became - was) / was:+.0f} %)" if was else ""
    return f"{became - was:+.6g} {performed.code.value}{share}"


def planned_instances(root: Content) -> list[str]:
    """The UIDs of the plans a report refers to."""
    found = (item for item in root.walk() if item.instance)
    return [
        item.instance for item in found if item.concept and item.concept.same == PLANNED_INSTANCE
    ]
