"""Chapter 6: the configuration in force. Annex N.6."""

from __future__ import annotations

from collections.abc import Iterator

from cli.statement.blocks import Block, Heading, Paragraph, grid
from config.limits import Limits
from config.rights import REJECT
from config.settings import Settings


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
        " | Compressed to | Gets whole | Associations"
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
            peer.associations or f"{settings.limits.per_peer} of its address",
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
