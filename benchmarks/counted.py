"""A node that counts where storing waits: for the index's write lock, with it, for the disk.

    python -m benchmarks.counted FOLDER serve -c FILE

It is `anode serve`, whose processes each keep a file of counters in FOLDER; `counts` adds them up
while they run. Measured around BEGIN IMMEDIATE (waiting, SQLite sleeps), from there to the end of
COMMIT (holding, a checkpoint at its end too), and around the sync of a file. Times are of the
clock, so what a thread waits for a processor and for the interpreter is in them, but in `held_cpu`.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import threading
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from archive.barrier import Steps
from archive.commits import Commits
from cli import main as node
from cli import worker

_FORM = struct.Struct("7d")


@dataclass(frozen=True)
class Counts:
    """Of all processes since they began; seconds, and how often."""

    commits: float = 0  # groups
    rows: float = 0  # what they committed
    waited: float = 0
    held: float = 0
    held_cpu: float = 0
    syncs: float = 0
    synced: float = 0

    def __sub__(self, other: Counts) -> Counts:
        pairs = zip(_values(self), _values(other), strict=True)
        return Counts(*(mine - theirs for mine, theirs in pairs))

    def __add__(self, other: Counts) -> Counts:
        return self - (Counts() - other)


def _values(counts: Counts) -> tuple[float, ...]:
    return tuple(getattr(counts, each.name) for each in fields(counts))


def counts(folder: Path) -> Counts:
    """What the processes of a node have counted so far."""
    total = Counts()
    for path in folder.glob("*.counts"):
        if found := path.read_bytes():  # of a process that begins there is nothing yet
            total += Counts(*_FORM.unpack(found))
    return total


class _Counters:
    """This process's, in its file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        descriptor = os.open(folder / f"{os.getpid()}.counts", os.O_CREAT | os.O_RDWR, 0o600)
        os.ftruncate(descriptor, _FORM.size)
        self._memory = mmap.mmap(descriptor, _FORM.size)
        os.close(descriptor)
        self._lock = threading.Lock()
        self._counts = Counts()

    def add(self, more: Counts) -> None:
        with self._lock:
            self._counts += more
            _FORM.pack_into(self._memory, 0, *_values(self._counts))


class _Timed:
    """The writer's connection, as `Commits` sees it; statements in between go past it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.waited = self.held = self.held_cpu = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str) -> Any:
        begun = time.perf_counter()
        done = self._connection.execute(statement)
        now = time.perf_counter()
        if statement.startswith("BEGIN"):
            self.waited = now - begun
            self._since, self._cpu = now, time.thread_time()
        else:
            self.held, self.held_cpu = now - self._since, time.thread_time() - self._cpu
        return done


def count(folder: Path) -> None:
    """From now on this process counts."""
    counters = _Counters(folder)
    transaction, file = Commits._transaction, Steps.file

    def timed(self: Commits, group: list[Any]) -> None:
        if self._writer is not None and not isinstance(self._writer[0], _Timed):
            self._writer = _Timed(self._writer[0]), self._writer[1]  # type: ignore[assignment]
        transaction(self, group)
        if self._writer is not None and isinstance(used := self._writer[0], _Timed):
            counters.add(Counts(1, len(group), used.waited, used.held, used.held_cpu))

    def synced(self: Steps, fd: int, folder: int) -> None:
        begun = time.perf_counter()
        file(self, fd, folder)
        counters.add(Counts(syncs=1, synced=time.perf_counter() - begun))

    Commits._transaction = timed  # type: ignore[method-assign]
    Steps.file = synced  # type: ignore[method-assign]


def main() -> None:
    """Be the node, or one of its workers."""
    folder = Path(sys.argv.pop(1))
    count(folder)
    if sys.argv[1] == "worker":
        del sys.argv[1]
        worker.main()
        return
    worker.COMMAND = (sys.executable, "-m", "benchmarks.counted", str(folder), "worker")
    node.main()


if __name__ == "__main__":
    main()
