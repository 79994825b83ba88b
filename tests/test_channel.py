"""A socket with deadlines: every wait ends, and the last word arrives."""

import socket
import struct
import threading
import time

import pytest

from config.limits import Limits
from tests.pairs import (
    BRISK,
    LIMITS,
    PATIENCE,
    Raw,
    answer_pdu,
    data_pdu,
    established_core,
    raw_acceptor,
    raw_association,
    request_pdu,
    serving,
)
from wire import core, establish, framing
from wire.errors import Aborted, Closed, DeadlineExceeded, ProtocolError
from wire.states import Event, Role, State


def dripping(raw, data):
    """Send `data` a byte at a time, each well within any deadline, until the peer is gone.

    The first is there when this returns, however slow the machine is to start a thread.
    """

    def drip():
        for byte in data[1:]:
            try:
                raw.socket.send(bytes([byte]))
            except OSError:
                return
            if stopped.wait(0.005):
                return

    stopped = threading.Event()
    thread = threading.Thread(target=drip)
    raw.socket.send(data[:1])
    thread.start()
    return lambda: (stopped.set(), thread.join())


@pytest.mark.parametrize("begun", [0, 3, 40])
def test_a_request_that_does_not_come_whole_in_time_is_aborted(begun):
    """hostile-input.md N1, N2: 10 s for all of it, no matter when the first byte came."""
    with raw_acceptor(BRISK) as (channel, raw):
        raw.send(request_pdu()[:begun])
        with pytest.raises(DeadlineExceeded):
            channel.next(BRISK.request_seconds)
        assert raw.rest() == framing.abort(2, 0)


def test_a_request_in_one_piece_is_heard():
    with raw_acceptor(BRISK) as (channel, raw):
        raw.send(request_pdu())
        assert channel.next(BRISK.request_seconds) == core.AssociationRequested(request_pdu())


@pytest.mark.parametrize("role", Role)
def test_a_drip_is_as_dead_as_silence(role):
    """hostile-input.md N2: the deadline is of the PDU, not of the read."""
    slow = Limits(request_seconds=0.1, pdu_seconds=0.1)
    begun = time.monotonic()
    with raw_association(role, slow) as (association, raw):
        stop = dripping(raw, data_pdu((1, 3, bytes(5000))))
        with pytest.raises(DeadlineExceeded, match="did not finish"):
            association.channel.next(0.2)
        stop()
    with raw_acceptor(slow) as (channel, raw):
        stop = dripping(raw, request_pdu(more=b"\x77\0\x13\x88" + bytes(5000)))
        with pytest.raises(DeadlineExceeded, match="did not finish"):
            channel.next(slow.request_seconds)
        stop()
    assert time.monotonic() - begun < PATIENCE


def test_a_drip_in_answer_to_our_request_ends_too():
    slow = Limits(request_seconds=0.1, response_seconds=0.1, pdu_seconds=0.1)
    near, far = socket.socketpair()
    with near, far:
        channel = establish.requestor(near, slow)
        channel.send(Event.TRANSPORT_CONFIRMED, request_pdu())
        stop = dripping(Raw(far), answer_pdu() * 40)
        with pytest.raises(DeadlineExceeded):
            channel.next(slow.response_seconds)
        stop()


def test_a_pdu_that_has_begun_may_take_its_own_time():
    """The wait for a message to begin is not the time to complete it."""
    patient = Limits(pdu_seconds=PATIENCE)
    with raw_association(limits=patient) as (association, raw):
        stop = dripping(raw, data_pdu((1, 3, bytes(40))))
        assert isinstance(association.channel.next(0.05), core.Data)
        stop()


def test_a_peer_that_takes_nothing_is_given_up():
    with raw_association(limits=BRISK) as (association, _raw):
        with pytest.raises(DeadlineExceeded, match="did not take"):
            association.channel.write(bytes(50_000_000))
        assert association.channel.core.state is State.IDLE


