"""The node's life: it serves when start returns, takes what its limits allow, and drains."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import psutil
import pytest

from config.limits import Limits
from config.listeners import Listener
from scp.exchange import House
from scp.reporter import Reporter
from scu import echo
from scu.associate import Target, associate
from tests.clients import CALLER
from tests.nodes import node, target
from tests.peers import free_port
from wire.errors import Aborted, Closed, Ended, Rejected, Unreachable

VERIFICATION = [(echo.VERIFICATION, ("1.2.840.10008.1.2",))]


def test_it_serves_when_start_returns_and_no_longer_when_stopped(tmp_path: Path):
    with node(tmp_path) as serving:
        here = target(serving)
        assert echo.echo(here, CALLER).status == 0
    with pytest.raises(Unreachable):
        echo.echo(here, CALLER)


def test_a_port_that_is_taken_is_said_at_start(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}"),
            node(tmp_path, listener=(Listener(port=port),)),
        ):
            pass


def test_a_reporter_that_is_stopped_before_it_waits_does_not_wait(tmp_path: Path):
    """As when another part of the node cannot start; the node was five seconds in ending then."""
    with node(tmp_path) as serving:
        tidying, told = threading.Event(), threading.Event()

        def house() -> House:
            if threading.current_thread() is reporter._thread:
                tidying.set()
                told.wait(30)
            return serving._home

        reporter = Reporter(house)
        reporter.start()
        tidying.wait(30)
        reporter._stopped.set()  # what `stop` does before it waits
        with reporter._change:
            reporter._change.notify_all()
        told.set()
        reporter._thread.join(30)
        assert not reporter._thread.is_alive()


def test_associations_over_the_limit_are_told_so_and_served_again_later(tmp_path: Path):
    """PS3.8 Table 9-21: result 2, source 3, reason 2."""
    with node(tmp_path, limits=Limits(associations=2, per_peer=2)) as serving:
        here = target(serving)
        with associate(here, CALLER, VERIFICATION), associate(here, CALLER, VERIFICATION):
            with pytest.raises(Rejected) as rejected:
                associate(here, CALLER, VERIFICATION)
            refusal = rejected.value
            assert (refusal.result, refusal.source, refusal.reason) == (2, 3, 2)
        assert _eventually_echoed(here)


def _eventually_echoed(here: Target) -> bool:
    """A released association is counted until its thread has ended."""
    pause = threading.Event()
    for _ in range(100):
        try:
            return echo.echo(here, CALLER).status == 0
        except (Rejected, Closed):
            pause.wait(0.02)
    return False


def test_silent_connections_do_not_delay_a_bystander(tmp_path: Path):
    """Hostile input N1, N2: accept never waits for a peer."""
    with node(tmp_path) as serving:
        here = target(serving)
        silent = [socket.create_connection((here.host, here.port)) for _ in range(20)]
        try:
            silent[0].sendall(b"\x01\x00\x00")
            answer = echo.echo(here, CALLER)
        finally:
            for sock in silent:
                sock.close()
    assert answer.status == 0
    assert answer.associated + answer.answered < 1.0


def test_a_request_that_does_not_come_in_time_ends_the_connection(tmp_path: Path):
    with node(tmp_path, limits=Limits(request_seconds=0.2)) as serving:
        here = target(serving)
        with socket.create_connection((here.host, here.port), timeout=30) as sock:
            sock.sendall(b"\x01\x00\x00\x00")
            received = b""
            while piece := sock.recv(100):
                received += piece
    # A-ABORT by the service provider, or just the end
    assert received in (b"", b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x00")


def test_an_idle_association_ends_at_its_limit(tmp_path: Path):
    with node(tmp_path, limits=Limits(idle_seconds=0.2)) as serving:
        association = associate(target(serving), CALLER, VERIFICATION)
        with pytest.raises(Aborted):
            association.receive(10)


def test_idle_associations_cost_no_cpu(tmp_path: Path):
    process = psutil.Process()
    with node(tmp_path) as serving:
        here = target(serving)
        many = [associate(here, CALLER, VERIFICATION) for _ in range(20)]
        before = process.cpu_times()
        threading.Event().wait(1.0)
        after = process.cpu_times()
        for one in many:
            one.release()
    spent = after.user + after.system - before.user - before.system
    assert spent < 0.3, "20 idle associations for one second"


def test_stopping_drains_and_then_ends_what_is_left(tmp_path: Path):
    with node(tmp_path) as serving:
        association = associate(target(serving), CALLER, VERIFICATION)
    with pytest.raises(Ended):
        echo.verify(association)


def _descriptors() -> int:
    """Descriptors but those of the index, which is opened by whoever first reads it."""
    links = []
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(str(each.readlink()))
    return sum("index.sqlite3" not in link for link in links)


def test_threads_and_descriptors_return_to_where_they_were(tmp_path: Path):
    with node(tmp_path) as serving:
        here = target(serving)
        echo.echo(here, CALLER)
        assert serving._doors.crowd.drain(30)
        before = _descriptors()
        for _ in range(30):
            echo.echo(here, CALLER)
        with socket.create_connection((here.host, here.port)) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert sock.recv(10)[:1] == b"\x07"
        assert serving._doors.crowd.drain(30)
        assert _descriptors() <= before
    assert not [t for t in threading.enumerate() if t.name == f"port {here.port}"]


def test_nobody_listens_where_nobody_was_started():
    with pytest.raises(Unreachable, match="refused"):
        echo.echo(Target("ANODE", "127.0.0.1", free_port()), CALLER)


def test_a_thread_that_cannot_be_started_leaves_nobody_unserved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Threads run out, and there are some again: whoever waits then still waits."""
    with node(tmp_path) as serving:
        here = target(serving)
        start, short = threading.Thread.start, threading.Event()

        def starting(thread: threading.Thread) -> None:
            if thread.name.startswith("port"):
                short.set()
                raise RuntimeError("can't start new thread")
            start(thread)

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", starting)
            for _ in range(5):
                assert _eventually_echoed(here)
        assert short.is_set()
        assert _eventually_echoed(here)
        assert serving._doors.crowd.drain(30)
