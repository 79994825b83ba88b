"""References of an object to others: to what is there, and to what fits the role.

Law: nothing is said of what is not known; where what is known is all there is (an archive), a
missing object is surely missing, else it may only not have been shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from iod.checks.findings import Finding
from iod.checks.items import Item
from iod.checks.objects import CLASS, Checked, Told, along, walk

RADIATIONS: Final = frozenset(CLASS + f"481.{n}" for n in (13, 14, 15))
PROTOCOLS: Final = frozenset(CLASS + n for n in ("200.1", "200.7"))
PERFORMED: Final = frozenset(CLASS + n for n in ("200.2", "200.8"))
INTENT: Final = frozenset((CLASS + "481.10",))
PLANS: Final = frozenset(CLASS + n for n in ("481.5", "481.8"))
MOST: Final = 10_000  # references that are looked for, each a question to an index
_VOLUME: Final = (
    "ConceptualVolumeSequence.ConceptualVolumeSegmentationReferenceSequence."
    "ReferencedDirectSegmentInstanceSequence"
)
UNKNOWN: Final = "-unknown"  # the end of the rules that tell of what is not there
OCT: Final = frozenset(CLASS + f"77.1.5.{n}" for n in (4, 8))


@dataclass(frozen=True, slots=True)
class Role:
    """What a sequence of references of a class refers to; `needed`: it makes no sense without."""

    iods: tuple[str, ...]
    names: str
    rule: str
    classes: frozenset[str] = frozenset()
    needed: bool = False
    clause: str = ""


ROLES: Final = (
    Role(("protocol-approval",), "ApprovalSubjectSequence",
         "approval.subject", PROTOCOLS, True, "PS3.3 C.34.15"),
    Role(("rt-radiation-set",), "RTRadiationSequence",
         "rt.radiation", RADIATIONS, True, "PS3.3 C.36.10"),
    Role(("rt-radiation-set",), "TreatmentPositionGroupSequence.ReferencedRTRadiationSequence",
         "rt.radiation", RADIATIONS, True, "PS3.3 C.36.10"),
    Role(("rt-radiation-set",), "RadiationDoseSequence.ReferencedRTRadiationSequence",
         "rt.radiation", RADIATIONS, True, "PS3.3 C.36.11"),
    Role(("rt-radiation-set",), "ReferencedRTPhysicianIntentSequence",
         "rt.intent", INTENT, False, "PS3.3 C.36.10"),
    Role(("rt-radiation-set",), f"RadiationDoseIdentificationSequence.{_VOLUME}",
         "rt.segment", frozenset(), False, "PS3.3 C.36.11"),
    Role(("rt-physician-intent",),
         f"RTPrescriptionSequence.RTAnatomicPrescriptionSequence.{_VOLUME}",
         "rt.segment", frozenset(), False, "PS3.3 C.36.6"),
    Role(("rt-segment-annotation",),
         "SegmentReferenceSequence.DirectSegmentReferenceSequence.ReferencedSOPSequence",
         "rt.segment", frozenset(), False, "PS3.3 C.36.9"),
    # It may be made from what was performed; what is performed tells of no predecessor.
    Role(("ct-defined-procedure-protocol", "xa-defined-procedure-protocol"),
         "PredecessorProtocolSequence", "protocol.predecessor", PROTOCOLS | PERFORMED, False,
         "PS3.3 C.34.2"),
    Role(("ct-performed-procedure-protocol", "xa-performed-procedure-protocol"),
         "ReferencedDefinedProtocolSequence", "protocol.defined", PROTOCOLS, False,
         "PS3.3 C.7.3.1"),
    Role(("rt-brachy-application-setup-delivery-instruction",),
         "ReferencedRTPlanSequence.ReferencedSeriesSequence.ReferencedSOPSequence",
         "rt.plan", PLANS, False, "PS3.3 C.8.8.30"),
    Role(("rt-beams-delivery-instruction",),
         "ReferencedRTPlanSequence", "rt.plan", PLANS, False, "PS3.3 C.8.8.29"),
    Role(("content-assessment-results",), "AssessedSOPInstanceSequence",
         "assessment.subject", frozenset(), False, "PS3.3 C.33"),
    Role(("advanced-blending-presentation-state",),
         "AdvancedBlendingSequence.ReferencedImageSequence",
         "presentation.input", frozenset(), False, "PS3.3 C.11.33"),
    Role(("planar-mpr-volumetric-presentation-state",
          "volume-rendering-volumetric-presentation-state"),
         "VolumetricPresentationInputSetSequence.ReferencedImageSequence",
         "presentation.input", frozenset(), False, "PS3.3 C.11.23"),
    Role(("encapsulated-stl", "encapsulated-obj", "encapsulated-mtl"),
         "PredecessorDocumentsSequence.ReferencedSeriesSequence.ReferencedSOPSequence",
         "document.predecessor", frozenset(), False, "PS3.3 C.24.2"),
    Role(("ophthalmic-optical-coherence-tomography-en-face-image",), "SourceImageSequence",
         "ophthalmic.source", OCT, False, "PS3.3 C.8.17.14"),
    Role(("tractography-results",), "ReferencedInstanceSequence",
         "tract.source", frozenset(), False, "PS3.3 C.8.33.2"),
)  # fmt: skip


def refers(iod: str) -> bool:
    """Whether objects of an IOD refer to others that are looked for."""
    return any(iod in role.iods for role in ROLES)


def roles(checked: Checked) -> Iterator[Finding]:
    """References whose object is not there, or is none of the classes that fit."""
    for role in ROLES:
        if checked.iod in role.iods:
            for path, item in islice(along(checked.root, role.names), MOST):
                yield from _role(checked, role, path, item)


def _role(checked: Checked, role: Role, path: str, item: Item) -> Iterator[Finding]:
    said, uid = item.text("ReferencedSOPClassUID"), item.text("ReferencedSOPInstanceUID")
    if role.classes and said and said not in role.classes:
        message = f"is {said[:64]!a}, a class that does not fit here"
        where = f"{path}ReferencedSOPClassUID"
        yield Finding("error", where, f"{role.rule}-class", message, role.clause)
    if checked.known is None or not uid:
        return
    if checked.known.resolve(uid) is None:
        sure = checked.known.complete
        message = "refers to an object that is not " + ("held" if sure else "among those given")
        severity = "error" if sure and role.needed else "warning"
        where = f"{path}ReferencedSOPInstanceUID"
        yield Finding(severity, where, f"{role.rule}{UNKNOWN}", message, role.clause)  # type: ignore[arg-type]


def classes(checked: Checked) -> Told:
    """References that say another class than the object has."""
    if checked.known is None:
        return
    for where, said, uid in islice(_said(checked.root), MOST):
        held = checked.known.resolve(uid)
        if held and held != said:
            yield where, f"is {said[:64]!a}; the object is of class {held}"


def _said(root: Item) -> Iterator[tuple[str, str, str]]:
    """Where a reference says a class, the class, and of which instance."""
    for path, name, items in walk(root):
        for number, item in enumerate(items, 1):
            said, uid = item.text("ReferencedSOPClassUID"), item.text("ReferencedSOPInstanceUID")
            if said and uid:
                yield f"{path}{name}[{number}].ReferencedSOPClassUID", said, uid
