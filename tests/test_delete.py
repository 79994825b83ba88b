"""Deletion: what was asked for goes, whole and for good, and no crash leaves a false promise."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.console import Console

from archive import Archive, tombstones
from archive.checking import Manner, check
from archive.tombstones import Deletion
from cli import deleting
from config import catalogue
from tests import audit_sinks, clients
from tests.commands import ROOT, SECONDS, anode, command, configuration
from tests.datasets import instance
from tests.nodes import node, target
from tests.objects import identifier
from tests.receiving import receive

HANGING_PROTOCOL = "1.2.840.10008.5.1.4.38.1"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two studies of one patient, three objects in two series each, and a hanging protocol."""
    data = tmp_path / "anode-data"
    with Archive.open(data, sync="lazy") as archive:
        for study in (1, 2):
            for one in (1, 2, 3):
                uid, series = f"1.2.{study}.{one}", f"1.4.{study}.{one % 2}"
                receive(archive, instance(uid, study=f"1.3.{study}", series=series), uid)
        plain = instance("1.2.9", sop_class=HANGING_PROTOCOL, study=None, series=None)
        receive(archive, plain, "1.2.9", sop_class=HANGING_PROTOCOL, patient_related=False)
    return data


def held(data: Path) -> dict[str, Path]:
    with Archive.open(data, sync="lazy") as archive:
        rows = {stored.sop_instance_uid: stored.path for _, stored in archive.index.held(0, 100)}
        assert check(archive, Manner(True, 1, kind=catalogue.of_patient)).findings == []
    assert set((data / "objects").rglob("*.dcm")) == set(rows.values())
    return rows


def stones(data: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in sorted((data / "tombstones").glob("*.json"))]


def delete(data: Path, *keys: str, yes=True):
    file = configuration(data.parent)
    asked = [part for key in keys for part in ("-k", key)]
    return anode("delete", "-c", file, *asked, *["--yes"] * yes)


FIRST = {"1.2.1.1", "1.2.1.2", "1.2.1.3"}
SECOND = {"1.2.2.1", "1.2.2.2", "1.2.2.3"}


@pytest.mark.parametrize(
    ("keys", "gone"),
    [
        (["StudyInstanceUID=1.3.1"], FIRST),
        (["PatientID=4711"], FIRST | SECOND),
        (["PatientID=4711", "StudyInstanceUID=1.3.2"], SECOND),
        (["StudyInstanceUID=1.3.1\\1.3.2"], FIRST | SECOND),
        (["SeriesInstanceUID=1.4.1.1"], {"1.2.1.1", "1.2.1.3"}),
        (["SOPInstanceUID=1.2.2.2"], {"1.2.2.2"}),
        (["StudyInstanceUID=1.3.1", "SOPInstanceUID=1.2.1.1"], {"1.2.1.1"}),
        (["SOPInstanceUID=1.2.9"], {"1.2.9"}),
        (["SOPInstanceUID=1.2.9\\1.2.1.1"], {"1.2.9", "1.2.1.1"}),
    ],
)
def test_what_matches_all_keys_goes_and_nothing_else(data: Path, keys, gone):
    before = held(data)
    ran = delete(data, *keys)
    assert ran.code == 0
    assert f"{len(gone)} object" in ran.out
    after = held(data)
    assert set(before) - set(after) == gone
    buried = [uid for stone in stones(data) for uid, _, _ in stone["instances"]]
    assert sorted(buried) == sorted(gone)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["PatientID=47*"], "without wildcards"),
        (["PatientID="], "needs a value"),
        (["PatientName=DOE"], "does not choose what to delete"),
        (["StudyInstanceUID=1.3.1", "StudyDate=2024"], "StudyDate does not choose"),
        (["StudyInstanceUID"], "needs a value"),
    ],
)
def test_what_might_match_more_than_was_meant_is_refused(data: Path, keys, words):
    before = held(data)
    ran = delete(data, *keys)
    assert ran.code == 2
    assert words in ran.err
    assert held(data) == before


