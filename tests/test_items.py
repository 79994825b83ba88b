"""A-ASSOCIATE-RQ and -AC, written and read, PS3.8 9.3.2, 9.3.3 and PS3.7 D.3."""

import contextlib
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pairs import (
    CT,
    EXPLICIT,
    IMPLICIT,
    LIMITS,
    USER,
    VERIFICATION,
    answer_pdu,
    context_item,
    item,
    request_pdu,
)
from wire import items, reading
from wire.errors import ProtocolError
from wire.items import Identity, ProposedContext, Request

UI = st.from_regex(r"[1-9][0-9]{0,5}(\.[1-9][0-9]{0,5}){1,6}", fullmatch=True)
AE = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", min_size=1, max_size=16)


def read(*contexts, **more):
    return reading.request(request_pdu(*contexts, **more), LIMITS)


def counted(value):
    return struct.pack(">H", len(value)) + value


@st.composite
def requests(draw):
    numbers = draw(st.lists(st.integers(0, 127), min_size=1, max_size=8, unique=True))
    contexts = tuple(
        ProposedContext(
            2 * n + 1, draw(UI), tuple(draw(st.lists(UI, min_size=1, max_size=4, unique=True)))
        )
        for n in numbers
    )
    roles = st.sampled_from([(True, True), (True, False), (False, True)])
    return Request(
        calling_ae_title=draw(AE),
        called_ae_title=draw(AE),
        contexts=contexts,
        maximum_length=draw(st.integers(8, 2**32 - 1) | st.just(0)),
        implementation_class_uid=items.IMPLEMENTATION_CLASS_UID,
        implementation_version_name=items.IMPLEMENTATION_VERSION_NAME,
        roles=draw(st.dictionaries(UI, roles, max_size=3)),
        extended=draw(st.dictionaries(UI, st.binary(min_size=1, max_size=9), max_size=3)),
    )


@given(requests())
def test_what_is_written_is_read_back(request):
    assert reading.request(items.encode_request(request), LIMITS) == request


def test_all_the_user_information_is_read():
    """PS3.7 D.3.3."""
    ct = CT.encode()
    request = read(
        user=USER
        + item(0x53, b"\0\1\0\1")
        + item(0x54, counted(ct) + b"\0\1")
        + item(0x55, b"SOMEBODY_1")
        + item(0x56, counted(ct) + b"\1\0\1")
        + item(0x57, counted(b"1.2.3") + counted(ct) + counted(b""))
        + item(0x58, b"\2\1" + counted(b"user") + counted(b"secret"))
    )
    assert request.maximum_length == 16384
    assert request.implementation_class_uid == "1.2.3"
    assert request.implementation_version_name == "SOMEBODY_1"
    assert request.roles == {CT: (False, True)}
    assert request.extended == {CT: b"\1\0\1"}
    assert request.service_classes == {"1.2.3": CT}
    assert request.identity == Identity(2, b"user", b"secret", response_requested=True)
    assert "secret" not in repr(request)


@pytest.mark.parametrize(
    "odd",
    [
        {"user": USER + item(0x5A, b"??")},
        {"more": item(0x77, b"??")},
        {"user": USER + item(0x55, b"LONGER_THAN_SIXTEEN")},
        {"user": USER + item(0x55, b"gr\xf6\xdfe")},
        {"user": USER + item(0x55, b"")},
        {"user": b""},
        {"user": item(0x51, b"\0\0\0\0")},
        {"user": USER + item(0x58, b"\x09\0" + counted(b"?") + counted(b""))},
    ],
)
def test_what_is_odd_or_unknown_does_not_stop_an_association(odd):
    """PS3.8 9.3.1: items that are not recognised are ignored."""
    assert read(**odd).contexts == (ProposedContext(1, VERIFICATION, (IMPLICIT,)),)


@pytest.mark.parametrize(
    ("abstract", "seen"),
    [
        (b"1.2.3\0", "1.2.3"),
        (b"1.2.3 ", "1.2.3"),
        (b"1.2.03", "1.2.03"),
        (b"nonsense", "nonsense"),
        (b"\xff\n", "\\xff\\n"),
        (b"1." * 60 + b"1", "1." * 60 + "1"),
        (b"", ""),
    ],
)
def test_odd_uids_are_left_to_the_negotiation(abstract, seen):
    context = item(0x20, bytes([1, 0, 0, 0]) + item(0x30, abstract) + item(0x40, IMPLICIT.encode()))
    (found,) = read(context).contexts
    assert found.abstract_syntax.replace("\\\\", "\\") == seen


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        (b"CT1", "CT1"),
        (b"  CT 1", "CT 1"),
        (b"CT1\0\0", "CT1"),
        (b"SIXTEEN_LETTERS_", "SIXTEEN_LETTERS_"),
        (b"", ""),
    ],
)
def test_titles_come_without_the_blanks_around_them(raw, title):
    """PS3.8 Table 9-11."""
    request = read(calling=raw, called=raw)
    assert (request.calling_ae_title, request.called_ae_title) == (title, title)


