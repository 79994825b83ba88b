"""The barrier before the acknowledgement: what passes is durable, what fails is told."""

from __future__ import annotations

import errno
import logging
import os
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive import Archive, Bounds, barrier, commits, kernel, marks
from archive.adopting import adopt, of_patient
from archive.bounds import HELD
from archive.errors import NoSpace, Unavailable, Uncertain
from tests.datasets import CT, EXPLICIT, instance
from tests.receiving import files, receive

pytestmark = pytest.mark.skipif(
    barrier.kind("always") != "group", reason="this kernel has no syncfs that tells of errors"
)


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every sync there is, as it happens; the real ones are done."""
    seen: list[str] = []
    fsync, syncfs = os.fsync, kernel.syncfs

    def one(fd: int) -> None:
        seen.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")
        fsync(fd)

    def everything(fd: int) -> None:
        seen.append("all")
        syncfs(fd)

    monkeypatch.setattr(barrier.os, "fsync", one)
    monkeypatch.setattr(kernel, "syncfs", everything)
    return seen


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """One that holds an object, so that its folders are made."""
    with Archive.open(tmp_path) as made:
        receive(made, instance("1.2.1"), uid="1.2.1")
        yield made


@pytest.mark.parametrize(
    ("together", "expected"), [(True, ["file"]), (False, ["file", "folder"])], ids=["ext4", "other"]
)
def test_one_sync_makes_an_object_durable(
    tmp_path: Path,
    syncs: list[str],
    monkeypatch: pytest.MonkeyPatch,
    together: bool,
    expected: list[str],
):
    """Its name is there before; where that does not come with it, its folder is synced too."""
    here = {kernel.file_system(tmp_path)} if together else set()
    monkeypatch.setattr(barrier, "NAMES_WITH_FILES", here)
    with Archive.open(tmp_path) as archive:
        receive(archive, instance("1.2.1"), uid="1.2.1")
        syncs.clear()
        receive(archive, instance())
    assert syncs == expected


def test_the_type_of_a_file_system_is_what_mount_says(tmp_path: Path):
    said = subprocess.run(
        ["stat", "--file-system", "--format=%T", tmp_path],
        capture_output=True, check=True, text=True,
    ).stdout.strip()  # fmt: skip
    assert said.startswith(kernel.file_system(tmp_path)[:3])


def test_a_row_that_no_start_would_make_again_waits_for_the_barrier(
    archive: Archive, syncs: list[str], monkeypatch: pytest.MonkeyPatch
):
    """Its file was named long before others whose rows are there: a start looks at the newest."""
    put = archive.objects.put

    def slow(draft, key):
        monkeypatch.setattr(archive.objects, "put", put)
        timely = put(draft, key)
        for number in range(4):
            receive(archive, instance(f"1.2.2.{number}"), uid=f"1.2.2.{number}")
        syncs.clear()
        return timely

    for lag, expected in ((5, []), (4, ["all"])):
        monkeypatch.setattr(commits, "LAG", lag)
        monkeypatch.setattr(archive.objects, "put", slow)
        receive(archive, instance(f"1.2.3.{lag}"), uid=f"1.2.3.{lag}")
        assert syncs == expected
        for number in range(4):
            archive.index.remove(f"1.2.2.{number}")
        receive(archive, instance(f"1.2.4.{lag}"), uid=f"1.2.4.{lag}")


def test_when_the_clock_goes_back_rows_wait_for_the_barrier(
    archive: Archive, syncs: list[str], monkeypatch: pytest.MonkeyPatch
):
    """A start would look for files as new as the newest rows, and this one seems older."""
    archive.objects.latest += 3600
    receive(archive, instance())
    assert [sync for sync in syncs if sync != "folder"] == ["file", "all"]


def test_a_restart_does_not_forget_that_the_clock_went_back(
    archive: Archive, tmp_path: Path, syncs: list[str]
):
    """The last row's file need not be the newest by the disk's clock."""
    ahead = time.time() + 3600
    with pytest.MonkeyPatch.context() as patch:
        stat = Path.stat
        first = archive.lookup("1.2.1").path

        def said(path: Path, **more: bool) -> os.stat_result:
            found = stat(path, **more)
            if path == first:
                found = os.stat_result(found, {"st_ctime": ahead})
            return found

        patch.setattr(Path, "stat", said)
        receive(archive, instance("1.2.2"), uid="1.2.2")
        with Archive.open(tmp_path) as restarted:
            syncs.clear()
            receive(restarted, instance())
    assert [sync for sync in syncs if sync != "folder"] == ["file", "all"]


def test_what_is_removed_is_gone_for_good(archive: Archive, syncs: list[str]):
    archive.index.remove("1.2.1")
    assert syncs == ["all"]


def test_a_row_of_an_old_file_waits_for_the_barrier(archive: Archive, syncs: list[str]):
    key = next(iter(archive.objects.list()))
    archive.index.remove("1.2.1")
    syncs.clear()
    archive.index.add(adopt(archive.objects, key, HELD, of_patient))
    assert syncs == ["all"]


def test_an_object_sent_again_waits_for_the_barrier(archive: Archive, syncs: list[str]):
    """Its row may be another process's, which waits for the barrier itself and may take it back."""
    syncs.clear()
    assert not receive(archive, instance("1.2.1"), uid="1.2.1").new
    assert [sync for sync in syncs if sync != "folder"] == ["file", "all"]


