"""What checks on receipt cost who stores: `off`, `warn` and `reject`, interleaved in one run.

    .venv/bin/python -m benchmarks.checking [CT|tiny] [ASSOCIATIONS] [off LEVEL...]

Objects per second, medians and spread; the median of the ratios to `off` within each round; and the
processor time of the serving process for an object, with what it writes of findings later. What one
round left to be examined is done before the next one begins, so that each pays for its own.
"""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from psutil import Process
from pydicom import dcmread
from pydicom.data import get_testdata_file

from benchmarks import framed
from benchmarks.framed import Server
from scu import instances
from scu.associate import Target
from tests.objects import written
from tests.test_large_objects import served

ROUNDS = 7
COUNTS = {"CT": 60, "tiny": 400}
LEVELS = ("off", "warn", "reject")

Parts = list[list[list[bytes]]]


def corpus(folder: Path, associations: int, kind: str) -> Parts:
    """Objects without an error, for one would be refused: a whole CT, and new UIDs."""
    one = dcmread(get_testdata_file("CT_small.dcm"))
    if kind == "CT":
        one.Rows = one.Columns = 512
        one.PixelData = bytes(range(256)) * 2048
    uid = one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = framed.new_uid()
    (path,) = written(folder, one)
    data = path.read_bytes()[instances.read(path).offset :]
    each = max(1, COUNTS[kind] // associations)
    return [framed.requests(data, uid, each) for _ in range(associations)]


def settle(index: Path) -> None:
    """Wait until nothing waits to be examined."""
    with closing(sqlite3.connect(index)) as db:
        while db.execute("SELECT count(*) FROM instance WHERE examined = 0").fetchone()[0]:
            time.sleep(0.1)


def stored(node: tuple[Target, Process], folder: Path, parts: Parts) -> tuple[float, float]:
    """Objects a second, and microseconds of the serving process for each."""
    target, process = node
    before = process.cpu_times()
    rate = framed.timed(Server(target.ae_title, target.port), parts)
    settle(folder / "data" / "index.sqlite3")
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return rate, 1e6 * used / sum(map(len, parts))


def measured(folder: Path, kind: str, associations: int, levels: Sequence[str]) -> None:
    """A line of the table for each level."""
    rates: dict[str, list[float]] = {level: [] for level in levels}
    costs: dict[str, list[float]] = {level: [] for level in levels}
    with ExitStack() as stack:
        nodes = {}
        for level in levels:
            line = f'check = "{level}"\n'
            node = served(folder / level, level.upper(), line, sync="always")
            nodes[level] = stack.enter_context(node)
        for number in range(ROUNDS + 1):
            turn = number % len(levels)
            for level in (*levels[turn:], *levels[:turn]):
                parts = corpus(folder / f"{level}-{number}", associations, kind)
                rate, cost = stored(nodes[level], folder / level, parts)
                shutil.rmtree(folder / f"{level}-{number}")
                if number:  # the first round warms up
                    rates[level].append(rate)
                    costs[level].append(cost)
    for level, found in rates.items():
        ratio = statistics.median(a / b for a, b in zip(found, rates["off"], strict=True))
        told = f"{kind:5} {associations:2}   {level:7} {statistics.median(found):6.0f}/s"
        spread = f"({min(found):.0f}-{max(found):.0f})"
        cost = statistics.median(costs[level])
        print(f"{told} {spread:12} {100 * (ratio - 1):+5.1f} %   {cost:5.0f} us", flush=True)


def main() -> None:
    """Measure and print."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "CT"
    associations = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    levels = tuple(sys.argv[3:]) or LEVELS
    folder = Path(tempfile.mkdtemp())
    try:
        measured(folder, kind, associations, levels)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()
