"""Chapter 5: what each service does, but query and retrieve, which are `querying`. Annex N.5."""

from __future__ import annotations

from collections.abc import Iterator

from archive.charsets import IN_CHARACTER_SET, STAND_ALONE
from archive.iso2022 import SETS
from cli.statement import claims, querying
from cli.statement.blocks import Block, Heading, Paragraph, bullets, grid
from config import catalogue
from config.settings import Settings
from scu import commit, references
from scu.references import Reason


def services(settings: Settings) -> Iterator[Block]:
    """Chapter 5."""
    title = settings.node.ae_title
    yield Heading("5", "Service and Interoperability Description")
    yield Heading("5.1", "Mapping of Services to Application Entities")
    yield Paragraph(f"All services are those of the one application entity, {title}.")
    yield Heading("5.2", "DIMSE Services")
    for number, name in _UNSUPPORTED:
        yield Heading(number, name)
        yield Paragraph("Not supported.")
    yield from _storage(settings)
    yield from _commitment(settings)
    yield from querying.query_retrieve(settings)
    yield Heading("5.2.8", "Print Management Service")
    yield Paragraph("Not supported.")
    yield Heading("5.3", "DICOM Web Services")
    yield Paragraph("Not supported, WADO-WS (retired) included.")
    yield Heading("5.4", "Media Services")
    yield Paragraph("No media application profile is supported.")
    yield Heading("5.5", "Real-Time Video Services")
    yield Paragraph("Not supported.")
    yield from _together(settings)
    yield from _character_sets()


_UNSUPPORTED = (
    ("5.2.1", "Basic Worklist Management Service"),
    ("5.2.2", "Modality Performed Procedure Step Service"),
    ("5.2.3", "Unified Worklist and Procedure Step Service"),
    ("5.2.4", "Instance Availability Notification Service"),
)


_CHECKS = {
    "off": "not at all",
    "warn": "after they were acknowledged, and what is found is kept beside them",
    "reject": "before they are acknowledged: one with an error is refused with A900",
}


def _else(settings: Settings) -> str:
    """Which classes are checked otherwise."""
    each = settings.archive.check_classes.items()
    said = [f"{catalogue.name_of(name)}: {level}" for name, level in each]
    return f"; otherwise for {', '.join(said)}" if said else ""


def _storage(settings: Settings) -> Iterator[Block]:
    """5.2.5, PS3.4 annexes B and GG."""
    yield Heading("5.2.5", "Storage Service")
    yield Heading("5.2.5.1", "SCU of the Storage SOP Classes")
    yield bullets(
        "`anode send` sends the objects in files, C-MOVE and C-GET stored ones, each in the "
        "transfer syntax it has, byte for byte, to who accepts that.",
        "Sub-operations have the priority of the C-MOVE or C-GET, `anode send` medium; those of "
        "a C-MOVE name its originator and Message ID.",
    )
    yield Heading("5.2.5.1.1", "Transcoding of Transfer Syntaxes")
    yield bullets(
        "Who does not take an object as it is gets it, without loss, in Explicit or Implicit VR "
        "Little Endian, Deflated Explicit VR Little Endian or Explicit VR Big Endian, decompressed "
        "where there is a decoder; a peer configured so (`compress`, table 6.2-1) in JPEG-LS, JPEG "
        "2000 or RLE, lossless. Which can be changed: docs/retrieve.md.",
        "Nothing is compressed with loss, and video is never re-encoded.",
        "The SOP Instance UID stays with such a change, which loses nothing.",
    )
    yield Heading("5.2.5.2", "SCP of the Storage SOP Classes")
    if not claims.stored(settings):
        yield Paragraph("The configuration gives nobody the right to store.")
        return
    unknown = settings.archive.unknown_classes == "store"
    yield bullets(
        "Level of conformance: 2 (full), PS3.4 B.4.1: all attributes are kept, private ones, "
        "retired "
        "ones and those of extended SOP classes included.",
        "No element is coerced, discarded or re-encoded: an object is kept in the transfer "
        "syntax it "
        "came in, byte for byte, with its SHA-256. Digital signatures so stay as they were "
        "(Signature Level 3); none is checked or added.",
        "The first object of a SOP Instance UID stays: the same bytes again are a success, other "
        "bytes are refused with 0111.",
        "Objects without a patient (PS3.4 GG) are refused with A700, A900 or C000 and nothing "
        "else: other bytes with C000, a file system or index that fails with A700.",
        "Private classes, and classes the sender declares as storage (PS3.7 D.3.3.6), are "
        "stored as "
        "well."
        if unknown
        else "Private classes and classes that Annex A lacks are not accepted.",
        f"Received objects are checked against their IOD, by default "
        f"{_CHECKS[settings.archive.check]}"
        f"{_else(settings)}. A warning status is never answered for it.",
        "There is no limit to how long objects are kept; nothing is deleted but by `anode delete`.",
    )


