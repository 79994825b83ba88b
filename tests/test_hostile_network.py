"""Hostile network input, reliability/hostile-input.md N1 to N7: each row with its five assertions.

What a row asks of the protocol core alone is in test_core, test_channel and test_association; here
a whole node is attacked, and what it is like for others to be beside.
"""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from config import contexts
from config.certificates import Credentials
from config.profiles import PROFILES
from tests.certificates import Authority
from tests.hostile import BYSTANDER, LIMITS, Victim, attacked, victim
from tests.lines import ABORT, ASKED, PROVIDER, STORE, USER, Line, associated, echoed
from tests.pairs import ECHO, context_item, data_pdu, item, request_pdu

KIB, MIB = 1 << 10, 1 << 20
MOST_REQUEST, MOST_DATA = 128 * KIB, 256 * KIB


@pytest.fixture(scope="module")
def node(tmp_path_factory) -> Iterator[Victim]:
    limits = f"{LIMITS}object_bytes = {4 * MIB}\n"
    with victim(tmp_path_factory.mktemp("plain"), limits) as serving:
        yield serving


@pytest.fixture(scope="module")
def secured(tmp_path_factory) -> Iterator[Victim]:
    """A node that speaks nothing but TLS, and a bystander who does, too."""
    folder = tmp_path_factory.mktemp("tls")
    ca = Authority(folder / "ca")
    own, person = ca.issue("node"), ca.issue("person")
    files = {"certificate": own.certificate, "key": own.key, "ca": ca.certificate}
    listener = ["[[listener]]", "port = 0", 'tls = "rfc9325"']
    listener += [f'{name} = "{path}"' for name, path in files.items()]
    with victim(folder, "\n".join(listener) + LIMITS) as serving:
        mine = Credentials(person.certificate, person.key, ca.certificate)
        serving.tls = contexts.client(PROFILES["rfc9325"], mine)
        serving.tls.check_hostname = False
        yield serving


# -- N1, N2: silence ------------------------------------------------------------------------------


def test_n1_silence_on_the_tls_port_holds_up_nobody(secured: Victim):
    """Half say nothing, half begin a record. Each ends at its deadline, in a line of its own."""
    with attacked(secured, lines=20) as seen, ExitStack() as held:
        silent = [held.enter_context(Line(secured.port)) for _ in range(20)]
        for line in silent[::2]:
            line.say(b"\x16\x03\x01\x02\x00\x01")
        for line in silent:
            assert line.hear() == b""
    assert all(
        "TLS handshake failed: it was not complete within 1 s" in line for line in seen.lines
    )
    assert len(seen.echoes) > 5


def test_n1_silence_on_the_plain_port_holds_up_nobody(node: Victim):
    with attacked(node, lines=20) as seen, ExitStack() as held:
        for line in [held.enter_context(node.line()) for _ in range(20)]:
            assert line.verdict() in ((PROVIDER, 0), ())
    assert all(line.endswith("ended: the peer sent nothing for too long") for line in seen.lines)


@pytest.mark.parametrize("begun", [3, 40])
def test_n2_half_a_request_ends_at_its_deadline(node: Victim, begun: int):
    with attacked(node) as seen, node.line() as line:
        line.say(request_pdu()[:begun])
        assert line.verdict() == (PROVIDER, 0)
    assert "began a PDU and did not finish it in time" in seen.lines[0]


@pytest.mark.parametrize("established", [False, True], ids=["request", "data"])
def test_n2_a_drip_has_the_deadline_of_the_whole_pdu(node: Victim, established: bool):
    """Not of each byte: 1 s before the association, 2 s for data, as configured here."""
    begun = time.monotonic()
    with attacked(node), node.line() as line:
        if established:
            associated(line)
        drip = data_pdu((3, 0, bytes(1000))) if established else request_pdu()
        line.socket.settimeout(0.05)
        for byte in drip:
            line.say(bytes([byte]))
            with contextlib.suppress(TimeoutError):
                assert line.hear() in (ABORT[:8] + bytes([PROVIDER, 0]), b"")
                break
        else:
            pytest.fail("the drip was heard to its end")
    assert time.monotonic() - begun < 20.0


