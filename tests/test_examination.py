"""What is stored is examined afterwards: its references are found, whatever came in between."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmwrite
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from archive import Archive
from archive.adopters import Reading
from archive.adopting import of_patient
from archive.references import Examined, Progress, Relation
from archive.reindexing import reindex
from iod.examination import File, Process
from iod.examination.reading import Unreadable, read
from scp.examination import Examination, commits
from scu.datasets import encode
from tests import clients
from tests.commands import anode, configuration
from tests.nodes import node, target
from tests.objects import CT_IMAGE, MR_IMAGE, instance, written
from tests.test_object_references import item

SECONDS = 60.0


def referring(number: int = 1, to: str = "1.2.3", **values: object):
    return instance(number, SourceImageSequence=[item(to, MR_IMAGE)], **values)


@contextmanager
def examined(root: Path, *objects):
    """An archive with these objects, all of them examined."""
    with Archive.open(root / "data", sync="lazy") as archive:
        for path in written(root / "files", *objects):
            archive.import_file(path)
        examination = Examination(archive)
        examination.start()
        try:
            assert examination.settle(SECONDS)
            yield archive, examination
        finally:
            examination.stop()


def test_what_is_stored_at_a_node_is_examined(tmp_path):
    sent = referring()
    with node(tmp_path) as ours:
        clients.send(target(ours), written(tmp_path / "files", sent))
        assert ours.examination.settle(SECONDS)
        found = ours.archive.index.references.of(sent.SOPInstanceUID)
        assert found == [Relation("source image", MR_IMAGE, "1.2.3", False)]
        assert ours.archive.index.references.progress() == Progress(0, 0)


def test_a_reference_is_seen_from_both_ends_and_missing_until_it_is_held(tmp_path):
    one = instance(1)
    other = referring(2, one.SOPInstanceUID)
    with examined(tmp_path, other) as (archive, _):
        relations = archive.index.references
        assert [each.sop_instance_uid for each in relations.missing(other.SOPInstanceUID)] == [
            one.SOPInstanceUID
        ]
        (path,) = written(tmp_path / "more", one)
        archive.import_file(path)
        assert relations.missing(other.SOPInstanceUID) == []
        # Its class is what it is by now, and no longer what the reference says.
        assert relations.of(other.SOPInstanceUID)[0].sop_class_uid == CT_IMAGE
        (back,) = relations.to(one.SOPInstanceUID)
        assert (back.role, back.sop_instance_uid) == ("source image", other.SOPInstanceUID)


def test_references_go_with_the_instance(tmp_path):
    made = referring()
    with examined(tmp_path, made) as (archive, _):
        assert archive.index.references.to("1.2.3")
        archive.index.remove(made.SOPInstanceUID)
        assert archive.index.references.to("1.2.3") == []
        with closing(sqlite3.connect(tmp_path / "data" / "index.sqlite3")) as db:
            assert db.execute("SELECT count(*) FROM reference").fetchone() == (0,)


def test_what_was_found_of_many_references_is_written_in_parts():
    """Who stores waits for a commit: 64 instances with 10,000 references took eight seconds."""
    many = [Examined(row, f"1.2.{row}", [("image", "", "1.2")] * 900, rules=7) for row in range(5)]
    large = Examined(9, "1.2.9", [("image", "", "1.2")] * 50_000, rules=7)
    assert [[each.row for each in some] for some in commits([large, *many, large])] == [
        [9], [0, 1], [2, 3], [4], [9],
    ]  # fmt: skip
    assert list(commits([])) == []


def test_what_was_left_unexamined_is_examined_at_the_next_start(tmp_path):
    made = [referring(number) for number in range(5)]
    with Archive.open(tmp_path, sync="lazy") as archive:
        for path in written(tmp_path / "files", *made):
            archive.import_file(path)
        assert archive.index.references.progress() == Progress(5, 0)
    with node(tmp_path) as ours:
        assert ours.examination.settle(SECONDS)
        assert len(ours.archive.index.references.to("1.2.3")) == 5


def test_a_new_index_has_the_same_references(tmp_path):
    made = referring()
    with examined(tmp_path, made) as (archive, _):
        before = archive.index.references.of(made.SOPInstanceUID)
    reindex(Reading(tmp_path / "data", of_patient), lambda done, of: None)
    with examined(tmp_path) as (archive, _):
        assert archive.index.references.of(made.SOPInstanceUID) == before


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_references_are_found_in_every_encoding(tmp_path, syntax):
    made = referring()
    made.file_meta.TransferSyntaxUID = syntax
    path = tmp_path / "one.dcm"
    dcmwrite(
        path,
        made,
        implicit_vr=syntax.is_implicit_VR,
        little_endian=syntax.is_little_endian,
        enforce_file_format=True,
    )
    with Archive.open(tmp_path / "data", sync="lazy") as archive:
        archive.import_file(path)
        examination = Examination(archive)
        examination.start()
        assert examination.settle(SECONDS)
        examination.stop()
        assert len(archive.index.references.to("1.2.3")) == 1


@pytest.mark.parametrize("lost", [1, 9])
def test_a_deflated_data_set_that_does_not_end_is_told_and_not_read_in_part(lost):
    plain = encode(referring(), ExplicitVRLittleEndian)
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    whole = deflater.compress(plain) + deflater.flush()
    assert read(BytesIO(whole), DeflatedExplicitVRLittleEndian).dataset.SourceImageSequence
    with pytest.raises(Unreadable, match="truncated"):
        read(BytesIO(whole[:-lost]), DeflatedExplicitVRLittleEndian)


def test_a_file_that_is_gone_or_torn_is_told_as_such(tmp_path):
    made = referring(1), referring(2), referring(3)
    with Archive.open(tmp_path / "data", sync="lazy") as archive:
        for path in written(tmp_path / "files", *made):
            archive.import_file(path)
        first, second, _ = (archive.lookup(each.SOPInstanceUID) for each in made)
        first.path.unlink()
        second.path.write_bytes(second.path.read_bytes()[: second.offset + 21])
        examination = Examination(archive)
        examination.start()
        assert examination.settle(SECONDS)
        examination.stop()
        told = dict(archive.index.references.failures(10))
        torn = told[second.sop_instance_uid]
        assert archive.index.references.progress() == Progress(0, 2, 1, torn)
        assert told[first.sop_instance_uid] == (
            "its file cannot be read: No such file or directory"
        )
        assert "truncated" in torn
        assert len(archive.index.references.to("1.2.3")) == 1


def test_a_file_that_the_disk_does_not_give_stops_no_other(tmp_path, monkeypatch):
    bad, good = tmp_path / "bad.dcm", tmp_path / "good.dcm"
    for number, path in enumerate((bad, good)):
        referring(number).save_as(path, enforce_file_format=True)
    opened = Path.open

    def failing(path, *arguments, **more):
        if path == bad:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return opened(path, *arguments, **more)

    process = Process()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", failing)
            first, second = process.examine(
                [File(path, _offset(good), "1.2.840.10008.1.2.1") for path in (bad, good)]
            )
    finally:
        process.close()
    assert first.cause == "its file cannot be read: Input/output error"
    assert second.references


def test_a_process_that_dies_over_an_object_costs_only_that_object(tmp_path):
    """Processor time is bounded: an object that takes more kills the process, and is told."""
    rows = [item(f"1.2.{n}") for n in range(40_000)]
    slow, quick = tmp_path / "slow.dcm", tmp_path / "quick.dcm"
    instance(1, SourceImageSequence=rows).save_as(slow, enforce_file_format=True)
    referring(2).save_as(quick, enforce_file_format=True)
    process = Process(seconds=0)
    try:
        outcomes = process.examine(
            [File(path, _offset(path), "1.2.840.10008.1.2.1") for path in (quick, slow, quick)]
        )
    finally:
        process.close()
    assert [bool(each.references) for each in outcomes] == [True, False, True]
    assert outcomes[1].cause == "its examination took longer than 0 s"


def _offset(path: Path) -> int:
    """Where the data set of a Part 10 file begins: behind the group its first element tells."""
    data = path.read_bytes()
    return 144 + int.from_bytes(data[140:144], "little")


def test_a_process_that_was_killed_is_replaced(tmp_path):
    path = tmp_path / "one.dcm"
    referring().save_as(path, enforce_file_format=True)
    file = File(path, _offset(path), "1.2.840.10008.1.2.1")
    process = Process()
    try:
        before = process.examine([file])
        process._running[0].kill()
        process._running[0].wait()
        assert process.examine([file]) == before
        assert before[0].references == (("source image", MR_IMAGE, "1.2.3"),)
    finally:
        process.close()


def test_the_socket_of_a_process_is_not_closed_under_who_waits_for_its_answer(
    tmp_path, monkeypatch
):
    """Its number may be another file's at once, which the thread would then wait for."""
    path = tmp_path / "one.dcm"
    referring().save_as(path, enforce_file_format=True)
    waits, closing_it, under = threading.Event(), threading.Event(), list[bool]()
    answer, end = Process._answer, Process._end

    def answering(self, ours):
        waits.set()
        try:
            return answer(self, ours)
        finally:
            closing_it.wait(0.2)  # the time to do it wrong
            under.append(ours.fileno() < 0)

    def ending(self):
        end(self)
        closing_it.set()

    process = Process()
    monkeypatch.setattr(Process, "_answer", answering)
    monkeypatch.setattr(Process, "_end", ending)
    with suppress(InterruptedError), ThreadPoolExecutor() as pool:
        examining = pool.submit(process.examine, [File(path, _offset(path), "1.2.840.10008.1.2.1")])
        assert waits.wait(SECONDS)
        process.close()
        examining.result(SECONDS)
    assert under == [False]


