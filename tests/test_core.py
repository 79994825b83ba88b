"""The protocol core, driven byte by byte, PS3.8 9.2."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pairs import (
    LIMITS,
    answer_pdu,
    data_pdu,
    established_core,
    feed,
    request_pdu,
)
from wire import core, framing
from wire.core import Core
from wire.errors import ProtocolError
from wire.states import Event, Role, State

CHUNKS = st.lists(st.integers(1, 700), min_size=1, max_size=8)
DATA = [
    data_pdu((1, 3, b"command")),
    data_pdu((1, 0, b"a" * 500), (1, 2, b"b")),
    data_pdu((3, 3, b"")),
]
VALUES = [
    (1, True, True, b"command"),
    (1, False, False, b"a" * 500),
    (1, False, True, b"b"),
    (3, True, True, b""),
]


@given(CHUNKS)
def test_an_acceptor_hears_the_same_however_the_bytes_arrive(sizes):
    machine = Core(Role.ACCEPTOR, LIMITS)
    assert machine.artim
    assert feed(machine, request_pdu(), sizes) == [core.AssociationRequested(request_pdu())]
    assert machine.state is State.AWAIT_ACCEPT
    assert machine.request(Event.ACCEPT, b"answer") == b"answer"
    heard = feed(machine, b"".join(DATA) + framing.RELEASE_RQ, sizes)
    assert heard == [VALUES, core.ReleaseRequested()]
    machine.request(Event.RELEASE_REPLY)
    assert machine.state is State.AWAIT_CLOSE
    machine.closed()
    assert machine.state is State.IDLE


@given(CHUNKS)
def test_a_requestor_hears_the_same_however_the_bytes_arrive(sizes):
    machine = Core(Role.REQUESTOR, LIMITS)
    assert machine.state is State.AWAIT_TRANSPORT
    machine.request(Event.TRANSPORT_CONFIRMED)
    assert feed(machine, answer_pdu(), sizes) == [core.AssociationAccepted(answer_pdu())]
    machine.request(Event.RELEASE)
    heard = feed(machine, b"".join(DATA) + framing.RELEASE_RP, sizes)
    assert heard == [VALUES, core.Released()]
    assert machine.state is State.IDLE


def test_a_rejection_is_heard_in_full():
    machine = Core(Role.REQUESTOR, LIMITS)
    machine.request(Event.TRANSPORT_CONFIRMED)
    assert feed(machine, framing.reject(2, 3, 2)) == [core.AssociationRejected(2, 3, 2)]
    assert machine.state is State.IDLE


@pytest.mark.parametrize("role", Role)
def test_an_abort_is_heard_and_ends_all(role):
    machine = established_core(role)
    assert feed(machine, framing.abort(2, 5)) == [core.AbortReceived(2, 5)]
    assert machine.state is State.IDLE
    assert machine.abort() == b""


@pytest.mark.parametrize(
    ("role", "order"),
    [
        # PS3.8 9.2.3: Sta9, Sta11, Sta1 / Sta10, Sta12, Sta13
        (Role.REQUESTOR, ["reply", framing.RELEASE_RP]),
        (Role.ACCEPTOR, [framing.RELEASE_RP, "reply"]),
    ],
)
def test_a_release_collision_is_answered_in_the_order_of_the_roles(role, order):
    machine = established_core(role)
    machine.request(Event.RELEASE)
    assert feed(machine, framing.RELEASE_RQ) == [core.ReleaseRequested()]
    for step in order:
        if step == "reply":
            machine.request(Event.RELEASE_REPLY)
        else:
            assert feed(machine, step) == [core.Released()]
    assert machine.state is (State.IDLE if role is Role.REQUESTOR else State.AWAIT_CLOSE)


def refusal(machine, data):
    with pytest.raises(ProtocolError) as caught:
        feed(machine, data, [len(data)])
    assert machine.state is State.AWAIT_CLOSE
    assert machine.abort(caught.value.source, caught.value.reason)[8:] == bytes(
        [caught.value.source, caught.value.reason]
    )
    return caught.value.source, caught.value.reason


MOST = {1: LIMITS.request_bytes, 2: LIMITS.request_bytes, 4: LIMITS.pdu}


@pytest.mark.parametrize("kind", range(1, 8))
@pytest.mark.parametrize("length", [0, 3, "max+1", 2**32 - 1])
@pytest.mark.parametrize("role", Role)
def test_a_length_that_lies_is_refused_before_the_body(kind, length, role):
    """hostile-input.md N4."""
    wrong = MOST.get(kind, 4) + 1 if length == "max+1" else length
    header = struct.pack(">BxI", kind, wrong)
    assert refusal(established_core(role), header) == (2, 6)
    if role is Role.ACCEPTOR:
        assert refusal(Core(role, LIMITS), header) == (2, 6)


def test_the_largest_pdus_are_heard():
    """hostile-input.md N4, the positive twin."""
    request = request_pdu(more=_filler(LIMITS.request_bytes + 6 - len(request_pdu())))
    assert len(request) == LIMITS.request_bytes + 6
    machine = Core(Role.ACCEPTOR, LIMITS)
    assert feed(machine, request, [5000]) == [core.AssociationRequested(request)]
    machine.request(Event.ACCEPT)
    data = bytes(LIMITS.pdu - 6)
    assert feed(machine, data_pdu((1, 2, data)), [70000]) == [[(1, False, True, data)]]


def _filler(length):
    filler = b""
    while length:
        size = min(length, 60000)
        filler += struct.pack(">BxH", 0x77, size - 4) + bytes(size - 4)
        length -= size
    return filler


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"\0" * 6, b"\x08" * 6],
)
def test_another_protocol_is_not_recognised(data):
    """hostile-input.md N9; PS3.8 Table 9-26 reason 1."""
    assert refusal(Core(Role.ACCEPTOR, LIMITS), data) == (2, 1)
    assert refusal(established_core(Role.ACCEPTOR), data) == (2, 1)


FOUR = bytes(4)
EVERY = {
    "A-ASSOCIATE-RQ": request_pdu(),
    "A-ASSOCIATE-AC": answer_pdu(),
    "A-ASSOCIATE-RJ": framing.reject(1, 1, 1),
    "P-DATA-TF": DATA[0],
    "A-RELEASE-RQ": framing.RELEASE_RQ,
    "A-RELEASE-RP": framing.RELEASE_RP,
}


def waiting_for_request():
    return Core(Role.ACCEPTOR, LIMITS)


def waiting_for_answer():
    machine = Core(Role.REQUESTOR, LIMITS)
    machine.request(Event.TRANSPORT_CONFIRMED)
    return machine


def in_association():
    return established_core(Role.ACCEPTOR)


def releasing():
    machine = established_core(Role.REQUESTOR)
    machine.request(Event.RELEASE)
    return machine


def asked_for_release():
    machine = established_core(Role.ACCEPTOR)
    feed(machine, framing.RELEASE_RQ)
    return machine


LEGAL = {
    waiting_for_request: {"A-ASSOCIATE-RQ"},
    waiting_for_answer: {"A-ASSOCIATE-AC", "A-ASSOCIATE-RJ"},
    in_association: {"P-DATA-TF", "A-RELEASE-RQ"},
    releasing: {"P-DATA-TF", "A-RELEASE-RQ", "A-RELEASE-RP"},
    asked_for_release: set(),
}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("state", LEGAL, ids=lambda state: state.__name__)
def test_what_is_not_expected_is_refused_and_nothing_else(state, name):
    """hostile-input.md N10; PS3.8 Table 9-26 reason 2."""
    if name in LEGAL[state]:
        assert len(feed(state(), EVERY[name])) == 1
    else:
        assert refusal(state(), EVERY[name]) == (2, 2)


def test_after_our_last_word_nothing_matters():
    """PS3.8 AA-6 and AA-7: Sta13 waits for the close."""
    machine = established_core(Role.ACCEPTOR)
    machine.abort()
    assert feed(machine, request_pdu() + b"garbage" * 9000, [60000]) == []
    assert machine.state is State.AWAIT_CLOSE


@pytest.mark.parametrize(
    "wrong",
    [b"\x09" + bytes(5), struct.pack(">BxIIBB", 4, 6, 9, 1, 3)],
    ids=["type", "value"],  # the second was found by atheris
)
def test_the_first_values_of_a_batch_come_before_what_is_wrong_behind_them(wrong):
    machine = established_core(Role.ACCEPTOR)
    data = DATA[0] + wrong
    machine.space()[: len(data)] = data
    machine.received(len(data))
    assert isinstance(machine.indication(), core.Data)
    with pytest.raises(ProtocolError):
        machine.indication()


def test_views_stay_good_until_space_is_asked_for():
    machine = established_core(Role.ACCEPTOR)
    sent = [bytes([n]) * 3000 for n in range(5)]
    stream = b"".join(data_pdu((1, 0, piece)) for piece in sent)
    machine.space()[: len(stream)] = stream
    machine.received(len(stream))
    indication = machine.indication()
    assert isinstance(indication, core.Data)
    assert machine.indication() is None
    assert [bytes(value.fragment) for value in indication.pdvs] == sent


@pytest.mark.parametrize("length", [LIMITS.pdu, 2**32 - 1])
def test_a_length_reserves_no_more_than_the_limit(length):
    """The buffer grows for what may come, whatever is claimed."""
    machine = established_core(Role.ACCEPTOR)
    machine.space()[:6] = struct.pack(">BxI", 4, length)
    machine.received(6)
    assert len(machine.space()) <= 2 * (LIMITS.pdu + 6)


def test_tiny_values_are_handed_on_in_portions():
    """Each costs some hundred bytes of memory as an object: not all of a full buffer at once."""
    machine = established_core(Role.ACCEPTOR)
    feed(machine, data_pdu((1, 0, bytes(LIMITS.pdu - 6))), [70000])  # the buffer has grown
    pdu = data_pdu((1, 0, b"x"))
    room = machine.space()
    count = len(room) // len(pdu)
    room[: count * len(pdu)] = pdu * count
    machine.received(count * len(pdu))
    portions = []
    while (indication := machine.indication()) is not None:
        portions.append(len(indication.pdvs))
    assert sum(portions) == count
    assert max(portions) < 5000


@given(st.binary(max_size=200), CHUNKS, st.booleans())
def test_no_bytes_do_anything_but_be_heard_or_refused(data, sizes, before):
    machine = Core(Role.ACCEPTOR, LIMITS) if before else established_core(Role.ACCEPTOR)
    try:
        feed(machine, data, sizes)
    except ProtocolError:
        assert machine.state is State.AWAIT_CLOSE


@given(st.lists(st.sampled_from([*list(EVERY.values()), framing.abort(0, 0)]), max_size=6), CHUNKS)
def test_no_order_of_pdus_does_anything_but_be_heard_or_refused(pdus, sizes):
    machine = Core(Role.ACCEPTOR, LIMITS)
    try:
        for pdu in pdus:
            feed(machine, pdu, sizes)
            if machine.state is State.AWAIT_ACCEPT:
                machine.request(Event.ACCEPT)
            if machine.state is State.RELEASE_ASKED:
                machine.request(Event.RELEASE_REPLY)
    except ProtocolError:
        assert machine.state is State.AWAIT_CLOSE
    machine.closed()
    assert machine.state is State.IDLE


def test_our_own_mistakes_are_not_the_peers():
    with pytest.raises(RuntimeError, match="our own mistake"):
        Core(Role.ACCEPTOR, LIMITS).request(Event.RELEASE)
