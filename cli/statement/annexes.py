"""The annexes: SOP classes one by one, templates, private data, codes. Annex N.A to N.E."""

from __future__ import annotations

from collections.abc import Iterator

from cli.statement import claims
from cli.statement.blocks import Block, Heading, Paragraph, bullets, grid
from config import catalogue
from config.settings import Settings
from iod.wrapping.kinds import KINDS


def annexes(settings: Settings) -> Iterator[Block]:
    """Annexes A to E."""
    yield Heading("A", "Information Objects and SOP Classes")
    yield Paragraph(
        "Anode stores these as they come and adds nothing. SCU: they are sent, in answer to C-MOVE "
        "and C-GET and by `anode send`; SCP: somebody may store them. Objects it makes (A.1): "
        "frames taken out of a stored object; encapsulated STL, OBJ, MTL, PDF and CDA of files "
        "that a person has (`anode wrap`); samples with invented people (`anode samples`)."
    )
    stored = {each.uid for each in claims.stored(settings)}
    rows = [
        (each.name, each.uid, each.group, each.kind, "Yes", _yes(each.uid in stored))
        for each in catalogue.STORAGE.values()
    ]
    yield grid(
        "Table A-1. Storage SOP classes", "SOP class | UID | Group | Objects | SCU | SCP", rows
    )
    yield from _made()
    yield from _private(settings)
    yield from _further()


def _private(settings: Settings) -> Iterator[Block]:
    yield Heading("A.2", "Private Data")
    yield Paragraph(
        "No private attribute, private SOP class or private transfer syntax is defined. Private "
        "attributes of stored objects are kept and sent."
    )
    yield Heading("A.3", "Standard Extended, Specialized and Private SOP Classes")
    kept = settings.archive.unknown_classes == "store"
    yield Paragraph(
        "Standard extended classes are stored as the standard ones. Specialized and private ones "
        + ("are stored as well (`unknown_classes`)." if kept else "are not accepted.")
    )


def _further() -> Iterator[Block]:
    yield Heading("B", "Structured Report Content")
    yield Paragraph(
        "No template is required of a stored report. `anode show` reads any tree of content items: "
        "docs/reading.md. The annex on X-Ray 3D angiography in PS3.17 (Supplement 167) is "
        "informative: nothing follows from it here."
    )
    yield Heading("C", "Security Details")
    yield bullets(
        "Time synchronisation, network address management (DHCP), application configuration "
        "management (LDAP), service discovery by DNS: not supported, the operating system's are "
        "used.",
        "Certificates, revocation, rights: docs/tls.md. Events of the audit trail: docs/audit.md.",
    )
    yield Heading("D", "Mapping of Attributes")
    yield bullets(
        "Attributes of one object are copied to another by frame extraction, all but those of A.1, "
        "and by `anode wrap`, which takes patient, study, clinical trial and frame of reference "
        "from the objects that a person names (docs/wrapping.md); by nothing else.",
        "Into received objects nothing is copied.",
    )
    yield Heading("E", "Coded Terminology")
    yield Paragraph(
        "Codes are compared as they are, by value and scheme; none is translated. Anode writes "
        "codes in the audit trail (DCM, PS3.15 A.5.3), with extracted frames (109105, DCM, Frame "
        "Extracting Equipment), and in encapsulated documents those of CID 7060 to 7064 and what a "
        "person or a CDA document says."
    )


def _made() -> Iterator[Block]:
    """What Anode makes itself, N.A.A."""
    yield Heading("A.1", "Created SOP Instances")
    rows = [
        (kind.name, catalogue.name_of(kind.sop_class_uid), kind.modality, kind.media_type)
        for kind in KINDS
    ]
    yield grid("Table A.1-1. Made by `anode wrap`", "File | SOP class | Modality | MIME type", rows)
    yield bullets(
        "Wrapped: mandatory modules of the IOD, with Manufacturer Anode and a new SOP Instance UID "
        "and Series Instance UID (2.25); docs/wrapping.md says what is filled from where.",
        "Extracted frames (5.2.7): the class, patient, study, series and transfer syntax of the "
        "old object; a new SOP Instance UID, Instance Creation Date and Time, Number of Frames; "
        "Frame Extraction Sequence and an item of Contributing Equipment Sequence are added; "
        "private attributes, signatures, curves, audio and concatenation are left out.",
        "Grayscale Standard Display Function and other image display: nothing is displayed.",
    )


def _yes(is_so: bool) -> str:
    return "Yes" if is_so else "No"
