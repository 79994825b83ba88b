"""Dose reports in short: PS3.16 TID 10001, 10011, 10021, 10030.

Law: totals are the NUM items of a container of accumulated dose, events the containers of one
irradiation or administration each, organ doses those of a container about an organ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydicom import uid

from iod.reading.content import Content
from iod.reading.measurements import Measurement, measurements
from iod.reading.sections import Fact, Section, table

CLASSES: Final = frozenset(
    {
        uid.XRayRadiationDoseSRStorage,
        uid.EnhancedXRayRadiationDoseSRStorage,
        uid.RadiopharmaceuticalRadiationDoseSRStorage,
        uid.PatientRadiationDoseSRStorage,
    }
)
_TOTALS: Final = frozenset(
    {
        ("113702", "DCM"),  # Accumulated X-Ray Dose Data
        ("113811", "DCM"),  # CT Accumulated Dose Data
        ("130500", "DCM"),  # Accumulated Dose Data
    }
)
_EVENTS: Final = frozenset(
    {
        ("113706", "DCM"),  # Irradiation Event X-Ray Data
        ("113819", "DCM"),  # CT Acquisition
        ("113502", "DCM"),  # Radiopharmaceutical Administration
    }
)
_PLANE: Final = ("113764", "DCM")  # Acquisition Plane
_ORGANS: Final = frozenset({("113517", "DCM")})  # Organ Dose Information


def sections(root: Content) -> Iterator[Section]:
    """Totals and events; organs and what they received."""
    facts = [*_counted(root), *_totals(root)]
    if facts:
        yield Section("Dose", tuple(facts))
    rows = [
        (each.said("finding_site"), each.said("laterality"), str(each.name or ""), each.value)
        for each in _of_organs(root)
    ]
    if rows:
        yield table("Organ doses", ["Organ", "Side", "Dose", "Value"], rows)


def _within(root: Content, concepts: frozenset[tuple[str, str]]) -> Iterator[Content]:
    """The containers of these concepts."""
    found = (item for item in root.walk() if item.value_type == "CONTAINER" and item.concept)
    return (item for item in found if item.concept and item.concept.same in concepts)


def _counted(root: Content) -> Iterator[Fact]:
    events = [item.name for item in _within(root, _EVENTS)]
    for name in dict.fromkeys(events):
        yield f"Events: {name}", str(events.count(name))


def _totals(root: Content) -> Iterator[Fact]:
    """Of each plane of a biplane system its own, TID 10002."""
    for container in _within(root, _TOTALS):
        told = [each for each in container.children if each.concept and each.concept.same == _PLANE]
        plane = f" ({told[0].code})" if told and told[0].code else ""
        for item in container.walk():
            if item.value_type == "NUM":
                yield f"{item.name}{plane}", item.value


def _of_organs(root: Content) -> Iterator[Measurement]:
    numbers = {item.number for item in _within(root, _ORGANS)}
    return (each for each in measurements(root) if each.group_number in numbers)