def test_n2_what_is_slow_but_in_time_is_served(node: Victim):
    """The positive twin of the drips."""
    with node.line() as line:
        pdu = request_pdu(called=b"ANODE")
        for at in range(0, len(pdu), 40):
            line.say(pdu[at : at + 40])
            time.sleep(0.01)
        assert line.hear()[:1] == b"\x02"
        assert echoed(line)
        line.release()


# -- N3: floods -----------------------------------------------------------------------------------


def test_n3_a_flood_takes_no_place_from_others(node: Victim):
    """per_peer is 32: as many associate, as many more are told to wait, the rest are closed."""
    with attacked(node, lines=64) as seen, ExitStack() as held:
        flood = [held.enter_context(node.line()) for _ in range(3 * 32)]
        for line in flood:
            line.say(request_pdu(called=b"ANODE"))
        heard = [line.hear() for line in flood]
        assert node.echo(BYSTANDER) < 1.0
        accepted = [line for line, pdu in zip(flood, heard, strict=True) if pdu[:1] == b"\x02"]
        rejected = [pdu[7:10] for pdu in heard if pdu[:1] == b"\x03"]
        assert (len(accepted), len(rejected)) == (32, 32)
        assert set(rejected) == {b"\x02\x03\x02"}  # transient, local limit exceeded
        assert heard.count(b"") == 32
        for line in accepted:
            assert echoed(line)
            line.say(ABORT)
    assert sum("rejected: too many associations" in line for line in seen.lines) == 32
    with node.line() as line:
        assert echoed(associated(line))
        line.release()


# -- N4: lengths that lie -------------------------------------------------------------------------

LENGTHS = [0, 3, "more", 0xFFFFFFFF]


def most(kind: int) -> int:
    return {1: MOST_REQUEST, 2: MOST_REQUEST, 4: MOST_DATA}.get(kind, 4)


@pytest.mark.parametrize("kind", range(1, 8))
@pytest.mark.parametrize("established", [False, True], ids=["first", "established"])
def test_n4_a_length_that_lies_is_refused_before_its_body(
    node: Victim, established: bool, kind: int
):
    with attacked(node, lines=len(LENGTHS)) as seen:
        for length in LENGTHS:
            claimed = most(kind) + 1 if length == "more" else length
            with node.line() as line:
                if established:
                    associated(line)
                line.say(struct.pack(">BxI", kind, claimed))  # and not a byte of a body
                assert line.verdict() == (PROVIDER, 6)
    assert all(f"a PDU of type {kind} with length" in line for line in seen.lines)
    assert seen.growth < MIB


def test_n4_the_longest_data_pdu_is_heard(node: Victim):
    with node.line() as line:
        associated(line)
        room = MOST_DATA - 6
        line.say(data_pdu((5, 3, STORE)), data_pdu((5, 0, bytes(room))), data_pdu((5, 2, b"")))
        assert line.hear()[:1] == b"\x04"
        assert echoed(line)
        line.release()


# -- N5: no end -----------------------------------------------------------------------------------


def pieces(size: int, context: int, control: int) -> Iterator[bytes]:
    """Values that never come to their last."""
    pdu = data_pdu((context, control, bytes(size)))
    while True:
        yield pdu


