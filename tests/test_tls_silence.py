"""Two hundred callers who say nothing, or say it byte by byte, plain and over TLS (tls.md T5)."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from config import contexts
from config.limits import Limits
from config.profiles import PROFILES
from config.settings import Listener
from scp.node import Node
from scu.associate import Target
from scu.echo import echo
from tests.certificates import Authority
from tests.clients import CALLER
from tests.nodes import HERE, settings
from tests.pairs import wanted
from tests.secured import PATIENCE, called, credentials, listener
from wire import items

EACH = 40  # of five kinds
WAITING = 2 * 16  # threads that a crowd leaves waiting for the next one, at two listeners
# The first bytes of what is never finished: an A-ASSOCIATE-RQ, a ClientHello
REQUEST = b"\x01\x00\x00\x00\x01\x00\x00\x01\x00\x00" + b"ANODE           TESTER          " * 3
HELLO = bytes.fromhex("16030100f5010000f10303") + bytes(range(100))
PAUSE = 0.02  # between two bytes of one that dribbles


@dataclass(frozen=True)
class Place:
    """A node with a plain listener and one of TLS."""

    serving: Node
    ca: Authority

    def targets(self) -> list[Target]:
        own = self.ca.issue("bystander")
        plain = Target("ANODE", HERE, self.serving.addresses[0][1])
        return [plain, called(self.serving, "rfc9325", self.ca, own, number=1)]

    def connected(self, number: int) -> socket.socket:
        sock = socket.create_connection((HERE, self.serving.addresses[number][1]), PATIENCE)
        sock.settimeout(PATIENCE)
        return sock


@contextmanager
def place(folder: Path, **limits: float) -> Iterator[Place]:
    ca = Authority(folder / "ca")
    both = (Listener(host=HERE, port=0), listener("rfc9325", ca, ca.issue("node")))
    bounds = Limits(associations=300, per_peer=300, **limits)
    serving = Node(settings(folder / "node", listener=both, limits=bounds))
    serving.start()
    try:
        yield Place(serving, ca)
    finally:
        serving.stop(seconds=0.0)


@contextmanager
def crowd(at: Place) -> Iterator[list[socket.socket]]:
    """200 connections: silent, dribbling, or silent after a handshake and half a request."""
    context = contexts.client(PROFILES["rfc9325"], credentials(at.ca.issue("crowd"), at.ca))
    over = threading.Event()
    with ExitStack() as held:

        def some(number: int) -> list[socket.socket]:
            return [held.enter_context(at.connected(number)) for _ in range(EACH)]

        silent, secret = some(0), some(1)
        dribbling, greeting = some(0), some(1)
        shaken = [
            held.enter_context(context.wrap_socket(held.enter_context(sock), server_hostname=HERE))
            for sock in some(1)
        ]
        for sock in shaken[::2]:
            sock.sendall(REQUEST)
        drips = [(sock, REQUEST) for sock in dribbling] + [(sock, HELLO) for sock in greeting]
        thread = threading.Thread(target=_dribble, args=(drips, over))
        thread.start()
        held.callback(thread.join)
        held.callback(over.set)
        yield [*silent, *secret, *dribbling, *greeting, *shaken]


def _dribble(drips: list[tuple[socket.socket, bytes]], over: threading.Event) -> None:
    """One byte to each, again and again; those that are refused meanwhile are left alone."""
    for at in range(max(len(said) for _, said in drips)):
        for sock, said in drips:
            with contextlib.suppress(OSError, ValueError):
                sock.sendall(said[at : at + 1])
        if over.wait(PAUSE):
            return


def reached(what: Callable[[], float], least: float) -> bool:
    """Whether it comes down to this in time."""
    deadline = time.monotonic() + PATIENCE
    while what() > least and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    return what() <= least


def test_200_silent_and_dribbling_callers_delay_nobody(tmp_path):
    """And when their time is over, threads and descriptors are as before."""
    process = psutil.Process()
    before = threading.active_count()
    with place(tmp_path, handshake_seconds=4.0, request_seconds=4.0) as at:
        for target in at.targets():
            assert echo(target, CALLER).status == 0
        descriptors, threads = process.num_fds(), threading.active_count()
        slowest = 0.0
        with crowd(at) as callers:
            assert len(callers) == 5 * EACH
            for _ in range(10):
                for target in at.targets():
                    begun = time.monotonic()
                    assert echo(target, CALLER).status == 0
                    slowest = max(slowest, time.monotonic() - begun)
            for sock in callers:
                assert _ended(sock)
        assert slowest < 3.0, "nobody waits until their time is over"
        assert reached(process.num_fds, descriptors)
        assert reached(threading.active_count, threads + WAITING)
        for target in at.targets():
            assert echo(target, CALLER).status == 0
    assert reached(threading.active_count, before)


def _ended(sock: socket.socket) -> bool:
    """Whether the node ended this connection; it may say A-ABORT first."""
    with contextlib.suppress(ConnectionResetError, ssl.SSLError):
        while sock.recv(1000):
            pass
    return True


def test_the_node_stops_at_once_whoever_is_silent(tmp_path):
    before = threading.active_count()
    with place(tmp_path, handshake_seconds=60.0, request_seconds=60.0) as at, crowd(at):
        begun = time.monotonic()
        at.serving.stop(seconds=0.0)
        assert time.monotonic() - begun < PATIENCE
    assert reached(threading.active_count, before)


@pytest.mark.parametrize("number", [0, 1], ids=["plain", "TLS"])
def test_what_one_address_may_cost_is_bounded_and_others_are_served(number, tmp_path):
    """By the limits as they are: 200 from here, an echo from next door."""
    ca = Authority(tmp_path / "ca")
    both = (Listener(host=HERE, port=0), listener("rfc9325", ca, ca.issue("node")))
    serving = Node(settings(tmp_path / "node", listener=both))
    serving.start()
    before = threading.active_count()
    try:
        address = (HERE, serving.addresses[number][1])
        with ExitStack() as held:
            crowd = [
                held.enter_context(socket.create_connection(address, PATIENCE)) for _ in range(200)
            ]
            most = 2 * Limits().per_peer
            assert reached(lambda: len(crowd) - len(select.select(crowd, [], [], 0)[0]), most)
            assert threading.active_count() <= before + most + WAITING
            begun = time.monotonic()
            with socket.create_connection(address, PATIENCE, ("127.0.0.2", 0)) as raw:
                sock = raw
                if number:
                    person = credentials(ca.issue("person"), ca)
                    sock = contexts.to(contexts.client(PROFILES["rfc9325"], person), HERE)(raw)
                with sock:
                    sock.sendall(_request())
                    assert sock.recv(1) == b"\x02"  # A-ASSOCIATE-AC
            assert time.monotonic() - begun < 8.0, "before their time is over"
    finally:
        serving.stop(seconds=0.0)


def _request() -> bytes:
    return items.encode_request(replace(wanted(), called_ae_title="ANODE"))
