"""Hostile data sets, reliability/hostile-input.md D1, D2, D5: each row with its five assertions.

What scanner and reader by themselves do with such bytes is in test_scanner and test_bounds.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scu.associate import associate
from tests.clients import CALLER
from tests.datasets import CT, Element, encode, instance, parted, wheel_files
from tests.hostile import Victim, attacked, victim
from tests.storing import CANNOT_UNDERSTAND, IN_THE_WAY, MISMATCH, ODD, holding, kept, send
from tests.test_scanner import _ends
from wire.command import Command, Field

MR = "1.2.840.10008.5.1.4.1.1.4"


@pytest.fixture(scope="module")
def node(tmp_path_factory) -> Iterator[Victim]:
    with victim(tmp_path_factory.mktemp("data")) as serving:
        yield serving


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


@pytest.mark.parametrize("planted", ["year", "objects"])
def test_d1_a_link_planted_in_the_store_leads_nowhere(tmp_path: Path, planted: str):
    """Whoever can write there can do worse; but what we write is not sent elsewhere."""
    with victim(tmp_path) as node:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        objects = node.data / "objects"
        if planted == "year":
            (objects / f"{datetime.now(UTC):%Y}").symlink_to(elsewhere)
        else:  # the folder itself is held open: it is gone, and the link beside the way
            objects.rmdir()
            objects.symlink_to(elsewhere)
        with attacked(node):
            assert send(node, instance(), "1.2.3.4")[0] == IN_THE_WAY
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
