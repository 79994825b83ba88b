"""Chapters 6 and 7: configuration, associations, contexts, statuses. Annex N.6, N.7."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cli.statement import claims, querying
from cli.statement.blocks import Block, Heading, Paragraph, bullets, grid
from config import catalogue
from config.limits import Limits
from config.rights import REJECT
from config.settings import Settings
from scp import policy, statuses
from scp.statuses import Status
from wire.items import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_CONTEXT: Final = "1.2.840.10008.3.1.1.1"  # the application context of DICOM, PS3.7 A.2.1


def configuration(settings: Settings) -> Iterator[Block]:
    """Chapter 6."""
    yield Heading("6", "Configuration")
    yield Heading("6.1", "General Configuration Parameters")
    yield Paragraph(
        "One TOML file, documented in docs/configuration.md; an unknown key is refused. In force:"
    )
    node, archive = settings.node, settings.archive
    rows = [
        ("AE title", node.ae_title),
        ("Further AE titles", ", ".join(node.other_ae_titles) or "none"),
        ("Index", node.index),
        ("Sync", archive.sync),
        ("Unknown storage classes", archive.unknown_classes),
        ("Check of received objects", archive.check),
        ("Callers that are no peer may", _unknown(settings)),
    ]
    yield grid("Table 6.1-1. Parameters", "Parameter | Value", rows)
    limits = [
        (name, f"{getattr(settings.limits, name):.15g}", _unit(name), field.description or "")
        for name, field in Limits.model_fields.items()
    ]
    yield grid("Table 6.1-2. Limits", "Limit | Value | Unit | Meaning", limits)
    yield Heading("6.2", "Configuration of DIMSE Services")
    yield from _peers(settings)
    for number, name in (("6.3", "DICOM Web Services"), ("6.4", "Media Services")):
        yield Heading(number, f"Configuration of {name}")
        yield Paragraph("Not supported.")
    yield Heading("6.5", "Configuration of Real-Time Video Services")
    yield Paragraph("Not supported.")
    yield from _audit(settings)


def _unit(name: str) -> str:
    extra = Limits.model_fields[name].json_schema_extra
    return str(extra["unit"]) if isinstance(extra, dict) else ""


def _unknown(settings: Settings) -> str:
    if settings.admits_loopback:
        return "everything, from this machine only: no peer is configured"
    unknown = settings.access.unknown_peers
    return "nothing" if unknown == REJECT else ", ".join(unknown)


def _peers(settings: Settings) -> Iterator[Block]:
    if not settings.peer:
        yield Paragraph("No peer is configured.")
        return
    head = (
        "AE title | Host | Port | TLS | Bound to a certificate | May | May move to"
        " | Compressed to | Gets whole"
    )
    rows = [
        (
            peer.ae_title,
            peer.host,
            peer.port or "",
            peer.tls or "none",
            "yes" if peer.certificate else "no",
            ", ".join(peer.may) or "nothing",
            ", ".join(peer.destinations),
            ", ".join(peer.compress) or "nothing",
            ", ".join(peer.retrieve_whole) or "nothing",
        )
        for peer in settings.peer
    ]
    yield grid("Table 6.2-1. Peers", head, rows)


def _audit(settings: Settings) -> Iterator[Block]:
    yield Heading("6.6", "Configuration of Audit Trail - Syslog")
    yield Paragraph("The trail is always kept in the data folder; it is sent to:")
    rows = [(*sink.address, sink.transport) for sink in settings.audit.sink]
    yield grid(
        "Table 6.6-1. Syslog receivers", "Host | Port | Transport", rows or [("none", "", "")]
    )


def network(settings: Settings) -> Iterator[Block]:
    """Chapter 7."""
    limits = settings.limits
    yield Heading("7", "Network and Media Communication Details")
    yield Heading("7.1", "General")
    yield Heading("7.1.1", "General Association Parameters")
    rows = [
        ("Application Context Name", _CONTEXT),
        ("Implementation Class UID", IMPLEMENTATION_CLASS_UID),
        ("Implementation Version Name", IMPLEMENTATION_VERSION_NAME),
        ("Maximum PDU length offered", f"{limits.pdu} bytes"),
        ("Associations at one time", f"{limits.associations}"),
        ("Of one address", f"{limits.per_peer}"),
        ("Presentation contexts in a request", f"{limits.contexts}"),
        ("Transfer syntaxes in a context", f"{limits.transfer_syntaxes}"),
        ("Asynchronous operations", "not supported: one operation at a time"),
        ("SOP Class Extended Negotiation", "table 7.2.1.4-3"),
        ("SCP/SCU Role Selection", "storage classes (C-GET), Storage Commitment"),
        ("Time for the association request", f"{limits.request_seconds:g} s"),
        ("Idle time between messages", f"{limits.idle_seconds:g} s"),
        ("Time for a response of a peer", f"{limits.response_seconds:g} s"),
    ]
    yield grid("Table 7.1.1-1. Associations", "Parameter | Value", rows)
    yield Paragraph("TCP over IPv4 and IPv6. Names of peers are resolved by the operating system.")
    yield Heading("7.2", "Specifications")
    yield Heading("7.2.1", f"Application Entity {settings.node.ae_title}")
    yield Heading("7.2.1.1", "Sequencing of Real-World Activities")
    yield Paragraph("None is required: each request is answered by what is stored by then.")
    yield Heading("7.2.1.2", "Association Parameters")
    yield Paragraph("Those of 7.1.1.")
    yield from _initiation()
    yield from _acceptance(settings)
    yield from _statuses()


def _initiation() -> Iterator[Block]:
    yield Heading("7.2.1.3", "Association Initiation")
    yield bullets(
        "C-MOVE and `anode send`: for each SOP class and transfer syntax that is to be sent a "
        "context "
        "of its own, then one with what it may be changed to; at most 128 contexts, and as many "
        "associations as that takes.",
        "Reports of storage commitment: Storage Commitment Push Model, in the SCP role (role "
        "selection), Explicit and Implicit VR Little Endian.",
        "`anode echo`, `find`, `move`, `get`, `commit`: the SOP class asked for, in Explicit and "
        "Implicit VR Little Endian; `get` with the storage classes it expects, in the SCP role.",
        "Over TLS where the peer's configuration says so.",
    )


def _acceptance(settings: Settings) -> Iterator[Block]:
    yield Heading("7.2.1.4", "Association Acceptance")
    yield bullets(
        f"Called AE title: {', '.join(settings.ae_titles)}; others are rejected (1, 1, 7).",
        "Calling AE title: that of a configured peer, from its address and, where it is bound to "
        "one, with its certificate; others may do what table 6.1-1 says, else are rejected (1, 1, "
        "3). Where a listener asks for a user's identity and it is not proven: (2, 2, 1).",
        "Beyond a limit on associations: (2, 3, 2), which is transient.",
        "Contexts of services nobody gave the caller the right to are refused (result 1, user "
        "rejection); what no table lists is refused as abstract syntax not supported (3).",
        "Of several transfer syntaxes in a context the first that is listed here is accepted, "
        "in the "
        "order the requestor proposes them.",
    )
    syntaxes = catalogue.STORAGE_TRANSFER_SYNTAXES
    stored = claims.stored(settings)
    rows: list[tuple[str, ...]] = []
    if claims.echoes(settings):
        offered = policy.offer("echo").transfer_syntaxes
        rows.append(("Verification SOP Class", policy.VERIFICATION, _names(offered), "SCP"))
    if stored:
        every = f"Storage: each of the {len(stored)} SOP classes of Annex A with SCP"
        rows.append((every, "Annex A", "Table 7.2.1.4-2", "SCP, SCU (for C-GET)"))
    for each in claims.models(settings):
        role = "SCP, SCU" if each.scu else "SCP"
        rows.append((each.model.name, each.model.uid, _names(each.transfer_syntaxes), role))
    head = "Abstract syntax | UID | Transfer syntaxes | Role"
    yield grid("Table 7.2.1.4-1. Presentation contexts accepted", head, rows)
    known = [catalogue.TRANSFER_SYNTAXES[uid] for uid in syntaxes]
    cells = [(one.name, one.uid, one.form, "yes" if one.retired else "no") for one in known]
    head = "Transfer syntax | UID | Pixel data | Retired"
    yield grid("Table 7.2.1.4-2. Transfer syntaxes of storage", head, cells)
    models = list(claims.models(settings))
    told = [
        (each.model.name, each.model.uid, querying.options(each.extended))
        for each in models
        if each.model.service != "commit"
    ]
    head = "SOP class | UID | Agreed to, by byte"
    yield grid("Table 7.2.1.4-3. Extended negotiation", head, told)


def _names(uids: Sequence[str]) -> str:
    return ", ".join(f"{catalogue.name_of(uid)} ({uid})" for uid in uids)


# -- 7.3 statuses ---------------------------------------------------------------------------------

_MEANINGS: Final[Mapping[Status, str]] = {
    Status.SUCCESS: "done",
    Status.PROCESSING_FAILURE: "file system or index fail, or an error of ours",
    Status.DUPLICATE_INSTANCE: "the instance is held with other bytes",
    Status.NO_SUCH_INSTANCE: "not the well-known instance",
    Status.INVALID_ARGUMENT: "the request breaks the rules of the service",
    Status.NO_SUCH_CLASS: "not this SOP class",
    Status.SOP_CLASS_NOT_SUPPORTED: "not the SOP class of the presentation context",
    Status.NO_SUCH_ACTION: "an action type that is not known",
    Status.NOT_AUTHORISED: "the caller has no right to this",
    Status.UNRECOGNISED_OPERATION: "not an operation of this SOP class or role",
    Status.MISTYPED_ARGUMENT: "the data set cannot be read",
    Status.RESOURCE_LIMITATION: "a limit is reached, or the disk is full",
    Status.OUT_OF_RESOURCES: "no room on the disk, a limit is passed, or a query costs too much",
    Status.CANNOT_COUNT_MATCHES: "the index cannot answer",
    Status.CANNOT_PERFORM_SUBOPERATIONS: "nothing could be sent",
    Status.INVALID_PRIOR_RECORD_KEY: "the prior record key is none of ours",
    Status.MOVE_DESTINATION_UNKNOWN: "no configured peer, or none the caller may name",
    Status.FRAMES_NOT_FOUND: "none of the frames is there",
    Status.CANNOT_CREATE_OBJECT: "no valid object can be made of these frames",
    Status.CANNOT_EXTRACT_FRAMES: "the frames cannot be taken out",
    Status.NOT_TIME_BASED: "frames by time of an object that has none",
    Status.INVALID_FRAME_REQUEST: "the frame keys break their rules",
    Status.CLASS_MISMATCH: "of another SOP class, or a data set or identifier against its rules",
    Status.SUBOPERATIONS_FAILED: "some sub-operations failed or warned",
    Status.RECORD_LIMIT_REACHED: "as many records as were asked for; there are more",
    Status.CANNOT_UNDERSTAND: "the data set cannot be read, or lacks what it needs",
    Status.UNABLE_TO_PROCESS: "the index cannot answer",
    Status.CANCELLED: "cancelled",
    Status.PENDING: "an answer, or progress",
    Status.PENDING_KEYS_UNSUPPORTED: "an answer; some keys are not supported",
}
_ALWAYS: Final = (Status.SUCCESS, Status.NOT_AUTHORISED, Status.UNRECOGNISED_OPERATION)
_RETRIEVE: Final = (
    *statuses.RETRIEVE.values(),
    *(Status.PENDING, Status.CANCELLED, Status.SUBOPERATIONS_FAILED),
    *(Status.CANNOT_PERFORM_SUBOPERATIONS, Status.PROCESSING_FAILURE),
)
ANSWERS: Final[Mapping[str, tuple[Status, ...]]] = {
    "C-ECHO": _ALWAYS,
    "C-STORE": (
        *_ALWAYS,
        *statuses.STORE.values(),
        *(Status.SOP_CLASS_NOT_SUPPORTED, Status.PROCESSING_FAILURE),
    ),
    "C-FIND": (
        *(*_ALWAYS, *statuses.FIND.values(), Status.PENDING, Status.PENDING_KEYS_UNSUPPORTED),
        *(Status.CANCELLED, Status.RECORD_LIMIT_REACHED, Status.PROCESSING_FAILURE),
    ),
    "C-MOVE": (*_ALWAYS, *_RETRIEVE, Status.MOVE_DESTINATION_UNKNOWN),
    "C-GET": (*_ALWAYS, *_RETRIEVE),
    "N-ACTION": (
        *(*_ALWAYS, *statuses.COMMIT.values(), Status.NO_SUCH_CLASS, Status.NO_SUCH_INSTANCE),
        *(Status.NO_SUCH_ACTION, Status.INVALID_ARGUMENT, Status.MISTYPED_ARGUMENT),
    ),
}
_RIGHT: Final = {"C-STORE": "store", "C-FIND": "find", "C-MOVE": "move", "C-GET": "get"}


def _statuses() -> Iterator[Block]:
    yield Heading("7.3", "Status Codes")
    yield Paragraph(
        "Those Anode answers with. Error Comment says why, Offending Element where; the log "
        "has both."
    )
    for number, (operation, answers) in enumerate(ANSWERS.items(), 1):
        rows = [(f"{code:04X}", _MEANINGS[code]) for code in sorted(set(answers))]
        caption = f"Table 7.3-{number}. Statuses of {operation}"
        yield grid(caption, "Status | Meaning", rows)
    yield Paragraph(
        "As SCU, a warning of a C-STORE is told and counts as stored; any other status but success "
        "fails that object, and the rest goes on."
    )
