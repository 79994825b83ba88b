"""What we hold: the index and the object files beneath it. `Archive` is the only door.

What it offers is imported when it is asked for: who needs but an error or a character set of ours,
as the commands that call peers, is spared the libraries of the index.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archive.archive import Archive
    from archive.bounds import Bounds
    from archive.errors import ArchiveError
    from archive.found import Found
    from archive.index import Counts
    from archive.locks import claim
    from archive.reception import Receipt, Reception
    from archive.record import StoredInstance

_HOMES = {
    "Archive": "archive",
    "ArchiveError": "errors",
    "Bounds": "bounds",
    "Counts": "index",
    "Found": "found",
    "Receipt": "reception",
    "Reception": "reception",
    "StoredInstance": "record",
    "claim": "locks",
}

__all__ = [
    "Archive",
    "ArchiveError",
    "Bounds",
    "Counts",
    "Found",
    "Receipt",
    "Reception",
    "StoredInstance",
    "claim",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
