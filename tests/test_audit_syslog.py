"""Audit messages on their way to syslog receivers: three transports, and all that goes wrong."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.auditing import Sink
from config.errors import ConfigError
from config.settings import Settings
from scp.audit import Trail, reports, sender
from scp.audit.events import Event
from tests.audit_sinks import HERE, SECONDS, at, audit, parsed, tcp_sink, udp_sink
from tests.certificates import Authority
from tests.commands import ROOT
from tests.nodes import settings
from tests.peers import free_port

OPEN, CLOSED = 6, 4


def numbered(number: int) -> Event:
    """An event that can be told from others."""
    return reports.log_read(f"reader-{number}", "file:///x")


def numbers(raw: list[bytes]) -> list[int]:
    """Which of them have arrived, in order."""
    return [int(found[1]) for each in raw if (found := re.search(rb"reader-(\d+)", each))]


def journalled(folder: Path) -> list[int]:
    """Which of them the journal holds, in order."""
    paths = sorted((folder / "audit").glob("*.log"))
    return numbers([line for path in paths for line in path.read_bytes().split(b"\n")])


@contextmanager
def trail(folder: Path, *sinks: Sink, **keys: object) -> Iterator[Trail]:
    """A trail of its own, without a node."""
    made = Trail.open(_settings(folder, *sinks, **keys))
    try:
        yield made
    finally:
        made.close()


def _settings(folder: Path, *sinks: Sink, **keys: object) -> Settings:
    return settings(folder, audit=audit(*sinks, **keys))


def secured(folder: Path, name: str = "sink") -> tuple[Authority, ssl.SSLContext]:
    """A receiver that wants to see our certificate."""
    ca = Authority(folder)
    issued = ca.issue(name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    context.load_verify_locations(ca.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    return ca, context


def over_tls(port: int, ca: Authority, days: tuple[int, int] = (-1, 5)) -> Sink:
    ours = ca.issue("node", days=days)
    return Sink(host=HERE, port=port, ca=ca.certificate, certificate=ours.certificate, key=ours.key)


@pytest.fixture
def quick(monkeypatch):
    """What is sent counts as read after a tenth of a second."""
    monkeypatch.setattr(sender, "SETTLE_SECONDS", 0.1)


# -- transports -----------------------------------------------------------------------------------


def test_udp(tmp_path):
    """RFC 5426: a message is a datagram."""
    with udp_sink() as sink, trail(tmp_path, at(sink, "udp")) as ours:
        for number in range(20):
            ours.record(numbered(number))
        sink.await_messages(20)
    assert numbers(sink.raw) == list(range(20))


def test_tcp(tmp_path):
    """RFC 6587 3.4.1: octet counting."""
    with tcp_sink() as sink, trail(tmp_path, at(sink)) as ours:
        for number in range(500):
            ours.record(numbered(number))
        sink.await_messages(500)
    assert numbers(sink.raw) == list(range(500))


def test_tls_with_our_certificate(tmp_path):
    """RFC 5425, mutual authentication."""
    ca, context = secured(tmp_path / "tls")
    with tcp_sink(context) as sink, trail(tmp_path / "data", over_tls(sink.port, ca)) as ours:
        for number in range(200):
            ours.record(numbered(number))
        sink.await_messages(200)
    assert numbers(sink.raw)[:200] == list(range(200))


def test_a_receiver_of_another_ca_gets_nothing(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    _, context = secured(tmp_path / "theirs")
    ca, _ = secured(tmp_path / "ours")
    with tcp_sink(context) as sink, trail(tmp_path / "data", over_tls(sink.port, ca)) as ours:
        ours.record(numbered(1))
        assert eventually(lambda: "certificate verify failed" in caplog.text)
    assert sink.raw == []


def test_a_certificate_that_cannot_be_used_is_told_at_start(tmp_path):
    ca, _ = secured(tmp_path)
    with (
        pytest.raises(ConfigError, match="expired"),
        trail(tmp_path / "data", over_tls(1, ca, days=(-9, -2))),
    ):
        pass


def test_each_of_several_sinks_gets_everything(tmp_path):
    with (
        tcp_sink() as one,
        udp_sink() as other,
        trail(tmp_path, at(one), at(other, "udp")) as ours,
    ):
        for number in range(30):
            ours.record(numbered(number))
        one.await_messages(30)
        other.await_messages(30)
    assert numbers(one.raw) == numbers(other.raw)[:30] == list(range(30))


# -- sinks that fail ------------------------------------------------------------------------------


def test_what_a_sink_missed_while_it_was_down_comes_when_it_is_back(tmp_path, caplog):
    port = free_port()
    sink = Sink(host=HERE, port=port, transport="tcp")
    with trail(tmp_path, sink) as ours:
        for number in range(50):
            ours.record(numbered(number))
        assert eventually(lambda: "cannot be reached" in caplog.text)
        with tcp_sink(port=port) as received:
            received.await_messages(50)
    assert numbers(received.raw) == list(range(50))
    assert caplog.text.count("cannot be reached") == 1, "told once, not at each attempt"


def test_udp_to_where_nobody_listens_is_sent_again(tmp_path):
    """The refusal comes back by ICMP."""
    with socket.socket(type=socket.SOCK_DGRAM) as held:
        held.bind((HERE, 0))
        port = held.getsockname()[1]
    with trail(tmp_path, Sink(host=HERE, port=port, transport="udp")) as ours:
        ours.record(numbered(1))
        assert eventually(lambda: ours._limits[0].sender._down)
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.bind((HERE, port))
            sock.settimeout(SECONDS)
            assert numbers([sock.recv(65536)]) == [1]


@contextmanager
def killable(path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """A sink in a process; ready when the block begins."""
    command = [sys.executable, "-m", "tests.audit_sinks", str(path), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        assert int(process.stdout.readline()) == port
        try:
            yield process
        finally:
            process.kill()


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def eventually(true) -> bool:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if true():
            return True
        threading.Event().wait(0.01)
    return False


@pytest.mark.crash
def test_a_sink_killed_in_mid_stream_loses_nothing(tmp_path):
    """SIGKILL, three times, while messages come; duplicates are allowed, gaps and jumps are not."""
    path, port, total = tmp_path / "received", free_port(), 3000
    with trail(tmp_path / "data", Sink(host=HERE, port=port, transport="tcp")) as ours:
        feeding = threading.Thread(
            target=lambda: [(ours.record(numbered(n)), time.sleep(0.0005)) for n in range(total)]
        )
        feeding.start()
        for part in (1, 2, 3):
            with killable(path, port) as process:
                wanted = part * total // 8
                assert eventually(lambda: len(set(numbers(_lines(path)))) >= wanted)  # noqa: B023
                process.kill()
        with killable(path, port):
            assert eventually(lambda: len(set(numbers(_lines(path)))) == total)
        feeding.join()
    arrived = numbers(_lines(path))
    assert set(arrived) == set(range(total))
    # In order but for what was sent again: it never jumps over one that had not been there.
    highest = -1
    for number in arrived:
        assert number <= highest + 1
        highest = max(highest, number)
    for line in _lines(path):
        parsed(line)


def test_a_sink_that_accepts_and_never_reads_blocks_nobody(tmp_path):
    with socket.create_server((HERE, 0)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sink = Sink(host=HERE, port=deaf.getsockname()[1], transport="tcp")
        ours = Trail.open(_settings(tmp_path, sink))
        begun = time.monotonic()
        for number in range(5000):
            ours.record(numbered(number))
        recorded = time.monotonic() - begun
        ours.close()
        closed = time.monotonic() - begun
    assert recorded < 10.0
    assert closed < 20.0
    written = sorted((tmp_path / "audit").glob("*.log"))
    assert numbers(written[0].read_bytes().split(b"\n")) == list(range(5000))


def test_messages_that_were_not_sent_are_sent_after_a_restart(tmp_path):
    port = free_port()
    sink = Sink(host=HERE, port=port, transport="tcp")
    for start in (0, 10):
        with trail(tmp_path, sink) as ours:
            for number in range(start, start + 10):
                ours.record(numbered(number))
    with tcp_sink(port=port) as received, trail(tmp_path, sink):
        received.await_messages(20)
    assert numbers(received.raw) == list(range(20))


def test_what_a_sink_closed_in_order_has_read_is_not_sent_again(tmp_path):
    with tcp_sink() as received:
        for start in (0, 10):
            with trail(tmp_path, at(received)) as ours:
                for number in range(start, start + 10):
                    ours.record(numbered(number))
    assert numbers(received.raw) == list(range(20))


# -- limits ---------------------------------------------------------------------------------------


def test_a_full_spool_drops_its_oldest_and_says_so(tmp_path, caplog, quick):
    port = free_port()
    sink = Sink(host=HERE, port=port, transport="tcp")
    with trail(tmp_path, sink, spool_bytes=1 << 16) as ours:
        for number in range(300):
            ours.record(numbered(number))
        assert eventually(lambda: "its oldest messages are dropped" in caplog.text)
        assert eventually(lambda: 299 in journalled(tmp_path)), "else it may begin twice"
        assert not ours.full
        with tcp_sink(port=port) as received:
            received.await_event("110113 E 110133")
            messages = received.await_event("110113 E 110134")
    arrived = numbers(received.raw)
    assert 0 not in arrived
    assert 299 in arrived
    (said,) = [each for each in messages if each.event == "110113 E 110134"]
    words = r"(\d+) messages were dropped(?:, (\d+) of which it may have got)?"
    told = re.search(words, said.detail("Alert Description"))
    dropped, doubtful = (int(each or 0) for each in told.groups())
    missing = 300 - len({number for number in arrived if number < 300})
    # The last look may have come when the sink was there already.
    assert dropped - doubtful <= missing <= dropped
    assert caplog.text.count("its oldest messages are dropped") == 1


def test_a_full_spool_can_refuse_instead(tmp_path):
    port = free_port()
    sink = Sink(host=HERE, port=port, transport="tcp")
    with trail(tmp_path, sink, spool_bytes=1 << 16, when_full="refuse") as ours:
        assert not ours.full
        for number in range(300):
            ours.record(numbered(number))
        assert eventually(lambda: ours.full)
        with tcp_sink(port=port) as received:
            received.await_messages(300)
            ours.record(numbered(300))
            received.await_messages(301)
    assert numbers(received.raw) == list(range(301)), "nothing is lost"


def test_a_spool_that_refused_has_room_once_the_sink_took_its_messages(tmp_path, quick):
    port = free_port()
    sink = Sink(host=HERE, port=port, transport="tcp")
    with trail(tmp_path, sink, spool_bytes=1 << 16, when_full="refuse") as ours:
        for number in range(300):
            ours.record(numbered(number))
        assert eventually(lambda: ours.full)
        with tcp_sink(port=port) as received:
            received.await_messages(300)
            assert eventually(lambda: not ours.full), "without a further event"


def test_without_sinks_everything_is_in_the_journal(tmp_path):
    with trail(tmp_path) as ours:
        ours.record(numbered(1))
    (path,) = (tmp_path / "audit").glob("*.log")
    assert numbers(path.read_bytes().split(b"\n")) == [1]


def test_idle_it_costs_nothing_and_its_threads_end(tmp_path):
    before = set(threading.enumerate())
    with tcp_sink() as sink:
        with trail(tmp_path, at(sink)) as ours:
            ours.record(numbered(1))
            sink.await_messages(1)
            spent = time.process_time()
            threading.Event().wait(0.5)
            assert time.process_time() - spent < 0.25
            begun = time.monotonic()
        assert time.monotonic() - begun < 10.0
    assert eventually(lambda: not set(threading.enumerate()) - before)
    with contextlib.suppress(OSError):
        socket.create_connection((HERE, sink.port), 0.1).close()
