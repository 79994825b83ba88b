"""The commands: their names, their lines in the list, and where each is.

Law: a command is imported when it is typed, and no other one with it: what a command needs to be
imported costs more time than most of them take. The list of them (`--help`) imports none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from typing import Any, cast

import typer
from typer.core import TyperCommand

from cli import options

# As it is typed, with its groups; where it is; its line in the list, the first one of its help.
_TABLE = (
    ("init", "initial.init", "Write anode.toml, make an own CA and a node certificate."),
    ("serve", "serve.serve", "Run the node in the foreground."),
    ("status", "status.status", "Tell what is stored, what room is left, if the node answers."),
    ("peers", "peers.peers", "Test every configured peer: TLS, echo, services it accepts."),
    ("echo", "echo.echo", "Ask a peer whether it is there (C-ECHO)."),
    ("send", "send.send", "Store files and folders at a peer (C-STORE)."),
    ("commit", "commit.commit", "Have a peer answer for objects (storage commitment)."),
    ("find", "find.find", "Ask a peer what it has: studies, or what has no patient."),
    ("move", "move.move", "Have a peer send objects to a third node (C-MOVE)."),
    ("get", "get.get", "Retrieve objects into a folder (C-GET)."),
    ("show", "showing.shown", "Tell what an object is and what it says."),
    ("import", "importing.imported", "Take files, folders and DICOMDIR sets into the archive."),
    ("export", "exporting.export", "Write objects of the archive into a readable tree."),
    ("check", "checking.check", "Compare the index with the object files, both ways."),
    ("reindex", "reindexing.reindex", "Make the index anew, from the object files alone."),
    ("examine", "examining.examine", "Find what stored objects refer to, and check them."),
    ("delete", "deleting.delete", "Delete objects of the archive for good."),
    ("protocols", "protocols.protocols", "List protocols: their models, how they stand at a date."),
    ("rt", "rt.rt", "List radiation sets, whether complete; of one, its tree."),
    (
        "validate",
        "validate.validate",
        "Check objects against the IOD of their class, and our rules.",
    ),
    ("samples", "samples.written", "Write sample instances of the new SOP classes."),
    ("wrap", "wrap.wrap", "Make DICOM objects of STL, OBJ, MTL, PDF and CDA files."),
    ("unwrap", "unwrap.unwrap", "Take the file out of an encapsulated document object."),
    (
        "conformance",
        "conformance.conformance",
        "Write the conformance statement of this configuration.",
    ),
    ("user", "user.user", "Print the [[user]] rows for a username."),
    ("tls profiles", "tls.profiles", "Tell what each TLS profile means here."),
    ("tls probe", "probe.probe", "Tell which TLS profiles a server meets."),
    ("tls cert issue", "cert.issue", "Make a key and a certificate for a peer."),
    ("tls cert sign", "cert.sign", "Make a certificate for the key of a peer's request (CSR)."),
    ("tls cert renew", "renewal.renew", "Make a certificate anew, with the names it has."),
    (
        "tls cert revoke",
        "renewal.revoke",
        "End certificates before their time, and write a new CRL.",
    ),
    ("tls cert crl", "renewal.crl", "Write a new CRL: what is revoked, up to date again."),
    ("tls cert list", "ledgers.listed", "List what the CA has issued, and what is revoked."),
    ("tls cert pin", "pin.pin", "Print the pin of a certificate: what a [[peer]] is bound to."),
)

# What the words before the last one of a command's name stand for.
GROUPS: Mapping[str, str] = {
    "tls": "TLS: what its profiles mean here, and certificates.",
    "tls cert": "An own CA: certificates for the node and its peers.",
}
_GROUP_EXAMPLES: Mapping[str, str] = {
    "tls": options.examples(
        "anode tls profiles",
        "anode tls probe 10.0.0.5:2762",
        "anode tls cert issue WS1 --host 10.0.0.9 --write",
    ),
    "tls cert": options.examples(
        "anode tls cert issue WS1 --host 10.0.0.9 --write",
        "anode tls cert list",
        "anode tls cert renew WS1",
        "anode tls cert pin 10.0.0.5:2762",
    ),
}


@dataclass(frozen=True, slots=True)
class Command:
    """A row of the table."""

    name: str
    place: str
    told: str

    def made(self) -> TyperCommand:
        """The command itself, with its options."""
        module, _, function = self.place.partition(".")
        found = import_module(f"cli.{module}")
        # Where a module has several commands, each has examples of its own.
        examples = getattr(found, f"{function.upper()}_EXAMPLES", None) or found.EXAMPLES
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        own = self.name.rpartition(" ")[2]
        alone.command(own, epilog=examples)(_ending(getattr(found, function)))
        return cast(TyperCommand, typer.main.get_command(alone))


COMMANDS = tuple(Command(*row) for row in _TABLE)


class Later(TyperCommand):
    """A command in the list: its callback makes the command itself, which then is run."""

    def make_context(self, *given: Any, **also: Any) -> Any:
        """The context of the command itself."""
        assert self.callback is not None
        return self.callback().make_context(*given, **also)


def register(app: typer.Typer) -> None:
    """Have the application know all commands."""
    groups = {"": app}
    for name, told in GROUPS.items():
        above, _, own = name.rpartition(" ")
        groups[name] = typer.Typer(
            no_args_is_help=True, help=told, epilog=_GROUP_EXAMPLES[name], rich_markup_mode=None
        )
        groups[above].add_typer(groups[name], name=own)
    for row in COMMANDS:
        group, _, own = row.name.rpartition(" ")
        groups[group].command(own, cls=Later, help=row.told)(row.made)


def _ending(command: Callable[..., int | None]) -> Callable[..., None]:
    """The command with its result as typer's exit code."""

    @wraps(command)
    def run(**given: Any) -> None:
        raise typer.Exit(command(**given) or 0)

    return run