def test_a_node_that_stops_does_not_wait_for_what_is_examined(tmp_path):
    with Archive.open(tmp_path, sync="lazy") as archive:
        for path in written(tmp_path / "files", *(referring(n) for n in range(200))):
            archive.import_file(path)
    with node(tmp_path):
        pass
    with Archive.open(tmp_path, sync="lazy") as archive:
        assert archive.index.references.progress().failed == 0


def test_anode_examine_examines_what_an_import_brought_and_status_counts_it(tmp_path):
    settings = configuration(tmp_path)
    made = [referring(number) for number in range(3)]
    anode("import", "-c", settings, *written(tmp_path / "files", *made))
    before = anode("status", "-c", settings, "--json").document
    assert before["examination"] == {
        "waiting": 3,
        "failed": 0,
        "again": 0,
        "cause": "",
        "stopped": None,
    }
    assert "3 instances to be examined" in anode("status", "-c", settings).out
    told = anode("examine", "-c", settings)
    assert (told.code, told.out) == (0, "3 instances examined\n")
    after = anode("examine", "-c", settings, "--json").document
    assert after == {
        "examined": 0,
        "renewed": 0,
        "older": 0,
        "waiting": 0,
        "failed": 0,
        "again": 0,
        "cause": "",
        "failures": [],
    }


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "Cannot allocate memory"),
        (ValueError("odd"), "an error of ours: ValueError: odd"),
    ],
)
def test_status_says_why_the_examination_stands_still(tmp_path, monkeypatch, error, why):
    settings = configuration(tmp_path)
    anode("import", "-c", settings, *written(tmp_path / "files", referring()))
    monkeypatch.setattr("scp.examination.LOOK_SECONDS", 0.01)
    failed, broken = threading.Semaphore(0), [True]
    examine = Process.examine

    def examining(process, files):
        if broken:
            failed.release()
            raise error
        return examine(process, files)

    monkeypatch.setattr(Process, "examine", examining)
    with Archive.open(tmp_path / "anode-data", sync="lazy") as archive:
        examination = Examination(archive)
        examination.start()
        for _ in range(2):  # what failed first has been told by the next attempt
            assert failed.acquire(timeout=SECONDS)
        stopped = anode("status", "-c", settings, "--json").document["examination"]["stopped"]
        assert why in stopped
        assert f"(!) stands still: {stopped}" in anode("status", "-c", settings).out
        broken.clear()
        assert examination.settle(SECONDS)
        examination.stop()
    assert anode("status", "-c", settings, "--json").document["examination"]["stopped"] is None


def test_who_stops_is_not_kept_waiting(tmp_path, monkeypatch):
    """The call to stop may come just before the look that finds nothing, and clears it."""
    with Archive.open(tmp_path / "data", sync="lazy") as archive:
        examination = Examination(archive)
        called = threading.Event()
        waiting = archive.index.waiting

        def stopped_meanwhile(most: int):
            examination._over.set()
            called.set()
            return waiting(most)

        monkeypatch.setattr(archive.index, "waiting", stopped_meanwhile)
        examination.start()
        assert called.wait(SECONDS)
        examination._thread.join(SECONDS / 6)
        assert not examination._thread.is_alive()
