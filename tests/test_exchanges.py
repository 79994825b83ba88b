"""Asking, answering and cancelling on an association, PS3.7 6.3 and 9.3."""

import os
import socket
import tempfile
import threading
from dataclasses import replace

import pytest

from tests.pairs import (
    BRISK,
    CT,
    ECHO,
    EXPLICIT,
    FIND,
    IMPLICIT,
    PATIENCE,
    STORE,
    accepting,
    calling,
    cancel,
    data_pdu,
    echo_request,
    message_pdus,
    raw_association,
    serving,
    wanted,
)
from wire import command as commands
from wire import framing
from wire.errors import (
    Closed,
    DeadlineExceeded,
    NoContext,
    ProtocolError,
    Unreadable,
)
from wire.sending import FileSlice
from wire.states import Role
from wire.whole import Whole

# -- C-CANCEL


def test_a_cancel_is_seen_while_responding():
    """PS3.7 9.3.2.3."""
    with raw_association() as (association, raw):
        raw.send(message_pdus(FIND))
        message = association.receive()
        message.drain()
        assert not association.cancelled(5)
        raw.send(cancel(4))
        assert not association.cancelled(5)
        raw.send(cancel(5)[:20])
        assert not association.cancelled(5)
        raw.send(cancel(5)[20:])
        assert association.cancelled(5)


def test_a_cancel_that_comes_too_late_does_not_hit_the_next_request():
    """Many peers give all their requests the same Message ID."""
    with raw_association() as (association, raw):
        raw.send(message_pdus(FIND))
        association.receive().drain()
        raw.send(cancel(5), message_pdus(FIND))
        association.receive().drain()
        assert not association.cancelled(5)


def test_a_request_before_the_answer_is_a_violation():
    """PS3.7 D.3.3.3: the operations window is one."""
    with raw_association() as (association, raw):
        raw.send(message_pdus(FIND))
        association.receive().drain()
        raw.send(message_pdus(FIND))
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(ProtocolError, match="before the answer"):
            association.cancelled(5)


def test_a_release_before_the_answer_is_granted_and_told():
    with raw_association() as (association, raw):
        raw.send(message_pdus(FIND))
        association.receive().drain()
        raw.send(framing.RELEASE_RQ)
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(Closed):
            association.cancelled(5)
        assert raw.rest() == framing.RELEASE_RP


# -- sending


def test_what_is_queued_leaves_together_and_in_order():
    with raw_association() as (association, raw):
        context = association.contexts[3]
        pending = FIND.response(0xFF00, data_set=True)
        for n in range(3):
            waiting = association.queue(context, pending, b"answer %d" % n)
        association.queue(context, commands.encode(pending), b"encoded ")
        association.send(context, FIND.response(0))
        assert waiting > 0
        stream = b""
        for n in range(3):
            stream += data_pdu((3, 3, commands.encode(pending))) + data_pdu(
                (3, 2, b"answer %d" % n)
            )
        stream += data_pdu((3, 3, commands.encode(pending))) + data_pdu((3, 2, b"encoded "))
        stream += data_pdu((3, 3, commands.encode(FIND.response(0))))
        assert raw.read(len(stream)) == stream


@pytest.mark.parametrize("answers", [1, 100])
def test_what_is_queued_leaves_before_an_object_that_was_read_whole(answers):
    """Pending responses of a C-GET, however many wait, and the object after them."""
    with raw_association() as (association, raw), tempfile.TemporaryFile() as file:
        file.write(b"data")
        file.flush()
        whole = Whole()
        whole.read(FileSlice(file.fileno(), 0, 4), association.room)
        pending = commands.encode(FIND.response(0xFF00))
        for _ in range(answers):
            association.queue(association.contexts[3], pending)
        for _ in range(2):  # and only once
            association.send_whole(association.contexts[3], STORE, whole)
        stored = data_pdu((3, 3, commands.encode(STORE))) + data_pdu((3, 2, b"data"))
        stream = answers * data_pdu((3, 3, pending)) + 2 * stored
        assert raw.read(len(stream)) == stream


def test_what_is_queued_leaves_before_we_wait():
    with raw_association(limits=BRISK) as (association, raw):
        association.queue(association.contexts[3], FIND.response(0))
        with pytest.raises(DeadlineExceeded):
            association.receive()
        assert raw.pdu() == data_pdu((3, 3, commands.encode(FIND.response(0))))


def test_no_pdu_is_longer_than_the_peer_wants():
    """PS3.8 D.1."""
    with raw_association(maximum_length=100) as (association, raw):
        association.send(association.contexts[3], STORE, os.urandom(1000))
        association.channel.close()
        lengths = []
        while pdu := raw.pdu():
            lengths.append(len(pdu) - 6)
        assert max(lengths) == 100
        assert len(lengths) > 10


