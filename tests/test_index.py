"""The index: what was added is there, once, for every thread and process, and errors stay apart."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from archive.errors import NoSpace, Unavailable
from archive.index import Counts, Index
from tests.indexed import CT, MR, found, index, instance, parsed


def test_a_new_instance_is_new_and_the_second_time_the_first_is_told():
    with index() as (root, opened):
        first = instance(root, "1.2.3", PatientID="A")
        assert opened.add(first).new
        again = opened.add(instance(root, "1.2.3", PatientID="B"))
        assert not again.new
        assert again.existing == first.stored
        assert opened.counts() == Counts(1, 1, 1, 1, 1000)


def test_lookup_gives_the_file_by_its_absolute_path():
    with index() as (root, opened):
        added = instance(root, "1.2.3")
        opened.add(added)
        assert opened.lookup("1.2.3") == added.stored
        assert opened.lookup("1.2.4") is None


def test_rows_outlive_the_index_that_wrote_them(tmp_path):
    first = Index(tmp_path)
    first.add(instance(tmp_path, "1.2.3"))
    first.close()
    second = Index(tmp_path)
    assert second.lookup("1.2.3") is not None
    second.close()


@pytest.mark.parametrize(
    ("one", "other", "patients"),
    [
        ({"PatientID": "A"}, {"PatientID": "A"}, 1),
        ({"PatientID": "A"}, {"PatientID": "B"}, 2),
        ({"PatientID": "A", "IssuerOfPatientID": "X"}, {"PatientID": "A"}, 2),
        ({"PatientID": "A", "PatientName": "X"}, {"PatientID": "A", "PatientName": "Y"}, 1),
        ({"PatientName": "Doe^J"}, {"PatientName": "DOE^J^^"}, 1),
        ({"PatientName": "Doe^J"}, {"PatientName": "Roe^J"}, 2),
    ],
)
def test_a_patient_is_an_id_and_its_issuer_or_else_a_name(one, other, patients):
    with index() as (root, opened):
        opened.add(instance(root, **one))
        opened.add(instance(root, **other))
        assert opened.counts().patients == patients


def test_the_first_value_stays_and_empty_ones_are_filled():
    with index() as (root, opened):
        same = {"PatientID": "A", "StudyInstanceUID": "1.9", "SeriesInstanceUID": "1.8"}
        opened.add(instance(root, **same, StudyDescription="first"))
        opened.add(instance(root, **same, StudyDescription="second", PatientName="Doe^Jane"))
        (study,) = found(
            opened, QueryRetrieveLevel="STUDY", StudyDescription="", PatientName="doe*"
        )
        assert study["StudyDescription"] == "first"
        assert study["PatientName"] == "Doe^Jane"


def test_filling_works_for_rows_another_process_made(tmp_path):
    same = {"PatientID": "A", "StudyInstanceUID": "1.9", "SeriesInstanceUID": "1.8"}
    one, other = Index(tmp_path), Index(tmp_path)
    one.add(instance(tmp_path, **same))
    other.add(instance(tmp_path, **same, StudyID="7"))
    assert found(one, QueryRetrieveLevel="STUDY", StudyID="7")[0]["StudyID"] == "7"
    one.close()
    other.close()


def test_objects_of_no_patient_stand_alone():
    with index() as (root, opened):
        opened.add(instance(root, "1.2.3", StudyInstanceUID="", SeriesInstanceUID=""))
        assert opened.counts() == Counts(0, 0, 0, 1, 1000)
        (stored,) = opened.instances(parsed(("IMAGE",), retrieve=True, SOPInstanceUID="1.2.3"))
        assert stored.sop_instance_uid == "1.2.3"


def test_removing_an_instance_removes_what_it_leaves_empty():
    with index() as (root, opened):
        study = {"PatientID": "A", "StudyInstanceUID": "1.9"}
        opened.add(instance(root, "1.1", **study, SeriesInstanceUID="1.8.1"))
        opened.add(instance(root, "1.2", **study, SeriesInstanceUID="1.8.2"))
        assert opened.remove("1.1")
        assert not opened.remove("1.1")
        assert opened.counts() == Counts(1, 1, 1, 1, 1000)
        assert opened.remove("1.2")
        assert opened.counts() == Counts(0, 0, 0, 0, 0)
        assert opened.add(instance(root, "1.1", **study, SeriesInstanceUID="1.8.1")).new


def test_rows_another_process_deleted_are_made_again(tmp_path):
    same = {"PatientID": "A", "StudyInstanceUID": "1.9", "SeriesInstanceUID": "1.8"}
    one, other = Index(tmp_path), Index(tmp_path)
    one.add(instance(tmp_path, "1.1", **same))
    other.remove("1.1")
    other.add(instance(tmp_path, "1.5", PatientID="B"))  # would reuse the identifiers, if any did
    assert one.add(instance(tmp_path, "1.2", **same)).new
    assert one.counts() == Counts(2, 2, 2, 2, 2000)
    one.close()
    other.close()


def test_threads_share_commits_and_lose_nothing():
    with index() as (root, opened):
        records = [
            instance(root, f"1.1.{n}", PatientID=f"P{n % 7}", StudyInstanceUID=f"1.9.{n % 7}")
            for n in range(400)
        ]
        with ThreadPoolExecutor(8) as threads:
            added = list(threads.map(opened.add, records))
        assert all(one.new for one in added)
        assert opened.counts().instances == 400
        assert opened.counts().studies == 7


def test_the_same_instance_from_many_threads_is_new_once():
    with index() as (root, opened):
        records = [instance(root, f"1.1.{n // 8}") for n in range(160)]
        with ThreadPoolExecutor(8) as threads:
            added = list(threads.map(opened.add, records))
        assert sum(one.new for one in added) == 20
        assert opened.counts().instances == 20


def test_a_row_that_cannot_be_written_fails_alone():
    with index() as (root, opened):
        good = [instance(root, f"1.1.{n}") for n in range(40)]
        bad = instance(root, "1.2", PatientID="A", StudyDescription="x")
        # A lone surrogate: no database takes it.
        bad = type(bad)(**{**_fields(bad), "source_ae": "\ud800"})

        def add(record):
            try:
                return opened.add(record).new
            except Unavailable:
                return None

        with ThreadPoolExecutor(8) as threads:
            added = list(threads.map(add, [*good[:20], bad, *good[20:]]))
        assert added == [True] * 20 + [None] + [True] * 20
        # Nothing of it is left, not even its study.
        assert found(opened, QueryRetrieveLevel="STUDY", StudyDescription="x") == []


def _fields(record):
    return {name: getattr(record, name) for name in record.__slots__}


def test_a_full_disk_is_no_space_and_the_index_goes_on_when_there_is_some(tmp_path):
    opened = Index(tmp_path)
    opened.add(instance(tmp_path, "1.1"))
    connection = opened._commits._writer[0]
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    big = instance(tmp_path, "1.2", PatientID="A", PatientComments="x" * 10_000)
    with pytest.raises(NoSpace):
        opened.add(big)
    # The connection that failed is not used again; a new one has no such limit.
    assert opened.add(big).new
    opened.close()


def test_a_broken_file_is_unavailable(tmp_path):
    (tmp_path / "index.sqlite3").write_bytes(b"no database at all" * 100)
    with pytest.raises(Unavailable, match="index"):
        Index(tmp_path)


def test_an_unknown_database_is_named(tmp_path):
    with pytest.raises(Unavailable, match="mysql"):
        Index(tmp_path, index="mysql://localhost/x")


def test_a_closed_index_refuses():
    with index() as (root, opened):
        opened.close()
        with pytest.raises(Unavailable, match="closed"):
            opened.add(instance(root))
        with pytest.raises(Unavailable, match="closed"):
            opened.counts()


@pytest.mark.parametrize(("sync", "level"), [("each", 2), ("group", 1), ("never", 1)])
def test_a_commit_syncs_itself_only_where_no_barrier_follows(tmp_path, sync, level):
    opened = Index(tmp_path, sync=sync)
    opened.add(instance(tmp_path))
    connection = opened._commits._writer[0]
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == level
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert connection.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    opened.close()


def test_readers_cannot_write(tmp_path):
    opened = Index(tmp_path)
    connection = opened._dialect.connect(readonly=True)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM instance")
    connection.close()
    opened.close()


def test_processes_may_open_a_new_archive_at_once(tmp_path):
    code = (
        "import sys; from pathlib import Path; from archive.index import Index;"
        "index = Index(Path(sys.argv[1])); print(index.counts().instances); index.close()"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    assert [process.communicate()[0] for process in started] == [b"0\n"] * 4


def test_an_answer_that_is_being_taken_holds_no_connection():
    with index() as (root, opened):
        for n in range(600):
            opened.add(instance(root, PatientID=f"P{n}"))
        answers = opened.find(parsed(QueryRetrieveLevel="STUDY"))
        next(answers)
        assert len(opened._readers) == 1
        assert sum(1 for _ in answers) == 599
        assert len(opened._readers) == 1


def test_answers_stream_while_others_store():
    with index() as (root, opened):
        for _ in range(600):
            opened.add(instance(root, SOPClassUID=MR))
        answers = opened.find(parsed(QueryRetrieveLevel="STUDY"))
        next(answers)
        assert opened.add(instance(root, SOPClassUID=CT)).new
        # The answer is of the moment it was asked for.
        assert sum(1 for _ in answers) == 599
