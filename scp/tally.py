"""Counts that limits are held against: of one process, or of all that serve a node together.

Law: what a killed process had counted is given back, and its death leaves no lock behind. `Shared`
is a table in memory that all map: a slot is its owner's number and a key, and `flock`, which dies
with its holder, guards it. A slot counts once its owner is written, which is done last.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import NamedTuple, Protocol

_KEY = 16  # bytes
_SPARE = 4096  # slots: a reload may raise a limit
_PARENT = 255  # its number: workers are fewer


class Seen(NamedTuple):
    """How many there are, with the one that has just entered."""

    total: int
    own: int  # under the same key


class Tally(Protocol):
    """How often each key has entered and not left; any thread may use it."""

    def enter(self, key: str, own: int | None = None, total: int | None = None) -> Seen | None:
        """Count one more; None when there are as many already as there may be."""

    def leave(self, key: str) -> None:
        """Forget one."""


def _full(seen: Seen, own: int | None, total: int | None) -> bool:
    return (own is not None and seen.own > own) or (total is not None and seen.total > total)


class Local:
    """Of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: Counter[str] = Counter()
        self._total = 0

    def enter(self, key: str, own: int | None = None, total: int | None = None) -> Seen | None:
        """Count one more."""
        with self._lock:
            seen = Seen(self._total + 1, self._keys[key] + 1)
            if _full(seen, own, total):
                return None
            self._total, self._keys[key] = seen
            return seen

    def leave(self, key: str) -> None:
        """Forget one."""
        with self._lock:
            self._total -= 1
            self._keys[key] -= 1
            if not self._keys[key]:
                del self._keys[key]


class Shared:
    """Of all processes that have mapped the same memory; `owner` is this one's number, from 1."""

    def __init__(self, memory: int, owner: int) -> None:
        self.memory = memory
        self._owner = owner
        # Opened anew: a lock by `flock` is of the open file, and processes inherit that.
        self._file = os.open(f"/proc/self/fd/{memory}", os.O_RDWR | os.O_CLOEXEC)
        self._map = mmap.mmap(self._file, 0)
        self._slots = len(self._map) // (1 + _KEY)
        self._lock = threading.Lock()
        self._mine: defaultdict[bytes, list[int]] = defaultdict(list)

    @classmethod
    def made(cls, slots: int) -> Shared:
        """A new table, for at least so many; of the process that begins the others."""
        memory = os.memfd_create("anode", os.MFD_CLOEXEC)
        os.truncate(memory, (slots + _SPARE) * (1 + _KEY))
        return cls(memory, _PARENT)

    def enter(self, key: str, own: int | None = None, total: int | None = None) -> Seen | None:
        """Count one more, over all processes."""
        name = _name(key)
        with self._locked():
            owners, names = self._map[: self._slots], self._map[self._slots :]
            seen = Seen(self._slots - owners.count(0) + 1, names.count(name) + 1)
            slot = owners.find(0)
            if slot < 0 or _full(seen, own, total):
                return None
            self._write(slot, name)
            self._map[slot] = self._owner
            self._mine[name].append(slot)
            return seen

    def leave(self, key: str) -> None:
        """Forget one of this process's own."""
        name = _name(key)
        with self._locked():
            slot = self._mine[name].pop()
            if not self._mine[name]:
                del self._mine[name]
            self._write(slot, bytes(_KEY))
            self._map[slot] = 0

    def bury(self, owner: int) -> None:
        """Give back what a process that is gone had counted, and what it had begun to write."""
        with self._locked():
            for slot, number in enumerate(self._map[: self._slots]):
                if number in (0, owner):
                    self._write(slot, bytes(_KEY))
                    self._map[slot] = 0

    def close(self) -> None:
        """Let go of the memory."""
        self._map.close()
        os.close(self._file)
        os.close(self.memory)

    def _write(self, slot: int, name: bytes) -> None:
        at = self._slots + slot * _KEY
        self._map[at : at + _KEY] = name

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)


def _name(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=_KEY).digest()
