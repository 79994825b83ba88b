"""Who may associate, and for what: one table of callers, titles and rights (access.md)."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from pathlib import Path

import pytest

from config import catalogue
from config.limits import Limits
from config.listeners import Listener
from config.peers import Access, Peer
from config.rights import RIGHTS, allows
from config.settings import Archive, Node, Settings
from scp import policy
from scp.policy import Entry
from wire.items import ProposedContext, Request
from wire.negotiation import Acceptance, Rejection

VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{n}" for n in (1, 2, 3))
RT_PLAN = "1.2.840.10008.5.1.4.1.1.481.5"
HANGING = "1.2.840.10008.5.1.4.38.2"
PRIVATE = "1.3.12.2.1107.5.9.1"
SERVED = {CT, RT_PLAN, PRIVATE, FIND, GET} | {HANGING} & set(catalogue.SERVED_MODELS)
COMMIT = "1.2.840.10008.1.20.1"
SERVICE = {
    "echo": VERIFICATION, "store": CT, "find": FIND, "move": MOVE, "get": GET, "commit": COMMIT,
}  # fmt: skip
WORKLIST = "1.2.840.10008.5.1.4.31"
EVERYTHING = (*SERVICE.values(), PRIVATE, WORKLIST)

LOCAL = Entry(ipaddress.ip_address("127.0.0.1"))
CT1 = Entry(ipaddress.ip_address("10.0.0.5"))
STRANGER = Entry(ipaddress.ip_address("10.9.9.9"))


def settings(*peers: Peer, **tables: object) -> Settings:
    return Settings(node=Node(data=Path("/nowhere")), peer=peers, **tables)


def request(calling: str = "CT1", called: str = "ANODE", **more: object) -> Request:
    contexts = tuple(
        ProposedContext(2 * n + 1, uid, ("1.2.840.10008.1.2",)) for n, uid in enumerate(EVERYTHING)
    )
    return Request(calling, called, contexts, **more)


FRESH = settings()
KNOWN = settings(
    Peer(ae_title="CT1", host="10.0.0.5", port=104, may=("echo", "store")),
    Peer(ae_title="WS1", host="10.0.0.0/24", may=("find", "move"), move_to=("CT1",)),
    listener=(Listener(host="0.0.0.0", port=104),),
)
OPEN = settings(
    Peer(ae_title="CT1", host="10.0.0.5", port=104),
    access=Access(unknown_peers=("echo",)),
    listener=(Listener(host="0.0.0.0", port=104),),
)

CALLED, CALLING, CROWDED = (1, 1, 7), (1, 1, 3), (2, 3, 2)


@pytest.mark.parametrize(
    ("chosen", "entry", "calling", "called", "expected"),
    [
        # a first try needs no set-up, and nothing from elsewhere gets in
        (FRESH, LOCAL, "ANYBODY", "ANODE", RIGHTS),
        (FRESH, CT1, "ANYBODY", "ANODE", CALLING),
        (FRESH, LOCAL, "ANYBODY", "OTHER", CALLED),
        # with peers, only those, each from where it lives
        (KNOWN, CT1, "CT1", "ANODE", ("echo", "store")),
        (KNOWN, CT1, "CT1", "ANODE ", ("echo", "store")),
        (KNOWN, STRANGER, "CT1", "ANODE", CALLING),
        (KNOWN, LOCAL, "CT1", "ANODE", CALLING),
        (KNOWN, CT1, "ct1", "ANODE", CALLING),
        (KNOWN, CT1, "WS1", "ANODE", ("find", "move")),
        (KNOWN, STRANGER, "WS1", "ANODE", CALLING),
        (KNOWN, LOCAL, "ANYBODY", "ANODE", CALLING),
        (KNOWN, CT1, "CT1", "anode", CALLED),
        # unknown callers have what [access] gives them; a known title is bound to its address
        (OPEN, STRANGER, "ANYBODY", "ANODE", ("echo",)),
        (OPEN, STRANGER, "CT1", "ANODE", CALLING),
        (OPEN, CT1, "CT1", "ANODE", RIGHTS),
        # what is no AE title never gets in, whatever is open
        (FRESH, LOCAL, "", "ANODE", CALLING),
        (FRESH, LOCAL, "A\\x0d\\x0aFORGED", "ANODE", CALLING),
        (OPEN, STRANGER, "A\\x00B", "ANODE", CALLING),
        (KNOWN, CT1, "CT1\r\nX", "ANODE", CALLING),
    ],
)
def test_callers_get_their_rights_or_a_rejection(chosen, entry, calling, called, expected):
    decision = policy.decide(entry, request(calling, called), chosen)
    if isinstance(decision, Rejection):
        assert (decision.result, decision.source, decision.reason) == expected
        return
    for right, uid in SERVICE.items():
        # C-GET makes storage contexts necessary, PS3.4 C.4.3
        allowed = right in expected or (right == "store" and "get" in expected)
        assert (uid in decision.offers) is allowed, right
        assert (uid in decision.refused) is not allowed


@pytest.mark.parametrize(
    ("may", "accepted"),
    [
        (("store",), {CT, RT_PLAN, PRIVATE}),
        (("store:radiotherapy",), {RT_PLAN}),
        (("store:image", "store:radiotherapy"), {CT, RT_PLAN}),
        (("store:other",), {PRIVATE}),
        (("find:patient",), {FIND}),
        (("find:display",), {HANGING}),
        (("find",), {FIND, HANGING}),
        # who may get is sent what it gets, whatever it may store
        (("get:patient", "store:radiotherapy"), {GET, CT, RT_PLAN, PRIVATE}),
        (("get:display",), set()),
        ((), set()),
    ],
)
def test_a_right_may_be_that_on_a_group_of_sop_classes(may: tuple[str, ...], accepted: set[str]):
    chosen = settings(
        Peer(ae_title="CT1", host="10.0.0.5", may=may), archive=Archive(unknown_classes="store")
    )
    uids = (CT, RT_PLAN, PRIVATE, FIND, HANGING, GET)
    contexts = tuple(ProposedContext(2 * n + 1, uid, ()) for n, uid in enumerate(uids))
    decision = policy.decide(CT1, Request("CT1", "ANODE", contexts), chosen)
    assert isinstance(decision, Acceptance)
    assert set(decision.offers) == accepted & SERVED
    assert decision.refused == (set(uids) & SERVED) - set(decision.offers)


def test_who_may_store_protocols_may_not_approve_them():
    """PS3.4 GG.6.5: what an approval does depends on who may send one."""
    scanner = Peer(ae_title="CT1", host="10.0.0.5", may=("store:protocol", "find", "get"))
    physicist = Peer(ae_title="PHYS", host="10.0.0.6", may=("store:approval",))
    performed, approval = (f"1.2.840.10008.5.1.4.1.1.200.{number}" for number in (2, 3))
    assert allows(scanner.may, "store", performed)
    assert not allows(scanner.may, "store", approval)
    assert allows(physicist.may, "store", approval)
    assert allows(scanner.may, "find", "1.2.840.10008.5.1.4.1.1.200.4")
    assert not allows(("find:protocol",), "find", "1.2.840.10008.5.1.4.1.1.200.4")


def test_who_is_on_this_machine_may_ask_whether_we_are_here_and_no_more():
    """`anode status` calls by our own title."""
    near = Entry(ipaddress.ip_address("10.0.0.1"), near=True, user_identity="required")
    decision = policy.decide(near, request("ANODE"), KNOWN)
    assert isinstance(decision, Acceptance)
    assert set(decision.offers) == {VERIFICATION}
    for entry, title in ((replace(near, near=False), "ANODE"), (near, "OTHER")):
        assert isinstance(policy.decide(entry, request(title), KNOWN), Rejection)


def test_a_node_may_have_several_names():
    chosen = settings().model_copy(
        update={"node": Node(data=Path("/nowhere"), other_ae_titles=("SECOND",))}
    )
    for called in ("ANODE", "SECOND "):
        assert isinstance(policy.decide(LOCAL, request("X", called), chosen), Acceptance)
    assert isinstance(policy.decide(LOCAL, request("X", "THIRD"), chosen), Rejection)


def test_a_caller_over_the_limits_is_told_so():
    decision = policy.decide(Entry(LOCAL.address, crowded=True), request(), FRESH)
    assert isinstance(decision, Rejection)
    assert (decision.result, decision.source, decision.reason) == CROWDED


@pytest.mark.parametrize(
    ("unknown_classes", "declared", "accepted"),
    [
        ("reject", {}, False),
        ("store", {}, True),
        ("store", {PRIVATE: policy.STORAGE_SERVICE_CLASS}, True),
        ("store", {PRIVATE: "1.2.840.10008.4.1"}, False),
    ],
)
def test_private_classes_are_storage_when_configured(unknown_classes, declared, accepted):
    chosen = settings(archive=Archive(unknown_classes=unknown_classes))
    decision = policy.decide(LOCAL, request(service_classes=declared), chosen)
    assert isinstance(decision, Acceptance)
    assert (PRIVATE in decision.offers) is accepted
    assert WORKLIST not in decision.offers, "what we do not serve is never storage"


def test_destinations_are_configured_peers_with_a_port_that_the_caller_may_name():
    assert set(policy.destinations("WS1", KNOWN)) == {"CT1"}
    assert set(policy.destinations("CT1", KNOWN)) == {"CT1"}
    assert set(policy.destinations("ANYBODY", KNOWN)) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1", "127.0.0.1"), ("::ffff:10.0.0.5", "10.0.0.5"), ("fe80::1%eth0", "fe80::1")],
)
def test_an_address_is_the_same_however_the_socket_spells_it(text: str, expected: str):
    assert str(policy.address(text)) == expected


def test_limits_are_part_of_settings():
    assert settings(limits=Limits(associations=3)).limits.associations == 3
