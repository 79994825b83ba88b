"""DIMSE messages as they arrive on an association, PS3.7 6.3."""

import os
import socket
import threading
import tracemalloc

import pytest

from tests.pairs import (
    BRISK,
    CT,
    ECHO,
    EXPLICIT,
    FIND,
    LIMITS,
    PATIENCE,
    STORE,
    STORED,
    accepting,
    calling,
    data_pdu,
    echo_request,
    message_pdus,
    raw_association,
    request_pdu,
    serving,
    wanted,
)
from wire import command as commands
from wire import framing
from wire.errors import (
    DeadlineExceeded,
    ProtocolError,
)

# -- receiving


def test_messages_arrive_however_they_are_cut():
    """PS3.7 6.3.1: any number of values in any number of PDUs."""
    data = os.urandom(1000)
    whole = [data_pdu((3, 3, STORED), (3, 0, data[:400]), (3, 2, data[400:]))]
    single = [data_pdu((3, 1, bytes([b]))) for b in STORED[:-1]] + [data_pdu((3, 3, STORED[-1:]))]
    single += [data_pdu((3, 0, bytes([b]))) for b in data] + [data_pdu((3, 2, b""))]
    mixed = [
        data_pdu((3, 1, STORED[:9]), (3, 1, b""), (3, 3, STORED[9:]), (3, 0, b"")),
        data_pdu((3, 2, data)),
    ]
    for pdus in (whole, single, mixed):
        with raw_association() as (association, raw):
            raw.send(*pdus, data_pdu((1, 3, ECHO)))
            message = association.receive()
            assert (message.command, message.context.id) == (STORE, 3)
            assert message.identifier() == data
            assert association.receive().command == echo_request()


def test_fragments_are_good_until_the_next_are_asked_for():
    data = os.urandom(3_000_000)

    def serve(association):
        message = association.receive()
        got = bytearray()
        for pieces in message.fragments():
            assert pieces
            got += b"".join(pieces)
        seen.append(bytes(got) == data)
        association.send(message.context, message.command.response(0))
        assert association.receive() is None

    seen = []
    asked = wanted((CT, [EXPLICIT]))
    with serving(accepting(serve)) as port, calling(port, asked) as association:
        association.send(association.context_for(CT), STORE, data)
        assert association.response(STORE).command.status == 0
    assert seen == [True]


def test_what_is_drained_does_not_hide_what_follows():
    with raw_association() as (association, raw):
        raw.send(message_pdus(STORE, b"x" * 5000), data_pdu((1, 3, ECHO)))
        association.receive().drain()
        assert association.receive().command == echo_request()


VIOLATIONS = {
    "a context that was not accepted": ([data_pdu((77, 3, ECHO))], (2, 6)),  # N7
    "a data set first": ([data_pdu((3, 2, b"ab"))], (0, 0)),
    "a data set within a command": ([data_pdu((3, 1, STORED[:9]), (3, 2, b"ab"))], (0, 0)),
    "a command on two contexts": ([data_pdu((3, 1, STORED[:9]), (1, 3, STORED[9:]))], (0, 0)),
    "a command within a data set": (
        [data_pdu((3, 3, STORED), (3, 0, b"ab"), (3, 3, ECHO))],
        (0, 0),
    ),
    "a data set on two contexts": ([data_pdu((3, 3, STORED), (3, 0, b"ab"), (1, 2, b"c"))], (0, 0)),
    "a garbled command": ([data_pdu((1, 3, b"garbage" * 20))], (0, 0)),  # N8
    "an empty command": ([data_pdu((1, 3, b""))], (0, 0)),
    "a release within a data set": (
        [data_pdu((3, 3, STORED), (3, 0, b"ab")), framing.RELEASE_RQ],
        (2, 2),
    ),
    "a command without end": ([data_pdu((1, 1, bytes(5000)))] * 14, (0, 0)),  # N5
    "a command in one value that is too long": ([data_pdu((1, 3, bytes(65537)))], (0, 0)),
    "an identifier without end": (  # N5
        [data_pdu((3, 3, STORED))] + [data_pdu((3, 0, bytes(60_000)))] * 18,
        (0, 0),
    ),
    "an empty PDU": ([data_pdu()], (2, 6)),  # N11
    "a second request": ([request_pdu()], (2, 2)),  # N10
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_is_an_abort_and_ends_the_association(name):
    """hostile-input.md N5, N7, N8, N10, N11."""
    pdus, answer = VIOLATIONS[name]
    with raw_association() as (association, raw):
        heard = []
        peer = threading.Thread(target=lambda: (raw.send(*pdus), heard.append(raw.rest())))
        peer.start()
        with pytest.raises(ProtocolError) as caught:
            association.receive(PATIENCE).identifier()
        peer.join(PATIENCE)
        assert (caught.value.source, caught.value.reason) == answer
        assert heard == [framing.abort(*answer)]
        assert not association.alive


def test_the_largest_command_set_and_identifier_are_heard():
    """hostile-input.md N5, the positive twin."""
    padding = commands.encode(STORE._replace(error_comment="x" * (65536 - len(STORED) - 8)))
    assert len(padding) == 65536
    with raw_association() as (association, raw):
        big = [data_pdu((3, 0, bytes(1 << 17)))] * 8 + [data_pdu((3, 2, b""))]
        peer = threading.Thread(target=raw.send, args=[data_pdu((3, 3, padding)), *big])
        peer.start()
        message = association.receive(PATIENCE)
        assert len(message.identifier()) == LIMITS.identifier_bytes
        peer.join(PATIENCE)


def test_a_lower_limit_can_be_asked_for():
    with raw_association() as (association, raw):
        raw.send(message_pdus(FIND, b"x" * 11))
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(ProtocolError, match="more than 10 bytes"):
            association.receive().identifier(10)


def test_endless_fragments_take_no_memory():
    """hostile-input.md N5: what is not kept is not held."""
    with raw_association() as (association, raw):
        pdu = data_pdu((3, 0, bytes(100_000)))

        def flood():
            raw.send(data_pdu((3, 3, STORED)))
            for _ in range(300):
                raw.send(pdu)
            raw.send(data_pdu((3, 2, b"")))

        peer = threading.Thread(target=flood)
        peer.start()
        message = association.receive(PATIENCE)
        tracemalloc.start()
        size = sum(len(piece) for pieces in message.fragments() for piece in pieces)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        peer.join(PATIENCE)
    assert size == 30_000_000
    assert peak < 4_000_000


@pytest.mark.parametrize("pdus", [[], [data_pdu((3, 3, STORED))], [data_pdu((3, 1, STORED[:9]))]])
def test_a_peer_that_stops_is_aborted_in_time(pdus):
    """hostile-input.md N2."""
    with raw_association(limits=BRISK) as (association, raw):
        raw.send(*pdus)
        with pytest.raises(DeadlineExceeded):
            association.receive().identifier()
        assert raw.rest() == framing.abort(2, 0)
