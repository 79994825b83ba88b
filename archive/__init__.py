"""What we hold: the index and the object files beneath it. `Archive` is the only door."""

from archive.archive import Archive
from archive.bounds import Bounds
from archive.errors import ArchiveError
from archive.found import Found
from archive.index import Counts
from archive.locks import claim
from archive.reception import Receipt, Reception
from archive.record import StoredInstance

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
