"""DCMTK's own clients against the node: what they send, ask and fetch comes out right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydicom import Dataset

from config.peers import Access
from scp.node import Node
from scu import instances
from tests import clients, corpus
from tests.nodes import node, peer, port, target
from tests.objects import identifier, instance, uid, written
from tests.peers import free_port, needs_dcmtk, storescp, tool

pytestmark = [needs_dcmtk, pytest.mark.interop]

# What storescu of DCMTK 3.6.7 reads and proposes by itself with -xf or default contexts.
PLAIN = [
    one
    for one in corpus.groups()[0]
    if one.transfer_syntax_uid in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
    and one.path.name not in corpus.REFUSED
]


def at(serving: Node) -> tuple[str, str, str, str]:
    """The node as DCMTK's tools are told of it."""
    return "-aec", "ANODE", "127.0.0.1", str(port(serving))


def received(folder: Path) -> dict[str, bytes]:
    """Data sets by SOP Instance UID."""
    found = [instances.read(path) for path in folder.iterdir()]
    return {one.sop_instance_uid: corpus.data_set(one) for one in found}


def answers(output: str) -> int:
    """Pending responses that findscu printed."""
    return len(re.findall(r"Find Response: \d+ \(Pending\)", output))


def test_echoscu_is_answered(tmp_path: Path):
    with node(tmp_path) as serving:
        assert tool("echoscu", *at(serving)).returncode == 0


def test_dcmsend_of_a_folder_movescu_and_getscu_bring_back_the_same_bytes(tmp_path: Path):
    """The reference is what dcmsend sends to storescp, which keeps it bit for bit."""
    folder = tmp_path / "sent"
    folder.mkdir()
    for number, one in enumerate(PLAIN):
        (folder / f"{number}.dcm").symlink_to(one.path)
    # movescu listens for its own sub-operations; the node must know where.
    own_port = free_port()
    mover = peer("MOVESCU", own_port)
    everyone = ("echo", "store", "find", "get")
    with (
        storescp(tmp_path / "reference") as reference,
        node(tmp_path / "node", peers=(mover,), access=Access(unknown_peers=everyone)) as serving,
    ):
        direct = tool(
            "dcmsend",
            "-aec",
            "STORESCP",
            "127.0.0.1",
            str(reference.port),
            "+sd",
            folder,
            "--no-halt",
        )
        assert direct.returncode == 0, direct.stderr
        sent = tool("dcmsend", *at(serving), "+sd", folder, "--no-halt")
        assert sent.returncode == 0, sent.stderr
        expected = received(tmp_path / "reference")
        moved, got = tmp_path / "moved", tmp_path / "got"
        moved.mkdir()
        got.mkdir()
        studies = "StudyInstanceUID=" + "\\".join(sorted(set(_studies(serving))))
        keys = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", studies, *at(serving))
        # movescu 3.6.7 writes into its working directory when told to keep bits (+B).
        own = ("+B", "+P", str(own_port), "-aem", "MOVESCU")
        move = tool("movescu", *own, *keys, cwd=moved)
        assert move.returncode == 0, move.stderr + move.stdout
        get = tool("getscu", "+B", "-od", got, *keys)
        assert get.returncode == 0, get.stderr + get.stdout
    assert len(expected) > 100, "storescp refuses the few classes it does not know"
    assert received(moved) == expected
    assert received(got) == expected


def _studies(serving: Node) -> list[str]:
    """By our own client: findscu shortens long values when it prints them."""
    found = clients.query(target(serving), identifier("STUDY", StudyInstanceUID=""))
    return [str(one.StudyInstanceUID) for one in found]


def test_findscu_at_study_level_answers_once_for_a_hundred_images(tmp_path: Path):
    written(tmp_path / "study", *[instance(number) for number in range(100)])
    with node(tmp_path / "node") as serving:
        sent = tool("dcmsend", *at(serving), "+sd", tmp_path / "study")
        assert sent.returncode == 0, sent.stderr
        keys = (
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            "PatientName=DOE*",
            "-k",
            "StudyInstanceUID",
        )
        more = ("-k", "NumberOfStudyRelatedInstances", "-k", "ModalitiesInStudy")
        found = tool("findscu", "-S", *keys, *more, *at(serving))
        output = found.stdout + found.stderr
    assert answers(output) == 1
    assert "[100 ]" in output
    assert "[CT]" in output


