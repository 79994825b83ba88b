"""Anode and its peers, interleaved in one run: `make bench`, or sections of it.

    .venv/bin/python -m benchmarks --short
    .venv/bin/python -m benchmarks store --size CT --associations 1 4 --server Anode Orthanc
    .venv/bin/python -m benchmarks --only-write --write docs/performance.md

Progress goes to the error output, the table to the output. Rows are saved in --results, where those
of sections that were measured before stay, so that a long run may be done in pieces.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from pathlib import Path

from benchmarks import processes, queries, report, retrieving, servers, stores
from benchmarks.measuring import Bench

SECTIONS = {
    "store": stores.store,
    "nagle": stores.nagle,
    "clients": stores.clients,
    "tls": stores.tls,
    "large": queries.large,
    "find": queries.find,
    "retrieve": retrieving.retrieve,
    "lean": queries.retrieve,
    "associate": queries.associate,
    "many": stores.many,
    "processes": processes.processes,
}


def options(arguments: list[str]) -> argparse.Namespace:
    """What is asked."""
    law = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        "benchmarks", description=law[0], epilog=law[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("section", nargs="*", help=f"of: {', '.join(SECTIONS)}; none: all")
    add("--short", action="store_true", help="few objects, two rounds: under two minutes")
    add("--rounds", type=int, help="repetitions after one to warm up (5; short: 2)")
    add("--scale", type=float, help="of the numbers of objects (1; short: 0.1)")
    add("--size", nargs="+", choices=["CT", "tiny"], default=["CT", "tiny"])
    add("--associations", nargs="+", type=int, help="senders at once (1 4 8; short: 1 4)")
    add("--server", nargs="+", default=[], help=f"of: {', '.join(servers.SERVERS)}")
    add("--results", type=Path, default=Path("build/bench.json"), help="where rows are kept")
    add("--write", type=Path, help="a page that gets the figures, and a picture beside it")
    add("--only-write", action="store_true", help="measure nothing, report what is kept")
    asked = parser.parse_args(arguments)
    for name in asked.section:
        if name not in SECTIONS:
            parser.error(f"no section {name!r}: there are {', '.join(SECTIONS)}")
    return asked


def main(arguments: list[str]) -> None:
    """Measure, save, report."""
    asked = options(arguments)
    short = asked.short
    bench = Bench(
        rounds=asked.rounds or (2 if short else 5),
        scale=asked.scale or (0.1 if short else 1.0),
        only=asked.server,
        sizes=asked.size,
        associations=asked.associations or ((1, 4) if short else (1, 4, 8)),
        warm=not short,
    )
    for name in servers.missing():
        print(f"missing: {name} (not installed: run tools/peers.sh)", file=sys.stderr)
    os.environ.pop("TCP_NODELAY", None)  # each server is told for itself
    for name in [] if asked.only_write else (asked.section or list(SECTIONS)):
        begun = time.perf_counter()
        SECTIONS[name](bench)
        print(f"-- {name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        report.save(asked.results, bench.rows)
    kept = report.load(asked.results)
    print(report.page(kept, servers.missing()))
    if asked.write:
        report.write(asked.write, kept, servers.missing())


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main(sys.argv[1:])
