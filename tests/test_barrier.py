"""The barrier between commit and acknowledgement: what passes is durable, what fails is told."""

from __future__ import annotations

import errno
import logging
import os
import threading
from pathlib import Path

import pytest

from archive import Archive, Bounds, barrier, degraded
from archive.errors import NoSpace, Unavailable, Uncertain
from tests.datasets import instance
from tests.receiving import files, receive

pytestmark = pytest.mark.skipif(
    barrier.kind("always") != "group", reason="this kernel has no syncfs that tells of errors"
)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every sync there is, as it happens; the real ones are done."""
    seen: list[int] = []
    real = barrier._syncfs

    def counted(fd: int) -> None:
        seen.append(os.fstat(fd).st_dev)
        real(fd)

    monkeypatch.setattr(barrier, "_syncfs", counted)
    return seen


def test_one_sync_makes_an_object_durable(tmp_path: Path, passes: list[int]):
    with Archive.open(tmp_path) as archive:
        receive(archive, instance())
    assert len(passes) == 1


def test_a_repeated_object_is_acknowledged_behind_the_barrier_too(
    tmp_path: Path, passes: list[int]
):
    """Its first copy may not have passed yet."""
    with Archive.open(tmp_path) as archive:
        receive(archive, instance())
        assert not receive(archive, instance()).new
    assert len(passes) == 2


def test_objects_that_come_together_share_a_sync(tmp_path: Path, passes: list[int]):
    count = 24
    with Archive.open(tmp_path) as archive:
        threads = [
            threading.Thread(target=receive, args=(archive, instance(uid)), kwargs={"uid": uid})
            for uid in (f"1.2.7.{number}" for number in range(count))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert archive.counts().instances == count
    assert len(passes) < count


def test_lazy_syncs_nothing(tmp_path: Path, passes: list[int]):
    with Archive.open(tmp_path, sync="lazy") as archive:
        receive(archive, instance())
    assert passes == []


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An archive whose disk fails at the next sync, and works again for who would try."""
    fails = [errno.EIO]
    real = barrier._syncfs

    def sync(fd: int) -> None:
        if fails:
            number = fails.pop()
            raise OSError(number, os.strerror(number))
        real(fd)

    monkeypatch.setattr(barrier, "_syncfs", sync)
    with Archive.open(tmp_path) as archive:
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
    assert "could not be synced" in degraded.reason(tmp_path)


def test_a_restart_makes_it_writable_again(failing, tmp_path):
    with pytest.raises(Unavailable):
        receive(failing, instance())
    failing.close()
    with Archive.open(tmp_path) as archive:
        archive.recover()
        assert degraded.reason(tmp_path) == ""
        assert receive(archive, instance()).new


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
