"""`anode tls cert pin`: the pin of a certificate or request in a file, or of what a peer shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli import options, show
from cli.failures import Code, Failure
from config import pins
from config.addresses import LAST_PORT
from wire import presented
from wire.errors import Unreachable

EXAMPLES = options.examples(
    "anode tls cert pin tls/WS1.crt",
    "anode tls cert pin ct1.csr",
    "anode tls cert pin 10.0.0.5:2762",
)
SECONDS = 10.0
_PLACE = re.compile(r"\[?(?P<host>[^\[\]/\s]+)\]?:(?P<port>[0-9]{1,5})")

TargetArgument = Annotated[
    str,
    typer.Argument(metavar="TARGET", help="A certificate or request in a file, or HOST:PORT."),
]


@dataclass(frozen=True, slots=True)
class _Place:
    host: str
    port: int


def pin(
    target: TargetArgument,
    *,
    timeout: options.TimeoutOption = SECONDS,
    as_json: options.JsonOption = False,
) -> None:
    """Print the pin of a certificate: what a [[peer]] is bound to."""
    place = None if Path(target).exists() else _place(target)
    if place is None:
        found = pins.in_file(Path(target))
    else:
        found = pins.of(_shown(place, timeout or SECONDS), target)
    if as_json:
        show.document({"pin": found.pin, "subject": found.subject, "names": list(found.names)})
        return
    names = f" ({', '.join(found.names)})" if found.names else ""
    show.tell(f"{target}: {found.subject or 'nobody'}{names}")
    show.say(found.pin)
    if place is not None:
        show.tell("Nothing was verified: compare it with what is read at the peer itself.")


def _shown(place: _Place, seconds: float) -> bytes:
    try:
        return presented.certificate(place.host, place.port, seconds)
    except Unreachable as error:
        raise Failure(Code.UNREACHABLE, f"{error}; is that its port for TLS?") from None


def _place(target: str) -> _Place:
    found = _PLACE.fullmatch(target)
    if not found or not 1 <= int(found["port"]) <= LAST_PORT:
        raise Failure(Code.USAGE, f"{target} is no file and no HOST:PORT")
    return _Place(found["host"], int(found["port"]))
