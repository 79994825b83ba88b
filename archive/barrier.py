"""The moments at which things become safe: an object's own sync, and one of everything.

Law (durability P1): an object is acknowledged only once its bytes and its name are on the disk.
`file` sees to both at once: it syncs a file that has its name already. The row may follow later,
for a start finds every file that is newer than the rows that are durable. What no start could find
out (a deletion, a row of an old file) waits for `pass_`, one `syncfs` for a whole group.

Law (P5): after a sync that failed, a second one may lie: nothing passes any more until a restart.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol

from archive import kernel
from archive.errors import ArchiveError, NoSpace, Unavailable
from archive.failures import FULL

Sync = Literal["group", "each", "never"]

# Where the sync of a file that has a name brings the name too, for both are in one transaction of
# the journal. A sync of the folder would wait for whatever others have named in it meanwhile.
NAMES_WITH_FILES = frozenset(("ext4",))

# Linux 5.8: from then on syncfs tells of errors of writing back.
_TELLING = (5, 8)


class Barrier(Protocol):
    """What objects and index ask for before something is acknowledged."""

    @property
    def broken(self) -> ArchiveError | None:
        """Why it lets nothing through any more."""

    def file(self, fd: int, folder: int) -> None:
        """Return when a file that stands in this folder is durable.

        Raises ArchiveError, OSError for a full disk.
        """

    def pass_(self) -> None:
        """Return when all that was written before is durable; raises ArchiveError."""

    def refuse(self, why: str) -> None:
        """Let nothing through any more: another process's barrier is broken."""

    def close(self) -> None:
        """Let go of it."""


class Open:
    """No barrier: nobody wants it."""

    broken = None

    def file(self, fd: int, folder: int) -> None:
        """Nothing is waited for."""

    def pass_(self) -> None:
        """Nothing is waited for."""

    def refuse(self, why: str) -> None:
        """Nothing is promised that could be broken."""

    def close(self) -> None:
        """Nothing is held."""


class Steps:
    """Each step syncs for itself, the index too."""

    def __init__(self, objects: Path, told: Callable[[str], None]) -> None:
        self.broken: ArchiveError | None = None
        self._told = told
        self._names_apart = kernel.file_system(objects) not in NAMES_WITH_FILES

    def file(self, fd: int, folder: int) -> None:
        """The bytes, and the name with them or after them."""
        if self.broken is not None:
            raise self.broken
        try:
            os.fsync(fd)
            if self._names_apart:
                os.fsync(folder)
        except OSError as error:
            if error.errno in FULL:  # a full disk is no sick one: this file alone is lost
                raise
            raise self._break(error) from error

    def pass_(self) -> None:
        """All of it is durable already."""
        if self.broken is not None:
            raise self.broken

    def refuse(self, why: str) -> None:
        """What one process could not sync, no other vouches for."""
        if self.broken is None:
            self.broken = Unavailable(why)

    def _break(self, error: OSError) -> ArchiveError:
        self.broken = why = _refusal(error)
        self._told(str(why))
        return why

    def close(self) -> None:
        """Nothing is held."""


class FileSystems(Steps):
    """`syncfs` on the file systems of the objects and of the index, which are mostly one."""

    def __init__(self, places: Sequence[Path], told: Callable[[str], None]) -> None:
        super().__init__(places[0], told)
        self._held: dict[int, int] = {}
        try:
            for place in places:
                self._hold(place)
        except OSError as error:
            self.close()
            raise Unavailable(f"{place} cannot be opened: {error.strerror}") from error

    def _hold(self, place: Path) -> None:
        fd = os.open(place.resolve(), os.O_RDONLY | os.O_CLOEXEC)
        device = os.fstat(fd).st_dev
        if device in self._held:
            os.close(fd)
        else:
            self._held[device] = fd

    def pass_(self) -> None:
        """The objects' file system first: a row that is durable has its file."""
        super().pass_()
        try:
            for fd in self._held.values():
                kernel.syncfs(fd)
        except OSError as error:
            raise self._break(error) from error

    def close(self) -> None:
        """Close the descriptors."""
        while self._held:
            os.close(self._held.popitem()[1])


def kind(sync: str) -> Sync:
    """How durability is reached: `sync` is the archive's setting, always or lazy."""
    if sync != "always":
        return "never"
    found = re.match(r"(\d+)\.(\d+)", platform.release())
    telling = found is not None and (int(found[1]), int(found[2])) >= _TELLING
    return "group" if telling and kernel.HAS_SYNCFS else "each"


def barrier(sync: Sync, places: Sequence[Path], told: Callable[[str], None]) -> Barrier:
    """The barrier for the places of objects and index, in this order; `told` hears why it broke.

    Raises Unavailable.
    """
    match sync:
        case "group":
            return FileSystems(places, told)
        case "each":
            return Steps(places[0], told)
        case "never":
            return Open()


def _refusal(error: OSError) -> ArchiveError:
    why = f"the disk could not be synced ({error.strerror}); nothing more is stored until a restart"
    return NoSpace(why) if error.errno in FULL else Unavailable(why)
