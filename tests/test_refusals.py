"""Who knocks on and on is not heard, and one title takes no more than its share."""

from __future__ import annotations

import ipaddress
import logging
import socket

import pytest

from config.limits import Limits
from config.listeners import Listener
from scp.refusals import Refusals
from scu.associate import Caller, associate
from scu.echo import echo
from tests.clients import CALLER
from tests.committing import eventually
from tests.nodes import HERE, node, peer, port, target
from wire.errors import Ended, Rejected
from wire.items import ProposedContext, Request, encode_request

VERIFICATION = ("1.2.840.10008.1.1", ("1.2.840.10008.1.2",))
ONE, OTHER = (ipaddress.ip_address(text) for text in ("10.0.0.1", "10.0.0.2"))


def test_refusals_are_counted_by_address_and_forgotten_in_time():
    now = [0.0]
    refusals = Refusals(Limits(refusals=3, refusal_seconds=60.0), lambda: now[0])
    assert [refusals.count(ONE) for _ in range(2)] == [1, 2]
    assert not refusals.exhausted(ONE)
    assert refusals.count(ONE) == 3
    assert refusals.exhausted(ONE)
    assert not refusals.exhausted(OTHER)
    now[0] = 59.9
    assert refusals.exhausted(ONE), "the time runs from the first one"
    now[0] = 60.0
    assert not refusals.exhausted(ONE)
    assert refusals.count(ONE) == 1


def test_refusals_of_ever_new_addresses_take_a_bounded_room():
    refusals = Refusals(Limits())
    for number in range(10_100):
        refusals.count(ipaddress.ip_address(number))
    assert len(refusals._lately) == 10_000


def silent(place: tuple[str, int], seconds: float) -> bool:
    """Whether the node closes a connection without a word, within this time."""
    with socket.create_connection(place) as sock:
        sock.settimeout(seconds)
        try:
            return sock.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def test_an_address_where_nobody_lives_is_not_heard_after_many_refusals(tmp_path, caplog):
    """The node's only peer lives elsewhere."""
    far = peer("FAR").model_copy(update={"host": "10.0.0.9"})
    listener = Listener(host="0.0.0.0", port=0)
    limits = Limits(refusals=3)
    with node(tmp_path, peers=(far,), listener=(listener,), limits=limits) as serving:
        for _ in range(3):
            with pytest.raises(Rejected):
                echo(target(serving), CALLER)
        assert silent((HERE, port(serving)), 30.0)
        with pytest.raises(Ended):
            echo(target(serving), CALLER)
    assert "127.0.0.1 was refused 3 times: for up to 60 s it is not heard any more" in caplog.text
    assert caplog.text.count("rejected:") == 3


def test_a_mistaken_workstation_does_not_lock_out_the_scanner_beside_it(tmp_path, caplog):
    with node(tmp_path, peers=(peer("CT1"),), limits=Limits(refusals=3)) as serving:
        for _ in range(8):
            with pytest.raises(Rejected):
                echo(target(serving), Caller("WRONG"))
        assert echo(target(serving), Caller("CT1")).status == 0
    assert caplog.text.count("rejected:") == 3, "the rest is not told"
    assert "its refusals are not told any more" in caplog.text


def test_what_is_not_told_is_still_there_for_who_debugs(tmp_path, caplog):
    with (
        caplog.at_level(logging.DEBUG, "anode.association"),
        node(tmp_path, peers=(peer("CT1"),), limits=Limits(refusals=1)) as serving,
    ):
        for _ in range(3):
            with pytest.raises(Rejected):
                echo(target(serving), Caller("WRONG"))
    assert caplog.text.count("rejected:") == 3


def test_a_peer_has_as_many_associations_as_it_may_and_others_are_not_hindered(tmp_path):
    peers = (peer("FEW", associations=2), peer("MANY"))
    with node(tmp_path, peers=peers) as serving:
        place = target(serving)
        with (
            associate(place, Caller("FEW"), [VERIFICATION]),
            associate(place, Caller("FEW"), [VERIFICATION]) as second,
        ):
            with pytest.raises(Rejected) as full:
                echo(place, Caller("FEW"))
            assert (full.value.result, full.value.source, full.value.reason) == (2, 3, 2)
            assert echo(place, Caller("MANY")).status == 0
            second.abort()
        assert echo(place, Caller("FEW")).status == 0


def test_associations_that_fail_leave_no_trace_in_the_count(tmp_path):
    """Each goes away while its request is being answered, or before."""
    with node(tmp_path, peers=(peer("FEW", associations=1),)) as serving:
        asked = Request("FEW", "ANODE", (ProposedContext(1, *VERIFICATION),), 16384)
        for _ in range(5):
            with socket.create_connection((HERE, port(serving))) as sock:
                sock.sendall(encode_request(asked))
        # What has not been accepted yet is in no count to be drained.
        assert eventually(lambda: _answered(serving))


def _answered(serving) -> bool:
    try:
        return echo(target(serving), Caller("FEW")).status == 0
    except Rejected:
        return False
