"""Presentation context negotiation, PS3.8 7.1.1.13 and PS3.7 D.3.3.4, and its cache."""

import time

import pytest

from tests.pairs import (
    CT,
    EXPLICIT,
    IMPLICIT,
    LIMITS,
    USER,
    VERIFICATION,
    context_item,
    item,
    request_pdu,
    wanted,
)
from wire import items, negotiation, reading
from wire.errors import ProtocolError
from wire.negotiation import Acceptance, Cache, Context, Negotiated, Offer, Rejection

JPEG = "1.2.840.10008.1.2.4.70"
MR = "1.2.840.10008.5.1.4.1.1.4"
US = "1.2.840.10008.5.1.4.1.1.6.1"
GET = "1.2.840.10008.5.1.4.1.2.2.3"


def accept(pdu, *, offers=None, **more):
    offers = offers if offers is not None else {VERIFICATION: Offer([IMPLICIT])}
    return negotiation.accept(pdu, LIMITS, lambda _: Acceptance(offers, **more))


def role(uid, scu, scp):
    return item(0x54, len(uid).to_bytes(2, "big") + uid.encode() + bytes([scu, scp]))


def test_each_context_gets_its_own_result():
    """PS3.8 Table 9-18: 0 acceptance, 1 user, 3 abstract, 4 transfer syntaxes not supported."""
    pdu = request_pdu(
        context_item(1),
        context_item(3, CT, JPEG),
        context_item(5, MR, EXPLICIT),
        context_item(7, "1.2.3", EXPLICIT),
        context_item(9, CT, JPEG, EXPLICIT, IMPLICIT),
    )
    offers = {VERIFICATION: Offer([IMPLICIT]), CT: Offer([IMPLICIT, EXPLICIT])}
    made = accept(pdu, offers=offers, refused=frozenset({MR}))
    answered = reading.answer(made.answer).contexts
    assert {cx: result for cx, (result, _) in answered.items()} == {1: 0, 3: 4, 5: 1, 7: 3, 9: 0}
    assert made.contexts == {
        1: Context(1, VERIFICATION, IMPLICIT, scu=False, scp=True),
        9: Context(9, CT, EXPLICIT, scu=False, scp=True),
    }


@pytest.mark.parametrize(
    ("asked", "offered", "ours"),
    [
        # PS3.7 Table D.3-9; (SCU, SCP) of the requestor → ours (scu, scp), None: refused
        (None, False, (False, True)),
        (None, True, (False, True)),
        ((True, True), True, (True, True)),
        ((True, True), False, (False, True)),
        ((False, True), True, (True, False)),
        ((False, True), False, None),
        ((True, False), True, (False, True)),
        ((False, False), True, None),
    ],
)
def test_roles_are_selected(asked, offered, ours):
    user = USER + (role(CT, *asked) if asked else b"")
    made = accept(
        request_pdu(context_item(1, CT, EXPLICIT), user=user),
        offers={CT: Offer([EXPLICIT], scu=offered)},
    )
    found = made.contexts.get(1)
    assert (found and (found.scu, found.scp)) == ours
    # D.3.3.4: no item comes back where none was sent
    assert bool(reading.answer(made.answer).user.roles) == (asked is not None and ours is not None)


def test_a_request_and_its_answer_agree_about_every_role():
    for asked in [(True, True), (False, True), (True, False)]:
        for offered in (True, False):
            request = wanted((CT, [EXPLICIT]), roles={CT: asked})
            made = accept(
                items.encode_request(request), offers={CT: Offer([EXPLICIT], scu=offered)}
            )
            concluded = negotiation.concluded(request, made.answer)
            assert {(cx.scu, cx.scp) for cx in concluded.contexts.values()} == {
                (cx.scp, cx.scu) for cx in made.contexts.values()
            }


def answer(*contexts, user=USER):
    pdu = bytearray(request_pdu(*contexts, user=user))
    pdu[0] = 2
    return bytes(pdu)


def answered(context_id, result, *syntaxes):
    return item(
        0x21,
        bytes([context_id, 0, result, 0]) + b"".join(item(0x40, s.encode()) for s in syntaxes),
    )


@pytest.mark.parametrize(
    "context",
    [
        answered(1, 0, JPEG),  # not proposed
        answered(1, 0, ""),
        answered(1, 0),
        answered(5, 0, EXPLICIT),  # nobody asked
        answered(1, 3, EXPLICIT),
        item(0x21, bytes([1, 0, 9, 0])),
        b"",
    ],
)
def test_a_hostile_acceptor_makes_us_accept_nothing_we_did_not_propose(context):
    """hostile-input.md A7."""
    made = negotiation.concluded(wanted((CT, [EXPLICIT])), answer(context or item(0x77, b"")))
    assert made.contexts == {}


def test_an_abstract_syntax_that_is_no_uid_is_not_supported_whoever_offers_it():
    """Found by atheris: pynetdicom raises for what is longer than a UID can be."""
    for uid in ("1." * 40 + "1", "1.2.3"):
        pdu = request_pdu(context_item(1, uid))
        made = negotiation.accept(
            pdu, LIMITS, lambda _, uid=uid: Acceptance({uid: Offer([IMPLICIT])})
        )
        assert isinstance(made, Negotiated)
        assert set(made.contexts) == ({1} if uid == "1.2.3" else set())