@pytest.mark.parametrize(
    ("before", "endless", "why"),
    [
        (b"", pieces(16 * KIB, 1, 1), "a command set of more than 65536 bytes"),
        (b"", pieces(0, 1, 1), "more than 1000 empty fragments"),
        (data_pdu((3, 3, ASKED)), pieces(64 * KIB, 3, 0), "an identifier of more than 1048576"),
        (data_pdu((3, 3, ASKED)), pieces(0, 3, 0), "more than 1000 empty fragments"),
        (data_pdu((5, 3, STORE)), pieces(64 * KIB, 5, 0), "the object is over 4194304 bytes"),
        (data_pdu((5, 3, STORE)), pieces(0, 5, 0), "more than 1000 empty fragments"),
    ],
    ids=["command", "empty command", "query", "empty query", "object", "empty object"],
)
def test_n5_what_never_ends_is_aborted_and_forgotten(
    node: Victim, before: bytes, endless: Iterator[bytes], why: str
):
    """Never drained to be answered politely, and nothing of it in memory or on the disk."""
    with attacked(node) as seen, node.line() as line:
        associated(line).say(before)
        batch, batches = b"".join(next(endless) for _ in range(64)), 0
        with contextlib.suppress(ConnectionError):
            while batches * len(batch) < 64 * MIB:
                line.socket.sendall(batch)
                batches += 1
        assert batches * len(batch) < 64 * MIB
        assert line.verdict() in ((USER, 0), ())  # a reset may overtake the abort
    assert why in seen.lines[0]
    assert seen.growth < 16 * MIB


def test_n5_an_abort_is_heard_by_who_stops_in_time(node: Victim):
    with attacked(node), node.line() as line:
        associated(line).say(*[data_pdu((1, 1, bytes(16 * KIB)))] * 5)
        assert line.verdict() == (USER, 0)


# -- N6, N7: presentation contexts ----------------------------------------------------------------


def proposals(ids: list[int], syntaxes: int = 1) -> bytes:
    names = [f"1.2.840.{100 + number}" for number in range(syntaxes)]
    items = [context_item(number, "1.2.840.10008.1.1", *names) for number in ids]
    return request_pdu(*items, called=b"ANODE")


@pytest.mark.parametrize(
    ("pdu", "why"),
    [
        (proposals([*range(1, 256, 2), 1]), "even or repeated"),
        (proposals([n % 256 for n in range(1, 513, 2)]), "even or repeated"),
        (proposals([n % 256 for n in range(500)]), "even or repeated"),
        (proposals([1, 2]), "2 is even or repeated"),
        (proposals([0]), "0 is even or repeated"),
        (proposals([1, 3, 1]), "1 is even or repeated"),
        (proposals([1], 65), "1 abstract and 65 transfer syntaxes"),
        (request_pdu(item(0x20, bytes(2)), called=b"ANODE"), "cut off"),
    ],
    ids=["129", "256", "500", "even", "zero", "repeated", "65 syntaxes", "cut off"],
)
def test_n6_contexts_that_are_not_legal_are_an_invalid_parameter(
    node: Victim, pdu: bytes, why: str
):
    with attacked(node) as seen, node.line() as line:
        line.say(pdu)
        assert line.verdict() == (PROVIDER, 6)
    assert why in seen.lines[0]


def test_n6_the_worst_legal_request_costs_little(node: Victim):
    """128 contexts, and as many transfer syntaxes as 128 KiB hold."""
    pdu = proposals(list(range(1, 256, 2)), 60)
    assert 100 * KIB < len(pdu) <= MOST_REQUEST
    with attacked(node, lines=0):
        before = node.process.cpu_times()
        with node.line() as line:
            line.say(pdu)
            answer = line.hear()
            line.release()
        after = node.process.cpu_times()
    assert answer[:1] == b"\x02"
    # The bystander's echoes are among it.
    assert after.user + after.system - before.user - before.system < 0.3


def test_n7_a_value_on_a_context_that_was_not_accepted_is_an_invalid_parameter(node: Victim):
    with attacked(node) as seen, node.line() as line:
        associated(line).say(data_pdu((77, 3, ECHO)))
        assert line.verdict() == (PROVIDER, 6)
    assert "presentation context 77 was not accepted" in seen.lines[0]


# -- N9: the other port ---------------------------------------------------------------------------


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b"SSH-2.0-x\r\n", request_pdu()])
def test_n9_what_is_not_tls_is_closed_on_its_port(secured: Victim, said: bytes):
    with attacked(secured) as seen, Line(secured.port) as line:
        line.say(said)
        with contextlib.suppress(ConnectionResetError):
            while line.socket.recv(100):
                pass
    assert "TLS handshake failed" in seen.lines[0]
