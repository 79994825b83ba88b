"""Hostile data, reliability/hostile-input.md D1 to D12: each row on a node, with its five assertions.

What scanner, reader and matching do by themselves with such bytes is in test_scanner, test_bounds,
test_charsets_hostile and test_matching_oracle.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from scu import store as storing
from scu.associate import associate
from tests import clients
from tests.clients import CALLER
from tests.datasets import (
    BIG,
    CT,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    Element,
    encode,
    instance,
    parted,
    wheel_files,
)
from tests.hostile import LIMITS, Victim, attacked, victim
from tests.objects import identifier
from tests.test_bounds import nested
from wire import command as commands
from wire.command import Command, Field

MIB = 1 << 20
CANNOT_UNDERSTAND, MISMATCH, OUT_OF_RESOURCES = 0xC000, 0xA900, 0xA700
MR = "1.2.840.10008.5.1.4.1.1.4"


@pytest.fixture(scope="module")
def node(tmp_path_factory) -> Iterator[Victim]:
    with victim(tmp_path_factory.mktemp("data"), LIMITS) as serving:
        yield serving


def send(
    node: Victim,
    data: bytes,
    uid: str | bytes = "1.2.3.4",
    *,
    syntax: str = EXPLICIT,
    sop_class: str | None = CT,
) -> tuple[int | None, str]:
    """One C-STORE and its answer, on an association that goes on afterwards."""
    with associate(node.target, CALLER, [(CT, (syntax,))]) as association:
        context = association.context_for(CT)
        told = uid if isinstance(uid, bytes) else uid.encode("ascii")
        told += b"\0" * (len(told) % 2)
        asked = Command(Field.C_STORE, sop_class, message_id=1, command_data_set_type=1)
        raw = commands.encode(asked) + struct.pack("<HHI", 0, 0x1000, len(told)) + told
        association.queue(context, raw, data)
        association.flush()
        answer = association.response(asked).command
        assert association.alive
        return answer.status, answer.error_comment or ""


_good = iter(range(1, 1 << 20))


def kept(node: Victim, **values: str) -> bool:
    """The positive twin: an object nothing is wrong with is stored, and found."""
    uid = f"1.2.3.4.{next(_good)}"
    assert send(node, instance(uid, **values), uid) == (0, "")
    found = clients.query(
        node.target,
        identifier(
            "IMAGE", StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.1", SOPInstanceUID=uid
        ),
    )
    return [one.SOPInstanceUID for one in found] == [uid]


# -- D1: UIDs as paths ----------------------------------------------------------------------------

NO_UIDS = [
    b"../../evil",
    b"/etc/anode-was-here",
    b"..",
    b".",
    b"1.2/../../3",
    b"1.2\0/3",
    b"1.2.3\n4",
    b"%2e%2e%2fevil",
    b"..\\..\\evil",
    b"1." * 32 + b"1",
    b"1" * 65,
    "١.٢.٣".encode(),
    b"1..2",
    b".1.2",
    b"1.2.",
    b"1.2.3 4",
    b"-1.2",
    b"con",
    b"~root",
    b"$(id)",
    b"",
]


@pytest.mark.parametrize("uid", NO_UIDS, ids=repr)
def test_d1_what_is_no_uid_is_never_a_path(node: Victim, uid: bytes):
    """In the command, in the data set, and in both alike."""
    good = instance("1.2.3.4")
    plain = Element(0x00080018, b"UI", b"1.2.3.4\0")
    padded = uid + b"\0" * (len(uid) % 2)
    bad = good.replace(encode([plain]), encode([Element(0x00080018, b"UI", padded)]))
    with attacked(node, lines=3) as seen:
        assert send(node, good, uid)[0] == CANNOT_UNDERSTAND
        assert send(node, bad, "1.2.3.4")[0] == CANNOT_UNDERSTAND
        assert send(node, bad, uid)[0] == CANNOT_UNDERSTAND
    assert all("C-STORE of a CT Image Storage from TESTER refused" in line for line in seen.lines)
    assert kept(node)


@pytest.mark.parametrize("tag", [0x0020000D, 0x0020000E], ids=["study", "series"])
def test_d1_nor_in_the_uids_around_it(node: Victim, tag: int):
    right = {0x0020000D: b"1.2.3\0", 0x0020000E: b"1.2.3.1\0"}[tag]
    wrong = encode([Element(tag, b"UI", b"../../evil")])
    bad = instance().replace(encode([Element(tag, b"UI", right)]), wrong)
    with attacked(node):
        assert send(node, bad)[0] == CANNOT_UNDERSTAND
    assert kept(node)


@pytest.mark.parametrize("planted", ["folder", "file"])
def test_d1_a_link_planted_in_the_store_leads_nowhere(tmp_path: Path, planted: str):
    """Whoever can write there can do worse; but what we write is not sent elsewhere."""
    with victim(tmp_path, LIMITS) as node:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        objects = node.data / "objects"
        if planted == "folder":
            from datetime import UTC, datetime

            (objects / f"{datetime.now(UTC):%Y}").symlink_to(elsewhere)
        else:
            objects.rmdir()
            objects.symlink_to(elsewhere)
        if planted == "folder":
            with attacked(node):
                assert send(node, instance(), "1.2.3.4")[0] == 0x0110
        else:  # the folder is held open: it is gone, and so is the way to it
            with attacked(node):
                assert send(node, instance(), "1.2.3.4")[0] == 0x0110
        assert list(elsewhere.rglob("*")) == []


# -- D2: who is it? -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "keys", "status"),
    [
        (instance("1.2.3.5"), {}, MISMATCH),
        (instance("1.2.3.4", sop_class=MR), {}, MISMATCH),
        (instance("1.2.3.4", sop_class=MR), {"sop_class": MR}, 0x0122),
        (instance("1.2.3.4"), {"sop_class": None}, 0x0122),
        (instance(""), {}, CANNOT_UNDERSTAND),
        (instance(sop_class=""), {}, CANNOT_UNDERSTAND),
        (instance(study=None), {}, CANNOT_UNDERSTAND),
        (instance(series=None), {}, CANNOT_UNDERSTAND),
        (instance(study=""), {}, CANNOT_UNDERSTAND),
        (instance() + instance("1.2.3.9"), {}, MISMATCH),  # twice, the second another
        (b"", {}, CANNOT_UNDERSTAND),
    ],
    ids=[
        *(
            "instance",
            "class",
            "both classes",
            "no class in the command",
            "no instance",
            "no class",
        ),
        *("no study", "no series", "empty study", "two identities", "nothing at all"),
    ],
)
def test_d2_what_contradicts_itself_is_refused(
    node: Victim, data: bytes, keys: dict[str, str], status: int
):
    with attacked(node):
        assert send(node, data, "1.2.3.4", **keys)[0] == status
    assert kept(node)


# -- D3, D4: bombs that need no compression -------------------------------------------------------


def holding(more: bytes, uid: str = "1.2.3.4", syntax: str = EXPLICIT) -> bytes:
    """An object with these elements of group 0008 in their place."""
    whole = instance(uid, syntax=syntax)
    at = whole.index(struct.pack("<HH", 0x0010, 0x0010))
    return whole[:at] + more + whole[at:]


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


# A VR of nobody makes a data set odd: pydicom reads it, within the same bounds.
ODD = struct.pack("<HH2sH", 0x0008, 0x0001, b"QQ", 4) + b"1234"


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


# -- D5: lengths ----------------------------------------------------------------------------------

LIES = {
    "4 GiB of which 4 bytes are there": struct.pack("<HH2sHI", 8, 0x70, b"UT", 0, 0xFFFFFFFE)
    + b"abcd",
    "one byte more than there is": struct.pack("<HH2sHI", 8, 0x70, b"UT", 0, 5000) + b"abcd",
    "a text without end": struct.pack("<HH2sHI", 8, 0x70, b"UT", 0, 0xFFFFFFFF) + b"abcd",
    "pixels without end": struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, 0xFFFFFFFF) + b"abcd",
    "an open sequence": struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF),
    "an open item": struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF),
    "half a header": b"\x08\x00\x70",
    "half a length": struct.pack("<HH2sH", 8, 0x70, b"UT", 0) + b"\x04\x00",
    "the end of a sequence alone": struct.pack("<HHI", 0xFFFE, 0xE0DD, 0),
    "an item alone": struct.pack("<HHI", 0xFFFE, 0xE000, 0),
    "an item that never ends": struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF),
    # not the last, where it ends nothing and hides nothing
    "a delimiter alone": struct.pack("<HHI", 0xFFFE, 0xE00D, 0),
}


@pytest.mark.parametrize(
    ("name", "place"),
    [(name, place) for name in LIES for place in ("within", "last")][:-1],
)
def test_d5_a_length_that_lies_is_never_a_success(node: Victim, name: str, place: str):
    data = holding(LIES[name]) if place == "within" else instance() + LIES[name]
    with attacked(node):
        assert send(node, data)[0] == CANNOT_UNDERSTAND
    assert kept(node)


WHOLE = {
    "a length that is odd": struct.pack("<HH2sH", 8, 0x70, b"LO", 5) + b"ACME!",
    # As in a file of pydicom's wheel, whose elements fill up to the end all the same
    "an item longer than its sequence": struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, 8)
    + struct.pack("<HHI", 0xFFFE, 0xE000, 24),
    "a VR of nobody": ODD,
}


@pytest.mark.parametrize("name", WHOLE)
def test_d5_what_is_odd_and_whole_is_kept_as_it_came(node: Victim, name: str):
    """The positive twin: every byte can be read, and no object is lost for being old."""
    uid = f"1.2.3.8.{list(WHOLE).index(name) + 1}"
    with attacked(node, lines=0, stored=1):
        assert send(node, holding(WHOLE[name], uid), uid)[0] == 0


def _ends(data: bytes, syntax: str) -> set[int]:
    from tests.test_scanner import _ends as ends

    return ends(data, syntax)


FILES = [path for path in wheel_files() if path.name != "DICOMDIR"]


@pytest.mark.filterwarnings("ignore")
def test_d5_no_real_file_is_a_success_when_it_is_cut(node: Victim):
    """Every Part 10 file of pydicom's wheel, cut at a dozen places each, over the wire."""
    tried = 0
    with attacked(node, lines=_cuts(node)) as seen:
        for data, syntax, cuts in _fixtures():
            tried += _refused(node, data, syntax, cuts)
    assert tried > 1000
    assert all("refused" in line for line in seen.lines)


def _fixtures() -> Iterator[tuple[bytes, str, Sequence[int]]]:
    for path in FILES:
        found = parted(path)
        assert found is not None
        syntax, data = found
        ends = _ends(data, syntax)
        step = max(len(data) // 12 | 1, 1)
        cuts = [cut for cut in (*range(7, len(data), step), len(data) - 1) if cut not in ends]
        yield data, syntax, cuts


def _cuts(node: Victim) -> int:
    return sum(len(cuts) for _, _, cuts in _fixtures())


def _refused(node: Victim, data: bytes, syntax: str, cuts: Sequence[int]) -> int:
    """Send the beginnings of a data set as a CT image; none may be taken."""
    with associate(node.target, CALLER, [(CT, (syntax,))]) as association:
        context = association.context_for(CT)
        for number, cut in enumerate(cuts, 1):
            asked = Command(
                Field.C_STORE,
                CT,
                affected_sop_instance_uid="1.2.3.4",
                message_id=number,
                command_data_set_type=1,
            )
            association.send(context, asked, data[:cut])
            status = association.response(asked).command.status
            assert status in (CANNOT_UNDERSTAND, MISMATCH), (cut, status)
    return len(cuts)


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
