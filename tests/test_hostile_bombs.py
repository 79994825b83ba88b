"""Small data sets that grow, reliability/hostile-input.md D3, D4, D6, with their five assertions.

What scanner and reader by themselves do with such bytes is in test_bounds.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import pytest

from tests.datasets import DEFLATED, EXPLICIT, IMPLICIT, instance
from tests.hostile import Victim, attacked, victim
from tests.storing import CANNOT_UNDERSTAND, ODD, OUT_OF_RESOURCES, holding, kept, send
from tests.test_bounds import nested

MIB = 1 << 20


@pytest.fixture(scope="module")
def node(tmp_path_factory) -> Iterator[Victim]:
    with victim(tmp_path_factory.mktemp("bombs")) as serving:
        yield serving


# -- D3, D4: bombs that need no compression -------------------------------------------------------


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize("open_ended", [True, False], ids=["open-ended", "counted"])
def test_d3_sequences_nest_64_deep_and_no_deeper(node: Victim, open_ended: bool, syntax: str):
    with attacked(node, lines=4) as seen:
        for depth in (65, 2000, 20_000, 200_000):
            data = holding(nested(depth, syntax, open_ended=open_ended), syntax=syntax)
            assert send(node, data, syntax=syntax)[0] == CANNOT_UNDERSTAND
    assert all("nested deeper than 64 levels" in line for line in seen.lines)
    for depth in (63, 64):
        uid = f"1.2.3.3.{depth}.{len(syntax)}.{int(open_ended)}"
        data = holding(nested(depth, syntax, open_ended=open_ended), uid, syntax)
        with attacked(node, lines=0, stored=1):
            assert send(node, data, uid, syntax=syntax)[0] == 0


@pytest.mark.parametrize("open_ended", [True, False], ids=["open-ended", "counted"])
def test_d3_what_is_odd_nests_no_deeper(node: Victim, open_ended: bool):
    depths = (65, 300, 2000, 20_000)
    with attacked(node, lines=len(depths)):
        for depth in depths:
            data = ODD + holding(nested(depth, EXPLICIT, open_ended=open_ended))
            assert send(node, data)[0] == CANNOT_UNDERSTAND
    uid = f"1.2.3.5.{int(open_ended)}"
    with attacked(node, lines=0, stored=1):
        data = ODD + holding(nested(64, EXPLICIT, open_ended=open_ended), uid)
        assert send(node, data, uid)[0] == 0


def elements(count: int) -> bytes:
    """Private elements without a value; behind those of group 0008."""
    return b"".join(
        struct.pack("<HH2sH", 0x0009 + 0x0002 * (n >> 16 & 1), n & 0xFFFF, b"LO", 0)
        for n in range(count)
    )


def items(count: int) -> bytes:
    """A sequence of empty items."""
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0)
    return struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 8 * count) + item * count


MANY = 1_000_000  # limits.elements


@pytest.mark.parametrize("made", [elements, items])
def test_d4_elements_are_counted(node: Victim, made):
    """Multi-frame objects have hundreds of thousands; what is over the limit is refused in time."""
    with attacked(node) as seen:
        before = node.process.cpu_times()
        assert send(node, holding(made(MANY)))[0] == CANNOT_UNDERSTAND
        after = node.process.cpu_times()
    assert "more than 1000000 data elements" in seen.lines[0]
    assert after.user + after.system - before.user - before.system < 2.0
    with attacked(node, lines=0, stored=1):
        uid = f"1.2.3.6.{len(made.__name__)}"
        assert send(node, holding(made(100_000), uid), uid)[0] == 0


def packed(inside: bytes, number: int) -> bytes:
    """A counted sequence with one item."""
    item = struct.pack("<HHI", 0xFFFE, 0xE000, len(inside)) + inside
    return struct.pack("<HH2sHI", 0x0008, number, b"SQ", 0, len(item)) + item


@pytest.mark.parametrize(
    "bomb",
    [
        elements(100_000),
        elements(MANY - 100),
        items(100_000),
        items(MANY - 100),
        packed(elements(100_000), 0x1140),
        b"".join(packed(elements(100_000), 0x1140 + n) for n in range(9)),
        b"".join(packed(items(100_000), 0x1140 + n) for n in range(9)),
        packed(items(120_000), 0x1140),
    ],
    ids=[
        *("100,000 elements", "all elements", "100,000 items", "all items", "elements in an item"),
        *("elements in items", "items in items", "items in an item"),
    ],
)
def test_d4_what_is_odd_may_have_fewer(node: Victim, bomb: bytes):
    """pydicom takes 10 to 35 us and some 300 bytes for each: 2 s and 64 MiB are reached sooner."""
    with attacked(node):
        before = node.process.cpu_times()
        assert send(node, ODD + holding(bomb))[0] == CANNOT_UNDERSTAND
        after = node.process.cpu_times()
    assert after.user + after.system - before.user - before.system < 2.0


@pytest.mark.parametrize("made", [elements, items])
def test_d4_what_is_odd_may_have_thousands(node: Victim, made):
    uid = f"1.2.3.7.{len(made.__name__)}"
    with attacked(node, lines=0, stored=1):
        assert send(node, ODD + holding(made(20_000), uid), uid)[0] == 0


def test_d4_an_odd_object_with_many_values_costs_little_memory(node: Victim):
    value = struct.pack("<HH2sHI", 0x0009, 0x1000, b"UN", 0, MIB - 2) + bytes(MIB - 2)
    with attacked(node):
        assert send(node, ODD + holding(value * 80))[0] == CANNOT_UNDERSTAND


# -- D6: bombs that need it -----------------------------------------------------------------------


def deflated(head: bytes, size: int) -> bytes:
    """A data set with so many bytes of pixels, deflated."""
    pixels = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, size)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    made = [deflater.compress(head[: head.index(struct.pack("<HH", 0x7FE0, 0x10))] + pixels)]
    made += [deflater.compress(bytes(MIB)) for _ in range(size // MIB)]
    return b"".join(made) + deflater.flush()


def test_d6_a_deflate_bomb_is_a700_and_costs_no_memory(node: Victim):
    """Over 512 MiB; the association goes on, for the rest of it is soon read."""
    bomb = deflated(instance(), 600 * MIB)
    assert len(bomb) < MIB
    with attacked(node) as seen:
        assert send(node, bomb, syntax=DEFLATED)[0] == OUT_OF_RESOURCES
    assert "inflates to over 536870912 bytes" in seen.lines[0]
    assert kept(node)


def test_d6_what_stays_under_the_cap_is_kept_without_being_held_in_memory(node: Victim):
    """306 KB -> 300 MiB, which took 644 MiB of a stock pynetdicom."""
    uid = "1.2.3.10"
    with attacked(node, lines=0, stored=1):
        assert send(node, deflated(instance(uid), 300 * MIB), uid, syntax=DEFLATED)[0] == 0


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "plain"])
def test_d6_a_damaged_stream_is_refused(node: Victim, damage: str):
    whole = deflated(instance(), MIB)
    data = {
        "cut": whole[:-3],
        "noise": whole[:100] + b"\xff" * 50 + whole[150:],
        "empty": b"",
        "plain": instance(),
    }[damage]
    with attacked(node):
        assert send(node, data, syntax=DEFLATED)[0] == CANNOT_UNDERSTAND
