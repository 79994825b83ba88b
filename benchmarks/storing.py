"""Durable C-STORE: Anode, Orthanc as it comes, and a bare loop, interleaved in one run.

    .venv/bin/python -m benchmarks.storing [CT|tiny]...

Objects per second, medians and spread, for 1, 4 and 16 associations, by senders that are no
bottleneck (`benchmarks/framed.py`); and how many syncs Anode needs for an acknowledged object. What
is acknowledged: by Anode durable (file, name, findable), by Orthanc the file's bytes alone, by the
bare loop file and name. Orthanc is given TCP_NODELAY=1, without which its answers come 40 ms late.
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
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing.synchronize import Event, Semaphore
from pathlib import Path

from psutil import Process

from benchmarks import framed
from benchmarks.framed import Server
from tests import peers
from tests.test_large_objects import served

ROUNDS = 5
ASSOCIATIONS = (1, 4, 16)
KINDS = {"CT": (512, 96), "tiny": (32, 320)}  # rows and columns of the image; objects in a round
ORTHANC_PDU = 16_384


def looper(folder: Path, content: bytes, count: int, ready: Semaphore, go: Event) -> None:
    """Write, name and sync the same bytes: what the disk allows."""
    home = os.open(folder, os.O_RDONLY)
    ready.release()
    go.wait()
    for _ in range(count):
        name = folder / secrets.token_hex(8)
        part = name.with_suffix(".part")
        with part.open("wb", buffering=0) as file:
            file.write(content)
            part.rename(name)
            os.fsync(file.fileno())
        os.fsync(home)
    os.close(home)


def looped(folder: Path, side: int, count: int, associations: int) -> float:
    """Objects per second of the bare loop in as many processes."""
    ready, go = multiprocessing.Semaphore(0), multiprocessing.Event()
    content = framed.data_set(side, *(framed.new_uid() for _ in range(3)))
    each = max(1, count // associations)
    workers = [
        multiprocessing.Process(target=looper, args=(folder, content, each, ready, go))
        for _ in range(associations)
    ]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    begun = time.perf_counter()
    go.set()
    for worker in workers:
        worker.join()
    return each * associations / (time.perf_counter() - begun)


def syncs(process: Process, run: Callable[[], float], objects: int) -> float:
    """Syncs of a process for each object of a round, by strace."""
    with tempfile.NamedTemporaryFile() as told:
        calls = "trace=fsync,fdatasync,syncfs"
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
    side, count = KINDS[kind]
    target, process = stack.enter_context(served(folder / "anode", "ANODE", sync="always"))
    anode = Server("ANODE", target.port)
    port = stack.enter_context(peers.orthanc(folder / "orthanc", {})).dicom.port
    orthanc = Server("ORTHANC", port, ORTHANC_PDU)
    bare = folder / "bare"
    bare.mkdir()
    ways: dict[str, Callable[[], float]] = {
        "Anode": lambda: framed.rate(anode, side, count, associations),
        "Orthanc": lambda: framed.rate(orthanc, side, count, associations),
        "bare loop": lambda: looped(bare, side, count, associations),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS + 1):
        for name, run in ways.items():
            found = run()
            if number:  # the first round warms up
                rates[name].append(found)
    each = syncs(process, ways["Anode"], count)
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
    os.environ["TCP_NODELAY"] = "1"  # Orthanc's DCMTK reads it
    for kind in sys.argv[1:] or list(KINDS):
        for associations in ASSOCIATIONS:
            folder = Path(tempfile.mkdtemp())
            with ExitStack() as stack:
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
                measured(folder, kind, associations, stack)


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()
