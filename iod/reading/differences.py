"""What was measured against what was planned: amounts of one kind, in whatever unit.

Law: units of UCUM, a row each; amounts of what is no unit of the kind are not compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from iod.reading.content import Content

KINDS: Final = ("Volume", "Flow", "Pressure", "Time")

_UNITS: Final[Mapping[str, Mapping[str, float]]] = {
    "Volume": {"ml": 1, "cm3": 1, "cc": 1, "ul": 1e-3, "dl": 100, "l": 1000},
    "Flow": {
        "ml/s": 1,
        "cm3/s": 1,
        "l/s": 1000,
        "ml/min": 1 / 60,
        "cm3/min": 1 / 60,
        "l/min": 1000 / 60,
        "ml/h": 1 / 3600,
    },
    "Pressure": {
        "kPa": 1,
        "Pa": 1e-3,
        "hPa": 0.1,
        "MPa": 1000,
        "bar": 100,
        "mbar": 0.1,
        "atm": 101.325,
        "mm[Hg]": 0.133322,
        "[psi]": 6.894757293168,
    },
    "Time": {"s": 1, "ms": 1e-3, "min": 60, "h": 3600},
}
"""By kind: units, and how many there are in one of them of the first."""

_CONCEPTS: Final[Mapping[tuple[str, str], str]] = {
    ("118565006", "SCT"): "Volume",
    ("130205", "DCM"): "Volume",  # Initial Volume of Imaging Agent in Container
    ("130240", "DCM"): "Volume",  # Total Phase Volume Administered
    ("130241", "DCM"): "Volume",  # Total Step Volume Administered
    ("130208", "DCM"): "Flow",  # Starting Flow Rate of administration
    ("130209", "DCM"): "Flow",  # Ending Flow Rate of administration
    ("130244", "DCM"): "Flow",  # Peak Flow Rate in Phase Activity
    ("130193", "DCM"): "Pressure",  # Pressure Limit
    ("130245", "DCM"): "Pressure",  # Peak Pressure in Phase Activity
    ("130198", "DCM"): "Time",  # Scan Delay
}
"""The kind of what has no value, and so no unit."""


def measured(item: Content) -> str:
    """The kind of what a NUM item measures; empty when it is none of these."""
    if item.value_type != "NUM" or item.concept is None:
        return ""
    unit = _unit(item)
    of_unit = (kind for kind, units in _UNITS.items() if unit in units)
    return next(of_unit, "") or ("" if unit else _CONCEPTS.get(item.concept.same, ""))


def differences(kind: str, planned: Iterable[Content], performed: Iterable[Content]) -> str:
    """Of those that are called the same; else of the greatest on each side, as peak and limit."""
    was, became = _named(planned), _named(performed)
    shared = [name for name in became if name in was]
    if len(became) > 1 and shared:
        gaps = ((became[name][0].name, _gap(kind, was[name], became[name])) for name in shared)
        return "; ".join(f"{name}: {gap}" for name, gap in gaps if gap)
    if not was or not became:
        return ""
    sides = (max(side.values(), key=lambda each: _amount(kind, each)) for side in (was, became))
    return _gap(kind, *sides)


def highest(kind: str, points: Sequence[Content]) -> Content:
    """The greatest of these, called so."""
    amounts = [_one(kind, each) for each in points]
    known = [number for number, amount in enumerate(amounts) if not math.isnan(amount)]
    found = points[max(known, key=amounts.__getitem__, default=0)]
    if found.concept is None:
        return found
    return replace(found, concept=replace(found.concept, meaning=f"{found.concept}, at most"))


def _named(found: Iterable[Content]) -> dict[tuple[str, str], list[Content]]:
    """All of one concept together."""
    made: dict[tuple[str, str], list[Content]] = {}
    for each in found:
        if each.concept:
            made.setdefault(each.concept.same, []).append(each)
    return made


def _gap(kind: str, planned: list[Content], performed: list[Content]) -> str:
    """Performed less planned, in the unit of the performed one."""
    was, became = _amount(kind, planned), _amount(kind, performed)
    if math.isnan(was) or math.isnan(became):
        return ""
    if math.isclose(was, became, rel_tol=1e-9):
        return "none"
    unit = performed[0].code.value if performed[0].code else ""
    share = f" ({100 * (became - was) / was:+.0f} %)" if was else ""
    return f"{(became - was) / _UNITS[kind][_unit(performed[0])]:+.6g} {unit}{share}"


def _amount(kind: str, alike: list[Content]) -> float:
    """Volumes add up, of all else the greatest counts; no number when one of them is none."""
    amounts = [_one(kind, each) for each in alike]
    if any(math.isnan(each) for each in amounts):
        return math.nan
    return sum(amounts) if kind == "Volume" else max(amounts)


def _one(kind: str, item: Content) -> float:
    factor = _UNITS[kind].get(_unit(item))
    try:
        made = float(item.numeric) * (factor or math.nan)
    except ValueError:
        return math.nan
    return made if math.isfinite(made) else math.nan


def _unit(item: Content) -> str:
    """The unit of a value; of liters, which UCUM writes both ways, with a small letter."""
    unit = item.code.value if item.code else ""
    return unit.replace("L", "l")
