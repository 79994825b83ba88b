"""Association + echo + release: Anode, Orthanc, storescp, interleaved in one run.

    .venv/bin/python -m benchmarks.associations

Prints medians in milliseconds and ratios to Anode; the machine is noisy, so only ratios of one run
mean anything.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from scu.associate import Caller, Target
from scu.echo import echo
from tests import peers
from tests.test_large_objects import served

ROUNDS = 15
ECHOES = 20


def main() -> None:
    """Measure and print."""
    folder = Path(tempfile.mkdtemp())
    with ExitStack() as stack:
        anode, process = stack.enter_context(served(folder / "anode", "ANODE"))
        orthanc = stack.enter_context(peers.orthanc(folder / "orthanc", {})).dicom
        storescp = stack.enter_context(peers.storescp(folder / "storescp"))
        targets = {
            "Anode": anode,
            "Orthanc": Target("ORTHANC", "127.0.0.1", orthanc.port),
            "storescp": Target("STORESCP", "127.0.0.1", storescp.port),
        }
        times: dict[str, list[float]] = {name: [] for name in targets}
        for _ in range(ROUNDS):
            for name, target in targets.items():
                times[name].append(timed(target))
        memory = process.memory_info().rss / 1e6
    medians = {name: statistics.median(each) for name, each in times.items()}
    rows = {
        name: {"ms": round(median, 2), "times_anode": round(median / medians["Anode"], 2)}
        for name, median in medians.items()
    }
    json.dump({"associations": rows, "anode_rss_mb": round(memory, 1)}, sys.stdout, indent=2)
    print()


def timed(target: Target) -> float:
    """Milliseconds for one association with one echo."""
    begun = time.perf_counter()
    for _ in range(ECHOES):
        if echo(target, Caller("BENCH")).status != 0:
            raise RuntimeError(f"{target} does not echo")
    return (time.perf_counter() - begun) * 1000 / ECHOES


if __name__ == "__main__":
    main()