@pytest.mark.parametrize(
    "raw", [b"A\r\nFORGED", b"A\0B", b"\x1b[31m", b"\xe2\x80\xae", b"A\\B", b"\x7f"]
)
def test_a_bad_title_is_escaped_so_that_the_policy_can_reject_it(raw):
    """hostile-input.md D8: no crash, no abort; a backslash is in every bad title."""
    request = read(calling=raw)
    assert "\\" in request.calling_ae_title
    assert request.calling_ae_title.isprintable()
    assert request.calling_ae_title.isascii()


def contexts(count, syntaxes=1):
    names = [f"1.2.{n}" for n in range(syntaxes)]
    return [context_item(2 * n + 1 & 0xFF, f"1.2.840.{n}", *names) for n in range(count)]


@pytest.mark.parametrize(
    "wrong",
    [
        contexts(129),
        contexts(256),
        contexts(500),
        [context_item(2)],
        [context_item(0)],
        [context_item(1), context_item(3), context_item(1)],
        contexts(1, syntaxes=65),
        [item(0x20, b"\1\0\0\0" + item(0x30, b"1.2"))],
        [item(0x20, b"\1\0\0\0" + item(0x40, b"1.2"))],
        [item(0x20, b"\1\0\0\0" + item(0x30, b"1.2") * 2 + item(0x40, b"1.2"))],
        [item(0x20, b"\1\0")],
        [item(0x20, b"")],
        [item(0x20, b"\1\0\0\0" + item(0x30, b"1.2") + b"\x40\0\0\x09" + b"1.2")],
        [item(0x10, b"1.2")],  # no context at all
    ],
    ids=range(14),
)
def test_contexts_that_are_illegal_or_too_many_are_invalid_parameters(wrong):
    """hostile-input.md N6; PS3.8 9.3.2.2."""
    with pytest.raises(ProtocolError) as caught:
        read(*wrong)
    assert (caught.value.source, caught.value.reason) == (2, 6)


@pytest.mark.parametrize(("count", "syntaxes"), [(1, 1), (128, 1), (1, 64), (128, 30)])
def test_all_that_is_legal_is_read(count, syntaxes):
    """hostile-input.md N6, the positive twin."""
    found = read(*contexts(count, syntaxes)).contexts
    assert [cx.id for cx in found] == list(range(1, 2 * count, 2))
    assert {len(cx.transfer_syntaxes) for cx in found} == {syntaxes}


@pytest.mark.parametrize(
    "user",
    [
        item(0x51, b"\0\0\1"),
        item(0x51, b"\0\0\0\7"),
        item(0x54, counted(b"1.2") + b"\2\0"),
        item(0x54, counted(b"1.2") + b"\1"),
        item(0x54, b"\1\0" + b"1.2\1\1"),
        item(0x54, b"\0"),
        item(0x56, b"\0\7abc"),
        item(0x57, counted(b"1.2")),
        item(0x58, b"\1"),
        item(0x58, b"\1\0\0\7abc"),
        b"\x51\0\0\xff" + bytes(4),
        b"\x51\0",
    ],
)
def test_user_information_that_lies_is_an_invalid_parameter(user):
    with pytest.raises(ProtocolError) as caught:
        read(user=user)
    assert (caught.value.source, caught.value.reason) == (2, 6)


@given(st.binary(max_size=120), st.sampled_from([b"", request_pdu()[74:], answer_pdu()[74:]]))
def test_no_items_do_anything_but_be_read_or_refused(noise, legal):
    head = request_pdu()[:74]
    for body in (noise, legal + noise, legal[: len(noise)] + noise):
        for parse in (lambda pdu: reading.request(pdu, LIMITS), reading.answer):
            with contextlib.suppress(ProtocolError):
                parse(head + body)


def test_the_worst_legal_request_is_cheap():
    """hostile-input.md N6: 0.3 s at most; 128 KiB of the smallest items, and of role items."""
    budget = LIMITS.request_bytes + 6
    crowded = request_pdu(*contexts(128, 64), user=USER)
    roles = request_pdu(
        user=USER + b"".join(item(0x54, counted(b"%d" % (n % 9)) + b"\1\1") for n in range(6000))
    )
    assert max(len(crowded), len(roles)) <= budget
    for pdu in (crowded, roles):
        begun = time.thread_time()
        reading.request(pdu, LIMITS)
        assert time.thread_time() - begun < 0.15


def test_an_answer_repeats_the_reserved_fields_as_received():
    """PS3.8 Table 9-17: the titles too, whatever they are."""
    asked = request_pdu(calling=b" \xffA\\", called=b"\0")
    assert answer_pdu(asked)[10:74] == asked[10:74]


@pytest.mark.parametrize("title", ["", " ", "SEVENTEEN_LETTERS", "A\\B", "\xe9"])
def test_we_send_no_bad_title(title):
    with pytest.raises(ValueError, match=r"AE [Tt]itle"):
        items.encode_request(Request(title, "SCP", (ProposedContext(1, CT, (EXPLICIT,)),)))