def test_without_keys_nothing_is_deleted(data: Path):
    assert delete(data).code == 2
    assert len(held(data)) == 7


def test_what_is_not_there_cannot_be_deleted(data: Path):
    ran = delete(data, "StudyInstanceUID=1.3.1", "SOPInstanceUID=1.2.2.1")
    assert ran.code == 1
    assert "nothing that matches" in ran.err
    assert len(held(data)) == 7


def test_without_a_terminal_it_must_be_said(data: Path):
    ran = delete(data, "StudyInstanceUID=1.3.1", yes=False)
    assert ran.code == 2
    assert "--yes" in ran.err
    assert len(held(data)) == 7


@pytest.mark.parametrize(("said", "left"), [("y", 4), ("n", 7), ("", 7)])
def test_a_person_is_asked_and_sees_what_it_is_about(data: Path, said, left):
    ours, theirs = pty.openpty()
    file = configuration(data.parent)
    arguments = command("delete", "-c", file, "-k", "StudyInstanceUID=1.3.1")
    with subprocess.Popen(
        arguments,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    ) as asking:
        os.close(theirs)
        os.write(ours, f"{said}\n".encode())
        out, _ = asking.communicate(timeout=SECONDS)
    os.close(ours)
    assert "Doe^Jane" in out
    assert "Delete 3 objects of 1 study" in out
    assert asking.returncode == (0 if left == 4 else 1)
    assert len(held(data)) == left


LONG = "4711-" + "7" * 59  # characters of a Patient ID, PS3.5 6.2


@pytest.mark.parametrize("patient", ["4711", LONG])
def test_no_identifier_is_cut_in_what_a_person_is_asked_to_delete(monkeypatch, capsys, patient):
    monkeypatch.setattr("cli.show.console", lambda: Console(width=80))
    uid = "1.2.826.0.1.3680043.8.498." + "7" * 38
    keys = ("Doe^Jane^Maximiliana", patient, "20240131", uid)
    named = dict(zip(deleting._SHOWN.values(), keys, strict=True))
    deleting._list([deleting.Doomed(named, ())])
    said = capsys.readouterr().out.split()
    assert set(keys) <= set(said)


def test_a_tombstone_says_when_by_whom_and_nothing_of_patients(data: Path):
    delete(data, "PatientID=4711")
    told = stones(data)
    assert {stone["study"] for stone in told} == {"1.3.1", "1.3.2"}
    for stone in told:
        assert stone.keys() == {"deleted", "by", "study", "instances"}
        assert "@" in stone["by"]
        assert stone["deleted"].startswith("20")
    text = "".join(path.read_text() for path in (data / "tombstones").iterdir())
    assert "Doe" not in text
    assert "4711" not in text


def test_the_same_object_may_come_again(data: Path):
    delete(data, "StudyInstanceUID=1.3.1")
    one = instance("1.2.1.1", study="1.3.1", series="1.4.1.1")
    with Archive.open(data, sync="lazy") as archive:
        assert receive(archive, one, "1.2.1.1").new
    assert "1.2.1.1" in held(data)
    assert delete(data, "StudyInstanceUID=1.3.1").code == 0
    assert "1.2.1.1" not in held(data)


def test_beside_a_node_what_is_deleted_is_not_found_and_may_come_again(data: Path, tmp_path: Path):
    with node(data) as serving:
        asked = identifier("STUDY", StudyInstanceUID="1.3.1")
        assert len(clients.query(target(serving), asked)) == 1
        assert delete(data, "StudyInstanceUID=1.3.1").code == 0
        assert clients.query(target(serving), asked) == []
        one = instance("1.2.1.1", study="1.3.1", series="1.4.1.1")
        assert receive(serving.archive, one, "1.2.1.1").new
        assert len(clients.query(target(serving), asked)) == 1
    assert set(held(data)) == SECOND | {"1.2.1.1", "1.2.9"}


