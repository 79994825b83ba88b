"""Contrast administration, planned and performed, PS3.3 A.35.20 and A.35.21 (Supplement 164).

Two phases, contrast and saline, by a power injector. Performed is less than planned: the pressure
came near its limit, so the flow was reduced. Headings, names and codes are those of PS3.16 TID
11001 and 11020 with the templates below them, as the code lists of PS3.16 have them. The class has
no tables (A.35.20.3.1.2), so how flow and pressure went is told as numbers, each with its moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from highdicom.sr import ContentItem
from pydicom import Dataset
from pydicom.uid import (
    PerformedImagingAgentAdministrationSRStorage,
    PlannedImagingAgentAdministrationSRStorage,
)

from iod.samples import sr
from iod.samples.identity import uid
from iod.samples.items import put
from iod.samples.subjects import ANNA, Equipment, Series, Study

_STUDY: Final = Study("contrast", ANNA, "CT of the liver with contrast")
_INJECTOR: Final = Equipment("Anode", "Sample Injector", "INJ-1", "5.1")
_PLANS: Final = Series(_STUDY, "SR", 1, "Contrast, planned", _INJECTOR)
_REPORTS: Final = Series(_STUDY, "SR", 2, "Contrast, performed", _INJECTOR)
_ML, _ML_S = ("ml", "ml"), ("ml/s", "ml/s")
_KPA, _S, _MG_ML = ("kPa", "kPa"), ("s", "s"), ("mg/ml", "mg/ml")
_IOPROMIDE: Final = ("353903006", "SCT", "Iopromide")
_SALINE: Final = ("373757009", "SCT", "Saline")
_INTRAVENOUS: Final = ("47625008", "SCT", "Intravenous route")
_LIMIT: Final = 2100  # kPa
_FLOW: Final = ("122094", "DCM", "Rate of administration")
_PRESSURE: Final = ("PRESSURE", "99ANODE", "Pressure")
# Seconds since the injection began, flow in ml/s, pressure in kPa. Contrast until second 23, then
# saline, which is thinner: what flowed until then and after is what the phases say.
_COURSE: Final = (
    (0, 0.0, 0),
    (2, 4.0, 980),
    (6, 4.0, 1560),
    (12, 4.0, 1940),
    (16, 3.6, 1870),
    (23, 3.6, 1850),
    (33, 3.6, 760),
    (35, 0.0, 60),
)


@dataclass(frozen=True, slots=True)
class Phase:
    """What is given in one go: agent, volume in ml and flow in ml/s."""

    name: str
    agent: str
    volume: float
    flow: float
    peak_pressure: float = 0.0


_PLANNED: Final = (Phase("P1", "A", 90, 4.0), Phase("P2", "B", 40, 4.0))
_PERFORMED: Final = (Phase("P1", "A", 84.4, 4.0, 1940), Phase("P2", "B", 39.6, 3.6, 1850))


def instances() -> dict[str, Dataset]:
    """The plan and what came of it."""
    planned = _planned()
    return {"planned": planned, "performed": _performed(planned)}


def _planned() -> Dataset:
    root = sr.container(
        ("130226", "DCM", "Planned Imaging Agent Administration"),
        sr.language(),
        *sr.device("INJECTOR1"),
        _procedure(),
        sr.text(
            ("130200", "DCM", "Imaging Agent Administration Protocol Name"), "Liver, three phases"
        ),
        *_agents(),
        *_consumables(performed=False),
        sr.container(
            ("130192", "DCM", "Imaging Agent Administration Steps"),
            _step(_PLANNED),
            template="11006",
        ),
        template="11001",
    )
    return sr.document(_PLANS, PlannedImagingAgentAdministrationSRStorage, "planned", root)


def _performed(planned: Dataset) -> Dataset:
    root = sr.container(
        ("130227", "DCM", "Performed Imaging Agent Administration"),
        sr.language(),
        *sr.device("INJECTOR1"),
        _procedure(),
        sr.composite(
            ("130236", "DCM", "Planned Imaging Agent Administration SOP Instance"), planned
        ),
        *_agents(),
        sr.container(
            ("130237", "DCM", "Imaging Agent Administration Activity"),
            _step(_PERFORMED),
            _events(),
        ),
        *_consumables(performed=True),
        sr.coded(
            ("130211", "DCM", "Imaging Agent Administration Completion Status"),
            ("255594003", "SCT", "Complete"),
        ),
        template="11020",
    )
    made = sr.document(
        _REPORTS,
        PerformedImagingAgentAdministrationSRStorage,
        "performed",
        root,
        evidence=[planned],
    )
    # Synchronization Module, C.7.4.2: mandatory here, so that flow and images share a clock.
    return put(
        made,
        SynchronizationTrigger="NO TRIGGER",
        AcquisitionTimeSynchronized="Y",
        SynchronizationFrameOfReferenceUID=uid("clock", _STUDY.key),
    )


def _procedure() -> ContentItem:
    """TID 1005: which procedure it belongs to, namely that of the study."""
    return sr.identified(
        ("121018", "DCM", "Procedure Study Instance UID"), f"study/{_STUDY.key}", by=sr.OBSERVED
    )


def _agents() -> list[ContentItem]:
    """TID 11002, for each of the two: what it is and how much is there of it."""
    return [
        sr.container(
            ("130183", "DCM", "Imaging Agent Information"),
            sr.text(("130254", "DCM", "Imaging Agent Identifier"), "A"),
            sr.coded(("7140000", "SCT", "Contrast agent"), _IOPROMIDE),
            sr.text(("111529", "DCM", "Brand Name"), "Sample contrast 370"),
            sr.text(("121149", "DCM", "Lot Identifier"), "LOT-4711"),
            sr.number(("121380", "DCM", "Active Ingredient Undiluted Concentration"), 370, _MG_ML),
            sr.number(("130205", "DCM", "Initial Volume of Imaging Agent in Container"), 100, _ML),
            sr.coded(("130187", "DCM", "Imaging Agent Warmed"), sr.YES),
            template="11002",
        ),
        sr.container(
            ("130183", "DCM", "Imaging Agent Information"),
            sr.text(("130254", "DCM", "Imaging Agent Identifier"), "B"),
            sr.coded(("7140000", "SCT", "Contrast agent"), _SALINE),
            sr.number(("130205", "DCM", "Initial Volume of Imaging Agent in Container"), 60, _ML),
            template="11002",
        ),
    ]


def _step(phases: tuple[Phase, ...]) -> ContentItem:
    """One step of all phases, as planned or as performed."""
    performed = phases is _PERFORMED
    content = [
        sr.text(("130196", "DCM", "Imaging Agent Administration Step Identifier"), "S1"),
        sr.coded(
            ("130250", "DCM", "Administration Step Type"),
            ("130249", "DCM", "Diagnostic Administration"),
        ),
        sr.coded(
            ("130181", "DCM", "Administration Mode"),
            ("130173", "DCM", "Automated Administration"),
        ),
        sr.coded(("410675002", "SCT", "Route of administration"), _INTRAVENOUS),
        sr.number(("130193", "DCM", "Pressure Limit"), _LIMIT, _KPA),
        sr.number(("130198", "DCM", "Scan Delay"), 35, _S),
        *(_phase(each, performed=performed) for each in phases),
    ]
    if performed:
        total = sum(each.volume for each in phases)
        content.append(
            sr.identified(
                ("130246", "DCM", "Imaging Agent Administration Performed Step UID"), "step/S1"
            )
        )
        content.append(sr.number(("130241", "DCM", "Total Step Volume Administered"), total, _ML))
        content.append(_course())
    return sr.container(("130195", "DCM", "Imaging Agent Administration Step"), *content)


def _phase(phase: Phase, *, performed: bool) -> ContentItem:
    content = [
        sr.text(("130203", "DCM", "Imaging Agent Administration Phase Identifier"), phase.name),
        sr.coded(
            ("130204", "DCM", "Imaging Agent Administration Phase Type"),
            ("130168", "DCM", "Automatic Programmed Administration Phase"),
        ),
        sr.text(("130255", "DCM", "Referenced Imaging Agent Identifier"), phase.agent),
    ]
    if performed:
        content += [
            sr.number(("130240", "DCM", "Total Phase Volume Administered"), phase.volume, _ML),
            sr.number(("130244", "DCM", "Peak Flow Rate in Phase Activity"), phase.flow, _ML_S),
            sr.number(
                ("130245", "DCM", "Peak Pressure in Phase Activity"), phase.peak_pressure, _KPA
            ),
        ]
    else:
        content += [
            sr.number(("118565006", "SCT", "Volume"), phase.volume, _ML),
            sr.number(("130208", "DCM", "Starting Flow Rate of administration"), phase.flow, _ML_S),
            sr.number(("130209", "DCM", "Ending Flow Rate of administration"), phase.flow, _ML_S),
        ]
    return sr.container(("130202", "DCM", "Imaging Agent Administration Phase"), *content)


def _course() -> ContentItem:
    """How flow and pressure went."""
    return sr.container(
        ("130232", "DCM", "Imaging Agent Administration Graph"),
        sr.container(
            ("130229", "DCM", "Flow Rate vs Time"),
            *(sr.number(_FLOW, flow, _ML_S, _moment(at)) for at, flow, _ in _COURSE),
        ),
        sr.container(
            ("130230", "DCM", "Pressure vs Time"),
            *(sr.number(_PRESSURE, each, _KPA, _moment(at)) for at, _, each in _COURSE),
        ),
    )


def _moment(second: float) -> ContentItem:
    named = ("130194", "DCM", "Time after the start of injection")
    return sr.number(named, second, _S, by=sr.PROPERTIES)


def _events() -> ContentItem:
    """TID 11022: what the injector has noticed."""
    return sr.container(
        ("130233", "DCM", "Imaging Agent Administration Injector Events"),
        sr.coded(
            ("130234", "DCM", "Imaging Agent Administration Injector Event Type"),
            ("130151", "DCM", "Pressure above adjustment limit"),
            sr.at(
                ("130235", "DCM", "Injector Event Detection DateTime"),
                f"{_STUDY.date}101512",
                by=sr.PROPERTIES,
            ),
        ),
        template="11022",
    )


def _consumables(*, performed: bool) -> list[ContentItem]:
    """TID 11005: the syringe that takes the agent, and the catheter into the vein."""
    catheter = sr.coded(
        ("130257", "DCM", "Consumable Catheter Type"),
        ("82449006", "SCT", "Peripheral intravenous catheter"),
    )
    kinds: tuple[tuple[sr.Concept, str, tuple[ContentItem, ...]], ...] = (
        (("61968008", "SCT", "Syringe"), "(01)04012345678901", ()),
        (("19923001", "SCT", "Catheter"), "(01)04012345678918", (catheter,)),
    )
    new = (sr.coded(("130224", "DCM", "Consumable is New"), sr.YES),) if performed else ()
    return [
        sr.container(
            ("130222", "DCM", "Imaging Agent Administration Consumable"),
            sr.coded(("130223", "DCM", "Imaging Agent Administration Consumable Type"), kind),
            *new,
            *more,
            sr.text(("130231", "DCM", "Barcode Value"), barcode),
            template="11005",
        )
        for kind, barcode, more in kinds
    ]
