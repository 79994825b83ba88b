"""`anode tls cert list`: what our own CA has issued, and what became of it."""

from __future__ import annotations

from cli import options, show
from cli.authorities import DirOption, described, folder
from config import authority
from config.ledger import Entry, Ledger

EXAMPLES = options.examples("anode tls cert list", "anode tls cert list --json")


def listed(
    *,
    config: options.ConfigOption = None,
    directory: DirOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """List what the CA has issued, and what is revoked."""
    known = authority.listed(folder(config, directory))
    entries = list(known.entries.values())
    if as_json:
        show.document([_document(known, each) for each in entries])
        return
    rows = [
        (
            each.name,
            known.state(each) + (", current" if known.current(each) else ""),
            str(each.at.date() if each.at else ""),
            str(each.until.date()),
            f"{each.serial:040x}",
            ", ".join(name.partition(":")[2] for name in each.names),
        )
        for each in entries
    ]
    show.listing(("Name", "State", "Issued", "Until", "Serial number", "Names"), rows, ())


def _document(known: Ledger, entry: Entry) -> dict[str, object]:
    told = {"state": known.state(entry), "current": known.current(entry)}
    return {**described(entry), **told, "issued": entry.at.isoformat() if entry.at else None}
