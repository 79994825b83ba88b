"""Durable C-STORE: Anode, Orthanc as it comes, and a bare loop, interleaved in one run.

    .venv/bin/python -m benchmarks.storing

Objects per second, medians and spread, for 1, 4 and 16 associations; and how many syncs Anode needs
for an acknowledged object. What is acknowledged: by Anode durable (file, name, index), by Orthanc
the file's bytes alone, by the bare loop file and name. Each association is a process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from psutil import Process

from scu import instances
from scu.associate import Caller, Target
from scu.store import store_all
from tests import peers
from tests.objects import instance, uid, written
from tests.test_large_objects import served

ROUNDS = 5
ASSOCIATIONS = (1, 4, 16)
KINDS = {"CT": (512, 60), "tiny": (32, 200)}  # rows and columns of the image; objects in a round
Corpus = Sequence[Sequence[Path]]  # the files of each association


def corpus(folder: Path, associations: int, kind: str) -> Corpus:
    """New objects, so that every one of them is stored."""
    size, count = KINDS[kind]
    pixels = secrets.token_bytes(size * size * 2)
    parts = []
    for number in range(associations):
        study = uid(secrets.token_hex(8))
        made = (
            instance(
                each, SOPInstanceUID=uid(secrets.token_hex(8)), StudyInstanceUID=study,
                SeriesInstanceUID=uid(f"{study} series"),
                Rows=size, Columns=size, BitsAllocated=16, PixelData=pixels,
            )
            for each in range(max(1, count // associations))
        )  # fmt: skip
        parts.append(written(folder / f"{number}", *made))
    return parts


def sender(target: Target, paths: Sequence[Path], ready: object, go: object) -> None:
    """One association in a process of its own."""
    wanted = [instances.read(path) for path in paths]
    ready.release()  # type: ignore[attr-defined]
    go.wait()  # type: ignore[attr-defined]
    for outcome in store_all(target, Caller("BENCH"), wanted):
        if outcome.status != 0:
            raise RuntimeError(f"{target}: {outcome.cause}")


def looper(folder: Path, paths: Sequence[Path], ready: object, go: object) -> None:
    """Write, sync, name and sync the same bytes: what the disk allows."""
    contents = [path.read_bytes() for path in paths]
    home = os.open(folder, os.O_RDONLY)
    ready.release()  # type: ignore[attr-defined]
    go.wait()  # type: ignore[attr-defined]
    for content in contents:
        name = folder / secrets.token_hex(8)
        part = name.with_suffix(".part")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(name)
        os.fsync(home)


def rate(work: Callable[..., None], where: Target | Path, parts: Corpus) -> float:
    """Objects per second of all associations together."""
    ready, go = multiprocessing.Semaphore(0), multiprocessing.Event()
    workers = [multiprocessing.Process(target=work, args=(where, p, ready, go)) for p in parts]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    begun = time.perf_counter()
    go.set()
    for worker in workers:
        worker.join()
    took = time.perf_counter() - begun
    if any(worker.exitcode for worker in workers):
        raise RuntimeError(f"a sender to {where} failed")
    return sum(map(len, parts)) / took


def syncs(process: Process, run: Callable[[], float], objects: int) -> float:
    """Syncs of a process for each object of a round, by strace."""
    with tempfile.NamedTemporaryFile() as told:
        calls = "trace=fsync,fdatasync,syncfs,sync_file_range"
        command = ["strace", "-f", "-c", "-e", calls, "-o", told.name, "-p", str(process.pid)]
        tracing = subprocess.Popen(command, stderr=subprocess.PIPE)
        assert tracing.stderr is not None
        tracing.stderr.readline()  # attached
        run()
        tracing.terminate()
        tracing.communicate()
        rows = re.findall(r"^\s*\S+\s+\S+\s+\S+\s+(\d+)\s.*sync", Path(told.name).read_text(), re.M)
    return sum(map(int, rows)) / objects


def measured(folder: Path, kind: str, associations: int, stack: ExitStack) -> None:
    """One line of the table."""
    anode, process = stack.enter_context(served(folder / "anode", "ANODE", sync="always"))
    orthanc = stack.enter_context(peers.orthanc(folder / "orthanc", {})).dicom
    bare = folder / "bare"
    bare.mkdir()
    ways = {
        "Anode": (sender, anode),
        "Orthanc": (sender, Target("ORTHANC", "127.0.0.1", orthanc.port)),
        "bare loop": (looper, bare),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS + 1):
        for name, (work, where) in ways.items():
            parts = corpus(folder / f"{name}-{number}", associations, kind)
            found = rate(work, where, parts)
            if number:  # the first round warms up
                rates[name].append(found)
    parts = corpus(folder / "traced", associations, kind)
    each = syncs(process, lambda: rate(sender, anode, parts), sum(map(len, parts)))
    ours = statistics.median(rates["Anode"])
    cells = [f"{kind:5} {associations:3}"]
    for name, found in rates.items():
        median = statistics.median(found)
        cells.append(
            f"{name} {median:6.0f}/s ({min(found):.0f}-{max(found):.0f}) x{ours / median:.2f}"
        )
    print("   ".join([*cells, f"{each:.2f} syncs an object"]), flush=True)


def main() -> None:
    """Measure and print."""
    chosen = sys.argv[1:] or list(KINDS)
    for kind in chosen:
        for associations in ASSOCIATIONS:
            folder = Path(tempfile.mkdtemp())
            with ExitStack() as stack:
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
                measured(folder, kind, associations, stack)


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()
