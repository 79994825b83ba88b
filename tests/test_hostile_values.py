"""Hostile values, reliability/hostile-input.md D7 to D9, D11, D12, each with its five assertions.

What character sets and matching do by themselves is in test_charsets_hostile and
test_matching_oracle; preambles one by one are in test_media.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from archive.attributes import STORED, Attribute, Level
from archive.filemeta import EXECUTABLE
from scu import instances
from scu.associate import associate
from tests import clients
from tests.clients import CALLER, PATIENT_ROOT, STUDY_ROOT
from tests.commands import anode
from tests.datasets import CT, EXPLICIT, IMPLICIT, Element, encode, instance
from tests.hostile import LIMITS, Victim, attacked, victim
from tests.lines import FIND, command, echoed
from tests.objects import identifier
from tests.pairs import context_item, data_pdu, request_pdu
from tests.scripts import SETS
from tests.storing import kept, send
from wire.command import Command, Field

MIB = 1 << 20
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"


@pytest.fixture(scope="module")
def node(tmp_path_factory) -> Iterator[Victim]:
    with victim(tmp_path_factory.mktemp("values")) as serving:
        yield serving


@pytest.fixture(scope="module")
def json_node(tmp_path_factory) -> Iterator[Victim]:
    log = f'{LIMITS}\n[log]\nformat = "json"\n'
    with victim(tmp_path_factory.mktemp("json"), log) as serving:
        yield serving


def element(tag: int, vr: bytes, value: bytes) -> Element:
    return Element(tag, vr, value + b" " * (len(value) % 2))


def named(uid: str, charset: bytes, name: bytes, syntax: str = EXPLICIT) -> bytes:
    """An object of a patient with these bytes for a name, in that set."""
    said = [element(0x00080005, b"CS", b"ISO_IR 100"), element(0x00100010, b"PN", b"Doe^Jane")]
    meant = [element(0x00080005, b"CS", charset), element(0x00100010, b"PN", name)]
    whole = instance(uid, syntax=syntax)
    for before, after in zip(said, meant, strict=True):
        assert encode([before], syntax) in whole
        whole = whole.replace(encode([before], syntax), encode([after], syntax))
    return whole


def fetched(node: Victim, uid: str, syntax: str = EXPLICIT) -> bytes:
    """The data set the node gives back."""
    wanted = instances.FileInstance(CT, uid, syntax, Path(), 0, 0)
    asked = identifier(
        "IMAGE", StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.1", SOPInstanceUID=uid
    )
    progress, found = clients.get(node.target, asked, [wanted])
    assert progress[-1].status == 0
    return found[uid]


# -- D7: character sets ---------------------------------------------------------------------------

# (0008,0005), a name in it, and whether that is odd
ODD_SETS = [
    (b"ISO_IR 999", "Jérôme".encode(), True),
    (b"\\ISO 2022 IR 999", b"A\x1b$)Z\xb0\xa1", True),
    (b"ISO_IR 192\\ISO 2022 IR 87", "山".encode(), True),
    (b"GB18030\\ISO 2022 IR 58", b"\xff\xfe\x81", True),
    (b"\\ISO 2022 IR 87", b"\x1b$B;3E", True),
    (b"\\ISO 2022 IR 87", b"\x1b$B" * 500, False),  # a loop that says nothing
    (b"\\ISO 2022 IR 149", b"\x1b" * 999, True),
    (b"ISO_IR 192", b"\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf", True),  # overlong
    (b"ISO_IR 192", b"\xed\xa0\x80\xed\xb0\x80\xf4\x90\x80\x80", True),  # half surrogates
    (b"ISO_IR 192", "\u202e\u2066evil\u2069\ufeff".encode(), False),  # bidirectional, and legal
    (b"", bytes(range(1, 256)), True),
    (b"\0\x1b[31m\r\n", b"\xe9", True),
    (b"\\" * 1000, b"\xe9", True),
    (b"ISO 2022 IR 6" + b"\\ISO 2022 IR 100" * 500, b"\x1b-A\xe9", True),
    (b"A" * 60_000, b"\xe9", True),
]


@pytest.mark.parametrize("number", range(len(ODD_SETS)))
def test_d7_text_that_cannot_be_read_costs_no_object(node: Victim, number: int):
    """Stored, flagged in its row, found, given back byte for byte; nobody is told an exception."""
    charset, name, odd = ODD_SETS[number]
    uid = f"1.2.3.7.{number}"
    data = named(uid, charset, name)
    with attacked(node, lines=0, stored=1):
        assert send(node, data, uid) == (0, "")
        found = clients.query(
            node.target,
            identifier(
                "IMAGE",
                StudyInstanceUID="1.2.3",
                SeriesInstanceUID="1.2.3.1",
                SOPInstanceUID=uid,
                PatientName="",
            ),
        )
        assert len(found) == 1
    assert fetched(node, uid) == data
    assert node.row("odd_character_set", uid) == odd
    assert kept(node)


def test_d7_ten_megabytes_of_a_name_cost_no_memory(node: Victim):
    """Implicit VR has room for it; the index keeps 64 KiB."""
    uid = "1.2.3.8"
    data = named(uid, b"\\ISO 2022 IR 87", b"\x1b$B;3\x1b(B^" * MIB, IMPLICIT)
    assert len(data) > 9 * MIB
    with attacked(node, lines=0, stored=1):
        assert send(node, data, uid, syntax=IMPLICIT) == (0, "")
    assert fetched(node, uid, IMPLICIT) == data


@given(st.binary(max_size=60), st.sampled_from(SETS), st.integers(0, 1 << 40))
def test_d7_no_bytes_of_a_name_are_refused_or_changed(
    node: Victim, name: bytes, charset: str, number: int
):
    data = named(f"1.2.3.9.{number}.{len(name)}", charset.encode(), name)
    uid = f"1.2.3.9.{number}.{len(name)}"
    assert send(node, data, uid)[0] in (0, 0x0111)  # it may come twice, with other bytes
    assert len(fetched(node, uid)) > 0


# -- D8: what reaches the log ---------------------------------------------------------------------

FORGED = b"\r\n2026-01-01T00:00:00.000Z ERROR anode.x: FORGED"
NO_TITLES = [
    b"A\r\nFORGED",
    b"\x1b[2J\x1b[31mRED",
    b"A\0B",
    b"A\\B",
    b"\xc3\xa9\xe2\x80\xae",
    b"A\x7fB",
    b"\x85A",
    b"A\tB",
    b"",
]


@pytest.mark.parametrize("kind", ["text", "json"])
@pytest.mark.parametrize("place", ["calling", "called"])
def test_d8_no_bad_title_gets_in_and_none_forges_a_line(node, json_node, place: str, kind: str):
    """PS3.8 Table 9-21: 1,1,3 for the calling title, 1,1,7 for the called one."""
    attacked_node = node if kind == "text" else json_node
    with attacked(attacked_node, lines=len(NO_TITLES)) as seen:
        for title in NO_TITLES:
            with attacked_node.line() as line:
                line.say(request_pdu(**{"called": b"ANODE", "calling": b"T", place: title}))
                assert line.verdict() == (1, 1, 3 if place == "calling" else 7)
    assert all("rejected: " in line for line in seen.lines)
    assert not any("FORGED" in line and "A\\" not in line for line in seen.lines)


@pytest.mark.parametrize("kind", ["text", "json"])
def test_d8_no_value_of_a_command_forges_a_line(node, json_node, kind: str):
    attacked_node = node if kind == "text" else json_node
    move = context_item(7, MOVE)
    bad = [
        (7, command(Field.C_MOVE, command_data_set_type=1), 0x0600, b"DEST" + FORGED),
        (
            5,
            command(Field.C_STORE, affected_sop_class_uid=CT, command_data_set_type=1),
            0x1000,
            FORGED,
        ),
        (3, command(Field.C_FIND, command_data_set_type=1), 0x0002, FORGED),
    ]
    level = encode([element(0x00080052, b"CS", FORGED + b"\x1b[31m")], IMPLICIT)
    with attacked(attacked_node, lines=len(bad)) as seen:
        for context, raw, tag, value in bad:
            with attacked_node.line() as line:
                line.associate(context_item(1), context_item(3, FIND), context_item(5, CT), move)
                odd = raw + struct.pack("<HHI", 0, tag, len(value)) + value
                line.say(data_pdu((context, 3, odd)), data_pdu((context, 2, level)))
                answer = line.hear()
                assert answer[:1] == b"\x04"
                assert echoed(line)
                line.release()
    for line in seen.lines:
        assert line.count("\n") == 0
        if kind == "json":
            assert json.loads(line)["level"] == "warning"


# -- D9: SQL --------------------------------------------------------------------------------------

HOSTILE = ["'; DROP TABLE x", "100%", "a_b", "[a-c]", "a[!x]b", "O'Br?en", '"*"', "a*b", "{x}$1"]
WILD = {"AE", "CS", "LO", "LT", "SH", "ST", "UC", "UT", "PN"}
LEVELS: tuple[Level, ...] = ("PATIENT", "STUDY", "SERIES", "IMAGE")
_RANGED = {"DA", "TM", "DT"}
_SKIPPED = {"SQ", "UI", "US", "UL"}


def texts(level: Level) -> list[Attribute]:
    return [a for a in STORED[level] if a.matched and a.vr not in _SKIPPED]


def place(level: Level, number: int) -> dict[int, str]:
    """The UIDs of the n-th of several at a level, which above it are in one."""
    depth = LEVELS.index(level)
    return {
        tag: f"1.9.{depth}.{number if depth <= below else 0}.{below}"
        for below, tag in enumerate((0x0020000D, 0x0020000E, 0x00080018), 1)
    }


def hostile_object(level: Level, number: int) -> tuple[str, bytes]:
    """All that is text at this level says the n-th hostile thing; above it, nothing."""
    uids = place(level, number)
    values = {
        0x00080016: element(0x00080016, b"UI", CT.encode()),
        0x00100010: element(0x00100010, b"PN", b"zz"),
        0x00100020: element(0x00100020, b"LO", level.encode()),
    }
    for attribute in texts(level):
        vr = attribute.vr.encode()
        values[attribute.tag] = element(attribute.tag, vr, HOSTILE[number].encode())
    for tag, uid in uids.items():
        values[tag] = Element(tag, b"UI", uid.encode() + b"\0" * (len(uid) % 2))
    return uids[0x00080018], encode([values[tag] for tag in sorted(values)])


def matches(vr: str, key: str, value: str) -> bool:
    """PS3.4 C.2.2.2 for ASCII, straight from the text."""
    if vr not in WILD:
        return key == value
    pattern = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in key)
    return re.fullmatch(pattern, value, re.IGNORECASE if vr == "PN" else 0) is not None


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Iterator[Victim]:
    with victim(tmp_path_factory.mktemp("filled")) as serving:
        for level in LEVELS:
            for number in range(len(HOSTILE)):
                uid, data = hostile_object(level, number)
                assert send(serving, data, uid) == (0, "")
        yield serving


def asking(level: Level) -> dict[int, Element]:
    """An identifier for those of this level, without the key that is to be tried."""
    unique = dict(zip(LEVELS, (0x00100020, 0x0020000D, 0x0020000E, 0x00080018), strict=True))
    own, depth = unique[level], LEVELS.index(level)
    fixed = {0x00080052: element(0x00080052, b"CS", level.encode())}
    for above in LEVELS[1:depth]:
        fixed[unique[above]] = element(
            unique[above], b"UI", place(level, 0)[unique[above]].encode()
        )
    if level == "PATIENT":
        fixed[own] = Element(own, b"LO")
    else:
        uids = "\\".join(place(level, number)[own] for number in range(len(HOSTILE)))
        fixed[own] = Element(own, b"UI", uids.encode() + b"\0" * (len(uids) % 2))
    return fixed


@pytest.mark.parametrize("level", LEVELS)
def test_d9_keys_are_values_and_never_sql(filled: Victim, level: Level):
    """Every key that is text, with every hostile text, against every hostile text stored."""
    model = (PATIENT_ROOT if level == "PATIENT" else STUDY_ROOT) + "1"
    refused = sum(a.vr in _RANGED for a in texts(level)) * len(HOSTILE)
    with (
        attacked(filled, lines=refused),
        associate(filled.target, CALLER, [(model, (EXPLICIT,))]) as association,
    ):
        for attribute in texts(level):
            for key in HOSTILE:
                asked = asking(level)
                tag, vr = attribute.tag, attribute.vr
                asked[tag] = element(tag, vr.encode(), key.encode())
                answer = ask(association, model, encode([asked[each] for each in sorted(asked)]))
                expected = sum(matches(vr, key, value) for value in HOSTILE)
                wanted = (0xA900, 0) if vr in _RANGED else (0, expected)
                assert answer == wanted, (attribute.keyword, key)


_message = iter(range(1, 1 << 16))


def ask(association, model: str, data: bytes) -> tuple[int | None, int]:
    """A C-FIND of these bytes: its final status, and how many answers there were."""
    asked = Command(
        Field.C_FIND, model, message_id=next(_message), priority=0, command_data_set_type=1
    )
    association.send(association.context_for(model), asked, data)
    for number in range(1 << 20):
        message = association.response(asked)
        message.drain()
        if message.command.status not in (0xFF00, 0xFF01):
            return message.command.status, number
    raise AssertionError("no end")


# -- D11, D12: files and pixels -------------------------------------------------------------------


def test_d11_executable_preambles_are_refused_by_the_importer(node: Victim, tmp_path: Path):
    """TIFF may stand there, PS3.10 7.5; the preamble of what we store is ours in any case."""
    small = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()
    for number, (magic, _) in enumerate((*EXECUTABLE, (b"II*\0", ""), (b"MM\0*", ""))):
        content = magic + small[len(magic) :]
        uid = f"1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.{12322 + number}".encode()
        old = b"1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
        (tmp_path / f"{number}.dcm").write_bytes(content.replace(old, uid))
    with attacked(node, lines=0, stored=2):
        ran = anode("import", tmp_path, "-c", node.folder / "in" / "anode.toml", "--json")
    assert ran.code == 1
    refused = json.dumps(ran.document)
    assert refused.count("a preamble must not make it one") == len(EXECUTABLE)
    newest = max(node.data.rglob("*.dcm"), key=lambda path: path.stat().st_mtime_ns)
    assert newest.read_bytes()[:132] == bytes(128) + b"DICM"


def test_d12_the_storing_process_holds_no_decoder(node: Victim):
    """Broken pixels are bytes like others: nothing is loaded that could read them."""
    path = Path(str(get_testdata_file("JPEG2000.dcm")))
    one = instances.read(path)
    data = path.read_bytes()[one.offset :]
    begin = data.index(b"\xff\x4f\xff\x51")  # SOC, SIZ
    broken = data[: begin + 4] + b"\xff" * 100 + data[begin + 104 :]
    with (
        attacked(node, lines=0, stored=1),
        associate(
            node.target, CALLER, [(one.sop_class_uid, (one.transfer_syntax_uid,))]
        ) as association,
    ):
        asked = Command(
            Field.C_STORE,
            one.sop_class_uid,
            affected_sop_instance_uid=one.sop_instance_uid,
            message_id=1,
            command_data_set_type=1,
        )
        association.send(association.context_for(one.sop_class_uid), asked, broken)
        assert association.response(asked).command.status == 0
    loaded = Path("/proc", str(node.process.pid), "maps").read_text("utf-8")
    assert not re.search("numpy|PIL|gdcm|highdicom|imagecodecs|jpeg_ls|openjpeg|pylibjpeg", loaded)


def test_a_title_may_hold_all_that_ae_allows(node: Victim):
    """The positive twin of D8."""
    with attacked(node, lines=0), node.line() as line:
        line.associate(calling=b"A b-C_1.2'\"<&;")
        assert echoed(line)
        line.release()
