"""Chapters 1 to 3: the cover, what this is, in two pages, and how to read it.

Annex N.0 to N.3.  Law: the overview counts what the later chapters list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version

from cli.statement import claims, initiating
from cli.statement.blocks import Block, Heading, Paragraph, bullets, grid
from config import catalogue
from config.settings import Settings

_KINDS = {"patient": "of patients", "non-patient": "of no patient", "retired": "retired"}
_SERVICES = {"find": "Query", "move": "Retrieve (C-MOVE)", "get": "Retrieve (C-GET)"}


def overview(settings: Settings) -> Iterator[Block]:
    """Chapter 1."""
    yield Heading("1", "Overview")
    yield Paragraph(
        f"Anode {version('anode')} is an archive: other systems store DICOM objects in it, query "
        "it and retrieve from it. Objects are kept byte for byte. The same program is a client of "
        "these services, used from its command line. This statement is generated from the tables "
        "the program runs by and from the configuration in force; both are told where they matter."
    )
    yield from _content(settings)
    yield from _services(settings)
    yield Heading("1.3", "DICOM Web Services")
    yield Paragraph(
        "None is offered. WADO-WS, the SOAP web service, is retired (Supplement 198) and is not "
        "offered; nor are the URI, Studies, Worklist and Non-Patient Instance services."
    )
    yield Heading("1.4", "Media Services")
    yield Paragraph(
        "`anode import` reads DICOM files and file-sets with a DICOMDIR from a folder; no media "
        "application profile is claimed, and none is written."
    )
    yield Heading("1.5", "Real-Time Video")
    yield Paragraph("Not supported. Stored video is kept and sent as it came, never re-encoded.")
    yield Heading("1.6", "De-Identification Profiles")
    yield Paragraph("None is supported.")
    yield Heading("1.7", "Specific Character Sets")
    yield Paragraph("All defined terms of PS3.3 C.12.1.1.2, see 5.7.")


def _content(settings: Settings) -> Iterator[Block]:
    yield Heading("1.1", "Content and Transfer")
    yield Paragraph(
        "Every class of these groups is sent to who retrieves it, and by `anode send`; SCP says "
        "of how many this configuration lets somebody store objects. Anode creates objects only "
        "where a retrieval asks for single frames (5.2.7), and with `anode wrap` (A.1) and "
        "`anode samples`. Annex A lists the SOP classes one by one."
    )
    counts = Counter((each.group, each.kind) for each in catalogue.STORAGE.values())
    stored = Counter((each.group, each.kind) for each in claims.stored(settings))
    rows = [
        (group, _KINDS[kind], count, count, stored[group, kind])
        for (group, kind), count in sorted(counts.items())
    ]
    head = "Group | Objects | SOP classes | Sent (SCU of Storage) | Stored (SCP of Storage)"
    yield grid("Table 1.1-1. Groups of storage SOP classes", head, rows)


def _services(settings: Settings) -> Iterator[Block]:
    yield Heading("1.2", "DIMSE Services")
    yield Paragraph(
        "SCU: with the `anode` command, and in C-MOVE and C-GET. SCP: what this configuration "
        "gives somebody the right to."
    )
    asked = {each.uid for each in initiating.asked()}
    served = {each.model.uid for each in claims.models(settings)}
    number = f"{len(claims.stored(settings))} of {len(catalogue.STORAGE)} SOP classes of Annex A"
    echoes = claims.echoes(settings)
    rows = [
        ("Verification", "Verification SOP Class", "Yes", _yes(echoes)),
        ("Storage", "SOP classes of Annex A", "Yes", number if claims.stored(settings) else "No"),
    ]
    for model in catalogue.SERVED_MODELS.values():
        service = _SERVICES.get(model.service, "Storage Commitment")
        asks = model.uid in asked or model.service == "commit"
        rows.append((service, model.name, _yes(asks), _yes(model.uid in served)))
    yield grid("Table 1.2-1. DIMSE services", "Service | SOP class | SCU | SCP", rows)
    if not echoes:
        yield Paragraph(
            "This configuration gives nobody the right to verify (`echo`), though PS3.2 asks of "
            "who accepts associations to accept Verification."
        )
    unserved = [each.name for each in catalogue.MODELS.values() if not each.served]
    yield Paragraph(
        "Not supported: Modality Worklist, Modality Performed Procedure Step, Unified Worklist and "
        "Procedure Step, Instance Availability Notification, Print Management, Inventory Creation"
        + "".join(f", {name}" for name in unserved)
        + "."
    )


def _yes(is_so: bool) -> str:
    return "Yes" if is_so else "No"


def cover(settings: Settings, written: str) -> Iterator[Block]:
    """The page before all chapters, N.0; `written` is the date."""
    rows = [
        ("Product", f"Anode {version('anode')}"),
        ("Application entity", settings.node.ae_title),
        ("Date of this document", written),
        ("Made by", "`anode conformance`, from the configuration in force"),
        ("Layout", "PS3.2 Annex N, DICOM Conformance Statement Template"),
    ]
    yield grid("Cover", "Statement | Value", rows)


def introduction(written: str) -> Iterator[Block]:
    """Chapter 3."""
    yield Heading("3", "Introduction")
    yield Heading("3.1", "Revision History")
    told = "Generated by `anode conformance`; CHANGELOG.md tells what changed."
    row = (version("anode"), written, told)
    yield grid("Table 3.1-1. Revisions", "Version | Date | Description", [row])
    yield Heading("3.2", "Audience")
    yield Paragraph(
        "Whoever connects other equipment to Anode. Readers are taken to know DICOM and the "
        "conformance statement of that equipment."
    )
    yield Heading("3.3", "Remarks")
    yield Paragraph(
        "Two conforming systems need not work together: this helps to compare, and replaces no "
        "test. The current text of the standard was not at hand for what follows, so "
        "conformance to "
        "its letter is not claimed; what Anode does is told all the same:"
    )
    yield bullets(
        "PS3.15 B.12 (its wording on mutual authentication) and B.13 (its lists of what is "
        "forbidden).",
        "Bytes 6 and 7 of extended negotiation, empty and multiple value matching, which are known "
        "from descriptions of newer editions.",
        "The key table of the Inventory model (PS3.4 JJ); those of the other models without a "
        "patient "
        "are of about 2020, later corrections were not seen.",
    )
    yield Heading("3.4", "Terms and Definitions")
    yield Paragraph("As in PS3.3, PS3.4, PS3.7 and PS3.8 of the DICOM Standard. Those of Anode:")
    yield bullets(
        "Peer: an application entity that the configuration names, with its address and rights.",
        "Right: echo, store, find, move, get or commit, of all SOP classes or of a group of Annex "
        "A (`store:image`).",
        "Index: what is known of the objects, for queries; the object files are the truth.",
        "To examine: to read an object again after it was acknowledged, for its references and "
        "findings.",
    )
    yield Heading("3.5", "Abbreviations")
    yield grid("Table 3.5-1. Abbreviations", "Abbreviation | Meaning", _ABBREVIATIONS)
    yield Heading("3.6", "References")
    yield bullets(
        "NEMA PS3 / ISO 12052, Digital Imaging and Communications in Medicine (DICOM) Standard. "
        "SOP classes and transfer syntaxes are those of PS3.6 that Annex A and table 7.2.1.4-2 "
        "list.",
        "RFC 9325 and RFC 8996 (BCP 195), RFC 8446, RFC 5246: TLS. RFC 5424, 5425, 5426: syslog.",
        "The documents of Anode that are named by `docs/...`, which come with it.",
    )


_ABBREVIATIONS = (
    ("AE", "application entity"),
    ("DIMSE", "DICOM message service element"),
    ("IOD", "information object definition"),
    ("PDU", "protocol data unit"),
    ("SCP, SCU", "provider and user of a service class"),
    ("SOP", "service-object pair"),
    ("SR", "structured report"),
    ("TLS", "transport layer security"),
    ("UID", "unique identifier"),
    ("VR", "value representation"),
)
