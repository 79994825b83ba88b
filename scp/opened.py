"""The archive as settings say, for a node's processes and for commands beside it."""

from __future__ import annotations

from collections.abc import Callable

from archive import Archive, Bounds
from config.settings import Settings


def opened(settings: Settings, told: Callable[[str], None], *, sparing: bool = True) -> Archive:
    """Open it; `told` hears why it has become read-only. Raises ArchiveError.

    Who is not `sparing` may use the space that `limits.free_bytes` keeps free.
    """
    limits = settings.limits
    bounds = Bounds(
        free_bytes=limits.free_bytes if sparing else 0,
        object_bytes=limits.object_bytes,
        elements=limits.elements,
        nesting=limits.nesting,
        inflated_bytes=limits.inflated_bytes,
        query_seconds=limits.query_seconds,
    )
    return Archive.open(
        settings.node.data,
        index=settings.node.index,
        sync=settings.archive.sync,
        bounds=bounds,
        told=told,
    )