def test_lazy_syncs_nothing(tmp_path: Path, syncs: list[str]):
    with Archive.open(tmp_path, sync="lazy") as archive:
        receive(archive, instance())
    assert syncs == []


@pytest.fixture(params=["file", "everything"])
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest):
    """An archive whose disk fails at the next sync, and works again for who would try."""
    fails: list[int] = []

    def first_failing(real):
        def sync(fd: int) -> None:
            if fails:
                number = fails.pop()
                raise OSError(number, os.strerror(number))
            real(fd)

        return sync

    with Archive.open(tmp_path) as archive:
        if request.param == "everything":
            monkeypatch.setattr(commits, "LAG", -(10**9))
            monkeypatch.setattr(kernel, "syncfs", first_failing(kernel.syncfs))
        else:
            receive(archive, instance("1.2.1"), uid="1.2.1")
            archive.index.remove("1.2.1")
            for file in files(tmp_path):
                file.unlink()
            monkeypatch.setattr(barrier.os, "fsync", first_failing(os.fsync))
        fails.append(errno.EIO)
        yield archive


def test_an_object_that_could_not_be_synced_is_refused_and_gone(failing, tmp_path):
    with pytest.raises(Unavailable, match="could not be synced"):
        receive(failing, instance())
    assert failing.counts().instances == 0
    assert files(tmp_path) == []


def test_after_a_failed_sync_nothing_is_tried_again(failing, tmp_path, caplog):
    """Durability P5: a second sync may lie."""
    with pytest.raises(Unavailable):
        receive(failing, instance())
    with pytest.raises(Unavailable, match="until a restart"):
        receive(failing, instance("1.2.9"), uid="1.2.9")
    told = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert [one.getMessage()[:22] for one in told] == ["the store is read-only"]
    assert "could not be synced" in marks.reason(tmp_path, "read-only")


def test_what_was_on_its_way_when_a_sync_failed_does_not_pass(failing, tmp_path):
    """P5: its own sync may lie as well, and its row be one that a start would not find."""
    with failing.receive(CT, "1.2.9", EXPLICIT) as under_way:
        under_way.write([instance("1.2.9")])
        with pytest.raises(Unavailable):
            receive(failing, instance())
        with pytest.raises(Unavailable, match="until a restart"):
            under_way.commit()
    assert failing.counts().instances == 0
    assert files(tmp_path) == []


def test_a_restart_makes_it_writable_again(failing, tmp_path):
    with pytest.raises(Unavailable):
        receive(failing, instance())
    failing.close()
    with Archive.open(tmp_path) as archive:
        archive.recover()
        assert marks.reason(tmp_path, "read-only") == ""
        assert receive(archive, instance()).new


def test_a_mark_takes_a_reason_of_any_bytes(tmp_path):
    """A file's name need not be text."""
    why = os.fsdecode(b"object storage failed: /data/\xff")
    marks.put(tmp_path, "read-only", why)
    assert marks.reason(tmp_path, "read-only") == "object storage failed: /data/\\udcff"
    (tmp_path / "read-only").write_bytes(b"torn \xff")
    assert marks.reason(tmp_path, "read-only") == "torn \\xff"


@pytest.mark.parametrize("failing", ["everything"], indirect=True)
def test_what_cannot_be_taken_back_is_uncertain_and_the_file_stays(failing, monkeypatch, tmp_path):
    def fail(group):
        raise OSError(errno.EIO, "the index's disk too")

    real = failing._index._commits._transaction
    calls = []

    def once(group):
        calls.append(group)
        return real(group) if len(calls) == 1 else fail(group)

    monkeypatch.setattr(failing._index._commits, "_transaction", once)
    with pytest.raises(Uncertain):
        receive(failing, instance())
    assert len(files(tmp_path)) == 1
    assert failing.counts().instances == 1


def test_what_turns_out_not_to_be_there_leaves_no_file(tmp_path: Path, monkeypatch):
    """A COMMIT that failed with an error of the disk, and was none."""

    def fail(group):
        raise Uncertain("the index failed while it committed")

    with Archive.open(tmp_path) as archive:
        with monkeypatch.context() as patch:
            patch.setattr(archive._index._commits, "_transaction", fail)
            with pytest.raises(Uncertain):
                receive(archive, instance())
        assert files(tmp_path) == []
        assert receive(archive, instance()).new


def test_a_disk_that_is_nearly_full_takes_nothing(tmp_path: Path):
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    with (
        Archive.open(tmp_path, bounds=Bounds(free_bytes=2 * free)) as archive,
        pytest.raises(NoSpace, match="too little space"),
    ):
        receive(archive, instance())
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("release", "expected"),
    [("5.7.19", "each"), ("5.8.0-1-amd64", "group"), ("6.18.44", "group"), ("odd", "each")],
)
def test_where_syncfs_does_not_tell_of_errors_each_step_syncs(monkeypatch, release, expected):
    monkeypatch.setattr(barrier.platform, "release", lambda: release)
    assert barrier.kind("always") == expected
    assert barrier.kind("lazy") == "never"
