"""The annexes: SOP classes one by one, templates, private data, codes. Annex N.A to N.E."""

from __future__ import annotations

from collections.abc import Iterator

from cli.statement import claims
from cli.statement.blocks import Block, Heading, Paragraph, grid
from config import catalogue
from config.settings import Settings


def annexes(settings: Settings) -> Iterator[Block]:
    """Annexes A to E."""
    yield Heading("A", "Information Objects and SOP Classes")
    yield Paragraph(
        "Anode stores these as they come and adds nothing. Objects it makes: frames taken out of a "
        "stored object (Frame Extraction Sequence, Contributing Equipment Sequence are added; "
        "private attributes are not copied); encapsulated STL, OBJ, MTL, PDF and CDA of files that "
        "a person has (`anode wrap`); samples with invented people (`anode samples`)."
    )
    sent, stored = claims.sent(settings), {each.uid for each in claims.stored(settings)}
    rows = [
        (each.name, each.uid, each.group, each.kind, _yes(sent), _yes(each.uid in stored))
        for each in catalogue.STORAGE.values()
        if sent or each.uid in stored
    ]
    yield grid(
        "Table A-1. Storage SOP classes", "SOP class | UID | Group | Objects | SCU | SCP", rows
    )
    yield Heading("A.1", "Private Data")
    yield Paragraph(
        "No private attribute, private SOP class or private transfer syntax is defined. Private "
        "attributes of stored objects are kept and sent."
    )
    yield Heading("A.2", "Standard Extended, Specialized and Private SOP Classes")
    kept = settings.archive.unknown_classes == "store"
    yield Paragraph(
        "Standard extended classes are stored as the standard ones. Specialized and private ones "
        + ("are stored as well (`unknown_classes`)." if kept else "are not accepted.")
    )
    yield Heading("B", "Structured Report Content")
    yield Paragraph(
        "No template is required of a stored report. `anode show` reads any tree of content items: "
        "docs/reading.md. The annex on X-Ray 3D angiography in PS3.17 (Supplement 167) is "
        "informative: nothing follows from it here."
    )
    yield Heading("C", "Security Details")
    yield Paragraph("Certificates, revocation, rights: docs/tls.md, docs/audit.md.")
    yield Heading("D", "Mapping of Attributes")
    yield Paragraph(
        "Attributes of one object are copied to another by the frame extraction of A and by `anode "
        "wrap`, which takes patient, study, clinical trial and frame of reference from the objects "
        "that a person names (docs/wrapping.md); by nothing else."
    )
    yield Heading("E", "Coded Terminology")
    yield Paragraph(
        "Codes are compared as they are, by value and scheme; none is translated. Anode writes "
        "codes in the audit trail (DCM, PS3.15 A.5.3), with extracted frames (109105, DCM, Frame "
        "Extracting Equipment), and in encapsulated documents those of CID 7060 to 7064 and what a "
        "person or a CDA document says."
    )


def _yes(is_so: bool) -> str:
    return "Yes" if is_so else "No"
