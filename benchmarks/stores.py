"""C-STORE: sizes and numbers of senders, both styles of sending, TLS, DCMTK's own senders."""

from __future__ import annotations

import shutil
import ssl
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil

from benchmarks import framed, limits, servers
from benchmarks.corpora import SIDES, files
from benchmarks.framed import Server
from benchmarks.measuring import Bench, Run, cpu_seconds, last_line
from benchmarks.servers import Asked, Running
from config import contexts
from config.certificates import Credentials
from config.profiles import PROFILES
from tests import peers
from tests.certificates import Authority

COUNTS = {"CT": 96, "tiny": 240}
REAL = 200


def store(bench: Bench) -> None:
    """Framed senders against everybody at its best, and the disk's limit."""
    for size in bench.sizes:
        with bench.servers(servers.BEST) as running, tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for senders in bench.associations:
                work = f"C-STORE {size}, {senders} at once"
                runs = {each.name: _run(bench, each, size, senders) for each in running.values()}
                if not bench.only or "bare loop" in bench.only:
                    runs |= _limits(folder, size, bench.count(COUNTS[size], senders), senders)
                bench.interleaved(work, "objects/s", runs, stores=True)


def nagle(bench: Bench) -> None:
    """The same in DCMTK's style of sending, two writes with Nagle's algorithm, to stock peers."""
    for size in bench.sizes:
        with bench.servers(servers.STOCK) as running:
            runs = {
                each.name: _run(bench, each, size, 1, style="two writes")
                for each in running.values()
            }
            bench.interleaved(f"C-STORE {size}, sent in two writes", "objects/s", runs, stores=True)


def _run(
    bench: Bench, running: Running, size: str, senders: int, style: framed.Style = "one write"
) -> Run:
    weight = servers.SERVERS[running.name].weight
    count = bench.count(COUNTS[size] * weight, senders)

    def do() -> tuple[float, int]:
        rate = framed.rate(running.server, SIDES[size], count, senders, style)
        return rate, max(1, count // senders) * senders

    return Run(do, running.process)


def _limits(folder: Path, size: str, count: int, senders: int) -> dict[str, Run]:
    def run(how: Callable[[Path, int, int, int], float], name: str) -> Run:
        def do() -> tuple[float, int]:
            try:
                return how(folder / name, SIDES[size], count, senders), count
            finally:
                shutil.rmtree(folder / name, ignore_errors=True)

        return Run(do)

    return {"bare loop": run(limits.bare, "bare"), "grouped loop": run(limits.grouped, "grouped")}


def clients(bench: Bench) -> None:
    """storescu and dcmsend as Debian ships them, from start to end, to stock servers."""
    count = bench.count(REAL)
    with bench.servers(servers.STOCK) as running, tempfile.TemporaryDirectory() as name:
        for program in ("storescu", "dcmsend"):
            runs = {
                each.name: Run(partial(_sent, program, each, count, Path(name)), each.process)
                for each in running.values()
            }
            bench.interleaved(f"{program} {REAL} CT", "objects/s", runs, stores=True)


def _sent(program: str, running: Running, count: int, folder: Path) -> tuple[float, int]:
    few = max(2, round(count * min(1.0, 2 * servers.SERVERS[running.name].weight)))
    place = folder / "sent"
    files(place, "CT", few)
    ours = ("-R",) if program == "storescu" else ()
    called = ["-aec", running.server.ae_title, "127.0.0.1", str(running.server.port)]
    begun = time.perf_counter()
    done = peers.tool(program, *ours, *called, *sorted(place.iterdir()), quick=False)
    took = time.perf_counter() - begun
    shutil.rmtree(place)
    if done.returncode:
        raise RuntimeError(f"{program}: {last_line(done.stderr or done.stdout)}")
    return few / took, few


def tls(bench: Bench) -> None:
    """CT over TLS by the profile of RFC 9325, to Anode and Orthanc."""
    with tempfile.TemporaryDirectory() as name:
        ca = Authority(Path(name) / "ca")
        own = ca.issue("server")
        context = partial(_context, own.certificate, own.key, ca.certificate)
        asked = Asked(tls=(own.certificate, own.key, ca.certificate))
        names = ("Anode", "Anode lazy", "Orthanc", "Orthanc tuned")
        with bench.servers(names, asked) as running:
            for senders in bench.associations[:2]:
                runs = {
                    each.name: _run(
                        bench,
                        replace(each, server=replace(each.server, tls=context)),
                        "CT",
                        senders,
                    )
                    for each in running.values()
                }
                bench.interleaved(
                    f"C-STORE CT over TLS, {senders} at once", "objects/s", runs, stores=True
                )


def _context(certificate: Path, key: Path, ca: Path) -> ssl.SSLContext:
    made = contexts.client(PROFILES["rfc9325"], Credentials(certificate, key, ca))
    assert isinstance(made, ssl.SSLContext)
    made.check_hostname = False  # the chain is still verified; framed.Line names no host
    return made


def many(bench: Bench) -> None:
    """Memory with 100 associations storing CT; processor time of 100 that idle."""
    senders, seconds = bench.count(100), max(0.5, 5 * bench.scale)
    names = ("Anode", "Orthanc", "storescp")  # pynetdicom's application takes ten
    with bench.servers(names, Asked(associations=senders)) as running:
        idle = {
            each.name: Run(partial(_idle, each.server, each.process, senders, seconds))
            for each in running.values()
        }
        bench.interleaved(f"{senders} idle associations", "CPU ms/s", idle)
        runs = {
            each.name: Run(partial(_held, each, senders), each.process) for each in running.values()
        }
        bench.interleaved(f"C-STORE CT, {senders} at once", "objects/s", runs, stores=True)


def _held(running: Running, senders: int) -> tuple[float, int]:
    return framed.rate(running.server, SIDES["CT"], 2 * senders, senders), 2 * senders


def _idle(
    server: Server, process: psutil.Process, senders: int, seconds: float
) -> tuple[float, int]:
    lines = [framed.Line(server, "one write") for _ in range(senders)]
    time.sleep(0.5)  # what the requests cost is not idling
    before, begun = cpu_seconds(process), time.perf_counter()
    time.sleep(seconds)
    used = (cpu_seconds(process) - before) / (time.perf_counter() - begun)
    for line in lines:
        line.release()
    return 1000 * used, senders
