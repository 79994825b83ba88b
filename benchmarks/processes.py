"""Several processes that serve as one node, against one: what they store, and where they wait.

Unthrottled, senders and node fight for the processors. Throttled, the senders together offer half
of what one process has just stored at its most, so that what is late is late by the node. The times
are of an acknowledged object, from counters within the node (`benchmarks/counted.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks import framed, measuring, servers
from benchmarks.corpora import SIDES
from benchmarks.counted import Counts, counts
from benchmarks.measuring import Bench, Row, Run
from benchmarks.pace import paced
from benchmarks.servers import Asked, Running

COUNTS = {"CT": 160, "tiny": 480}
THROTTLE = 0.5


@dataclass
class _Told:
    """What the rounds of one server told besides their rate; the first only warm up."""

    waited: list[float] = field(default_factory=list)  # ms of an object for the write lock
    whole: list[float] = field(default_factory=list)  # median ms from when an object was due
    objects: int = 0
    total: Counts = field(default_factory=Counts)

    def add(self, found: Counts, objects: int) -> None:
        self.waited.append(1000 * found.waited / objects)
        self.total += found
        self.objects += objects

    def __str__(self) -> str:
        total, each = self.total, 1e6 / self.objects
        return (
            f"us an object: waits for the write lock {each * total.waited:.0f}, "
            f"holds it {each * total.held:.0f} (on a processor {each * total.held_cpu:.0f}), "
            f"syncs {each * total.synced:.0f}; {total.rows / max(1, total.commits):.2f} a commit"
        )


def processes(bench: Bench) -> None:
    """One process, two and four (short: no four), unthrottled and throttled."""
    names = servers.TEAMS if bench.warm else servers.TEAMS[:2]
    with bench.servers(names, Asked(counted=True)) as running:
        for each in running.values():  # a worker that only begins is no measure
            framed.rate(each.server, SIDES["tiny"], 8, 8)
        for size in bench.sizes:
            for senders in [number for number in bench.associations if number > 1] or [4]:
                _compared(bench, running, size, senders)


def _compared(bench: Bench, running: Mapping[str, Running], size: str, senders: int) -> None:
    side, count = SIDES[size], bench.count(COUNTS[size] // senders, 4) * senders
    work = f"C-STORE {size}, {senders} at once, processes"

    def free(each: Running, _told: _Told) -> float:
        return framed.rate(each.server, side, count, senders)

    told = {name: _Told() for name in running}
    runs = {name: _run(free, each, told[name], count) for name, each in running.items()}
    rows = bench.interleaved(work, "objects/s", runs, stores=True)
    _tell(bench, f"{work}, waiting for the write lock", {n: t.waited for n, t in told.items()})
    _print(told)
    alone = next((row for row in rows if row.server == "Anode" and row.samples), None)
    if alone is None:
        return
    offered = THROTTLE * alone.median

    def throttled(each: Running, told: _Told) -> float:
        rate, whole = paced(each.server, side, count, senders, offered)
        told.whole.append(1000 * whole)
        return rate

    told = {name: _Told() for name in running}
    runs = {name: _run(throttled, each, told[name], count) for name, each in running.items()}
    bench.interleaved(f"{work}, half offered", "objects/s", runs, stores=True)
    _tell(bench, f"{work}, half offered, time of an object", {n: t.whole for n, t in told.items()})
    _print(told)


def _run(store: Callable[[Running, _Told], float], each: Running, told: _Told, count: int) -> Run:
    def do() -> tuple[float, int]:
        before = counts(each.counts)
        rate = store(each, told)
        told.add(counts(each.counts) - before, count)
        return rate, count

    return Run(do, each.process)


def _tell(bench: Bench, work: str, found: Mapping[str, Sequence[float]]) -> None:
    """Rows of milliseconds; what warmed up is no sample."""
    made = [Row(work, name, "ms", list(each[bench.warm :])) for name, each in found.items()]
    made = [row for row in made if row.samples]
    for row in made:
        print(measuring.told(row), file=sys.stderr)
    bench.rows += made


def _print(told: Mapping[str, _Told]) -> None:
    for name, each in told.items():
        if each.objects:
            print(f"    {name}, {each}", file=sys.stderr, flush=True)
