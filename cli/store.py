"""The archive of a configuration, opened for commands that work on it without a node."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from archive import Archive, Bounds
from cli.failures import Code, Failure
from config.settings import Settings
from scp.audit import Trail


def opened(settings: Settings, *, make: bool = False) -> Archive:
    """The archive, beside a running node if there is one; only `make` makes it where it is not.

    Raises Failure, ArchiveError.
    """
    node, limits = settings.node, settings.limits
    if not make and not node.data.is_dir():
        raise Failure(
            Code.PARTIAL,
            f"{node.data} holds no archive yet: `anode serve` makes it; or name the configuration "
            "of another one with -c",
        )
    bounds = Bounds(
        object_bytes=limits.object_bytes,
        elements=limits.elements,
        nesting=limits.nesting,
        inflated_bytes=limits.inflated_bytes,
        query_seconds=limits.query_seconds,
    )
    return Archive.open(node.data, index=node.index, sync=settings.archive.sync, bounds=bounds)


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
