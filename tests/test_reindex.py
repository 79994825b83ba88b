"""`anode reindex`: from the files alone, the rows that were there; and it can be cut short."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from archive import Archive, tombstones
from archive.adopters import Reading
from archive.errors import ArchiveError
from archive.objects import Folder
from archive.reindexing import Rebuilt, reindex
from archive.tombstones import Deletion
from config import catalogue
from tests import clients, corpus
from tests.commands import ROOT, anode, configuration
from tests.datasets import instance
from tests.dumped import dump
from tests.nodes import node, target
from tests.objects import identifier
from tests.receiving import receive


def filled(root: Path, number: int) -> list[Path]:
    with Archive.open(root, sync="lazy") as archive:
        return [
            receive(archive, instance(f"1.2.{n}", study=f"1.3.{n % 7}"), f"1.2.{n}").path
            for n in range(number)
        ]


def quiet(_done: int, _total: int) -> None:
    """Nobody looks."""


def again(root: Path, processes: int = 1) -> Rebuilt:
    return reindex(Reading(root, catalogue.of_patient, processes), quiet)


def forget(root: Path) -> None:
    """Lose the index."""
    for path in root.glob("index.sqlite3*"):
        path.unlink()


@pytest.mark.parametrize("group", corpus.groups()[:3], ids=lambda group: f"{len(group)}-files")
@pytest.mark.parametrize("lost", [True, False])
def test_the_new_index_is_the_old_one(tmp_path: Path, group, lost):
    with Archive.open(tmp_path, sync="lazy") as archive:
        for one in group:
            with suppress(ArchiveError):
                archive.import_file(one.path, patient_related=catalogue.of_patient)
    before = dump(tmp_path)
    assert before["instance"]
    if lost:
        forget(tmp_path)
    made = again(tmp_path)
    assert (made.objects, made.resumed, made.findings) == (len(before["instance"]), 0, {})
    assert dump(tmp_path) == before
    names = {path.name for path in tmp_path.iterdir() if path.is_file()}
    kept = set() if lost else {"index.sqlite3.old"}
    assert names - {"index.lock"} == {"index.sqlite3", *kept}


def test_several_processes_give_the_same_rows(tmp_path: Path):
    filled(tmp_path, 200)
    before = dump(tmp_path)
    forget(tmp_path)
    assert again(tmp_path, processes=3).objects == 200
    assert dump(tmp_path) == before


def test_an_index_that_is_no_database_any_more_is_replaced_and_kept(tmp_path: Path):
    filled(tmp_path, 5)
    before = dump(tmp_path)
    (tmp_path / "index.sqlite3").write_bytes(b"rubbish" * 1000)
    (tmp_path / "index.sqlite3-wal").write_bytes(b"more of it" * 1000)
    again(tmp_path)
    assert dump(tmp_path) == before
    assert (tmp_path / "index.sqlite3.old").read_bytes() == b"rubbish" * 1000
    assert not (tmp_path / "index.sqlite3-wal").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from archive.adopters import Reading
from archive import reindexing
from config import catalogue

reindexing.AT_ONCE = 10

def note(done, total):
    if done == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    reindexing.reindex(Reading(Path(sys.argv[1]), catalogue.of_patient, int(sys.argv[3])), note)
"""


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path: Path, processes):
    data = tmp_path / "data"
    filled(data, 160)
    before = dump(data)
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    arguments = [sys.executable, str(script), str(data)]
    for at in (35, 155):
        ran = subprocess.run(
            [*arguments, str(at), str(processes)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
            timeout=60,
        )
        assert ran.returncode == -signal.SIGKILL
        assert dump(data) == before, "the old index serves until the new one is complete"
    made = again(data)
    assert (made.objects, made.resumed) == (160, 150)
    assert dump(data) == before


def test_torn_and_second_files_are_told_and_stay(tmp_path: Path):
    files = filled(tmp_path, 4)
    whole = files[0].read_bytes()
    name = files[0].name
    later = files[0].with_name(f"{int(name[:16], 16) + 10**10:016x}{name[16:]}")
    later.write_bytes(whole)
    files[1].write_bytes(whole[:200])
    made = again(tmp_path)
    told = {(each.kind, each.key.rpartition("/")[2]) for each in made.findings.values()}
    assert told == {("duplicate", later.name), ("damaged", files[1].name)}
    assert {uid for _, uid in dump(tmp_path)["instance"]} == {"1.2.0", "1.2.2", "1.2.3"}
    with Archive.open(tmp_path, sync="lazy") as archive:
        held = archive.index.lookup("1.2.0")
        assert held is not None
        assert held.path == files[0]
    assert later.exists()
    assert files[1].exists()


def test_what_was_deleted_does_not_come_back(tmp_path: Path):
    files = filled(tmp_path, 5)
    whole = files[0].read_bytes()
    with Archive.open(tmp_path, sync="lazy") as archive:
        held = [stored for _, stored in archive.index.held(0, 2)]
        tombstones.bury(archive.objects, archive.index, Deletion("1.3.0", "a test", held))
        receive(archive, instance("1.2.1", study="1.3.1"), "1.2.1")  # one of them, anew
    before = dump(tmp_path)
    files[0].write_bytes(whole)  # out of a backup
    made = again(tmp_path)
    assert (made.objects, made.deleted) == (4, 1)
    assert dump(tmp_path) == before


def test_a_deletion_cut_short_is_over_after_a_reindex(tmp_path: Path):
    files = filled(tmp_path, 3)
    with Archive.open(tmp_path, sync="lazy") as archive:
        held = [stored for _, stored in archive.index.held(0, 1)]
        os.close(tombstones.begin(tmp_path, Deletion("1.3.0", "a test", held))[1])
    again(tmp_path)
    assert {uid for _, uid in dump(tmp_path)["instance"]} == {"1.2.1", "1.2.2"}
    with node(tmp_path):
        assert not files[0].exists()
    assert tombstones.pending(tmp_path) == []


def test_what_is_stored_meanwhile_is_in_the_new_index_too(tmp_path: Path):
    filled(tmp_path, 10)
    stored = threading.Event()

    def importing(done: int, _total: int) -> None:
        if done == 5:
            with Archive.open(tmp_path, sync="lazy") as archive:
                receive(archive, instance("1.9.9", study="1.3.0"), "1.9.9")
            stored.set()

    reindex(Reading(tmp_path, catalogue.of_patient), importing)
    assert stored.is_set()
    assert (None, "1.9.9") in dump(tmp_path)["instance"]


def test_the_new_index_takes_its_place_when_nobody_has_the_folder_open(tmp_path: Path):
    filled(tmp_path, 10)
    other = Folder(tmp_path, sync=False)
    over = threading.Event()

    def late(done: int, total: int) -> None:
        if done == total:
            threading.Timer(0.2, lambda: (over.set(), other.close())).start()

    reindex(Reading(tmp_path, catalogue.of_patient), late)
    assert over.is_set()


# The command.


def test_the_command_refuses_while_a_node_serves(tmp_path: Path):
    file = configuration(tmp_path)
    filled(tmp_path / "anode-data", 3)
    with node(tmp_path / "anode-data"):
        ran = anode("reindex", "-c", file)
    assert ran.code == 1
    assert "a node serves" in ran.err
    assert "stop it, reindex, and start it again" in ran.err


def test_the_command_tells_what_it_did_and_queries_are_answered_as_before(tmp_path: Path):
    file, data = configuration(tmp_path), tmp_path / "anode-data"
    filled(data, 20)
    asked = identifier(
        "STUDY", PatientName="", StudyInstanceUID="", NumberOfStudyRelatedInstances=""
    )
    with node(data) as serving:
        before = clients.query(target(serving), asked)
    forget(data)
    ran = anode("reindex", "-c", file)
    assert ran.code == 0
    assert "20 objects in the new index" in ran.out
    assert "objects/s" in ran.out
    with node(data) as serving:
        assert clients.query(target(serving), asked) == before
    assert anode("check", "-c", file, "--hash").code == 0
    told = anode("reindex", "-c", file, "--json").document
    assert (told["objects"], told["findings"]) == (20, [])


def test_a_file_that_cannot_be_indexed_ends_it_with_1(tmp_path: Path):
    file = configuration(tmp_path)
    files = filled(tmp_path / "anode-data", 3)
    files[1].write_bytes(b"")
    ran = anode("reindex", "-c", file)
    assert ran.code == 1
    assert "damaged" in ran.out
    assert files[1].name in ran.out
    assert "anode check --repair" in ran.err


def test_without_object_files_there_is_nothing_to_index(tmp_path: Path):
    ran = anode("reindex", "-c", configuration(tmp_path))
    assert ran.code == 1
    assert "holds no object files" in ran.err


def test_without_an_index_altered_files_are_told_from_sound_ones(tmp_path: Path):
    """Durability C8: flip one bit in 20 files, truncate 5, delete 5, delete the database."""
    files = filled(tmp_path, 40)
    before = dump(tmp_path)
    dice = random.Random(8)
    for path in files[:20]:
        content = bytearray(path.read_bytes())
        at = dice.randrange(8 * len(content))
        content[at // 8] ^= 1 << at % 8
        path.write_bytes(content)
    for path in files[20:25]:
        os.truncate(path, dice.randrange(path.stat().st_size))
    for path in files[25:30]:
        path.unlink()
    forget(tmp_path)
    made = again(tmp_path)
    top = tmp_path / "objects"
    assert {top / key for key in made.findings} == set(files[:25])
    assert {each.kind for each in made.findings.values()} == {"damaged"}
    after = dump(tmp_path)["instance"]
    assert {uid for _, uid in after} == {f"1.2.{n}" for n in range(30, 40)}
    assert all(before["instance"][name] == row for name, row in after.items())
