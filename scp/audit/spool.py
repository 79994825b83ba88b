"""What a sink has yet to get: a place in the journal, kept in a file beside it.

Law: the place moves on only when the sink is believed to have what lies before it, so a crash
repeats messages and loses none. What is over the limit is dropped only when asked to; of what had
been given out to be sent nobody knows whether it arrived, and that is told.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from scp.audit.journal import Journal, Segment, segments

_MOST_READ = 1 << 20  # bytes at a time


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many messages were given up; some of them had been sent, and may yet have been read."""

    messages: int = 0
    doubtful: int = 0

    def __add__(self, other: Dropped) -> Dropped:
        return Dropped(self.messages + other.messages, self.doubtful + other.doubtful)

    def __str__(self) -> str:
        said = f"{self.messages} messages were dropped"
        return f"{said}, {self.doubtful} of which it may have got" if self.doubtful else said


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in a row of one segment, and where they end in it."""

    segment: str
    end: int
    messages: list[bytes]


def waiting(folder: Path, name: str) -> int | None:
    """Bytes a sink has yet to get, as the files tell whoever asks; None when they do not."""
    try:
        first, sent = _place((folder / f"{name}.sent").read_text(encoding="ascii"))
        return sum(max(0, each.size - sent.get(each.name, 0)) for each in segments(folder, first))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _place(text: str) -> tuple[str, dict[str, int]]:
    known = json.loads(text)
    return str(known["first"]), {str(k): int(v) for k, v in known["sent"].items()}


class Spool:
    """The place of one sink; the thread that sends and the one that records both use it."""

    def __init__(self, journal: Journal, name: str) -> None:
        self._journal = journal
        self._path = journal.folder / f"{name}.sent"
        self._lock = threading.Lock()
        self._first = ""  # the segment before which everything has been sent
        self._sent: dict[str, int] = {}  # bytes of that one and of later ones
        self._given: dict[str, int] = {}  # up to where it has been given out to be sent
        self._closed = False
        if self._path.exists():
            self._load()
        else:
            self._begin()

    @property
    def first(self) -> str:
        """The first segment that is still needed."""
        return self._first

    def unsent(self) -> int:
        """Bytes the sink has yet to get. Raises OSError."""
        with self._lock:
            return sum(size for _, size in self._left())

    def batch(self, ahead: dict[str, int], most: int) -> Batch | None:
        """To be sent: what comes after what has been, or after what is on its way: `ahead`."""
        with self._lock:
            batch = self._after(ahead, most)
            if batch is not None:
                self._given[batch.segment] = max(batch.end, self._given.get(batch.segment, 0))
        return batch

    def waits(self) -> bool:
        """Whether the sink has yet to get something."""
        with self._lock:
            return self._after({}, 1) is not None

    def _after(self, ahead: dict[str, int], most: int) -> Batch | None:
        for segment, size in self._left():
            offset = max(segment.size - size, ahead.get(segment.name, 0))
            if offset >= segment.size:
                continue
            messages = self._journal.read(segment.name, offset, most)
            if messages:
                end = offset + sum(map(len, messages)) + len(messages)
                return Batch(segment.name, end, messages)
            if self._journal.is_done(segment):  # the end was torn by a crash
                self._sent[segment.name] = segment.size
        return None

    def confirm(self, segment: str, end: int) -> None:
        """The sink has everything of this segment up to there."""
        with self._lock:
            self._sent[segment] = max(end, self._sent.get(segment, 0))

    def drop(self, limit: int) -> Dropped:
        """Give up the oldest messages, so that at most `limit` bytes are left; tells how many."""
        dropped = Dropped()
        with self._lock:
            left = self._left()
            over = sum(size for _, size in left) - limit
            for segment, size in left:
                start = segment.size - size
                given = self._given.get(segment.name, 0)
                while over > 0 and start < segment.size:
                    messages = self._journal.read(segment.name, start, min(over, _MOST_READ))
                    if not messages:
                        break
                    ends = list(accumulate((len(each) + 1 for each in messages), initial=start))
                    over, start = over - (ends[-1] - start), ends[-1]
                    self._sent[segment.name] = start
                    doubtful = sum(end <= given for end in ends[1:])
                    dropped += Dropped(len(messages), doubtful)
        return dropped

    def save(self) -> None:
        """Remember the place, so that a crash leaves the old one or the new one. Raises OSError."""
        with self._lock:
            if self._closed:
                return
            self._advance()
            draft = self._path.with_suffix(".draft")
            place = json.dumps({"first": self._first, "sent": self._sent}).encode("ascii")
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(fd, place)
                os.fdatasync(fd)
            finally:
                os.close(fd)
            draft.replace(self._path)

    def close(self) -> None:
        """Save for the last time. Raises OSError."""
        self.save()
        with self._lock:
            self._closed = True

    def _left(self) -> list[tuple[Segment, int]]:
        """Segments with something unsent, and how much."""
        found = self._journal.segments(self._first)
        left = ((each, each.size - self._sent.get(each.name, 0)) for each in found)
        return [(each, size) for each, size in left if size > 0]

    def _advance(self) -> None:
        """Segments that are sent and done are forgotten; the last one stays, to know the place."""
        found = self._journal.segments(self._first)
        while len(found) > 1:
            oldest = found.pop(0)
            if self._sent.get(oldest.name, 0) < oldest.size or not self._journal.is_done(oldest):
                break
            self._sent.pop(oldest.name, None)
            self._given.pop(oldest.name, None)
            self._first = found[0].name

    def _begin(self) -> None:
        """A sink that is new gets what is recorded from now on."""
        self._sent = {each.name: each.size for each in self._journal.segments()}
        self.save()

    def _load(self) -> None:
        """An unreadable place, or one that is gone, is the beginning: better twice than never."""
        try:
            first, sent = _place(self._path.read_text(encoding="ascii"))
        except (ValueError, KeyError, TypeError, AttributeError):
            return
        if not first or any(each.name == first for each in self._journal.segments(first)):
            self._first, self._sent = first, sent