def test_a_peer_that_goes_is_closed():
    with raw_association() as (association, raw):
        raw.socket.close()
        with pytest.raises(Closed, match="without a release"):
            association.channel.next(PATIENCE)
        for again in (lambda: association.channel.next(1), lambda: association.channel.write(b"x")):
            with pytest.raises(Closed, match="is over"):
                again()
        association.channel.abort()
        association.channel.close()


def test_the_peers_abort_is_told_with_its_reason():
    """PS3.8 9.3.8."""
    with raw_association() as (association, raw):
        raw.send(framing.abort(2, 6))
        with pytest.raises(Aborted, match="invalid pdu parameter") as caught:
            association.channel.next(PATIENCE)
        assert (caught.value.source, caught.value.reason) == (2, 6)
        assert raw.rest() == b""


@pytest.mark.parametrize("reset", [False, True])
def test_the_peers_abort_is_told_although_we_were_sending(reset):
    """Over TCP: a write breaks, and why is still to be read."""
    aborted = threading.Event()

    def serve(sock):
        sock.recv(1)
        sock.sendall(framing.abort(0, 0))
        if not reset:
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()  # with unread data: a reset
        aborted.set()

    with serving(serve) as port:
        channel = establish.requestor(socket.create_connection(("127.0.0.1", port)), LIMITS)
        channel.core.state = State.DATA
        channel.write(bytes(1000))
        assert aborted.wait(PATIENCE)
        with channel.socket, pytest.raises(Aborted):
            channel.write(bytes(100_000_000))


def test_our_abort_arrives_although_the_peer_is_still_sending():
    """hostile-input.md N4: lingering keeps a reset from eating our last PDU."""
    heard = []

    def peer(port):
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.settimeout(PATIENCE)
            sock.sendall(struct.pack(">BxI", 1, 2**32 - 1) + bytes(1_000_000))
            while piece := sock.recv(100):
                heard.append(piece)

    def serve(sock):
        with pytest.raises(ProtocolError):
            establish.acceptor(sock, LIMITS).next(PATIENCE)

    with serving(serve) as port:
        peer(port)
    assert b"".join(heard) == framing.abort(2, 6)


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"]
)
def test_another_protocol_is_aborted_and_closed(data):
    """hostile-input.md N9."""
    with raw_acceptor() as (channel, raw):
        raw.send(data)
        thread = threading.Thread(target=lambda: answers.append(raw.rest()))
        answers = []
        thread.start()
        with pytest.raises(ProtocolError):
            channel.next(PATIENCE)
        thread.join(PATIENCE)
        assert answers == [framing.abort(2, 1)]


def test_readable_never_waits_and_asks_for_whole_pdus():
    with raw_association() as (association, raw):
        channel = association.channel
        assert not channel.readable()
        pdu = data_pdu((1, 3, b"ab"))
        raw.send(pdu[:9])
        assert not channel.readable()
        raw.send(pdu[9:])
        assert channel.readable()
        assert isinstance(channel.next(0), core.Data)
        assert not channel.readable()
        raw.socket.close()
        with pytest.raises(Closed):
            channel.readable()


class Telling(socket.socket):
    """Tells which options are set."""

    options: list[int]

    def setsockopt(self, *what) -> None:
        self.options.append(what[1])
        super().setsockopt(*what)


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only where the system has it")
@pytest.mark.parametrize("wait", ["next", "arrives"])
def test_what_came_is_acknowledged_before_we_wait_and_not_when_we_only_look(wait):
    """DCMTK's senders stall without it, but an answer that follows at once carries it."""
    pdu = data_pdu((1, 3, b"ab"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        far = socket.create_connection(listening.getsockname())
        near = Telling(fileno=listening.accept()[0].detach())
    near.options = []
    with far, near:
        channel = establish.acceptor(near, LIMITS)
        channel.core = established_core(Role.ACCEPTOR)
        far.sendall(pdu)
        assert isinstance(channel.next(PATIENCE), core.Data)
        near.options.clear()
        assert not channel.readable()
        assert socket.TCP_QUICKACK not in near.options
        if wait == "arrives":
            assert not channel.arrives(0)
        else:
            far.sendall(pdu)
            channel.next(PATIENCE)
        assert socket.TCP_QUICKACK in near.options
