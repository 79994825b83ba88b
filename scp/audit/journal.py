"""The journal: every audit message as a line of a file in `<data>/audit`, until it is old.

Law: a message is a whole line, as syslog sends it (RFC 5424), and never changes once it is written.
A process writes segments of its own, so that `anode import` may run beside a node; it holds a lock
on the one it writes to, and who can take that lock knows that no more will come. Numbers grow, so
the names of segments tell their order; the last segment is never removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FOLDER = "audit"
SEGMENT_BYTES = 64 << 20
_DAY = 86400.0
_SUFFIX = ".log"
_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the journal."""

    name: str
    size: int  # bytes


def segments(folder: Path, since: str = "") -> list[Segment]:
    """The segments in a folder from this name on, in their order. Raises OSError."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(_SUFFIX) and entry.name >= since:
                with contextlib.suppress(FileNotFoundError):
                    found.append(Segment(entry.name, entry.stat().st_size))
    return sorted(found, key=lambda segment: segment.name)


class Journal:
    """The segments in a folder, and the one that this process writes to."""

    def __init__(self, folder: Path, *, sync: bool = True) -> None:
        self.folder = folder
        self._sync = sync
        self._fd = -1
        self._size = 0
        self._begun = 0.0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    # -- writing ----------------------------------------------------------------------------------

    def write(self, messages: Sequence[bytes]) -> None:
        """Append messages, all of them or none, durable on return. Raises OSError."""
        if self._fd >= 0 and (self._size >= SEGMENT_BYTES or time.time() - self._begun > _DAY):
            self.close()
        self.open()
        data = b"".join(message + b"\n" for message in messages)
        try:
            _write(self._fd, data)
            if self._sync:
                os.fdatasync(self._fd)
        except OSError:
            self._undo()
            raise
        self._size += len(data)

    def close(self) -> None:
        """Let go of the segment; the next message begins a new one."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def open(self) -> None:
        """Begin a segment, if there is none to write to. Raises OSError."""
        if self._fd >= 0:
            return
        with self._numbering() as folder:
            last = max((_number(each.name) for each in self.segments()), default=0)
            name = f"{last + 1:0{_DIGITS}}-{os.getpid()}{_SUFFIX}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._fd = os.open(self.folder / name, flags, 0o600)
            fcntl.flock(self._fd, fcntl.LOCK_EX)
            if self._sync:
                os.fsync(folder)
        self._size, self._begun = 0, time.time()

    def _undo(self) -> None:
        """Take back half a batch; where that fails too, the next one begins a new segment."""
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            self.close()

    @contextmanager
    def _numbering(self) -> Iterator[int]:
        """One process at a time: a segment is numbered and locked before anybody looks at it."""
        with _opened(self.folder) as folder:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield folder

    # -- reading ----------------------------------------------------------------------------------

    def segments(self, since: str = "") -> list[Segment]:
        """Those from this name on, in their order. Raises OSError."""
        return segments(self.folder, since)

    def read(self, name: str, offset: int, most: int) -> list[bytes]:
        """Whole messages of a segment from there on: about `most` bytes, or one. Raises OSError."""
        with _opened(self.folder / name) as fd:
            data = os.pread(fd, most, offset)
            while b"\n" not in data:
                more = os.pread(fd, most, offset + len(data))
                if not more:  # the end, torn by a crash or still being written
                    return []
                data += more
        return data[: data.rfind(b"\n")].split(b"\n")

    def is_done(self, segment: Segment) -> bool:
        """Whether a segment has not grown since, and nobody writes to it any more."""
        path = self.folder / segment.name
        try:
            with self._numbering(), _opened(path) as fd:
                fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return os.fstat(fd).st_size == segment.size
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def expire(self, days: float, needed: str) -> None:
        """Remove what is older than `days`, up to the first segment that is needed still."""
        oldest = time.time() - days * _DAY
        for segment in self.segments()[:-1]:
            path = self.folder / segment.name
            with contextlib.suppress(OSError):
                if segment.name < needed and path.stat().st_mtime < oldest:
                    path.unlink()


def _number(name: str) -> int:
    digits = name[:_DIGITS]
    return int(digits) if digits.isdecimal() else 0


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
