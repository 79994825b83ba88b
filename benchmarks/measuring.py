"""Interleaved measurement: the same work against one server after the other, round by round.

A machine's noise hits all of a round alike, so only ratios within one run are compared. What one
server left unwritten is written before the next begins (`sync`), so that nobody pays for another.
Files that were stored then leave memory, so that it is used again: a virtual machine writes up to
fourteen times as slowly to memory that its host has yet to give it.
Processor time and memory are those of the server's whole process tree, from /proc.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks import servers
from benchmarks.servers import Asked, Running

POLL_SECONDS = 0.2
_NOTHING = Asked()
_CELL = 90  # characters
_WORTH_FORGETTING = 64 << 10  # bytes
RATES = {"objects/s", "responses/s", "MB/s"}  # in other units less is better


@dataclass
class Row:
    """What one server did with one work."""

    work: str
    server: str
    unit: str
    samples: list[float] = field(default_factory=list)
    cpu_ms: float | None = None  # for each object
    peak_mb: float | None = None
    failed: str = ""
    scale: float = 1.0  # of the number of objects that `work` names

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    def ratio(self, other: Row) -> float:
        """How many times as good as the other, by medians."""
        ours, theirs = self.median, other.median
        return ours / theirs if self.unit in RATES else theirs / ours


@dataclass(frozen=True)
class Run:
    """One way to do a work: what it does gives the value of a sample, and how many objects."""

    do: Callable[[], tuple[float, int]]
    process: psutil.Process | None = None


@dataclass
class Bench:
    """One run of the tool: what is asked, and what was found."""

    rounds: int = 5
    scale: float = 1.0
    only: Sequence[str] = ()  # servers; none: all
    sizes: Sequence[str] = ("CT", "tiny")
    associations: Sequence[int] = (1, 4, 8)
    warm: bool = True
    rows: list[Row] = field(default_factory=list)
    _folder: Path | None = None
    _forgotten: set[Path] = field(default_factory=set)

    def count(self, number: int, least: int = 2) -> int:
        """`number` objects, or as much fewer as is asked for."""
        return max(least, round(number * self.scale))

    def chosen(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that are installed and asked for."""
        here = [name for name in names if servers.SERVERS[name].needs()]
        return [name for name in here if not self.only or name in self.only]

    @contextmanager
    def servers(
        self, names: Sequence[str], asked: Asked = _NOTHING
    ) -> Iterator[dict[str, Running]]:
        """These servers, each with a folder of its own that is gone afterwards."""
        folder = Path(tempfile.mkdtemp(prefix="anode-bench-"))
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            self._folder = folder
            yield {
                name: stack.enter_context(servers.running(name, folder / str(number), asked))
                for number, name in enumerate(self.chosen(names))
            }

    def interleaved(
        self, work: str, unit: str, runs: Mapping[str, Run], *, stores: bool = False
    ) -> list[Row]:
        """Do a work with each, `rounds` times; the first round only warms up.

        `stores`: what was stored before is not read, and leaves memory.
        """
        rows = {name: Row(work, name, unit, scale=self.scale) for name in runs}
        used: dict[str, list[float]] = {name: [] for name in runs}
        for number in range(self.rounds + self.warm):
            for name, run in runs.items():
                os.sync()
                if stores:
                    self._forget()
                if not rows[name].failed:
                    _sample(run, rows[name], used[name], counts=number >= self.warm)
        for name, row in rows.items():
            if used[name]:
                row.cpu_ms = statistics.median(used[name])
            print(told(row), file=sys.stderr, flush=True)
        self.rows += rows.values()
        return list(rows.values())

    def _forget(self) -> None:
        """Let the files that servers have stored since the last time leave memory."""
        for path in self._folder.rglob("*") if self._folder else ():
            if path not in self._forgotten and path.is_file():
                self._forgotten.add(path)
                with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                    if os.fstat(file.fileno()).st_size >= _WORTH_FORGETTING:
                        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def told(row: Row) -> str:
    """A row as a line of progress."""
    head = f"{row.work:34} {row.server:18}"
    if not row.samples:
        return f"{head} {row.failed}"
    spread = f"({min(row.samples):.4g} to {max(row.samples):.4g})"
    cpu = "" if row.cpu_ms is None else f"  {row.cpu_ms:.2f} ms CPU"
    peak = "" if row.peak_mb is None else f"  {row.peak_mb:.0f} MB"
    return f"{head} {row.median:8.4g} {row.unit} {spread}{cpu}{peak}  {row.failed}".rstrip()


def last_line(said: str) -> str:
    """What a tool said last, which is mostly why it failed."""
    return (said.strip().splitlines() or ["nothing was said"])[-1].strip()


def why(error: Exception) -> str:
    """What failed, in words that fit a cell; of a command that ran too long only its name."""
    match error:
        case subprocess.TimeoutExpired():
            said = f"{Path(error.cmd[0]).name} took more than {error.timeout:g} s"
        case subprocess.CalledProcessError():
            said = f"{Path(error.cmd[0]).name} ended with {error.returncode}"
        case _:
            said = str(error) or type(error).__name__
    said = " ".join(said.split()).replace("|", "/")
    return textwrap.shorten(f"failed: {said}", _CELL, placeholder=" ...")


def _sample(run: Run, row: Row, used: list[float], *, counts: bool) -> None:
    before = cpu_seconds(run.process)
    try:
        with _watched(run.process) as most:
            value, objects = run.do()
    except Exception as error:  # noqa: BLE001  a peer that fails is a result
        row.failed = why(error)
        return
    if most:
        row.peak_mb = max([row.peak_mb or 0, *most])
    if counts:
        row.samples.append(value)
        if run.process is not None:
            used.append(1000 * (cpu_seconds(run.process) - before) / objects)


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _tree(int(child))


def cpu_seconds(process: psutil.Process | None) -> float:
    """Processor time of a process and of its children, those that ended too."""
    total = 0.0
    for pid in _tree(process.pid) if process else ():
        with contextlib.suppress(psutil.Error):
            times = psutil.Process(pid).cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def peak_mb(process: psutil.Process) -> float:
    """The most memory it has held, with what its living children have."""
    total = 0
    for pid in _tree(process.pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    total += int(line.split()[1])
    return total * 1024 / 1e6


@contextmanager
def _watched(process: psutil.Process | None) -> Iterator[list[float]]:
    """The tree's peak memory, looked at now and then, for children that end take theirs away."""
    most: list[float] = []
    if process is None:
        yield most
        return
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(POLL_SECONDS):
            most.append(peak_mb(process))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        ended.set()
        thread.join()
        most.append(peak_mb(process))
