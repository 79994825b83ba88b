"""The `anode` command: its subcommands, its version, and how it ends.

Law: a subcommand returns its exit code, or None for 0; whatever it raises ends in a sentence.
"""

from __future__ import annotations

import locale
import logging
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated, Any

import typer

from cli import (
    cert,
    checking,
    commit,
    conformance,
    deleting,
    echo,
    examining,
    exporting,
    find,
    get,
    importing,
    initial,
    ledgers,
    move,
    options,
    peers,
    pin,
    probe,
    protocols,
    reindexing,
    renewal,
    rt,
    samples,
    send,
    serve,
    show,
    showing,
    spelling,
    status,
    tls,
    unwrap,
    user,
    validate,
    wrap,
)
from cli.failures import Code, local

EXAMPLES = options.examples(
    "anode init && anode serve",
    "anode send ANODE@127.0.0.1:11112 ./study",
    "anode find ANODE@127.0.0.1:11112 -k PatientName='DOE*'",
    "anode get ANODE@127.0.0.1:11112 -k StudyInstanceUID=1.2.3 -o study",
)
CODES = (
    "Exit codes: 0 done, 1 failed in part, 2 usage, 3 unreachable, 4 rejected, "
    "5 aborted or timed out, 130 interrupted."
)

app = typer.Typer(
    cls=spelling.Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog=f"{EXAMPLES}\n\n{CODES}",
)

TRACEBACK = "ANODE_TRACEBACK"

COMMANDS: tuple[tuple[str, Callable[..., int | None], str], ...] = (
    ("init", initial.init, initial.EXAMPLES),
    ("serve", serve.serve, serve.EXAMPLES),
    ("status", status.status, status.EXAMPLES),
    ("peers", peers.peers, peers.EXAMPLES),
    ("echo", echo.echo, echo.EXAMPLES),
    ("send", send.send, send.EXAMPLES),
    ("commit", commit.commit, commit.EXAMPLES),
    ("find", find.find, find.EXAMPLES),
    ("move", move.move, move.EXAMPLES),
    ("get", get.get, get.EXAMPLES),
    ("show", showing.shown, showing.EXAMPLES),
    ("import", importing.imported, importing.EXAMPLES),
    ("export", exporting.export, exporting.EXAMPLES),
    ("check", checking.check, checking.EXAMPLES),
    ("reindex", reindexing.reindex, reindexing.EXAMPLES),
    ("examine", examining.examine, examining.EXAMPLES),
    ("delete", deleting.delete, deleting.EXAMPLES),
    ("protocols", protocols.protocols, protocols.EXAMPLES),
    ("rt", rt.rt, rt.EXAMPLES),
    ("validate", validate.validate, validate.EXAMPLES),
    ("samples", samples.written, samples.EXAMPLES),
    ("wrap", wrap.wrap, wrap.EXAMPLES),
    ("unwrap", unwrap.unwrap, unwrap.EXAMPLES),
    ("conformance", conformance.conformance, conformance.EXAMPLES),
    ("user", user.user, user.EXAMPLES),
    ("tls profiles", tls.profiles, tls.EXAMPLES),
    ("tls probe", probe.probe, probe.EXAMPLES),
    ("tls cert issue", cert.issue, cert.ISSUE_EXAMPLES),
    ("tls cert sign", cert.sign, cert.SIGN_EXAMPLES),
    ("tls cert renew", renewal.renew, renewal.RENEW_EXAMPLES),
    ("tls cert revoke", renewal.revoke, renewal.REVOKE_EXAMPLES),
    ("tls cert crl", renewal.crl, renewal.CRL_EXAMPLES),
    ("tls cert list", ledgers.listed, ledgers.EXAMPLES),
    ("tls cert pin", pin.pin, pin.EXAMPLES),
)

# What the words before the last one of a command's name stand for.
GROUPS: Mapping[str, str] = {
    "tls": "TLS: what its profiles mean here, and certificates.",
    "tls cert": "An own CA: certificates for the node and its peers.",
}


def _version(asked: bool) -> None:
    if asked:
        show.say(f"anode {version('anode')}")
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option("--version", callback=_version, is_eager=True, help="Tell the version and exit."),
]


@app.callback()
def anode(*, version: VersionOption = False) -> None:
    """Anode, a DICOM node: run one, and talk to others."""


def _ending(command: Callable[..., int | None]) -> Callable[..., None]:
    """The command with its result as typer's exit code."""

    @wraps(command)
    def run(**given: Any) -> None:
        raise typer.Exit(command(**given) or Code.DONE)

    return run


def _grouped() -> dict[str, typer.Typer]:
    """The application and its groups, by name."""
    made = {"": app}
    for name, told in GROUPS.items():
        above, _, own = name.rpartition(" ")
        made[name] = typer.Typer(no_args_is_help=True, help=told, rich_markup_mode=None)
        made[above].add_typer(made[name], name=own)
    return made


_groups = _grouped()
for _name, _command, _examples in COMMANDS:
    _group, _, _own = _name.rpartition(" ")
    _groups[_group].command(_own, epilog=_examples)(_ending(_command))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; its exit code."""
    with warnings.catch_warnings():
        # Libraries warn with values of objects in hand; `serve` takes them into its log.
        warnings.simplefilter("ignore")
        try:
            typer.main.get_command(app).main(list(arguments), prog_name="anode")
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else Code.PARTIAL
        except Exception as error:  # noqa: BLE001 - the border: nobody sees a traceback
            return _failed(error)
    return Code.DONE


def _failed(error: Exception) -> int:
    failure = local(error)
    if failure is None:
        if os.environ.get(TRACEBACK):
            raise error
        show.complain(f"an error of ours: {type(error).__name__}: {error}")
        show.tell(f"Please report it, with what {TRACEBACK}=1 adds to the same command.")
        return Code.PARTIAL
    show.complain(failure)
    return failure.code


def _encoding() -> str | None:
    """The encoding to write in, None for what Python has chosen.

    In the C locale it chooses UTF-8 on its own (PEP 540), which would be noise where the person
    has said that only ASCII can be read.
    """
    chosen = {"PYTHONUTF8", "PYTHONIOENCODING"} & os.environ.keys() or "utf8" in sys._xoptions
    return locale.getencoding() if sys.flags.utf8_mode and not chosen else None


def main() -> None:
    """The entry point."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding=_encoding(), errors="backslashreplace")
    # Without a handler, logging would print what libraries warn of.
    logging.getLogger().addHandler(logging.NullHandler())
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