STEPS = """
import os, signal, sys
from pathlib import Path
from archive import Archive, tombstones
from archive.index import Index
from archive.tombstones import Deletion
from cli import deleting

step, calls = int(sys.argv[2]), 0

def counted(function):
    def call(*given, **named):
        global calls
        calls += 1
        if calls == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*given, **named)
    return call

with Archive.open(Path(sys.argv[1]), sync="lazy") as archive:
    doomed = [stored for _, stored in archive.index.held(0, 100)][:3]
    tombstones.AT_ONCE = 2
    for place, names in (
        (tombstones, ("saved", "sync")), (Index, ("drop",)), (Path, ("unlink", "replace")),
    ):
        for name in names:
            setattr(place, name, counted(getattr(place, name)))
    tombstones.bury(archive.objects, archive.index, Deletion("1.3.1", "a test", doomed))
"""


def test_killed_at_every_step_it_has_not_begun_or_is_completed(tmp_path: Path, data: Path):
    """Never a row without its file, and never an object back."""
    script = tmp_path / "steps.py"
    script.write_text(STEPS)
    for step in range(1, 30):
        with Archive.open(data, sync="lazy") as archive:
            for one in (1, 2, 3):
                uid, series = f"1.2.1.{one}", f"1.4.1.{one % 2}"
                receive(archive, instance(uid, study="1.3.1", series=series), uid)
            first = {stored.sop_instance_uid for _, stored in archive.index.held(0, 100)}
        ran = subprocess.run(
            [sys.executable, str(script), str(data), str(step)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
            timeout=SECONDS,
        )
        with Archive.open(data, sync="lazy") as archive:
            rows = [stored for _, stored in archive.index.held(0, 100)]
            missing = [each for each in rows if not each.path.exists()]
            assert missing == []
            tombstones.complete(archive.objects, archive.index)
        left = set(held(data))
        assert len(first - left) in (0, 3), "all of it or nothing"
        if ran.returncode == 0:
            break
        assert ran.returncode == -signal.SIGKILL
    assert 8 < step < 29, "every step was cut"


def test_a_start_completes_what_was_cut_short(data: Path):
    with Archive.open(data, sync="lazy") as archive:
        doomed = [stored for _, stored in archive.index.held(0, 3)]
        os.close(tombstones.begin(data, Deletion("1.3.1", "a test", doomed))[1])
    with node(data):
        pass
    assert set(held(data)) == SECOND | {"1.2.9"}


def test_a_tombstone_that_cannot_be_read_stops_nothing(data: Path):
    (data / "tombstones").mkdir()
    (data / "tombstones" / "0-0.pending").write_text("{")
    (data / "tombstones" / "1-1.json").write_text('{"instances": 7}')
    with node(data) as serving:
        assert serving.archive.counts().instances == 7
    assert len(held(data)) == 7


def test_two_may_delete_the_same_at_once(data: Path):
    begun = threading.Barrier(2)

    def work() -> None:
        with Archive.open(data, sync="lazy") as archive:
            doomed = [stored for _, stored in archive.index.held(0, 100)]
            begun.wait()
            tombstones.bury(archive.objects, archive.index, Deletion("", "a test", doomed))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert held(data) == {}
    assert len(stones(data)) == 2


def test_the_audit_trail_tells_whose_and_by_whom(data: Path):
    """PS3.15 A.5.3.8 for a study, A.5.3.6 for some of one and for what belongs to none."""
    delete(data, "SOPInstanceUID=1.2.1.1\\1.2.9")
    delete(data, "PatientID=4711")
    told = audit_sinks.journal(data)
    assert [each.event for each in told] == ["110103 D", "110103 D", "110105 D", "110105 D"]
    named = [each.all("//ParticipantObjectIdentification/@ParticipantObjectID") for each in told]
    assert named == [["1.3.1", "4711"], [HANGING_PROTOCOL], ["1.3.1", "4711"], ["1.3.2", "4711"]]
    assert [sum(each.classes().values()) for each in told] == [1, 1, 2, 3]
    assert all("@" in each.all("//ActiveParticipant/@UserID")[0] for each in told)
