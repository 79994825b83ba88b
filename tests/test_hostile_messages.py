"""Hostile messages, reliability/hostile-input.md N8 to N11: each row with its five assertions.

What a row asks of the protocol core alone is in test_core and test_association.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from tests.hostile import Victim, attacked, victim
from tests.lines import ASKED, PROVIDER, RELEASE, USER, associated, command, echoed
from tests.pairs import ECHO, data_pdu, request_pdu
from wire import command as commands
from wire.command import Field


@pytest.fixture(scope="module")
def node(tmp_path_factory) -> Iterator[Victim]:
    with victim(tmp_path_factory.mktemp("plain")) as serving:
        yield serving


# -- N8: command sets -----------------------------------------------------------------------------

GARBAGE = [b"\xff" * 40, bytes(40), b"\x08\x00\x05\x00" + ECHO, ECHO[:-3], ECHO[:30] + b"\xff" * 8]


def test_n8_garbage_for_a_command_set_ends_its_association_only(node: Victim):
    with attacked(node, lines=500) as seen:
        for number in range(500):
            with node.line() as line:
                associated(line).say(data_pdu((1, 3, GARBAGE[number % len(GARBAGE)])))
                assert line.verdict() == (USER, 0)
    assert all("command set" in line for line in seen.lines)


@pytest.mark.parametrize("field", [0x0042, Field.N_DELETE, Field.C_STORE])
def test_n8_an_operation_nobody_has_is_0211_and_the_association_goes_on(node: Victim, field: int):
    with attacked(node) as seen, node.line() as line:
        associated(line).say(data_pdu((1, 3, command(field))))
        answer = commands.decode(line.hear()[12:])
        assert answer.status == 0x0211
        assert echoed(line)
        line.release()
    assert "not an operation of this SOP class" in seen.lines[0]


# -- N9, N10: another protocol, another order -----------------------------------------------------

HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(194)
PROTOCOLS = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": HELLO,
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "RDP": bytes.fromhex("0300001300e00000000000010008000300000000"),
    "SMB": bytes.fromhex("000000850000ff534d4272"),
    "MLLP": b"\x0bMSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.3\x1c\r",
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_n9_another_protocol_is_aborted(node: Victim, name: str):
    with attacked(node) as seen, node.line() as line:
        line.say(PROTOCOLS[name])
        assert line.verdict() in ((PROVIDER, 1), (PROVIDER, 6))
    assert "TLS" in seen.lines[0] if name == "TLS" else "PDU" in seen.lines[0]


ANSWERS = {
    "accept": struct.pack(">BxI", 2, 68) + bytes(68),
    "reject": struct.pack(">BxI4B", 3, 4, 0, 1, 1, 1),
    "release reply": struct.pack(">BxI4x", 6, 4),
}


@pytest.mark.parametrize(
    "pdu",
    [data_pdu((1, 3, ECHO)), RELEASE, *ANSWERS.values()],
    ids=["data", "release", *ANSWERS],
)
def test_n10_what_cannot_come_first_is_unexpected(node: Victim, pdu: bytes):
    with attacked(node) as seen, node.line() as line:
        line.say(pdu)
        assert line.verdict() == (PROVIDER, 2)
    assert "is not expected in state AWAIT_REQUEST" in seen.lines[0]


SECOND = request_pdu(called=b"ANODE")


@pytest.mark.parametrize("pdu", [SECOND, *ANSWERS.values()], ids=["request", *ANSWERS])
def test_n10_what_cannot_come_later_is_unexpected(node: Victim, pdu: bytes):
    with attacked(node) as seen, node.line() as line:
        associated(line).say(pdu)
        assert line.verdict() == (PROVIDER, 2)
    assert "is not expected in state DATA" in seen.lines[0]


@pytest.mark.parametrize(
    ("pdus", "verdict"),
    [
        ((data_pdu((1, 0, b"ab")),), (USER, 0)),  # a data set that nobody announced
        ((data_pdu((3, 3, ASKED)), data_pdu((1, 3, ECHO))), (USER, 0)),
        ((data_pdu((3, 3, ASKED)), data_pdu((3, 3, ASKED))), (USER, 0)),
        ((data_pdu((1, 1, ECHO[:20])), data_pdu((3, 1, ECHO[20:]))), (USER, 0)),
        ((data_pdu((3, 3, ASKED)), RELEASE), (PROVIDER, 2)),
    ],
    ids=["data set first", "echo within", "command within", "context changes", "release within"],
)
def test_n10_messages_out_of_order_are_aborted(
    node: Victim, pdus: tuple[bytes, ...], verdict: tuple[int, ...]
):
    with attacked(node), node.line() as line:
        associated(line).say(*pdus)
        assert line.verdict() == verdict


# -- N11: small change ----------------------------------------------------------------------------


def test_n11_values_of_one_byte_are_legal_and_cost_little(node: Victim):
    """A command set in one-byte values, and 4000 of a data set behind it."""
    ask = commands.decode(ASKED)._replace(message_id=9)
    raw = commands.encode(ask)
    tiny = [
        data_pdu((3, 3 if at == len(raw) - 1 else 1, raw[at : at + 1])) for at in range(len(raw))
    ]
    data = [data_pdu((3, 2 if at == 3999 else 0, b"\xff")) for at in range(4000)]
    with attacked(node) as seen, node.line() as line:
        before = node.process.cpu_times()
        associated(line).say(b"".join(tiny + data))
        assert commands.decode(line.hear()[12:]).status == 0xA900  # such an identifier is none
        after = node.process.cpu_times()
        assert echoed(line)
        line.release()
    assert "the identifier cannot be read" in seen.lines[0]
    assert after.user + after.system - before.user - before.system < 0.5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        struct.pack(">IBB", 0, 1, 3),
        struct.pack(">IBB", 1, 1, 3),
        struct.pack(">IBB", 3, 1, 3),
        struct.pack(">IBB", 0xFFFFFFFF, 1, 3) + ECHO,
        struct.pack(">IBB", len(ECHO) + 2, 1, 3) + ECHO + b"\0\0\0",
    ],
    ids=["no value", "length 0", "length 1", "beyond its PDU", "4 GiB", "half a value behind"],
)
def test_n11_values_that_do_not_fit_their_pdu_are_an_invalid_parameter(node: Victim, body: bytes):
    with attacked(node), node.line() as line:
        associated(line).say(struct.pack(">BxI", 4, len(body)) + body)
        assert line.verdict() == (PROVIDER, 6)
