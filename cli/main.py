"""The `anode` command: its subcommands, its version, and how it ends.

Law: a subcommand returns its exit code, or None for 0; whatever it raises ends in a sentence.
"""

from __future__ import annotations

import locale
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated

import typer

from cli import commands, options, show, spelling
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


commands.register(app)


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
