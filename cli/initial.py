"""`anode init`: write a configuration and make a CA, once, and say what to do next.

Law: all is made in a folder of its own and then named, so what is there is whole; nothing that is
there already is touched.
"""

from __future__ import annotations

import shlex
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli import options, show
from cli.calls import DEFAULT_FILE
from cli.failures import Code, Failure
from config import addresses, authority, enrolment, files, issuing, subjects
from config.profiles import PROFILES
from config.writing import PLAIN_PORT, TLS_PORT, starter

EXAMPLES = options.examples(
    "anode init",
    "anode init /srv/anode --ae-title PACS1 --port 104",
    "anode init /srv/anode --tls --host pacs1.hospital.example --host 10.0.0.2",
)
TLS_FOLDER = authority.FOLDER
_DRAFT = ".anode-init"
_ITSELF = ("localhost", "127.0.0.1", "::1")
# 0o640: who may read it learns the peers, and where keys lie.
_MODE = 0o640

DirArgument = Annotated[
    Path, typer.Argument(metavar="[DIR]", help="Where to write anode.toml.", file_okay=False)
]
TitleOption = Annotated[
    str, typer.Option("--ae-title", metavar="AET", help="The name other nodes call this one by.")
]
PortOption = Annotated[
    int | None,
    typer.Option(
        "--port",
        help=f"Where it is to listen: {PLAIN_PORT}, with --tls {TLS_PORT}.",
        show_default=False,
    ),
]
TlsOption = Annotated[bool, typer.Option("--tls", help="Listen over TLS only.")]
HostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--host",
        metavar="HOST",
        help="A name or an address that others call the node by, for its certificate; may be "
        "repeated. Without it the name of this machine.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class _Made:
    path: Path
    tls: Path
    new_ca: bool


def init(
    directory: DirArgument = Path(),
    *,
    ae_title: TitleOption = "ANODE",
    port: PortOption = None,
    tls: TlsOption = False,
    host: HostOption = None,
) -> None:
    """Write anode.toml, make an own CA and a node certificate.

    Never over what is there.
    """
    _no_profile(directory)
    port = port if port is not None else TLS_PORT if tls else PLAIN_PORT
    option = "--ae-title"
    try:
        addresses.ae_title(ae_title)
        option = "--port"
        text = starter(ae_title, port, tls=tls)
    except ValueError as error:
        raise Failure(Code.USAGE, f"{option} {error}") from None
    title = ae_title.strip(" ")
    hosts = [*(host or _machine()), *_ITSELF]
    ordered = enrolment.order(enrolment.NODE, hosts, (), issuing.LEAF_DAYS)
    directory.mkdir(parents=True, exist_ok=True)
    with files.locked(directory):
        made = _write(directory, text, title, ordered)
    _tell(made, ordered.names)
    _next(made, f"{title}@127.0.0.1:{port}", tls=tls)


def _no_profile(directory: Path) -> None:
    """Calls say `--tls PROFILE`; here the profile is a row of what is written."""
    if (name := str(directory)) in PROFILES:
        why = f"{name} is a TLS profile, and init takes a folder; --tls alone writes tls = "
        raise Failure(Code.USAGE, f'{why}"rfc9325", to be changed in anode.toml')


def _write(directory: Path, text: str, title: str, ordered: enrolment.Order) -> _Made:
    path, folder = directory / DEFAULT_FILE, directory / TLS_FOLDER
    if path.exists():
        why = f"{path} is there already and stays as it is; edit it, or name another folder"
        raise Failure(Code.PARTIAL, why)
    if folder.exists() and not _empty(folder):
        files.new(path, text.encode(), _MODE)
        return _Made(path, folder, new_ca=False)
    with _draft(directory) as draft:
        authority.make(draft / TLS_FOLDER, title)
        enrolment.issue(draft / TLS_FOLDER, ordered, common_name=title)
        (draft / TLS_FOLDER).rename(folder)
        try:
            files.new(path, text.encode(), _MODE)
        except BaseException:
            folder.rename(draft / TLS_FOLDER)
            raise
    return _Made(path, folder, new_ca=True)


def _empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


@contextmanager
def _draft(directory: Path) -> Iterator[Path]:
    """A folder to make things in; one that a killed process left is removed first."""
    draft = directory / _DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    try:  # with the making of it: Ctrl-C may come the moment it is there
        draft.mkdir(mode=files.FOLDER)
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _machine() -> list[str]:
    """The name of this machine, if a certificate can hold it."""
    name = socket.gethostname()
    try:
        subjects.of_host(name)
    except ValueError:
        return []
    return [name]


def _tell(made: _Made, names: Sequence[str]) -> None:
    if made.new_ca:
        held = ", ".join(filter(None, map(subjects.host, names)))
        show.say(f"Wrote {made.path}, and an own CA with a certificate of the node in {made.tls}")
        show.say(f"(for {held}).")
    else:
        show.say(f"Wrote {made.path}; {made.tls} is there already and stays as it is.")


def _next(made: _Made, target: str, *, tls: bool) -> None:
    named = "" if made.path == DEFAULT_FILE else f" -c {shlex.quote(str(made.path))}"
    target = shlex.quote(target)
    if tls:
        show.say("Now make a certificate for each peer, and start the node:")
        show.say("")
        show.say(f"  anode tls cert issue WS1 --host 10.0.0.9 --write{named}")
        then = [f"status{named}", "tls cert --help"]
    else:
        show.say("Now start the node:")
        show.say("")
        then = [f"echo {target}", f"send {target} FOLDER", f"find {target}"]
    show.say(f"  anode serve{named}")
    show.say("")
    show.say("and in another shell:")
    show.say("")
    for command in then:
        show.say(f"  anode {command}")
