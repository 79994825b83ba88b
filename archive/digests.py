"""SHA-256 of a data set on its way in; of a large one beside its arrival.

Law: what is hashed is what was written. Hashing is as much work as receiving and writing together,
and all three let go of the interpreter lock. So of a large data set a thread hashes what the file
has got, which is still in memory, while more is received. Smaller ones are not worth a thread.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, BinaryIO

from archive.errors import Unavailable
from archive.failures import storage

if TYPE_CHECKING:
    from hashlib import _Hash

LARGE = 8 << 20  # bytes
_PIECE = 1 << 20  # bytes read at a time at most


class Digest:
    """Told of each part after it was written; `reader` opens the file it was written to."""

    __slots__ = ("_follower", "_hash", "_left", "_reader")

    def __init__(self, reader: Callable[[], BinaryIO]) -> None:
        self._hash = hashlib.sha256()
        self._reader = reader
        self._left = LARGE
        self._follower: _Follower | None = None

    def update(self, fragments: Sequence[bytes | memoryview], at: int, size: int) -> None:
        """These bytes stand in the file, at `at`. Raises ArchiveError."""
        if self._follower is None and self._left <= 0:
            self._follow(at)
        if self._follower is not None:
            self._follower.follow(at + size)
            return
        self._left -= size
        for fragment in fragments:
            self._hash.update(fragment)

    def _follow(self, at: int) -> None:
        with storage():
            file = self._reader()
        try:
            self._follower = _Follower(self._hash, file, at)
        except RuntimeError:  # no thread can be had
            file.close()
            self._left = sys.maxsize

    def hexdigest(self) -> str:
        """Of all parts; waits until they are hashed. Raises ArchiveError."""
        if self._follower is not None:
            with storage():
                self._follower.join()
        return self._hash.hexdigest()

    def drop(self) -> None:
        """Nobody wants it any more."""
        if self._follower is not None:
            self._follower.stop()


class _Follower:
    """Hashes a file from `at` to wherever it is told that the file has grown."""

    def __init__(self, made: _Hash, file: BinaryIO, at: int) -> None:
        self._hash = made
        self._file = file
        self._at = self._end = at
        self._grown = threading.Event()  # or no more will come
        self._last = self._over = False
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="digest", daemon=True)
        self._thread.start()

    def follow(self, end: int) -> None:
        """The file has been written to so far."""
        self._end = end
        self._grown.set()

    def join(self) -> None:
        """Return when all of it is hashed; raises OSError, ArchiveError."""
        self._last = True
        self._grown.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Return when it does nothing any more; stopping twice is harmless."""
        self._over = True
        self._grown.set()
        self._thread.join()

    def _run(self) -> None:
        piece = memoryview(bytearray(_PIECE))
        try:
            with self._file:
                while not self._over and not (self._last and self._at == self._end):
                    self._grown.wait()
                    self._grown.clear()
                    self._to(self._end, piece)
        except Exception as error:  # noqa: BLE001 - who joins gets it
            self._error = error

    def _to(self, end: int, piece: memoryview) -> None:
        while self._at < end and not self._over:
            count = os.preadv(self._file.fileno(), [piece[: end - self._at]], self._at)
            if not count:
                raise Unavailable("the file is shorter than what was written to it")
            self._hash.update(piece[:count])
            self._at += count
