"""The [[peer]] rows that bind an AE title to a certificate, printed or added to the configuration.

Law: a configuration is added to only if it can then be loaded, and in one step.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from cli import calls
from cli.failures import Code, Failure
from config import addresses, files, writing
from config.errors import ConfigError

# As long as any: whether the rest is right is tried before there is a key.
_SOME_PIN: Final = f"spki-sha256:{'A' * 43}="

AeTitleOption = Annotated[
    str | None,
    typer.Option(
        "--ae-title",
        metavar="AET",
        help="Its AE title, where that is not NAME.",
        show_default=False,
    ),
]
WriteOption = Annotated[
    bool, typer.Option("--write", help="Add the [[peer]] to the configuration.")
]


def title_of(given: str | None, name: str) -> str | None:
    """The AE title: what --ae-title says, else NAME where that can be one; raises ConfigError."""
    try:
        return addresses.ae_title(name if given is None else given)
    except ValueError as error:
        if given is None:
            return None
        raise ConfigError(f"the AE title {error}") from None


@dataclass(frozen=True, slots=True)
class Peering:
    """A peer to be: the configuration it goes to, its AE title, the names in its certificate.

    Without an AE title it is no peer, but a certificate for something else, as a log server.
    """

    config: Path | None
    ae_title: str | None
    names: Sequence[str]
    write: bool

    def check(self) -> None:
        """Refuse what could not be added, before anything is made; raises ConfigError, Failure."""
        if not self.write:
            return
        if self.ae_title is None:
            raise Failure(Code.USAGE, "--write needs --ae-title, as NAME can be none")
        source = calls.configuration(self.config)
        if source is None:
            raise Failure(Code.USAGE, "--write needs a configuration: say -c FILE")
        if not self._host or self.name_alone:
            why = "--write needs --host with the address the peer calls from"
            raise Failure(Code.USAGE, f"{why}; who calls is known by address, never by host name")
        if calls.settings(source).peer_named(self.ae_title):
            why = f"{self.ae_title} is a [[peer]] of {source} already"
            raise Failure(Code.USAGE, f"{why}; set its certificate there by hand")
        with _extended(source, self.rows(_SOME_PIN)):
            pass

    def rows(self, pin: str) -> str:
        """The rows for this key, none without an AE title or a host."""
        if self.ae_title is None or not self._host:
            return ""
        return writing.peer(self.ae_title, self._host, pin)

    @property
    def name_alone(self) -> str:
        """Its host, if that is a name: such a peer can be called, and cannot call."""
        known = self._host == "localhost" or addresses.network(self._host) is not None
        return "" if known else self._host

    @property
    def _host(self) -> str:
        """Its first address, which admits callers; else its first name."""
        hosts = [name.partition(":") for name in self.names if not name.startswith("uri:")]
        hosts.sort(key=lambda parts: parts[0] != "ip")
        return hosts[0][2] if hosts else ""

    def add(self, rows: str) -> Path | None:
        """Write them where --write says so; the file they are in now."""
        source = calls.configuration(self.config)
        if not self.write or source is None:
            return None
        with files.locked(source.resolve().parent), _extended(source, rows) as draft:
            files.settle(draft, source.resolve())
        return source


@contextmanager
def _extended(source: Path, rows: str) -> Iterator[Path]:
    """A draft of the configuration with these rows that can be loaded; raises ConfigError."""
    real = source.resolve()
    before = real.read_bytes()
    end = b"" if before.endswith(b"\n") else b"\n"
    added, mode = before + end + f"\n{rows}".encode(), stat.S_IMODE(real.stat().st_mode)
    with files.draft(real, added, mode) as draft:
        try:
            calls.settings(draft)
        except ConfigError as error:
            why = str(error).replace(str(draft), str(source))
            raise ConfigError(f"the [[peer]] cannot be added: {why}") from None
        yield draft
