"""`anode tls cert renew`, `revoke` and `crl`: certificates for longer, or no longer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from cli import calls, options, show
from cli.authorities import DaysOption, DirOption, described, document, folder, tell
from cli.failures import Code, Failure
from config import authority, enrolment, issuing, requests
from config.authority import Published
from config.enrolment import Issued
from config.errors import ConfigError
from config.ledger import REASONS, Entry
from config.settings import Settings

RENEW_EXAMPLES = options.examples(
    "anode tls cert renew node",
    "anode tls cert renew WS1 --new-key",
    "anode tls cert renew CT1 --request ct1-new.csr",
    "anode tls cert renew ca",
)
REVOKE_EXAMPLES = options.examples(
    "anode tls cert revoke WS1 --reason key-compromise",
    "anode tls cert revoke 362f160b1f4287b82508530823e6ffe9c346842a",
)
CRL_EXAMPLES = options.examples("anode tls cert crl", "anode tls cert crl --days 30")
_LONGEST_CRL: Final = 3650

Reason = Literal[
    "unspecified", "key-compromise", "affiliation-changed", "superseded", "cessation-of-operation"
]
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Whose it is: a peer, node, or ca for the CA itself.")
]
WhichArgument = Annotated[
    str,
    typer.Argument(
        metavar="WHICH",
        help="A name, for all its certificates; a serial number; or a certificate in a file.",
    ),
]
NewKeyOption = Annotated[
    bool, typer.Option("--new-key", help="With a new key; the old files are kept beside it.")
]
RequestOption = Annotated[
    Path | None,
    typer.Option(
        "--request",
        metavar="REQUEST",
        help="With the key of a new request of the peer's.",
        exists=True,
        dir_okay=False,
        show_default=False,
    ),
]
ReasonOption = Annotated[Reason, typer.Option("--reason", help="Why; the CRL says it.")]
CrlDaysOption = Annotated[
    int,
    typer.Option(
        "--days", metavar="DAYS", min=1, max=_LONGEST_CRL, help="How long it is up to date."
    ),
]


def renew(
    name: NameArgument,
    *,
    new_key: NewKeyOption = False,
    request: RequestOption = None,
    days: DaysOption = issuing.LEAF_DAYS,
    config: options.ConfigOption = None,
    directory: DirOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Make a certificate anew, with the names it has.

    With the same key, so with the same pin, if not told otherwise.
    """
    where = folder(config, directory)
    if new_key and request:
        raise Failure(Code.USAGE, "--new-key and --request are two keys; take one of them")
    if name == enrolment.CA:
        _renew_ca(where, same_key=not (new_key or request), as_json=as_json)
        return
    key = requests.read(request).key if request else issuing.new_key() if new_key else None
    issued = enrolment.renew(where, name, days, key)
    tell(issued)
    if name == enrolment.NODE:
        show.tell("A running node takes it up by SIGHUP.")
    if as_json:
        previous = {"previous_pin": issued.before, "previous_revoked": issued.lost}
        show.document({**document(issued), **previous})
        return
    _tell_pins(issued)


def _tell_pins(issued: Issued) -> None:
    """What a [[peer]] is to be bound to now; never to a key that was revoked."""
    kept, pin = ", ".join(map(str, issued.kept)), f'"{issued.entry.pin}"'
    if issued.entry.pin == issued.before:
        show.tell("The pin stays, so no [[peer]] changes:")
    elif issued.lost:
        show.tell(f"What it replaces is kept in {kept}; never use it again.")
        show.tell("The old key is revoked: a [[peer]] that is bound to it names only the new one:")
    else:
        show.tell(f"What it replaces is kept in {kept}, and good until you revoke it.")
        show.tell("As long as both are in use, a [[peer]] that is bound to the key names both:")
        pin = f'["{issued.before}", {pin}]'
    show.say(f"certificate = {pin}")


def _renew_ca(where: Path, *, same_key: bool, as_json: bool) -> None:
    if not same_key:
        why = "the CA keeps its key; for another one make another CA: anode init in a new folder"
        raise Failure(Code.USAGE, why)
    until = authority.renew(where).not_valid_after_utc
    path = where / authority.CERTIFICATE
    if as_json:
        show.document({"certificate": str(path), "until": until.isoformat()})
        return
    show.say(f"{path} is good until {until.date()}, and so is what the CA issued, each to its end.")
    show.say("Take it to every peer before the old one ends.")


def revoke(
    which: WhichArgument,
    *,
    reason: ReasonOption = "unspecified",
    config: options.ConfigOption = None,
    directory: DirOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """End certificates before their time, and write a new CRL."""
    where = folder(config, directory)
    gone, crl = authority.revoke(where, which, REASONS[reason])
    if as_json:
        show.document({"revoked": [described(each) for each in gone], "crl": _document(crl)})
        return
    for each in gone:
        show.say(f"Revoked {each.name}, serial number {each.serial:040x}.")
    _tell_crl(crl)
    _tell_readers(config, crl.path, gone)
    if any(each.name == enrolment.NODE for each in gone):
        show.say(f"Now: {authority.command(where, 'renew node --new-key')}, then SIGHUP.")


def crl(
    *,
    days: CrlDaysOption = issuing.CRL_DAYS,
    config: options.ConfigOption = None,
    directory: DirOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Write a new CRL: what is revoked, up to date again."""
    made = authority.publish(folder(config, directory), days)
    if as_json:
        show.document(_document(made))
        return
    _tell_crl(made)
    _tell_readers(config, made.path)


def _document(crl: Published) -> dict[str, object]:
    return {
        "path": str(crl.path),
        "number": crl.number,
        "until": crl.until.isoformat(),
        "revoked": crl.revoked,
    }


def _tell_crl(crl: Published) -> None:
    held = show.count(crl.revoked, "revoked certificate")
    show.say(f"{crl.path} number {crl.number} has {held}; it is out of date on {crl.until.date()}.")


def _tell_readers(config: Path | None, path: Path, gone: Sequence[Entry] = ()) -> None:
    """Whether the node takes notice; what is wrong with its configuration is told elsewhere."""
    try:
        settings = calls.settings(config)
    except ConfigError:
        return
    if any(each.crl and each.crl.resolve() == path.resolve() for each in settings.listener):
        show.say("A running node takes it up by SIGHUP.")
        return
    add = f'add crl = "{path.resolve()}" to each [[listener]] with tls.'
    if not gone:
        show.say(f"No listener reads it: {add}")
        return
    show.say("No listener reads it, so what is revoked is still let in.")
    show.say(f"At once: {_remedy(settings, gone)}, then SIGHUP.")
    show.say(f"From then on: {add}")


def _remedy(settings: Settings, gone: Sequence[Entry]) -> str:
    """What shuts these out without a CRL."""
    held = {word for each in gone for word in (each.pin, *each.names)}
    bound = [peer.ae_title for peer in settings.peer if held & {*peer.certificate}]
    if bound:
        return f"remove the [[peer]] {', '.join(bound)}, or bind it to the pin of a new key"
    return "bind each [[peer]] to the pin of its own key"
