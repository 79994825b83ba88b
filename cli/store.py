"""The archive of a configuration, opened for commands that work on it without a node."""

from __future__ import annotations

from archive import Archive, Bounds
from cli.failures import Code, Failure
from config.settings import Settings


def opened(settings: Settings, *, make: bool = False) -> Archive:
    """The archive, beside a running node if there is one; only `make` makes it where it is not.

    Raises Failure, ArchiveError.
    """
    node, limits = settings.node, settings.limits
    if not make and not node.data.is_dir():
        raise Failure(Code.PARTIAL, f"{node.data} holds no archive yet: `anode serve` makes it")
    bounds = Bounds(
        object_bytes=limits.object_bytes,
        elements=limits.elements,
        nesting=limits.nesting,
        inflated_bytes=limits.inflated_bytes,
    )
    return Archive.open(node.data, index=node.index, sync=settings.archive.sync, bounds=bounds)