def _commitment(settings: Settings) -> Iterator[Block]:
    """5.2.6, PS3.4 Annex J."""
    yield Heading("5.2.6", "Storage Commitment Service")
    yield Heading("5.2.6.1", "SCU of the Storage Commitment Push Model")
    yield Paragraph(
        "`anode commit` and `anode send --commit` ask for up to "
        f"{commit.AT_A_TIME} objects in a transaction, wait for the report as long as `--wait` "
        "says, on the same association or at a door of their own (`--listen`), and tell of each "
        "object whether it is committed, failed and why, or not reported. Nothing is deleted."
    )
    yield Heading("5.2.6.2", "SCP of the Storage Commitment Push Model")
    if not any(each.model.service == "commit" for each in claims.models(settings)):
        yield Paragraph("The configuration gives nobody the right to it.")
        return
    limits = settings.limits
    yield bullets(
        "An object is committed when its row, its file, its "
        "size and the SHA-256 of its bytes, all read again, are as they were on receipt, and that "
        "has passed a sync of the disk.",
        "The result is on the disk before the request is answered, or, when reading takes longer "
        f"than {limits.commitment_seconds:g} seconds, before the report.",
        "The report (N-EVENT-REPORT) comes on the same association when its requestor is "
        "silent for "
        "half a second; otherwise on a new one to the configured address of that AE title, "
        "with the "
        "SCP role proposed, tried again over restarts for "
        f"{limits.report_days} days. A requestor without a configured address is told only on its "
        "own association.",
        f"At most {limits.commitment_instances} objects in one request.",
    )
    rows = [(f"{reason:04X}", references.WORDS[reason]) for reason in Reason if reason]
    yield grid("Table 5.2.6-1. Failure reasons", "Reason | Meaning", rows)


def _together(settings: Settings) -> Iterator[Block]:
    """5.6, the contract of docs/durability.md in short."""
    yield Heading("5.6", "Cross-Service Considerations")
    yield Heading("5.6.1", "What a Success Means")
    if settings.archive.sync == "always":
        yield Paragraph(
            "C-STORE is answered 0000 when the object is durable and findable: written to its last "
            "byte, its UIDs compared with the command's, file and name synced to the disk, its row "
            "committed. A crash of program or machine right after it loses nothing: a row that it "
            "takes back is made again from the file."
        )
    else:
        yield Paragraph(
            'This node runs with `sync = "lazy"`: a crash of the program loses nothing that was '
            "acknowledged; a power cut loses what was stored during the last half minute or so. "
            "Storage commitment is synced all the same."
        )
    yield bullets(
        "A full disk is told with A700 and leaves nothing behind. After a sync that failed nothing "
        "is stored until a restart.",
        "A start after any crash compares the newest rows and files; nothing is deleted that could "
        "be an object.",
        "An object is in a C-FIND from the moment its C-STORE is acknowledged.",
        "With `verify = " + f'"{settings.archive.verify}"' + "`, what the disk has altered is not "
        "sent: the sub-operation fails.",
    )


def _character_sets() -> Iterator[Block]:
    """5.7."""
    yield Heading("5.7", "Specific Character Sets")
    yield Paragraph(
        "Requests and objects are decoded, each by its own Specific Character Set, and compared as "
        "Unicode; objects keep their bytes. An answer is in the requested set if that has every "
        "character, else in ISO_IR 192; all ASCII, it names none."
    )
    rows = [
        (f"ISO 2022 IR {number}", "with code extension")
        if coded.width > 1
        else (f"ISO_IR {number}, ISO 2022 IR {number}", "alone, or with code extension")
        for number, coded in SETS.items()
    ]
    rows += [(term, "stands alone") for term in STAND_ALONE]
    yield grid("Table 5.7-1. Character sets", "Term | Use", rows)
    vrs = ", ".join(sorted(IN_CHARACTER_SET))
    yield bullets(
        f"It applies to {vrs}.",
        "What cannot be decoded is kept as U+FFFD in the index. In a request that names no set, or "
        "none that is known, text is read as UTF-8 if it is valid, and as ISO_IR 100 where none is "
        "named; what cannot be read matches as a wildcard.",
        "Person names: matching ignores case, accents, width and trailing delimiters; component "
        "groups are matched each by itself.",
    )
