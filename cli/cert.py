"""`anode tls cert issue` and `sign`: certificates of our own CA for peers.

Law: standard output has the rows to configure, everything said beside them is on standard error;
no key is ever shown.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import options, show
from cli.authorities import DaysOption, DirOption, document, folder, tell
from cli.failures import Code, Failure
from cli.peering import AeTitleOption, Peering, WriteOption, title_of
from config import authority, enrolment, issuing, requests
from config.enrolment import Issued, Order
from config.requests import Request

ISSUE_EXAMPLES = options.examples(
    "anode tls cert issue WS1 --host 10.0.0.9 --write",
    "anode tls cert issue ct1.example --host ct1.example --host 10.0.0.5 --ae-title CT1",
    "anode tls cert issue WS1 --host 10.0.0.9 >> anode.toml",
)
SIGN_EXAMPLES = options.examples(
    "anode tls cert sign ct1.csr --name CT1 --host 10.0.0.5 --write",
    "anode tls cert sign CT1.csr --as-asked",
)

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Whose it is to be: the AE title of the peer.")
]
RequestArgument = Annotated[
    Path,
    typer.Argument(
        metavar="REQUEST", help="The peer's request (CSR), PEM or DER.", exists=True, dir_okay=False
    ),
]
HostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--host",
        metavar="HOST",
        help="An address or a name of the peer; may be repeated. Who calls is known by address.",
        show_default=False,
    ),
]
UriOption = Annotated[
    list[str] | None,
    typer.Option(
        "--uri", metavar="URI", help="A URI that names it; may be repeated.", show_default=False
    ),
]
NameOption = Annotated[
    str | None,
    typer.Option(
        "--name",
        metavar="NAME",
        help="Whose it is to be; without it the name of the file.",
        show_default=False,
    ),
]
AsAskedOption = Annotated[
    bool,
    typer.Option("--as-asked", help="Take the names the request asks for, without a question."),
]


def issue(
    name: NameArgument,
    *,
    host: HostOption = None,
    uri: UriOption = None,
    days: DaysOption = issuing.LEAF_DAYS,
    ae_title: AeTitleOption = None,
    write: WriteOption = False,
    config: options.ConfigOption = None,
    directory: DirOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Make a key and a certificate for a peer.

    Prints the [[peer]] rows that bind its AE title to it.
    """
    ordered = enrolment.order(name, host or (), uri or (), days)
    peering = Peering(config, title_of(ae_title, name), ordered.names, write=write)
    where = folder(config, directory)
    peering.check()
    _note_shared(where, ordered)
    issued = enrolment.issue(where, ordered)
    tell(issued)
    show.tell(f"Take both and {where / authority.CERTIFICATE} to {name}; keep no copy of the key.")
    _answer(issued, peering, as_json=as_json)


def sign(
    request: RequestArgument,
    *,
    name: NameOption = None,
    host: HostOption = None,
    uri: UriOption = None,
    as_asked: AsAskedOption = False,
    days: DaysOption = issuing.LEAF_DAYS,
    ae_title: AeTitleOption = None,
    write: WriteOption = False,
    config: options.ConfigOption = None,
    directory: DirOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Make a certificate for the key of a peer's request (CSR).

    Of the request only the key is taken; the names it asks for are shown, and taken if you say so.
    """
    asked = requests.read(request)
    name = enrolment.named(name or request.stem)
    if host or uri:
        ordered = enrolment.order(name, host or (), uri or (), days)
    else:
        ordered = Order(name, _confirmed(asked, request, sure=as_asked), days)
    peering = Peering(config, title_of(ae_title, name), ordered.names, write=write)
    where = folder(config, directory)
    peering.check()
    _note_shared(where, ordered)
    issued = enrolment.sign(where, asked, ordered)
    tell(issued)
    show.tell(f"Take it and {where / authority.CERTIFICATE} to {name}.")
    _answer(issued, peering, as_json=as_json)


def _confirmed(asked: Request, path: Path, *, sure: bool) -> tuple[str, ...]:
    """The names of a request, once a person has seen them."""
    if asked.odd:
        raise Failure(Code.USAGE, f"{path}: {asked.odd}; say with --host what it is to have")
    wanted = ", ".join(asked.names) or "no names"
    show.tell(f"{path} of {asked.subject or 'nobody'} asks for {wanted}.")
    if sure or not asked.names:
        return asked.names
    if not sys.stdin.isatty():
        why = "say --as-asked to take the names the request asks for, or others with --host"
        raise Failure(Code.USAGE, why)
    if not typer.confirm("Take these names?", err=True):
        raise Failure(Code.PARTIAL, "nothing was signed; say with --host what it is to have")
    return asked.names


def _note_shared(where: Path, ordered: Order) -> None:
    """A [[peer]] that is bound to a name takes every certificate that has it."""
    known = authority.listed(where)
    for entry in known.entries.values():
        shared = {name for name in entry.names if not name.startswith("ip:")} & {*ordered.names}
        if shared and entry.name != ordered.name and known.state(entry) == "valid":
            names = ", ".join(sorted(shared))
            show.tell(f"Note: the certificate of {entry.name} has {names} too.")


def _answer(issued: Issued, peering: Peering, *, as_json: bool) -> None:
    rows = peering.rows(issued.entry.pin)
    written = peering.add(rows)
    if as_json:
        show.document({**document(issued), "peer": rows or None, "written": written is not None})
        return
    if peering.ae_title is None:
        show.tell("NAME can be no AE title, so there are no [[peer]] rows; see --ae-title.")
        return
    if not rows:
        show.tell("There are no [[peer]] rows without --host; to let it in, write one with")
        show.tell(f'the address it calls from as host, and certificate = "{issued.entry.pin}".')
        return
    if written:
        show.tell(f"Added to {written}, which a running node reads anew on SIGHUP:")
    else:
        show.tell("To let it in, add to the configuration:")
    if name := peering.name_alone:
        show.tell(f"({name} is a name, by which the peer can be called but cannot call; to let it")
        show.tell("call, let host be its address.)")
    show.say("")
    for line in rows.splitlines():
        show.say(line)
