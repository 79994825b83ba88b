"""Senders that are throttled: together they offer objects at a rate, and each pauses in between."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Sequence
from functools import partial

from benchmarks import framed
from benchmarks.framed import Line, Server


class Pace:
    """What `senders` do that send `count` objects each, in turn.

    `seconds` are, when all is sent, from when an object was due to its success: who falls behind
    sends at once, and what the object waited for that counts.
    """

    def __init__(self, offered: float, senders: int, count: int) -> None:
        self._apart = 1 / offered
        self._senders = senders
        self.seconds = multiprocessing.RawArray("d", senders * count)

    def store(self, number: int, line: Line, sent: Sequence[Sequence[bytes]]) -> None:
        """Send what the sender of this number has."""
        begun = time.perf_counter()
        for turn, message in enumerate(sent):
            place = turn * self._senders + number
            due = begun + place * self._apart
            time.sleep(max(0.0, due - time.perf_counter()))
            line.store(message)
            self.seconds[place] = time.perf_counter() - due


def paced(
    server: Server, side: int, count: int, senders: int, offered: float
) -> tuple[float, float]:
    """As `framed.rate`, but they offer no more than `offered`; and an object's median seconds."""
    each = max(1, count // senders)
    pace = Pace(offered, senders, each)
    parts = [framed.messages(side, each, server.most) for _ in range(senders)]
    ways = [partial(pace.store, number) for number in range(senders)]
    return framed.timed(server, parts, ways=ways), statistics.median(pace.seconds)
