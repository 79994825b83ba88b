"""The one moment at which acknowledged objects become safe: everything before it is on the disk.

Law (durability P1): nothing is acknowledged before `pass_` has returned. One `syncfs` makes durable
what a whole group of objects needs: their bytes, their names, the folders made for them and the
index's commit. Where the kernel has none that tells of errors, each step syncs for itself.

Law (P5): after a sync that failed, a second one may lie: the barrier stays broken until a restart.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, Protocol

from archive.errors import ArchiveError, NoSpace, Unavailable
from archive.failures import FULL

Sync = Literal["group", "each", "never"]

# Linux 5.8: from then on syncfs tells of errors of writing back.
_TELLING = (5, 8)


class Barrier(Protocol):
    """What the index asks for between its commit and the acknowledgement."""

    @property
    def broken(self) -> ArchiveError | None:
        """Why it lets nothing through any more."""

    def pass_(self) -> None:
        """Return when all that was written before is durable; raises ArchiveError."""

    def close(self) -> None:
        """Let go of it."""


class Open:
    """No barrier: each step has synced for itself, or nobody wants it."""

    broken = None

    def pass_(self) -> None:
        """Nothing is waited for."""

    def close(self) -> None:
        """Nothing is held."""


class FileSystems:
    """`syncfs` on the file systems of the objects and of the index, which are mostly one."""

    def __init__(self, places: Iterable[Path], told: Callable[[str], None]) -> None:
        self.broken: ArchiveError | None = None
        self._told = told
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
        if self.broken is not None:
            raise self.broken
        try:
            for fd in self._held.values():
                _syncfs(fd)
        except OSError as error:
            self.broken = _refusal(error)
            self._told(str(self.broken))
            raise self.broken from error

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
    return "group" if telling and hasattr(_LIBC, "syncfs") else "each"


def barrier(sync: Sync, places: Iterable[Path], told: Callable[[str], None]) -> Barrier:
    """The barrier for objects and index in these places; `told` hears why it broke.

    Raises Unavailable.
    """
    return FileSystems(places, told) if sync == "group" else Open()


def _refusal(error: OSError) -> ArchiveError:
    why = f"the disk could not be synced ({error.strerror}); nothing more is stored until a restart"
    return NoSpace(why) if error.errno in FULL else Unavailable(why)


_LIBC = ctypes.CDLL(None, use_errno=True)


def _syncfs(fd: int) -> None:
    if _LIBC.syncfs(fd) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
