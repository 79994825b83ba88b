"""`anode user`: the [[user]] rows for a name, its passcode read from the terminal or a pipe."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from cli import options, show
from cli.failures import Code, Failure
from config.users import NAME_LENGTH, hashed

EXAMPLES = options.examples("anode user anna >> anode.toml", "anode user anna < passcode.txt")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The username.")]


def user(name: NameArgument) -> None:
    """Print the [[user]] rows for a username.

    The passcode is asked for, or read from a pipe.
    """
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        why = f"a username has 1 to {NAME_LENGTH} printable characters, not {name!r}"
        raise Failure(Code.USAGE, why)
    passcode = _passcode(name)
    if not passcode:
        raise Failure(Code.USAGE, "the passcode is empty; type one, or pipe it in")
    # JSON's escapes are TOML's, but for those in pairs, of what is beyond 16 bits: left as it is.
    show.say("")
    show.say("[[user]]")
    show.say(f"name = {json.dumps(name, ensure_ascii=False)}")
    show.say(f'passcode = "{hashed(passcode)}"')


def _passcode(name: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    given: str = typer.prompt(
        f"Passcode of {name}", hide_input=True, confirmation_prompt=True, err=True
    )
    return given