@pytest.fixture
def file():
    with tempfile.TemporaryFile() as opened:
        opened.write(b"head" + bytes(range(250)) * 12000)
        opened.flush()
        yield opened


def test_a_file_is_sent_and_the_association_goes_on(file):
    size = 3_000_000
    received = []

    def serve(association):
        while (message := association.receive()) is not None:
            received.append(b"".join(b"".join(pieces) for pieces in message.fragments()))
            association.send(message.context, message.command.response(0))

    asked = wanted((CT, [EXPLICIT]))
    with serving(accepting(serve)) as port, calling(port, asked) as association:
        context = association.context_for(CT, EXPLICIT)
        source = FileSlice(file.fileno(), 4, size)
        association.send_file(context, STORE, source)
        assert association.response(STORE).command.status == 0
        with pytest.raises(Unreadable):
            association.send_file(context, STORE, replace(source, size=size + 1))
        association.send_file(context, STORE, replace(source, size=0))
        assert association.response(STORE).command.status == 0
    assert received == [bytes(range(250)) * 12000, b""]


def test_a_file_that_shrinks_aborts_what_has_begun(file):
    heard = []
    with raw_association() as (association, raw):

        def shrink_and_read():
            heard.append(raw.pdu())
            file.truncate(1000)
            heard.append(raw.rest())

        peer = threading.Thread(target=shrink_and_read)
        peer.start()
        with pytest.raises(Unreadable):
            association.send_file(
                association.contexts[3], STORE, FileSlice(file.fileno(), 4, 3_000_000)
            )
        assert not association.alive
        peer.join(PATIENCE)
    assert heard[1].endswith(framing.abort(0, 0))


# -- asking


def test_message_ids_go_round_and_are_never_zero():
    with raw_association() as (association, _):
        numbers = [association.next_message_id() for _ in range(65537)]
    assert numbers[:2] == [1, 2]
    assert numbers[-3:] == [65535, 1, 2]


@pytest.mark.parametrize(
    "answer",
    [
        echo_request(),
        echo_request().response(0)._replace(message_id_being_responded_to=2),
        echo_request().response(0)._replace(command_field=0x8020),
    ],
)
def test_an_answer_to_something_else_is_a_violation(answer):
    with raw_association(Role.REQUESTOR) as (association, raw):
        raw.send(data_pdu((1, 3, commands.encode(answer))))
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(ProtocolError, match="does not answer"):
            association.response(echo_request())
        assert raw.rest() == framing.abort(2, 2)


def test_a_release_instead_of_an_answer_is_told():
    with raw_association(Role.REQUESTOR) as (association, raw):
        raw.send(framing.RELEASE_RQ)
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(Closed, match="instead of answering"):
            association.response(echo_request())


def test_a_context_that_is_missing_is_named():
    with raw_association() as (association, _):
        assert association.context_for(CT).id == 3
        assert association.context_for(CT, EXPLICIT).id == 3
        for uid, syntax in [("1.2.3", None), (CT, IMPLICIT)]:
            with pytest.raises(NoContext, match=uid):
                association.context_for(uid, syntax)


# -- asking as an acceptor


REPORT = echo_request(9)._replace(command_field=commands.Field.N_EVENT_REPORT)


def test_what_an_acceptor_asks_is_answered_among_the_requests_of_its_peer():
    with raw_association() as (association, raw):
        association.ask(association.contexts[3], REPORT)
        raw.send(message_pdus(FIND))
        request = association.receive()
        assert request.command.command_field == FIND.command_field
        request.drain()
        # The answer crosses ours, and a cancel comes after it.
        raw.send(data_pdu((3, 3, commands.encode(REPORT.response(0)))) + cancel(5))
        assert association.arrives(PATIENCE)
        assert association.cancelled(5)
        assert association.arrives(0)
        assert association.receive().command == REPORT.response(0)


def test_an_answer_that_was_not_asked_for_is_a_violation():
    with raw_association() as (association, raw):
        raw.send(message_pdus(FIND))
        association.receive().drain()
        raw.send(data_pdu((3, 3, commands.encode(REPORT.response(0)))))
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(ProtocolError, match="before the answer"):
            association.cancelled(5)


def test_waiting_ends_with_the_first_byte_the_bell_or_the_time():
    rung, bell = socket.socketpair()
    with raw_association() as (association, raw), rung, bell:
        assert not association.arrives(0.01, bell.fileno())
        rung.send(b"!")
        assert not association.arrives(PATIENCE, bell.fileno())
        raw.send(data_pdu((3, 3, ECHO))[:5])
        assert association.arrives(PATIENCE)
        raw.send(data_pdu((3, 3, ECHO))[5:])
        assert association.receive().command == echo_request()
        raw.socket.close()
        with pytest.raises(Closed):
            association.arrives(PATIENCE)
