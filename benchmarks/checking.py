"""What checks on receipt cost who stores: `off`, `warn` and `reject`, interleaved in one run.

    .venv/bin/python -m benchmarks.checking [CT|tiny] [ASSOCIATIONS]

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
from contextlib import ExitStack, closing
from pathlib import Path

from pydicom import dcmread
from pydicom.data import get_testdata_file

from benchmarks import storing
from tests.objects import uid, written
from tests.test_large_objects import served

ROUNDS = 9
COUNTS = {"CT": 120, "tiny": 300}
LEVELS = ("off", "warn", "reject")


def corpus(folder: Path, associations: int, kind: str) -> storing.Corpus:
    """Objects without an error, for one would be refused: a whole CT, and new UIDs."""
    one = dcmread(get_testdata_file("CT_small.dcm"))
    if kind == "CT":
        one.Rows = one.Columns = 512
        one.PixelData = bytes(range(256)) * 2048
    parts = []
    for number in range(associations):
        made = []
        for each in range(COUNTS[kind] // associations):
            fresh = one.copy()
            fresh.file_meta = one.file_meta.copy()
            name = uid(folder, number, each)
            fresh.SOPInstanceUID = fresh.file_meta.MediaStorageSOPInstanceUID = name
            made.append(fresh)
        parts.append(written(folder / f"{number}", *made))
    return parts


def settle(index: Path) -> None:
    """Wait until nothing waits to be examined."""
    with closing(sqlite3.connect(index)) as db:
        while db.execute("SELECT count(*) FROM instance WHERE examined = 0").fetchone()[0]:
            time.sleep(0.1)


def measured(folder: Path, kind: str, associations: int, stack: ExitStack) -> None:
    """A line of the table for each level."""
    nodes = {
        level: stack.enter_context(
            served(folder / level, level.upper(), f'check = "{level}"\n', sync="always")
        )
        for level in LEVELS
    }
    rates: dict[str, list[float]] = {level: [] for level in LEVELS}
    costs: dict[str, list[float]] = {level: [] for level in LEVELS}
    for number in range(ROUNDS + 1):
        turn = number % len(LEVELS)
        for level in (*LEVELS[turn:], *LEVELS[:turn]):
            parts = corpus(folder / f"{level}-{number}", associations, kind)
            target, process = nodes[level]
            before = process.cpu_times()
            found = storing.rate(storing.sender, target, parts)
            settle(folder / level / "data" / "index.sqlite3")
            after = process.cpu_times()
            shutil.rmtree(folder / f"{level}-{number}")
            if number:  # the first round warms up
                rates[level].append(found)
                used = after.user + after.system - before.user - before.system
                costs[level].append(1e6 * used / sum(map(len, parts)))
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
    folder = Path(tempfile.mkdtemp())
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        measured(folder, kind, associations, stack)


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()
