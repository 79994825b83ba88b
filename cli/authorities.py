"""What the commands on our own CA share: where it lies, and how a certificate is told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import calls, show
from cli.initial import TLS_FOLDER
from config import issuing, subjects
from config.enrolment import Issued
from config.errors import ConfigError
from config.ledger import Entry

DirOption = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        metavar="DIR",
        help="The folder of the CA; without it tls beside the configuration.",
        file_okay=False,
        show_default=False,
    ),
]
DaysOption = Annotated[
    int,
    typer.Option(
        "--days", metavar="DAYS", min=1, max=issuing.LONGEST_DAYS, help="How long it is good."
    ),
]


def folder(config: Path | None, given: Path | None) -> Path:
    """Where the CA lies; a configuration that is named has to be there. Raises ConfigError."""
    if config is not None and not config.exists():
        raise ConfigError(f"{config}: no such file; `anode init` writes one")
    if given is not None:
        return given
    source = calls.configuration(config)
    return (source.parent if source else Path()) / TLS_FOLDER


def tell(issued: Issued) -> None:
    """What was written."""
    names = ", ".join(filter(None, map(subjects.host, issued.entry.names)))
    files = f"{issued.certificate} and {issued.key}" if issued.key else str(issued.certificate)
    what = f"for {names}" if names else "for calling only, as it names no --host"
    show.tell(f"Wrote {files}, good until {issued.entry.until.date()}, {what}.")


def described(entry: Entry) -> dict[str, object]:
    """A certificate for scripts."""
    return {
        "name": entry.name,
        "serial": f"{entry.serial:040x}",
        "names": list(entry.names),
        "until": entry.until.isoformat(),
        "pin": entry.pin,
    }


def document(issued: Issued) -> dict[str, object]:
    """The same with its files."""
    files = {"certificate": str(issued.certificate), "key": str(issued.key or "") or None}
    return {**described(issued.entry), **files}
