"""Backup and restore, both ways of docs/care.md, as drills: the same bytes, the same answers."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from archive import Archive, tombstones
from archive.errors import ArchiveError
from archive.tombstones import Deletion
from config import catalogue
from tests import clients, corpus
from tests.commands import ROOT, anode, configuration
from tests.datasets import instance
from tests.dumped import dump
from tests.nodes import node, target
from tests.objects import MR_IMAGE, identifier, non_patient, written
from tests.objects import instance as made
from tests.receiving import receive

HANGING_PROTOCOL = "1.2.840.10008.5.1.4.38.1"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """An archive of all kinds: pydicom's own files, a hanging protocol, an object by C-STORE."""
    folder = tmp_path / "here"
    folder.mkdir()
    data = folder / "anode-data"
    odd = non_patient(HANGING_PROTOCOL, HangingProtocolName="OURS")
    more = written(tmp_path / "more", odd, made(2, sop_class=MR_IMAGE, PatientID="P2"))
    with Archive.open(data, sync="lazy") as archive:
        for path in [*(one.path for one in corpus.groups()[0][:60]), *more]:
            with suppress(ArchiveError):
                archive.import_file(path, patient_related=catalogue.of_patient)
        receive(archive, instance("1.2.3"), "1.2.3", source_ae="CT1")
    return folder


def digests(data: Path) -> dict[str, str]:
    """SHA-256 of every data set, by instance, as the files are."""
    with Archive.open(data, sync="lazy") as archive:
        held = [stored for _, stored in archive.index.held(0, 10_000)]
    return {
        each.sop_instance_uid: hashlib.sha256(each.path.read_bytes()[each.offset :]).hexdigest()
        for each in held
    }


QUERIES = (
    identifier("PATIENT", PatientID="", PatientName="", NumberOfPatientRelatedInstances=""),
    identifier("STUDY", PatientName="D*", StudyInstanceUID="", StudyDate="", ModalitiesInStudy=""),
    identifier("STUDY", StudyInstanceUID="", StudyDescription="", NumberOfStudyRelatedSeries=""),
)


def answers(data: Path) -> list[list[str]]:
    roots = (clients.PATIENT_ROOT, clients.STUDY_ROOT, clients.STUDY_ROOT)
    with node(data) as serving:
        return [
            sorted(str(each) for each in clients.query(target(serving), asked, root=root))
            for asked, root in zip(QUERIES, roots, strict=True)
        ]


def test_export_everything_and_import_it_elsewhere(here: Path, tmp_path: Path):
    before = digests(here / "anode-data")
    assert len(before) > 50
    ran = anode("export", "-c", configuration(here), "-o", tmp_path / "backup")
    assert ran.code == 0
    there = tmp_path / "there"
    there.mkdir()
    ran = anode("import", "-c", configuration(there), tmp_path / "backup")
    assert ran.code == 0
    assert digests(there / "anode-data") == before
    assert answers(there / "anode-data") == answers(here / "anode-data")
    rows = [
        dump(folder / "anode-data", leave_out=("path", "received"))["instance"]
        for folder in (here, there)
    ]
    assert rows[0] == rows[1], "where objects came from too"
    assert anode("check", "-c", there / "anode.toml", "--hash").code == 0


def test_a_second_export_writes_what_is_new(here: Path, tmp_path: Path):
    file = configuration(here)
    first = anode("export", "-c", file, "-o", tmp_path / "backup", "--json").document
    with Archive.open(here / "anode-data", sync="lazy") as archive:
        receive(archive, instance("1.2.4"), "1.2.4")
    second = anode("export", "-c", file, "-o", tmp_path / "backup", "--json").document
    assert (second["exported"], second["already_there"]) == (1, first["exported"])


def drill(title: str) -> list[str]:
    """The commands that docs/care.md shows under this title."""
    text = (ROOT / "docs" / "care.md").read_text(encoding="utf-8")
    block = text.partition(f"**{title}**")[2].partition("```sh\n")[2].partition("```")[0]
    return block.splitlines()


def run(commands: list[str], folder: Path, backup: Path) -> None:
    file = configuration(folder)
    for line in commands:
        name, *words = shlex.split(line.replace("/backup", str(backup)))
        if name == "anode":
            ran = anode(words[0], "-c", file, *words[1:])
            assert ran.code == ("--repair" in words), ran.err
        else:
            subprocess.run([name, *words], cwd=folder, check=True)


def test_copied_files_and_reindex_give_the_very_same_archive(here: Path, tmp_path: Path):
    """The drill of docs/care.md, with its commands."""
    data, backup, there = here / "anode-data", tmp_path / "backup", tmp_path / "there"
    backup.mkdir()
    there.mkdir()
    with node(data):
        run(drill("Backup"), here, backup)  # and once more, after a deletion
    with Archive.open(data, sync="lazy") as archive:
        gone = archive.index.lookup("1.2.3")
        assert gone is not None
        tombstones.bury(archive.objects, archive.index, Deletion("1.2.3", "a test", [gone]))
    run(drill("Backup"), here, backup)
    run(drill("Restore"), there, backup)
    assert dump(there / "anode-data") == dump(data)
    assert answers(there / "anode-data") == answers(data)
    assert anode("check", "-c", there / "anode.toml", "--hash").code == 0


def test_files_may_be_copied_while_objects_come(tmp_path: Path):
    """Files have their names only when they are whole: a copy holds no torn ones."""
    data, there = tmp_path / "data", tmp_path / "there"
    over, some = threading.Event(), threading.Event()

    def store() -> None:
        with Archive.open(data, sync="lazy") as archive:
            one = 0
            while not over.is_set():
                receive(archive, instance(f"1.2.{one}", pixels=20_000), f"1.2.{one}")
                one += 1
                if one == 20:
                    some.set()

    storing = threading.Thread(target=store)
    storing.start()
    try:
        assert some.wait(60)
        there.mkdir()
        for number in range(3):
            shutil.copytree(data / "objects", there / str(number) / "anode-data" / "objects")
    finally:
        over.set()
        storing.join()
    for number in range(3):
        ran = anode("reindex", "-c", configuration(there / str(number)), "--json")
        assert ran.document["findings"] == []
        assert ran.document["objects"] >= 20


@pytest.mark.parametrize("at", [200, -10], ids=["meta information", "data set"])
def test_what_the_disk_has_altered_is_not_exported(here: Path, tmp_path: Path, at):
    with Archive.open(here / "anode-data", sync="lazy") as archive:
        held = archive.index.lookup("1.2.3")
        assert held is not None
    content = bytearray(held.path.read_bytes())
    content[at] ^= 1
    held.path.write_bytes(content)
    ran = anode("export", "-c", configuration(here), "-o", tmp_path / "backup")
    assert ran.code == 1
    assert "see anode check --hash" in ran.err
    assert not list((tmp_path / "backup").rglob("1.2.3.dcm"))
    assert not list((tmp_path / "backup").rglob("*.part"))
