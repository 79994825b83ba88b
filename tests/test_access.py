"""Nobody enters without a right: title x address x certificate x called title x operation.

The table of reliability/access.md section 3, each row played by pynetdicom over TLS: what is wrong
is never told to the caller, and what is right works.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.association import Association

from config import contexts
from config.certificates import Credentials
from config.limits import Limits
from config.listeners import Listener
from config.peers import Peer
from config.profiles import PROFILES
from scp.audit import repeats, trail
from scp.node import Node
from tests import audit_sinks
from tests.audit_sinks import at, audit
from tests.certificates import Authority, Issued
from tests.nodes import HERE, node
from tests.objects import identifier, instance, uid

ELSEWHERE = "127.0.0.2"
IMPLICIT = "1.2.840.10008.1.2"
CT = "1.2.840.10008.5.1.4.1.1.2"
FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{n}" for n in (1, 2, 3))
COMMIT = "1.2.840.10008.1.20.1"
CALLING, CALLED = (1, 1, 3), (1, 1, 7)


_NUMBERS = itertools.count(1)  # an object that is held already would be audited as read


def _nothing() -> Dataset:
    return identifier("STUDY", StudyInstanceUID=uid("nothing"))


def _echo(association: Association) -> int:
    return int(association.send_c_echo().Status)


def _store(association: Association) -> int:
    return int(association.send_c_store(instance(next(_NUMBERS))).Status)


def _find(association: Association) -> int:
    return [int(status.Status) for status, _ in association.send_c_find(_nothing(), FIND)][-1]


def _move(association: Association) -> int:
    answers = association.send_c_move(_nothing(), "GOOD", MOVE)
    return [int(status.Status) for status, _ in answers][-1]


def _get(association: Association) -> int:
    return [int(status.Status) for status, _ in association.send_c_get(_nothing(), GET)][-1]


def _commit(association: Association) -> int:
    asked, item = Dataset(), Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CT, uid("nothing")
    asked.TransactionUID, asked.ReferencedSOPSequence = generate_uid(), [item]
    return int(association.send_n_action(asked, 1, COMMIT, f"{COMMIT}.1")[0].Status)


# operation -> (abstract syntax, what does it)
OPERATIONS = {
    "echo": ("1.2.840.10008.1.1", _echo),
    "store": (CT, _store),
    "find": (FIND, _find),
    "move": (MOVE, _move),
    "get": (GET, _get),
    "commit": (COMMIT, _commit),
}
ROWS = list(
    itertools.product(
        ("GOOD", "STRANGER"),
        (HERE, ELSEWHERE),
        ("its own", "another's", "none"),
        ("ANODE", "OTHERNODE"),
        OPERATIONS,
    )
)


# what each operation leaves in the audit trail when it is allowed
ALERT, RESTRICTED = "110113 E 110126", "110113 E 110132"
TRAIL = {"store": ["110102 E", "110104 C"], "find": ["110112 E"]}


@dataclass
class Hall:
    """A node with one bound peer and its neighbour of the same CA, and who hears its audit."""

    serving: Node
    ca: Authority
    certificates: dict[str, Issued | None]
    sink: audit_sinks.Received
    heard: int = 0

    def recorded(self, expected: list[str]) -> list[str]:
        """What has come into the audit trail since it was asked last; waits for what is due."""
        messages = self.sink.await_messages(self.heard + len(expected))
        events = [each.event for each in messages[self.heard :]]
        self.heard = len(messages)
        return events

    def associate(self, title: str, called: str, source: str, shown: str, uid: str) -> Association:
        one = self.certificates[shown]
        files = (one.certificate, one.key) if one else (None, None)
        tls = contexts.client(PROFILES["rfc9325"], Credentials(*files, self.ca.certificate))
        entity = AE(title)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 20
        entity.add_requested_context(uid, IMPLICIT)
        return entity.associate(
            HERE,
            self.serving.addresses[0][1],
            ae_title=called,
            tls_args=(tls, HERE),
            bind_address=(source, 0),
        )


@pytest.fixture(scope="module", autouse=True)
def at_once() -> Iterator[None]:
    """What is recorded is written at once: every test here waits for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trail, "GATHER_SECONDS", 0.0)
        yield


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    folder: Path = tmp_path_factory.mktemp("hall")
    ca = Authority(folder / "ca")
    own, good = ca.issue("node"), ca.issue("good", number=1)
    neighbour = ca.issue("neighbour", number=2)
    files = {"certificate": own.certificate, "key": own.key, "ca": ca.certificate}
    listener = Listener(host="0.0.0.0", port=0, tls="rfc9325", **files)
    peers = (
        Peer(ae_title="GOOD", host=HERE, port=11113, certificate=good.pin),
        Peer(ae_title="NEIGHBOUR", host=HERE, certificate=neighbour.pin),
        *(
            Peer(ae_title=f"NO{each.upper()}", host=HERE, certificate=good.pin, may=_but(each))
            for each in OPERATIONS
        ),
    )
    tables = {"limits": Limits(refusals=1_000_000), "listener": (listener,)}
    with (
        pytest.MonkeyPatch.context() as patch,
        audit_sinks.tcp_sink() as sink,
        node(folder / "node", peers=peers, audit=audit(at(sink)), **tables) as serving,
    ):
        patch.setattr(repeats, "MOST_TOLD", 1_000_000)  # as if each row had its own minute
        sink.await_event("110100 E 110120")
        shown = {"its own": good, "another's": neighbour, "none": None}
        yield Hall(serving, ca, shown, sink, heard=1)


def _but(operation: str) -> tuple[str, ...]:
    return tuple(each for each in OPERATIONS if each != operation)


def _expected(title: str, source: str, shown: str, called: str) -> tuple[int, int, int] | str:
    if shown == "none":
        return "no association"
    if called != "ANODE":
        return CALLED
    if (title, source, shown) != ("GOOD", HERE, "its own"):
        return CALLING
    return "accepted"


@pytest.mark.parametrize(("title", "source", "shown", "called", "operation"), ROWS)
def test_only_who_is_right_in_everything_may_do_it(
    hall: Hall, title: str, source: str, shown: str, called: str, operation: str
):
    abstract_syntax, act = OPERATIONS[operation]
    association = hall.associate(title, called, source, shown, abstract_syntax)
    expected = _expected(title, source, shown, called)
    try:
        if expected == "no association":
            assert not association.is_established
            assert not association.is_rejected
        elif isinstance(expected, tuple):
            answer = association.acceptor.primitive
            assert association.is_rejected
            assert (answer.result, answer.result_source, answer.diagnostic) == expected
        else:
            assert association.is_established
            assert act(association) == 0
    finally:
        _over(association)
    due = TRAIL.get(operation, []) if expected == "accepted" else [ALERT]
    assert hall.recorded(due) == due


def _over(association: Association) -> None:
    """pynetdicom leaves the socket of an association that did not come about open."""
    if association.is_established:
        association.release()
    elif association.dul.socket is not None and association.dul.socket.socket is not None:
        association.dul.socket.socket.close()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_who_lacks_the_right_gets_no_context_for_it(hall: Hall, operation: str):
    title, (abstract_syntax, _) = f"NO{operation.upper()}", OPERATIONS[operation]
    association = hall.associate(title, "ANODE", HERE, "its own", abstract_syntax)
    assert [cx.result for cx in association.rejected_contexts] == [1]
    _over(association)
    assert hall.recorded([RESTRICTED]) == [RESTRICTED]


def test_the_table_has_all_its_rows():
    assert len(ROWS) == 144
