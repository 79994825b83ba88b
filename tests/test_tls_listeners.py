"""Listeners side by side: plain and TLS, each with its profile, on IPv4 and IPv6 (tls.md T7)."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config.limits import Limits
from config.settings import Listener
from scp.node import Node
from scu.associate import Target
from scu.echo import echo
from tests.certificates import Authority, Issued
from tests.clients import CALLER
from tests.nodes import HERE, node, peer, settings
from tests.peers import needs_dcmtk, tool
from tests.secured import ALL, NAMES, PATIENCE, called, listener, logged
from wire.errors import Closed, ProtocolError, Rejected, Unreachable

SIX, BOTH = "::1", "::"


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def own(ca: Authority) -> Issued:
    return ca.issue("node", names=[HERE, SIX, "localhost"])


@pytest.fixture(scope="module")
def person(ca: Authority) -> Issued:
    return ca.issue("person")


def plain(serving: Node, number: int = 0, host: str = HERE) -> Target:
    return Target("ANODE", host, serving.addresses[number][1])


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was told of callers: everything but that the node listens."""
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    return [line for line in told if "listens on" not in line and "up:" not in line]


def test_every_profile_and_plain_dicom_on_ipv4_and_ipv6_at_once(tmp_path, ca, own, person):
    places = [(profile, host) for profile in (*NAMES, None) for host in (HERE, SIX)]
    listeners = tuple(
        listener(profile, ca, own, host=host) if profile else Listener(host=host, port=0)
        for profile, host in places
    )
    with node(tmp_path, listener=listeners) as serving:
        assert [host for host, _ in serving.addresses] == [host for _, host in places]
        for number, (profile, host) in enumerate(places):
            target = plain(serving, number, host)
            if profile:
                target = called(serving, profile, ca, person, number=number, host=host)
            assert echo(target, CALLER).status == 0


def test_nothing_else_is_open_when_only_tls_is_configured(tmp_path, ca, own):
    def listening() -> set[int]:
        found = psutil.Process().net_connections("tcp")
        return {each.laddr.port for each in found if each.status == psutil.CONN_LISTEN}

    before = listening()
    with node(tmp_path, listener=(listener("rfc9325", ca, own),)) as serving:
        assert listening() - before == {serving.addresses[0][1]}


@pytest.mark.parametrize("profile", [None, "rfc9325"])
def test_a_listener_on_both_knows_peers_by_their_ipv4_addresses(profile, tmp_path, ca, own, person):
    """On "::" a caller from 127.0.0.1 comes as ::ffff:127.0.0.1, and is the same."""
    one = listener(profile, ca, own, host=BOTH) if profile else Listener(host=BOTH, port=0)
    with node(tmp_path, peers=(peer(CALLER.ae_title),), listener=(one,)) as serving:
        four, six = (
            called(serving, profile, ca, person, host=host)
            if profile
            else plain(serving, host=host)
            for host in (HERE, SIX)
        )
        assert echo(four, CALLER).status == 0
        with pytest.raises(Rejected, match="calling ae title not recognised"):
            echo(six, CALLER)


def test_two_listeners_of_one_port_are_refused_at_start(tmp_path, ca, own):
    with socket.create_server((HERE, 0)) as taken:
        port = taken.getsockname()[1]
        twice = (Listener(host=HERE, port=0), listener("rfc9325", ca, own, port=port))
        serving = Node(settings(tmp_path, listener=twice))
        with pytest.raises(OSError, match=f"cannot listen on {HERE}:{port}: Address already"):
            serving.start()


# -- who came to the wrong door -------------------------------------------------------------------


@pytest.fixture
def doors(tmp_path: Path, ca: Authority, own: Issued) -> Iterator[Node]:
    """A node with a plain listener and one of each profile behind it."""
    each = tuple(listener(profile, ca, own) for profile in NAMES)
    limits = Limits(handshake_seconds=60.0, request_seconds=60.0)
    with node(tmp_path, listener=(Listener(host=HERE, port=0), *each), limits=limits) as serving:
        yield serving


@ALL
def test_plain_dicom_at_a_tls_port_is_refused_at_once_in_one_line(profile, doors, caplog):
    begun = time.monotonic()
    why = r"refused: TLS handshake failed: what came is not TLS \(wrong version number\)"
    with logged(caplog, why), pytest.raises(Closed):
        echo(plain(doors, 1 + NAMES.index(profile)), CALLER)
    assert time.monotonic() - begun < PATIENCE
    assert len(lines(caplog)) == 1
    assert echo(plain(doors), CALLER).status == 0


@ALL
def test_tls_at_a_plain_port_is_refused_at_once_in_one_line(profile, doors, ca, person, caplog):
    begun = time.monotonic()
    why = "ended: a TLS handshake came where plain DICOM is spoken"
    with logged(caplog, why), pytest.raises(Unreachable, match="what came is not TLS"):
        echo(called(doors, profile, ca, person), CALLER)
    assert time.monotonic() - begun < PATIENCE
    assert len(lines(caplog)) == 1


def test_a_plain_call_that_is_answered_in_tls_says_so():
    """By whatever speaks TLS and says what it thinks of us: an alert."""
    with socket.create_server((HERE, 0)) as server:

        def answer() -> None:
            sock, _ = server.accept()
            with sock:
                sock.recv(1000)
                sock.sendall(b"\x15\x03\x03\x00\x02\x02\x28")
                sock.recv(1000)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ProtocolError, match="a TLS alert came where plain DICOM is spoken"):
            echo(Target("ANODE", HERE, server.getsockname()[1]), CALLER)
        thread.join(PATIENCE)


@needs_dcmtk
@pytest.mark.interop
@ALL
def test_dcmtk_at_the_wrong_door_does_not_hang(profile, doors, ca, person, caplog):
    tls = ["+tls", person.key, person.certificate, "+cf", ca.certificate]
    begun = time.monotonic()
    with logged(caplog, "came where plain DICOM is spoken"), logged(caplog, "is not TLS"):
        for number, options in ((0, tls), (1 + NAMES.index(profile), [])):
            at = str(doors.addresses[number][1])
            assert tool("echoscu", "-aec", "ANODE", *options, HERE, at).returncode != 0
    assert time.monotonic() - begun < PATIENCE
    assert len(lines(caplog)) == 2