def test_a_role_nobody_asked_for_changes_nothing():
    asked = wanted((CT, [EXPLICIT]))
    pdu = answer(answered(1, 0, EXPLICIT), user=USER + role(CT, 0, 1) + role("9.9", 1, 1))
    assert negotiation.concluded(asked, pdu).contexts[1] == Context(
        1, CT, EXPLICIT, scu=True, scp=False
    )


def test_a_garbled_answer_is_an_invalid_parameter():
    with pytest.raises(ProtocolError) as caught:
        negotiation.concluded(wanted(), answer(user=b"\x51\0"))
    assert (caught.value.source, caught.value.reason) == (2, 6)


@pytest.mark.parametrize(
    ("odd", "rejection"),
    [
        ({"version": 2}, (1, 2, 2)),
        ({"version": 0}, (1, 2, 2)),
        ({"application": b"1.2.3"}, (1, 1, 2)),
        ({"application": b""}, (1, 1, 2)),
    ],
)
def test_another_protocol_or_application_is_rejected(odd, rejection):
    """PS3.8 Tables 9-11 and 9-21; the policy is not asked."""
    _, found = negotiation.accept(request_pdu(**odd), LIMITS, pytest.fail)
    assert (found.result, found.source, found.reason) == rejection


def test_further_protocol_versions_do_no_harm():
    """PS3.8 9.3.2: only bit 0 is tested."""
    assert isinstance(accept(request_pdu(version=3)), Negotiated)


def test_extended_negotiation_is_answered_where_it_was_asked():
    """PS3.7 D.3.3.5."""
    ct = CT.encode()
    asked = item(0x56, len(ct).to_bytes(2, "big") + ct + b"\1\1")
    offers = {CT: Offer([EXPLICIT])}
    answers = {CT: b"\1\0", MR: b"\1\1"}
    pdu = request_pdu(context_item(1, CT, EXPLICIT), user=USER + asked)
    made = accept(pdu, offers=offers, extended=answers)
    assert reading.answer(made.answer).user.extended == {CT: b"\1\0"}
    request = wanted((CT, [EXPLICIT]), extended={CT: b"\1\1"})
    assert negotiation.concluded(request, made.answer).extended == {CT: b"\1\0"}


def test_the_answer_offers_our_maximum_length():
    """PS3.8 D.1."""
    user = reading.answer(accept(request_pdu()).answer).user
    assert user.maximum_length == LIMITS.pdu
    assert user.implementation_class_uid == items.IMPLEMENTATION_CLASS_UID


def test_the_worst_legal_request_is_negotiated_cheaply():
    """hostile-input.md N6: 0.3 s of CPU at most."""
    names = [f"1.2.3.{n}" for n in range(30)]
    pdu = request_pdu(*(context_item(2 * n + 1, f"1.2.840.{n}", *names) for n in range(128)))
    offers = {f"1.2.840.{n}": Offer(tuple(reversed(names)), scu=True) for n in range(128)}
    begun = time.thread_time()
    made = accept(pdu, offers=offers)
    assert time.thread_time() - begun < 0.3
    assert len(made.contexts) == 128


# -- the cache


def counting():
    calls = []

    def decide(request):
        calls.append(request)
        return Acceptance({VERIFICATION: Offer([IMPLICIT])})

    return calls, decide


def test_the_same_request_of_the_same_caller_is_decided_once():
    cache, (calls, decide) = Cache(), counting()
    first = cache.accept(request_pdu(), "here", LIMITS, decide)
    assert cache.accept(request_pdu(), "here", LIMITS, decide) is first
    assert len(calls) == 1
    cache.accept(request_pdu(), "elsewhere", LIMITS, decide)
    cache.accept(request_pdu(calling=b"OTHER"), "here", LIMITS, decide)
    assert len(calls) == 3


def test_a_rejection_is_decided_anew():
    cache, calls = Cache(), []

    def decide(request):
        calls.append(request)
        return Rejection(1, 1, 3, "unknown")

    for _ in range(2):
        assert cache.accept(request_pdu(), "here", LIMITS, decide)[1].reason == 3
    assert len(calls) == 2


def test_an_identity_is_never_kept():
    """Its bytes hold a secret."""
    cache, (calls, decide) = Cache(), counting()
    pdu = request_pdu(user=USER + item(0x58, b"\2\0\0\1u\0\6secret"))
    for _ in range(2):
        cache.accept(pdu, "here", LIMITS, decide)
    assert len(calls) == 2
    assert not cache._known


def test_a_changed_policy_forgets_what_was_decided_before_it():
    cache, (calls, decide) = Cache(), counting()

    def reloaded_meanwhile(request):
        cache.clear()
        return decide(request)

    cache.accept(request_pdu(), "here", LIMITS, reloaded_meanwhile)
    cache.accept(request_pdu(), "here", LIMITS, decide)
    cache.accept(request_pdu(), "here", LIMITS, decide)
    assert len(calls) == 2


def test_the_cache_is_bounded_by_bytes():
    cache, (_, decide) = Cache(), counting()
    for n in range(60):
        filler = item(0x77, n.to_bytes(2, "big") + bytes(60000))
        cache.accept(request_pdu(more=filler), "here", LIMITS, decide)
    assert 0 < len(cache._known) < 20
    assert sum(len(pdu) for pdu, _ in cache._known) == cache._bytes <= 1024 * 1024
