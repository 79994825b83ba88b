"""A day in ten minutes: what the node holds at the end it held at the beginning."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from scp.heap import ARENAS
from tests.fuzz.recording import recorded
from tests.hostile import BYSTANDER, LIMITS, Victim, victim
from tests.pairs import accepting, echoing
from tests.soak.day import Day, between

MIB = 1 << 20
MINUTE = 60.0
HEAP = 64 * MIB  # what glibc reserves for an arena


def peers(port: int) -> str:
    rights = 'may = ["echo", "store", "find", "move", "get", "commit"]'
    known = [
        ("BYSTANDER", BYSTANDER, rights),
        ("TESTER", "127.0.0.1", f'{rights}\nmove_to = ["DEST", "AWAY"]'),
        ("DEST", "127.0.0.1", f"port = {port}"),
        ("AWAY", "127.0.0.1", "port = 9"),
    ]
    return "".join(
        f'[[peer]]\nae_title = "{title}"\nhost = "{host}"\n{more}\n' for title, host, more in known
    )


@contextmanager
def receiver() -> Iterator[int]:
    """A destination that takes everything and keeps nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve(sock: socket.socket) -> None:
            with sock:
                try:
                    accepting(echoing)(sock)
                except Exception:  # noqa: BLE001 - the node may be gone
                    return

        def accept() -> None:
            while True:
                try:
                    sock, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(sock,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


@contextmanager
def lived(tmp_path: Path, seconds: float, pause: float) -> Iterator[tuple[Victim, Day]]:
    with receiver() as port, victim(tmp_path, peers(port) + LIMITS) as node:
        day = Day(node, tmp_path / "sent", recorded(node.port, tmp_path / "said"), pause)
        before = node.usage()
        day.run(seconds)
        if day.failed:
            raise day.failed[0]
        assert min(day.done.values()) > 0
        assert len(day.done) == 8
        told = [line for line in node.lines if " ERROR " in line or "Traceback" in line]
        assert not told, told[:5]
        assert node.settled(before), (before, node.usage())
        assert not node.held().drafts
        assert node.echo() < 1.0
        yield node, day


def test_threads_share_their_heaps(tmp_path: Path):
    """The victim has had 24 at once; glibc would have made as many heaps as it may."""
    with victim(tmp_path) as node:
        maps = Path("/proc", str(node.process.pid), "maps").read_text("ascii").splitlines()
    spans = [[int(at, 16) for at in line.split()[0].split("-")] for line in maps]
    heaps = [
        start
        for (start, middle), (again, end) in pairwise(spans)
        if middle == again and start % HEAP == 0 and end - start == HEAP
    ]
    assert len(heaps) < ARENAS, heaps  # the first is no such mapping


def test_twenty_seconds_of_it_leave_nothing_behind(tmp_path: Path):
    with lived(tmp_path, 20.0, 0.05) as (node, day):
        held = node.held()
        assert len(held.objects) == held.rows["instance"]
        early, late = between(day.samples, 5, 10), between(day.samples, 15, 20)
        assert late.memory - early.memory < 48 * MIB
        assert late.temporary == 0


@pytest.mark.long
def test_ten_minutes_of_it_are_flat_from_the_second_to_the_last(tmp_path: Path):
    with lived(tmp_path, 10 * MINUTE, 0.2) as (node, day):
        minutes = [between(day.samples, n * MINUTE, (n + 1) * MINUTE) for n in range(10)]
        told = [
            {"minute": n + 1, "MiB": one.memory / MIB, "threads": one.threads}
            | {"descriptors": one.descriptors, "temporary": one.temporary}
            for n, one in enumerate(minutes)
        ]
        print(json.dumps({"jobs": day.done, "minutes": told, "rows": node.rows()}, indent=1))
        second, last = minutes[1], minutes[-1]
        assert last.memory - second.memory < 16 * MIB
        assert last.threads <= second.threads + 1
        assert last.descriptors <= second.descriptors + 2
        assert last.temporary == 0
