"""Chapter 7.1 and 7.2: associations, and the presentation contexts that are accepted. Annex N.7.

What is proposed is `initiating`, statuses are `outcomes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cli.statement import claims, initiating, querying
from cli.statement.blocks import Block, Heading, Paragraph, bullets, grid
from config import catalogue
from config.limits import Limits
from config.settings import Settings
from scp import policy
from wire.items import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_CONTEXT: Final = "1.2.840.10008.3.1.1.1"  # the application context of DICOM, PS3.7 A.2.1


def network(settings: Settings) -> Iterator[Block]:
    """Chapter 7."""
    yield Heading("7", "Network and Media Communication Details")
    yield Heading("7.1", "General")
    yield Heading("7.1.1", "General Association Parameters")
    yield grid("Table 7.1.1-1. Associations", "Parameter | Value", _parameters(settings.limits))
    yield Paragraph(
        "TCP over IPv4 and IPv6; the operating system's physical interfaces, addresses and "
        "resolver of names are used as they are."
    )
    yield Heading("7.2", "Specifications")
    yield Heading("7.2.1", f"Application Entity {settings.node.ae_title}")
    yield Heading("7.2.1.1", "Sequencing of Real-World Activities")
    yield Paragraph(
        "None is required: each request is answered by what is stored by then. A modality's day "
        "is in this order, on associations of its own or on one:"
    )
    yield bullets(
        f"It stores objects at {settings.node.ae_title} (C-STORE); each is acknowledged when it "
        "is kept.",
        "It asks for storage commitment of them (N-ACTION), and is told the result "
        "(N-EVENT-REPORT) on the same association or on one to its configured address.",
        "A workstation queries (C-FIND) and has objects sent (C-MOVE, C-GET): those acknowledged "
        "by then.",
    )
    yield Heading("7.2.1.2", "Association Parameters")
    yield Paragraph("Those of 7.1.1.")
    yield from initiating.initiation(settings)
    yield from _acceptance(settings)


def _parameters(limits: Limits) -> list[tuple[str, str]]:
    return [
        ("Application Context Name", _CONTEXT),
        ("Implementation Class UID", IMPLEMENTATION_CLASS_UID),
        ("Implementation Version Name", IMPLEMENTATION_VERSION_NAME),
        ("Maximum PDU length offered", f"{limits.pdu} bytes"),
        ("Associations at one time", f"{limits.associations}"),
        ("Of one address", f"{limits.per_peer}"),
        ("Presentation contexts in a request", f"{limits.contexts}"),
        ("Transfer syntaxes in a context", f"{limits.transfer_syntaxes}"),
        ("Asynchronous operations", "not supported; who proposes a window is answered 1, 1"),
        ("SOP Class Extended Negotiation", "table 7.2.1.4-3"),
        ("SCP/SCU Role Selection", "storage classes (C-GET), Storage Commitment"),
        ("User Identity Negotiation", "8.5"),
        ("Extended negotiation of others", "SOP Class Common: as in 5.2.5.2; else ignored"),
        ("Time for the association request, and ARTIM", f"{limits.request_seconds:g} s"),
        ("Time for one PDU, from its first byte", f"{limits.pdu_seconds:g} s"),
        ("Time for a TLS handshake", f"{limits.handshake_seconds:g} s"),
        ("Time to connect to a peer", f"{limits.connect_seconds:g} s"),
        ("Idle time between messages", f"{limits.idle_seconds:g} s"),
        ("Time for a response of a peer", f"{limits.response_seconds:g} s"),
    ]


def _acceptance(settings: Settings) -> Iterator[Block]:
    yield Heading("7.2.1.4", "Association Acceptance")
    yield bullets(
        f"Called AE title: {', '.join(settings.ae_titles)}; others are rejected (1, 1, 7).",
        "Calling AE title: that of a configured peer, from its address and, where it is bound to "
        "one, with its certificate; others may do what table 6.1-1 says, else are rejected (1, 1, "
        "3). Where a listener asks for a user's identity and it is not proven: (2, 2, 1).",
        "Beyond a limit on associations: (2, 3, 2), which is transient. Another application "
        "context: (1, 1, 2); another protocol version: (1, 2, 2).",
        "Contexts of services nobody gave the caller the right to are refused (result 1, user "
        "rejection); what no table lists is refused as abstract syntax not supported (3), and a "
        "context without a transfer syntax that is listed with it as transfer syntaxes not "
        "supported (4).",
        "Of several transfer syntaxes in a context the first that is listed here is accepted, "
        "in the order the requestor proposes them; in one on which we are to send (C-GET), "
        "Explicit VR Little Endian, then Implicit, then the others.",
    )
    syntaxes = catalogue.STORAGE_TRANSFER_SYNTAXES
    stored = claims.stored(settings)
    rows: list[tuple[str, ...]] = []
    if claims.echoes(settings):
        offered = policy.offer("echo").transfer_syntaxes
        rows.append(("Verification SOP Class", policy.VERIFICATION, claims.names(offered), "SCP"))
    if stored:
        every = f"Storage: each of the {len(stored)} SOP classes of Annex A with SCP"
        rows.append((every, "Annex A", "Table 7.2.1.4-2", "SCP, SCU (for C-GET)"))
    if claims.gets(settings):
        every = "Storage: each SOP class of Annex A, beside a context accepted for C-GET"
        rows.append((every, "Annex A, for C-GET", "Table 7.2.1.4-2", "SCU; as SCP 0124"))
    for each in claims.models(settings):
        role = "SCP, SCU" if each.scu else "SCP"
        rows.append((each.model.name, each.model.uid, claims.names(each.transfer_syntaxes), role))
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
    none = [("none is served that has it", "", "")]
    yield grid("Table 7.2.1.4-3. Extended negotiation", head, told or none)
