"""Requests for storage commitment that are none: each has its answer, and leaves nothing."""

from __future__ import annotations

import struct
import threading

import pytest

from config.limits import Limits
from scu import commit
from scu.associate import Target, associate
from scu.echo import echo
from scu.references import INSTANCE, MODEL, Information, Reference, encode
from tests.clients import CALLER
from tests.committing import HEARS, PROPOSAL, action, ask, files
from tests.nodes import HERE, node, target
from tests.objects import CT_IMAGE, uid
from tests.pairs import accepting, serving
from wire.command import Command, Field
from wire.errors import Ended

EXPLICIT = "1.2.840.10008.1.2.1"
ONE = [Reference(CT_IMAGE, uid("nowhere"))]
GOOD = encode(Information("1.2.3", ONE), EXPLICIT)
TWICE = [*ONE, Reference(CT_IMAGE, uid("else")), *ONE]
LONG = "1." * 32 + "1"
BOMB = struct.pack("<HH2sHI", 0x0008, 0x1199, b"SQ", 0, 0xFFFFFFFF)
BOMB += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)


def told(transaction: str = "1.2.3", objects: list[Reference] = ONE) -> bytes:
    return encode(Information(transaction, objects), EXPLICIT)


BAD = {
    "another action": (action(action_type_id=2), GOOD, 0x0123),
    "no action": (action(action_type_id=None), GOOD, 0x0123),
    "another instance": (action(requested_sop_instance_uid="1.2.3"), GOOD, 0x0112),
    "no instance": (action(requested_sop_instance_uid=None), GOOD, 0x0112),
    "another class": (action(requested_sop_class_uid=CT_IMAGE), GOOD, 0x0118),
    "no data set": (action(command_data_set_type=0x0101), None, 0x0115),
    "an empty data set": (action(), b"", 0x0115),
    "no transaction UID": (action(), told(""), 0x0115),
    "a transaction UID that is a path": (action(), told("../../../etc/x"), 0x0115),
    "a transaction UID that is too long": (action(), told(LONG), 0x0115),
    "no references": (action(), told(objects=[]), 0x0115),
    "an instance twice": (action(), told(objects=TWICE), 0x0115),
    "a class that is none": (action(), told(objects=[Reference("x", "1.2")]), 0x0115),
    "an instance that is none": (action(), told(objects=[Reference("1.2", "a/b")]), 0x0115),
    "an instance without a UID": (action(), told(objects=[Reference("1.2", "")]), 0x0115),
    "one instance too many": (
        action(),
        told(objects=[Reference("1.2", f"1.2.{n}") for n in range(101)]),
        0x0213,
    ),
    "a length that lies": (action(), GOOD[:-8], 0x0212),
    "garbage": (action(), bytes(range(256)) * 4, 0x0212),
    "a nesting bomb": (action(), BOMB * 1000, 0x0212),
    "another operation": (action()._replace(command_field=Field.N_DELETE), GOOD, 0x0211),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_request_is_refused_and_the_association_goes_on(tmp_path, what):
    command, data, status = BAD[what]
    with node(tmp_path, limits=Limits(commitment_instances=100)) as ours:
        with associate(target(ours), HEARS, [(MODEL, [EXPLICIT])]) as association:
            context = association.context_for(MODEL)
            association.send(context, command, data)
            answer = association.response(command).command
            assert answer.status == status
            assert answer.status == 0x0211 or answer.error_comment
            assert ask(association, "1.2.9", ONE) == 0
        assert len(files(tmp_path, "open")) == 1
        assert not (tmp_path.parent / "etc").exists()


def test_a_hundred_thousand_references_are_refused_while_others_are_served(tmp_path):
    many = [Reference(CT_IMAGE, f"1.2.826.0.1.3680043.8.498.{n + 10**35}") for n in range(100_000)]
    with node(tmp_path) as ours:
        times = []
        over = threading.Event()

        def bystand():
            while not over.is_set():
                made = echo(target(ours), CALLER)
                times.append(made.associated + made.answered)

        with associate(target(ours), HEARS, [PROPOSAL]) as association:
            other = threading.Thread(target=bystand)
            other.start()
            assert ask(association, "1.2.3", many) == 0x0213
            over.set()
            other.join()
        assert max(times) < 10.0
        assert files(tmp_path, "open") == []


def _asked(association, context, data):
    association.send(context, action(), data)
    return association.response(action())


def test_more_bytes_than_any_request_has_end_the_association(tmp_path):
    with node(tmp_path, limits=Limits(identifier_bytes=2048, commitment_instances=10)) as ours:
        association = associate(target(ours), HEARS, [PROPOSAL])
        context = association.context_for(MODEL)
        with pytest.raises(Ended):
            _asked(association, context, bytes(1 << 20))
        assert echo(target(ours), CALLER).status == 0
        assert files(tmp_path, "open") == []


REPORTS = {
    "another class": ({"affected_sop_class_uid": CT_IMAGE}, 0x0118),
    "another instance": ({"affected_sop_instance_uid": "1.2"}, 0x0112),
    "another event": ({"event_type_id": 3}, 0x0113),
    "a transaction of nobody": ({}, 0x0110),
    "no data set": ({"command_data_set_type": 0x0101}, 0x0110),
}


@pytest.mark.parametrize("what", REPORTS)
def test_a_report_nobody_waits_for_is_answered(tmp_path, what):
    changed, status = REPORTS[what]
    request = Command(
        Field.N_EVENT_REPORT,
        affected_sop_class_uid=MODEL,
        affected_sop_instance_uid=INSTANCE,
        message_id=4,
        event_type_id=1,
        command_data_set_type=1,
    )._replace(
        **changed,
    )
    roles = {MODEL: (False, True)}
    with (
        node(tmp_path) as ours,
        associate(target(ours), HEARS, [PROPOSAL], roles) as association,
    ):
        (context,) = association.contexts.values()
        assert (context.scu, context.scp) == (False, True)
        association.send(context, request, GOOD if request.has_data_set else None)
        assert association.response(request).command.status == status


def test_roles_are_kept(tmp_path):
    """PS3.7 D.3.3.4: an SCU reports nothing, an SCP asks for nothing."""
    with node(tmp_path) as ours:
        with associate(target(ours), HEARS, [PROPOSAL]) as association:
            (context,) = association.contexts.values()
            report = action()._replace(command_field=Field.N_EVENT_REPORT)
            association.send(context, report, GOOD)
            assert association.response(report).command.status == 0x0211
        with associate(target(ours), HEARS, [PROPOSAL], {MODEL: (False, True)}) as association:
            (context,) = association.contexts.values()
            association.send(context, action(), GOOD)
            assert association.response(action()).command.status == 0x0211


def test_an_answer_to_nothing_ends_the_association(tmp_path):
    with node(tmp_path) as ours:
        association = associate(target(ours), HEARS, [PROPOSAL])
        (context,) = association.contexts.values()
        association.send(context, action().response(0))
        with pytest.raises(Ended):
            association.expect(10)


def test_a_request_before_the_answer_and_a_break_leave_the_report_to_a_call(tmp_path):
    """Whatever the peer does after its request was accepted, the transaction stands."""
    with node(tmp_path) as ours:
        association = associate(target(ours), HEARS, [PROPOSAL])
        assert ask(association, "1.2.3", ONE) == 0
        assert association.arrives(10)
        message = association.expect(10)
        message.drain()
        association.abort()
        assert len(files(tmp_path, "open")) == 1


HOSTILE_REPORTS = {
    "garbage": (bytes(range(256)), 0x0212),
    "another transaction": (told("9.9.9"), 0x0110),
    "more objects than were asked for": (
        told(objects=[Reference("1.2", f"1.2.{n}") for n in range(6000)]),
        0x0212,
    ),
}


@pytest.mark.parametrize("what", HOSTILE_REPORTS)
def test_our_scu_believes_no_report_that_is_not_of_its_transaction(what):
    """A7 of hostile-input.md: servers are peers too."""
    data, expected = HOSTILE_REPORTS[what]
    statuses = []

    def serve(association):
        request = association.receive()
        request.drain()
        association.send(request.context, request.command.response(0))
        report = Command(
            Field.N_EVENT_REPORT,
            affected_sop_class_uid=MODEL,
            affected_sop_instance_uid=INSTANCE,
            message_id=1,
            event_type_id=1,
            command_data_set_type=1,
        )
        association.send(request.context, report, data)
        statuses.append(association.response(report).command.status)
        association.receive()

    wanted = commit.Commitment(ONE)
    with (
        serving(accepting(serve)) as at,
        associate(Target("SCP", HERE, at), CALLER, [PROPOSAL]) as association,
    ):
        commit.request(association, wanted)
        commit.listen(association, wanted, 1.0)
    assert statuses == [expected]
    assert (wanted.reasons, wanted.reported) == ({}, False)
