"""An examination that a passing fault has stopped is tried again: later, not for ever, and told."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import NoReturn

import pytest

from archive import Archive
from archive.judgements import Judgement
from archive.references import TRIES, Examined, Progress, Relation
from iod.examination import File, Outcome, Process, worker
from iod.examination.reading import Unreadable
from scp import examination
from scp.examination import Examination
from tests.commands import anode, configuration
from tests.objects import MR_IMAGE, written
from tests.test_checks_stored import away, dying
from tests.test_examination import referring

SECONDS = 60.0
FOUND = [Relation("source image", MR_IMAGE, "1.2.3", False)]
CAUSE = "its examination crashed (SIGKILL)"


class Faulty:
    """What examines, in the place of the process: each object is stopped so many times."""

    def __init__(self, patch: pytest.MonkeyPatch, times: int) -> None:
        self.left = times
        self.tried = 0
        self.over = threading.Event()  # the last fault has been told
        self._examine = Process.examine

        def examine(process: Process, files: list[File]) -> list[Outcome]:
            return self._outcomes(process, files)

        patch.setattr(Process, "examine", examine)

    def _outcomes(self, process: Process, files: list[File]) -> list[Outcome]:
        self.tried += 1
        if not self.left:
            self.over.set()
            return self._examine(process, files)
        self.left -= 1
        if not self.left:
            self.over.set()
        return [Outcome(cause=CAUSE, stopped=True) for _ in files]


@contextmanager
def examining(archive: Archive) -> Iterator[Examination]:
    work = Examination(archive)
    work.start()
    try:
        yield work
    finally:
        work.stop()


@contextmanager
def imported(root: Path) -> Iterator[tuple[Archive, str]]:
    """An archive with an object that refers to another, not yet examined; and its UID."""
    made = referring()
    with Archive.open(root / "anode-data", sync="lazy") as archive:
        for path in written(root / "files", made):
            archive.import_file(path)
        yield archive, made.SOPInstanceUID


def stop(archive: Archive, uid: str, times: int) -> None:
    """Note so many attempts that a passing fault has stopped."""
    ((row, _),) = archive.index.held(0, 1)
    stopped = Examined(row, uid, note=CAUSE, failed=True, stopped=True, rules=1)
    for _ in range(times):
        archive.index.note([stopped])


def test_what_a_passing_fault_stops_is_examined_when_it_has_passed(tmp_path, monkeypatch):
    monkeypatch.setattr(examination, "AGAIN_SECONDS", 0.0)
    faulty = Faulty(monkeypatch, TRIES - 1)
    with imported(tmp_path) as (archive, uid), examining(archive) as work:
        assert faulty.over.wait(SECONDS)
        for _ in range(2):  # the last fault has been noted, and then it was tried again
            assert work.settle(SECONDS)
        assert archive.index.references.of(uid) == FOUND
        assert archive.index.references.progress().failed == 0
        assert faulty.tried == TRIES


def test_it_is_not_tried_again_at_once(tmp_path, monkeypatch):
    faulty = Faulty(monkeypatch, 1)
    with imported(tmp_path) as (archive, uid), examining(archive) as work:
        for _ in range(3):
            assert work.settle(SECONDS)
        assert archive.index.references.of(uid) == []
        assert archive.index.references.progress().again == 1
        assert faulty.tried == 1


def test_each_time_it_is_tried_later(tmp_path):
    with imported(tmp_path) as (archive, _):
        due = Examination(archive)._due
    assert list(due) == list(range(1, TRIES))
    assert all(due[times + 1] - due[times] > 1000.0 for times in range(1, TRIES - 1))


@pytest.mark.parametrize("before", range(1, TRIES))
def test_a_restart_begins_no_new_count_and_after_the_last_it_is_given_up(
    tmp_path, monkeypatch, before
):
    monkeypatch.setattr(examination, "AGAIN_SECONDS", 0.0)
    with imported(tmp_path) as (archive, uid):
        stop(archive, uid, before)
    faulty = Faulty(monkeypatch, TRIES - before)
    with Archive.open(tmp_path / "anode-data", sync="lazy") as archive, examining(archive) as work:
        assert faulty.over.wait(SECONDS)
        for _ in range(2):
            assert work.settle(SECONDS)
        assert faulty.tried == TRIES - before
        assert archive.index.references.progress() == Progress(0, 1, 0, CAUSE)


def test_status_tells_the_cause_and_examining_by_hand_tries_even_what_was_given_up(tmp_path):
    settings = configuration(tmp_path)
    with imported(tmp_path) as (archive, uid):
        stop(archive, uid, 1)
        assert "; 1 to be tried again" in anode("status", "-c", settings).out
        stop(archive, uid, TRIES)
        lines = anode("status", "-c", settings).out.splitlines()
        assert f"{'Cause':<14} {CAUSE}" in lines
        assert any("(!) 1 instance could not be examined: anode examine" in line for line in lines)
        told = anode("examine", "-c", settings)
        assert (told.code, told.out) == (0, "1 instance examined\n")
        assert archive.index.references.of(uid) == FOUND


@pytest.mark.parametrize("fault", [away, dying])
def test_faults_of_file_and_process_may_pass(tmp_path, fault):
    with imported(tmp_path) as (archive, uid):
        ((_, stored),) = archive.index.held(0, 1)
        with fault(stored.path), examining(archive) as work:
            assert work.settle(SECONDS)
        assert archive.index.references.progress().again == 1
        archive.index.wait_again()
        with examining(archive) as work:
            assert work.settle(SECONDS)
        assert archive.index.references.of(uid) == FOUND


@pytest.mark.parametrize(
    ("error", "stopped"),
    [
        (MemoryError(), True),
        (OSError(errno.EIO, os.strerror(errno.EIO)), True),
        (Unreadable("it is truncated"), False),
        (ValueError("odd"), False),
    ],
)
def test_want_of_memory_and_of_the_disk_may_pass_and_damage_does_not(monkeypatch, error, stopped):
    def reading(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(worker, "read", reading)
    assert worker._answer(BytesIO(), "1.2.840.10008.1.2.1", "")["stopped"] is stopped


def test_what_a_check_had_found_stays_when_it_is_stopped_again(tmp_path):
    known = Judgement("error", "PatientID", "type2.missing", "it is missing", "C.7.1.1")
    with imported(tmp_path) as (archive, uid):
        ((row, _),) = archive.index.held(0, 1)
        why = {"note": CAUSE, "failed": True, "stopped": True, "rules": 1}
        archive.index.note([Examined(row, uid, findings=[known], **why)])
        archive.index.note([Examined(row, uid, **why)])
        archive.index.wait_again()
        archive.index.note([Examined(row, uid, **why)])
        assert archive.index.judgements.of(uid) == [known]
