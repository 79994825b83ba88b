"""`anode init`: write a configuration, once, and say what to do next."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from cli import options, show
from cli.calls import DEFAULT_FILE
from cli.failures import Code, Failure
from config.writing import starter

EXAMPLES = options.examples("anode init", "anode init /srv/anode --ae-title PACS1 --port 104")

DirArgument = Annotated[
    Path, typer.Argument(metavar="[DIR]", help="Where to write anode.toml.", file_okay=False)
]
TitleOption = Annotated[
    str, typer.Option("--ae-title", metavar="AET", help="The name other nodes call this one by.")
]
PortOption = Annotated[int, typer.Option("--port", help="Where it is to listen.")]


def init(
    directory: DirArgument = Path(),
    *,
    ae_title: TitleOption = "ANODE",
    port: PortOption = 11112,
) -> None:
    """Write a commented anode.toml; never over one that is there."""
    try:
        text = starter(ae_title, port)
    except ValueError as error:
        raise Failure(Code.USAGE, f"the AE title or the port {error}") from None
    path = directory / DEFAULT_FILE
    directory.mkdir(parents=True, exist_ok=True)
    try:
        # 0o640: who may read it learns the peers, and later where keys lie.
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o640)
    except FileExistsError:
        why = f"{path} is there already and stays as it is; edit it, or name another folder"
        raise Failure(Code.PARTIAL, why) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    _next(path, ae_title.strip(" "), port)


def _next(path: Path, ae_title: str, port: int) -> None:
    named = "" if path == DEFAULT_FILE else f" -c {shlex.quote(str(path))}"
    target = shlex.quote(f"{ae_title}@127.0.0.1:{port}")
    show.say(f"Wrote {path}. Now start the node:")
    show.say("")
    show.say(f"  anode serve{named}")
    show.say("")
    show.say("and in another shell:")
    show.say("")
    show.say(f"  anode echo {target}")
    show.say(f"  anode send {target} FOLDER")
    show.say(f"  anode find {target}")
