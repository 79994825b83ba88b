"""The object that carries a document: its modules, one function each. PS3.3 A.45, A.85.

Law: the document's bytes are not touched; what nobody said and nothing shows is left empty, or out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydicom import Dataset

from iod.errors import Unwrappable
from iod.reading.values import bare
from iod.wrapping import codes, references, subject
from iod.wrapping.contents import Code, Contents
from iod.wrapping.kinds import Kind
from iod.wrapping.references import Reference

# What a revision has from its predecessor unless it is said anew.
INHERITED: Final = """
    SeriesDescription FrameOfReferenceUID PositionReferenceIndicator DocumentTitle
    ConceptNameCodeSequence ImageLaterality BurnedInAnnotation RecognizableVisualFeatures
    MeasurementUnitsCodeSequence ModelModification ModelMirroring ModelUsageCodeSequence
    ModelGroupUID ContentDescription RecommendedDisplayCIELabValue RecommendedPresentationOpacity
"""
_OF_SERIES: Final = ("SeriesInstanceUID", "SeriesNumber")
_OF_EQUIPMENT: Final = ("Manufacturer", "ManufacturerModelName")
_YES_NO: Final = {True: "YES", False: "NO"}
_TITLE: Final = 1024  # VR ST


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says of a document; None is nothing."""

    title: str | None = None
    concept: Code | None = None
    units: str | None = None
    purpose: str | None = None
    description: str | None = None
    mirrored: bool | None = None
    modified: bool | None = None
    burned_in: bool | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What made the object: Enhanced General Equipment, C.7.5.2."""

    manufacturer: str
    model: str
    serial: str
    software: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the object belongs; `series` and `number` give way to a predecessor's."""

    subject: Dataset  # `subject.of`
    instance: str
    series: str
    number: int
    frame_of_reference: str
    equipment: Equipment
    sources: tuple[Dataset, ...] = ()
    predecessor: Dataset | None = None
    named: tuple[Reference, ...] = ()  # what the document itself refers to
    now: datetime = field(default_factory=datetime.now)


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was looked into."""

    kind: Kind
    data: bytes
    contents: Contents
    modified: datetime


def build(document: Document, place: Place, said: Said) -> Dataset:
    """The object. Raises Unwrappable."""
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.update(place.subject)
    if place.predecessor is not None:
        _inherit(made, document.kind, place.predecessor)
    _common(made, document.kind, place)
    _series(made, document.kind, place)
    _equipment(made, document.kind, place)
    if document.kind.spatial:
        _frame_of_reference(made, place)
    _document(made, document, place)
    _described(made, document, place, said)
    if document.kind.model:
        _model(made, said)
    _relations(made, document.kind, place)
    return made


def _inherit(made: Dataset, kind: Kind, predecessor: Dataset) -> None:
    if bare(predecessor, "SOPClassUID") != kind.sop_class_uid:
        raise Unwrappable(f"what it is to replace is no encapsulated {kind.name}")
    subject.take(made, predecessor, INHERITED.split())


def _common(made: Dataset, kind: Kind, place: Place) -> None:
    """SOP Common Module, C.12.1."""
    made.SOPClassUID, made.SOPInstanceUID = kind.sop_class_uid, place.instance
    made.InstanceCreationDate = place.now.strftime("%Y%m%d")
    made.InstanceCreationTime = place.now.strftime("%H%M%S")


def _series(made: Dataset, kind: Kind, place: Place) -> None:
    """Encapsulated Document Series Module, C.24.1; number of the instance in it.

    A revision joins the series of its predecessor only where the same equipment made both: a
    series has one Equipment (A.1.2.3).
    """
    made.Modality = kind.modality
    made.SeriesInstanceUID, made.SeriesNumber = place.series, 1
    made.InstanceNumber = place.number
    before = place.predecessor
    if before is None:
        return
    number = bare(before, "InstanceNumber")
    made.InstanceNumber = (int(number) if number.lstrip("+-").isdecimal() else 0) + 1
    ours = (place.equipment.manufacturer, place.equipment.model)
    if tuple(bare(before, keyword) for keyword in _OF_EQUIPMENT) == ours:
        subject.take(made, before, _OF_SERIES)


def _equipment(made: Dataset, kind: Kind, place: Place) -> None:
    """General, Enhanced General (C.7.5) or SC Equipment Module (C.8.6.1)."""
    of = place.equipment
    made.Manufacturer, made.ManufacturerModelName = of.manufacturer, of.model
    made.DeviceSerialNumber, made.SoftwareVersions = of.serial, of.software
    if not kind.model:
        made.ConversionType = "WSD"


def _frame_of_reference(made: Dataset, place: Place) -> None:
    """Frame of Reference Module, C.7.4.1: that of the sources, whose coordinates it has."""
    found = {bare(each, "FrameOfReferenceUID") for each in place.sources} - {""}
    if len(found) > 1:
        raise Unwrappable(f"its sources lie in {len(found)} frames of reference; it can have one")
    if found:
        made.FrameOfReferenceUID = found.pop()
    elif "FrameOfReferenceUID" not in made:
        made.FrameOfReferenceUID = place.frame_of_reference
    if "PositionReferenceIndicator" not in made:
        made.PositionReferenceIndicator = None


def _document(made: Dataset, document: Document, place: Place) -> None:
    """Encapsulated Document Module, C.24.2: the bytes, and when they were made."""
    data = document.data
    made.MIMETypeOfEncapsulatedDocument = document.kind.media_type
    made.EncapsulatedDocument = data + b"\0" * (len(data) % 2)
    # CP 1851: without the padding, so that the very bytes can be had again
    made.EncapsulatedDocumentLength = len(data)
    if document.contents.media_types:
        made.ListOfMIMETypes = list(document.contents.media_types)
    if document.contents.instance_identifier:
        made.HL7InstanceIdentifier = document.contents.instance_identifier
    created = document.contents.created or document.modified.strftime("%Y%m%d%H%M%S")
    made.ContentDate = created[:8] if len(created) >= 8 else None
    made.ContentTime = created[8:] or None
    made.AcquisitionDateTime = _acquired(place.sources)


def _acquired(sources: tuple[Dataset, ...]) -> str | None:
    """When the first of the sources was acquired; of a document without them nobody knows."""
    times = [
        bare(each, "AcquisitionDateTime")
        or bare(each, "AcquisitionDate") + bare(each, "AcquisitionTime")
        for each in sources
    ]
    return min((each for each in times if len(each) >= 8), default=None)


def _described(made: Dataset, document: Document, place: Place, said: Said) -> None:
    """Title, its code, and whether it names the patient."""
    title = said.title if said.title is not None else document.contents.title
    if title or "DocumentTitle" not in made:
        made.DocumentTitle = title[:_TITLE]
    concept = said.concept or document.contents.concept
    if concept is None and document.kind.spatial:
        concept = codes.model_title(bare(each, "Modality") for each in place.sources)
    if concept:
        made.ConceptNameCodeSequence = [codes.item(concept)]
    elif "ConceptNameCodeSequence" not in made:
        made.ConceptNameCodeSequence = []
    if said.burned_in is not None:
        made.BurnedInAnnotation = _YES_NO[said.burned_in]
    elif "BurnedInAnnotation" not in made:
        made.BurnedInAnnotation = _YES_NO[document.kind.identifies]


def _model(made: Dataset, said: Said) -> None:
    """Manufacturing 3D Model Module, C.35.1."""
    if said.units or "MeasurementUnitsCodeSequence" not in made:
        made.MeasurementUnitsCodeSequence = [codes.item(codes.UNITS[said.units or "mm"])]
    if said.purpose:
        made.ModelUsageCodeSequence = [codes.item(codes.PURPOSES[said.purpose])]
    if said.mirrored is not None:
        made.ModelMirroring = _YES_NO[said.mirrored]
    if said.modified is not None:
        made.ModelModification = _YES_NO[said.modified]
    if said.description is not None:
        made.ContentDescription = said.description
    if said.group:
        made.ModelGroupUID = said.group


def _relations(made: Dataset, kind: Kind, place: Place) -> None:
    """What it was made from, what it replaces, what it names; in models all of it once more."""
    sources = [references.to(each, codes.of_source(each)) for each in place.sources]
    if sources:
        made.SourceInstanceSequence = [each.item() for each in sources]
    if place.predecessor is not None:
        # The purpose is coded for models; documents have no context group for it.
        why = codes.EDITED_MODEL if kind.model else None
        before = references.to(place.predecessor, why)
        # It has its study and series there: no need of it in Common Instance Reference.
        made.PredecessorDocumentsSequence = [references.predecessor(before)]
    if images := [each.item() for each in place.named if each.image]:
        made.ReferencedImageSequence = images
    if others := [each.item() for each in place.named if not each.image]:
        made.ReferencedInstanceSequence = others
    if kind.model:
        references.hierarchy(made, [*sources, *place.named])