@pytest.mark.parametrize(
    ("root", "level", "keys", "expected"),
    [
        ("-P", "PATIENT", ["PatientID"], 2),
        ("-P", "STUDY", ["PatientID=P1", "StudyInstanceUID"], 2),
        ("-P", "SERIES", ["PatientID=P1", f"StudyInstanceUID={uid('s1')}", "SeriesInstanceUID"], 2),
        ("-S", "STUDY", ["StudyInstanceUID", "StudyDate=20240101-20240131"], 2),
        ("-S", "STUDY", ["StudyInstanceUID", "StudyDate=-20240131"], 2),
        ("-S", "STUDY", ["StudyInstanceUID", "StudyDate=20240201-"], 1),
        ("-S", "SERIES", [f"StudyInstanceUID={uid('s1')}", "SeriesInstanceUID", "Modality=MR"], 1),
        (
            "-S",
            "IMAGE",
            [f"StudyInstanceUID={uid('s1')}", f"SeriesInstanceUID={uid('e1')}", "SOPInstanceUID"],
            2,
        ),
    ],
)
def test_findscu_finds_at_every_level_of_both_roots(root, level, keys, expected, tmp_path: Path):
    first = {"StudyInstanceUID": uid("s1"), "StudyDate": "20240102"}
    objects = [
        instance(1, **first, SeriesInstanceUID=uid("e1")),
        instance(2, **first, SeriesInstanceUID=uid("e1")),
        instance(3, **first, SeriesInstanceUID=uid("e2"), Modality="MR"),
        instance(4, StudyInstanceUID=uid("s2"), StudyDate="20240131"),
        instance(5, StudyInstanceUID=uid("s3"), StudyDate="20240201", PatientID="P2"),
    ]
    written(tmp_path / "objects", *objects)
    with node(tmp_path / "node") as serving:
        assert tool("dcmsend", *at(serving), "+sd", tmp_path / "objects").returncode == 0
        asked = [word for key in (f"QueryRetrieveLevel={level}", *keys) for word in ("-k", key)]
        found = tool("findscu", root, *asked, *at(serving))
    assert answers(found.stdout + found.stderr) == expected


def test_movescu_to_an_unknown_destination_is_told_a801(tmp_path: Path):
    with node(tmp_path) as serving:
        keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3")
        moved = tool("movescu", "-d", "-S", "-aem", "NOWHERE", *keys, *at(serving))
    assert "0xa801" in (moved.stdout + moved.stderr).lower()
    assert moved.returncode != 0


@pytest.mark.parametrize(
    ("level", "keys", "expected"),
    [
        # keyword, tag, empty, wildcard, list, range, name in another script, item of a sequence
        ("STUDY", ["PatientID=P1"], 1),
        ("STUDY", ["0010,0020=P1"], 1),
        ("STUDY", ["(0010,0020)=P?"], 2),
        ("STUDY", ["PatientID"], 2),
        ("STUDY", ["PatientName=YAMADA*"], 1),
        ("STUDY", ["SpecificCharacterSet=ISO_IR 192", "PatientName=*=山田*"], 1),
        ("STUDY", [f"StudyInstanceUID={uid('s1')}\\{uid('s2')}"], 2),
        ("STUDY", ["StudyDate=20240101-20240630"], 1),
        ("STUDY", ["StudyTime=1000-1100"], 2),
        ("STUDY", ["ModalitiesInStudy=CT"], 2),
        ("STUDY", ["ProcedureCodeSequence[0].CodeValue=P1-1"], 1),
        ("STUDY", ["(0008,1032)[0].(0008,0100)=P*"], 1),
        ("STUDY", ["ProcedureCodeSequence[0].CodeValue=P1-1", "PatientID=P2"], 0),
    ],
)
def test_findscu_asks_with_keys_of_every_kind(level, keys, expected, tmp_path: Path):
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "P1-1", "99X", "Head"
    japanese = {"SpecificCharacterSet": "ISO_IR 192", "PatientName": "Yamada^Tarou=山田^太郎"}
    objects = [
        instance(1, StudyInstanceUID=uid("s1"), ProcedureCodeSequence=[code], **japanese),
        instance(2, StudyInstanceUID=uid("s2"), StudyDate="20241231", PatientID="P2"),
    ]
    written(tmp_path / "objects", *objects)
    with node(tmp_path / "node") as serving:
        assert tool("dcmsend", *at(serving), "+sd", tmp_path / "objects").returncode == 0
        words = ("-k", f"QueryRetrieveLevel={level}", "-k", "StudyInstanceUID")
        asked = [word for key in keys for word in ("-k", key)]
        found = tool("findscu", "-S", *words, *asked, *at(serving))
    assert answers(found.stdout + found.stderr) == expected
