"""An object described: what it is, what it says, PS3.3.

Law: the table of outlines says what is told of a class; a class without a row is told by whatever
attributes its objects have of their own. Reports are trees beside that.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydicom import Dataset
from pydicom.datadict import keyword_for_tag

from iod.reading import (
    contrast,
    displays,
    dose,
    images,
    models,
    presentations,
    protocols,
    radiotherapy,
)
from iod.reading.content import Content, content, is_report
from iod.reading.measurements import Measurement, measurements
from iod.reading.sections import Fact, Outline, Section, facts_of, table, told
from iod.reading.values import sop_class, text, title, value

OUTLINES: Final[Mapping[str, Outline]] = {
    **images.OUTLINES,
    **presentations.OUTLINES,
    **radiotherapy.OUTLINES,
    **protocols.OUTLINES,
    **models.OUTLINES,
    **displays.OUTLINES,
}
MOST_ATTRIBUTES: Final = 60

_PATIENT: Final = (
    "PatientName PatientID IssuerOfPatientID PatientBirthDate PatientSex PatientAge"
    " PatientSpeciesDescription"
)
_STUDY: Final = (
    "StudyDate StudyTime StudyDescription AccessionNumber StudyID ReferringPhysicianName"
    " StudyInstanceUID"
)
_SERIES: Final = (
    "Modality SeriesNumber SeriesDescription SeriesDate BodyPartExamined Laterality ProtocolName"
    " SeriesInstanceUID"
)
_EQUIPMENT: Final = (
    "Manufacturer ManufacturerModelName DeviceSerialNumber SoftwareVersions InstitutionName"
    " StationName"
)
_INSTANCE: Final = "SOPInstanceUID InstanceNumber InstanceCreationDate InstanceCreationTime"
_REPORT: Final = (
    "CompletionFlag CompletionFlagDescription VerificationFlag ContentDate ContentTime"
    " Verified_by=VerifyingObserverSequence.VerifyingObserverName"
    " Verified_at=VerifyingObserverSequence.VerificationDateTime"
    " Author=AuthorObserverSequence.PersonName"
    " Template=ContentTemplateSequence.TemplateIdentifier"
    " Predecessors=PredecessorDocumentsSequence.ReferencedSeriesSequence.ReferencedSOPSequence"
)
_PARTS: Final = (
    ("Patient", _PATIENT),
    ("Study", _STUDY),
    ("Series", _SERIES),
    ("Equipment", _EQUIPMENT),
    ("Instance", _INSTANCE),
)


@dataclass(frozen=True, slots=True)
class Description:
    """What is told of one object."""

    sop_class_uid: str
    sop_instance_uid: str
    sop_class: str
    title: str
    sections: tuple[Section, ...]
    content: Content | None
    measurements: tuple[Measurement, ...]


def described(dataset: Dataset) -> Description:
    """An object as people read it; raises nothing for what it says."""
    with warnings.catch_warnings():
        # pydicom warns with the values in hand.
        warnings.simplefilter("ignore")
        uid = _uid(dataset, "SOPClassUID")
        tree = content(dataset) if is_report(dataset) else None
        return Description(
            sop_class_uid=uid,
            sop_instance_uid=_uid(dataset, "SOPInstanceUID"),
            sop_class=sop_class(uid) or "Unknown SOP class",
            title=_title(dataset, tree),
            sections=tuple(_sections(dataset, uid, tree)),
            content=tree,
            measurements=tuple(measurements(tree)) if tree else (),
        )


def _uid(dataset: Dataset, keyword: str) -> str:
    found = value(dataset, keyword)
    return str(found) if isinstance(found, str) else ""


def _title(dataset: Dataset, tree: Content | None) -> str:
    """What the object calls itself."""
    if tree is not None and tree.concept:
        return str(tree.concept)
    names = (
        *("DocumentTitle", "ContentLabel", "UserContentLabel", "UserContentLongLabel"),
        *("ProtocolName", "HangingProtocolName", "ImplantName", "ImplantAssemblyTemplateName"),
        *("ImplantTemplateGroupName", "AssessmentLabel", "RTPlanLabel", "StructureSetLabel"),
        "SeriesDescription",
    )
    return next(filter(None, (text(dataset, name) for name in names)), "")


def _sections(dataset: Dataset, uid: str, tree: Content | None) -> Iterator[Section]:
    for heading, paths in _PARTS:
        facts = tuple(facts_of(dataset, paths))
        if facts:
            yield Section(heading, facts)
    if tree is not None:
        facts = tuple(facts_of(dataset, _REPORT))
        yield from [Section("Document", facts)] if facts else ()
        yield from _administration(uid, tree)
        yield from dose.sections(tree) if uid in dose.CLASSES else ()
        return
    outline = OUTLINES.get(uid)
    if outline is not None:
        yield from told(dataset, outline, "Content")
    frames = tuple(facts_of(dataset, images.FRAMES))
    if frames:
        yield Section("Frames", frames)
    if "Rows" in dataset:
        yield Section("Pixels", tuple(facts_of(dataset, images.IMAGE)))
    elif outline is None:
        yield from _own(dataset)


def _administration(uid: str, tree: Content) -> Iterator[Section]:
    whose = {contrast.PLANNED: "planned", contrast.PERFORMED: "performed"}.get(uid)
    found = contrast.section([(whose, tree)]) if whose else None
    if found and found.rows:
        yield found


def _own(dataset: Dataset) -> Iterator[Section]:
    """Whatever an object has beside what is told of every one."""
    known = {path.rpartition("=")[2] for _, paths in _PARTS for path in paths.split()}
    facts: list[Fact] = []
    names = [keyword_for_tag(tag) for tag in dataset.keys()]  # noqa: SIM118 - iterating decodes
    mine = [name for name in names if name and name not in known and name not in _FORMAL]
    for name in mine[:MOST_ATTRIBUTES]:
        said = text(dataset, name)
        if said:
            facts.append((title(name), said))
    if facts:
        yield table("Content", ["Attribute", "Value"], facts, len(mine[MOST_ATTRIBUTES:]))


_FORMAL: Final = frozenset({"SOPClassUID", "SpecificCharacterSet", "TimezoneOffsetFromUTC"})
