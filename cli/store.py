"""The archive of a configuration, opened for commands that work on it without a node."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import scp.opened
from archive import Archive
from cli.failures import Code, Failure
from config.settings import Settings
from scp.audit import Trail


def opened(settings: Settings, *, make: bool = False) -> Archive:
    """The archive, beside a running node if there is one; only `make` makes it where it is not.

    Raises Failure, ArchiveError.
    """
    node = settings.node
    if not make and not node.data.exists():
        raise Failure(
            Code.PARTIAL,
            f"{node.data} holds no archive yet: `anode serve` makes it; or name the configuration "
            "of another one with -c",
        )
    # Whoever typed the command hears it as its error.
    return scp.opened.opened(settings, lambda _why: None, sparing=False)


@contextmanager
def recording(settings: Settings) -> Iterator[Trail]:
    """The audit trail, beside that of a running node; a node sends what is recorded here.

    Raises OSError, ConfigError.
    """
    trail = Trail.open(settings, sending=False)
    try:
        yield trail
    finally:
        trail.close()


def user() -> str:
    """Who runs the command, as PS3.15 A.5.2.1 wants a person named."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # an id without an account
        name = "unknown"
    return f"{name}@{socket.gethostname()}"
