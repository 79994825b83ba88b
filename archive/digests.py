"""SHA-256 of a data set on its way in; of a large one beside its arrival.

Law: what is hashed is what came. Hashing is as much work as receiving and writing together, and all
three let go of the interpreter lock. So of a large data set a thread hashes copies of what came
while more is received. Smaller ones are not worth a thread.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Sequence
from queue import Full, Queue
from typing import TYPE_CHECKING

from archive.errors import Unavailable

if TYPE_CHECKING:
    from hashlib import _Hash

LARGE = 8 << 20  # bytes
_LOOK_SECONDS = 1.0
_WAITING = 16  # parts at most that wait to be hashed; a part is what one read of the socket brought


class Digest:
    """Told of each part as it comes."""

    __slots__ = ("_follower", "_hash", "_left")

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._left = LARGE
        self._follower: _Follower | None = None

    def update(self, fragments: Sequence[bytes | memoryview], size: int) -> None:
        """These bytes follow, `size` of them; they may change once this has returned."""
        if self._follower is None and self._left <= 0:
            self._follow()
        if self._follower is not None:
            self._follower.follow(b"".join(fragments))
            return
        self._left -= size
        for fragment in fragments:
            self._hash.update(fragment)

    def _follow(self) -> None:
        try:
            self._follower = _Follower(self._hash)
        except RuntimeError:  # no thread can be had
            self._left = sys.maxsize

    def hexdigest(self) -> str:
        """Of all parts; waits until they are hashed. Raises Unavailable."""
        if self._follower is not None:
            self._follower.join()
        return self._hash.hexdigest()

    def drop(self) -> None:
        """Nobody wants it any more; dropping twice is harmless."""
        if self._follower is not None:
            self._follower.stop()


class _Follower:
    """Hashes what it is given, in order, in a thread of its own."""

    def __init__(self, made: _Hash) -> None:
        self._hash = made
        self._parts: Queue[bytes | None] = Queue(_WAITING)
        self._over = self._whole = False
        self._thread = threading.Thread(target=self._run, name="digest", daemon=True)
        self._thread.start()

    def follow(self, part: bytes) -> None:
        """Hash these bytes next; waits while too many wait."""
        self._give(part)

    def join(self) -> None:
        """Return when all of it is hashed; raises Unavailable."""
        self._end()
        if not self._whole:
            raise Unavailable("what was received could not be hashed")

    def stop(self) -> None:
        """Return when it does nothing any more."""
        self._over = True
        self._end()

    def _end(self) -> None:
        if self._thread.is_alive():
            self._give(None)
            self._thread.join()

    def _give(self, part: bytes | None) -> None:
        while self._thread.is_alive():
            try:
                self._parts.put(part, timeout=_LOOK_SECONDS)
            except Full:
                continue
            return

    def _run(self) -> None:
        sound = True
        while (part := self._parts.get()) is not None:
            # After an error it still takes what is given: nobody shall wait for it.
            sound = sound and not self._over and self._taken(part)
        self._whole = sound

    def _taken(self, part: bytes) -> bool:
        try:
            self._hash.update(part)
        except Exception:  # noqa: BLE001 - who joins hears of it
            return False
        return True
