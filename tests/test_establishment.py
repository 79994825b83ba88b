"""Associations come to be and end, PS3.8 7.1 to 7.4."""

import gc
import socket
import threading
from pathlib import Path

import pytest

from tests.pairs import (
    BRISK,
    ECHO,
    LIMITS,
    PATIENCE,
    calling,
    data_pdu,
    echo_request,
    raw_acceptor,
    raw_association,
    request_pdu,
    serving,
)
from wire import establish, framing, negotiation
from wire.errors import (
    Aborted,
    Closed,
    DeadlineExceeded,
    ProtocolError,
    Rejected,
    Unreachable,
)
from wire.negotiation import Rejection
from wire.states import Role, State

# -- coming to be


def test_a_rejection_is_told_in_words_at_both_ends():
    no = Rejection(1, 1, 7, "not us")
    heard = []

    def serve(sock):
        channel = establish.acceptor(sock, LIMITS)
        made = establish.accept(channel, lambda p: negotiation.accept(p, LIMITS, lambda _: no))
        heard.append(made[1])

    with serving(serve) as port, pytest.raises(Rejected, match="called ae title") as caught:
        calling(port)
    assert (caught.value.result, caught.value.source, caught.value.reason) == (1, 1, 7)
    assert heard == [no]


def test_a_bad_request_is_aborted_at_both_ends():
    with raw_acceptor() as (channel, raw):
        raw.send(request_pdu(user=b"\x51\0"))
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(ProtocolError):
            establish.accept(channel, lambda pdu: negotiation.accept(pdu, LIMITS, pytest.fail))
        assert raw.rest() == framing.abort(2, 6)


def test_a_mistake_in_the_policy_lets_nobody_in():
    def mistaken(_):
        raise ZeroDivisionError

    with raw_acceptor() as (channel, raw):
        raw.send(request_pdu())
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(ZeroDivisionError):
            establish.accept(channel, lambda pdu: negotiation.accept(pdu, LIMITS, mistaken))
        assert raw.rest() == framing.abort(2, 0)


def test_nobody_there_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match=f"127.0.0.1:{port}: Connection refused"):
        calling(port)


def test_a_peer_that_never_answers_is_given_up():
    done = threading.Event()
    with serving(lambda _: done.wait(PATIENCE)) as port:
        with pytest.raises(DeadlineExceeded):
            calling(port, limits=BRISK)
        done.set()


# -- ending


def test_the_peers_release_is_answered_and_ends_the_association():
    with raw_association() as (association, raw):
        raw.send(framing.RELEASE_RQ)
        raw.socket.shutdown(socket.SHUT_WR)
        assert association.receive() is None
        assert raw.rest() == framing.RELEASE_RP
        association.release()  # nothing is left to do
        with pytest.raises(Closed, match="is over"):
            association.send(association.contexts[1], echo_request())


@pytest.mark.parametrize(
    ("role", "before", "after"),
    [
        # PS3.8 9.2.3: the requestor answers first, the acceptor once it has been answered
        (Role.REQUESTOR, [framing.RELEASE_RQ], [framing.RELEASE_RP]),
        (Role.ACCEPTOR, [framing.RELEASE_RQ, framing.RELEASE_RP], []),
    ],
)
def test_a_release_collision_ends_well_in_both_roles(role, before, after):
    with raw_association(role) as (association, raw):
        ours = threading.Thread(target=association.release)
        ours.start()
        assert raw.pdu() == framing.RELEASE_RQ
        raw.send(*before)
        assert raw.pdu() == framing.RELEASE_RP
        raw.send(*after)
        raw.socket.close()
        ours.join(PATIENCE)
        assert association.channel.core.state is State.IDLE


def test_data_under_way_do_not_stop_a_release():
    """PS3.8 AR-6."""
    with raw_association(Role.REQUESTOR) as (association, raw):
        raw.send(data_pdu((1, 3, ECHO)), framing.RELEASE_RP)
        association.release()
        assert raw.rest() == framing.RELEASE_RQ


def test_data_without_end_do():
    with raw_association(Role.REQUESTOR, BRISK) as (association, raw):
        stop = threading.Event()

        def flood():
            raw.socket.settimeout(0.2)
            try:
                while not stop.is_set():
                    raw.send(data_pdu((1, 3, ECHO)))
            except OSError:
                pass

        peer = threading.Thread(target=flood)
        peer.start()
        with pytest.raises(DeadlineExceeded):
            association.release()
        stop.set()
        peer.join(PATIENCE)


def test_a_failed_release_takes_nothing_back():
    """What was answered before it stays answered; asked for directly, it is told."""
    with raw_association(Role.REQUESTOR) as (association, raw):
        raw.socket.shutdown(socket.SHUT_WR)
        with association:
            pass
    with raw_association(Role.REQUESTOR) as (association, raw):
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(Closed):
            association.release()


def test_an_error_aborts():
    with raw_association(Role.REQUESTOR) as (association, raw):
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(KeyError), association:
            raise KeyError
        assert raw.rest() == framing.abort(0, 0)


@pytest.mark.parametrize("source", [0, 2])
def test_the_peers_abort_ends_whatever_we_wait_for(source):
    with raw_association(Role.REQUESTOR) as (association, raw):
        raw.send(framing.abort(source, 0))
        with pytest.raises(Aborted):
            association.response(echo_request())
        assert not association.alive
        association.abort()
        assert raw.rest() == b""


def test_many_bad_associations_leave_nothing_behind():
    """hostile-input.md N8."""
    gc.collect()  # what tests before this one have left
    threads, descriptors = set(threading.enumerate()), len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(200):
        with raw_association() as (association, raw):
            raw.send(data_pdu((1, 3, b"garbage" * 20)))
            raw.socket.shutdown(socket.SHUT_WR)
            with pytest.raises(ProtocolError):
                association.receive()
    assert not set(threading.enumerate()) - threads
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors
