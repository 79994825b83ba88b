"""The journal of the audit trail and the place of each sink in it: what survives, what is told."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from config.auditing import Sink
from scp.audit import Trail, reports, trail
from scp.audit import journal as journals
from scp.audit.journal import Journal
from scp.audit.spool import Dropped, Spool
from tests.audit_sinks import HERE, SECONDS, audit, journal, parsed
from tests.commands import ROOT
from tests.nodes import settings
from tests.peers import free_port
from tests.test_audit_syslog import eventually

WRITER = """
import sys, pathlib
from scp.audit.journal import Journal
journal = Journal(pathlib.Path(sys.argv[1]))
for line in sys.stdin:
    journal.write([line.rstrip().encode()])
    print("written", flush=True)
"""


class Other:
    """A process that appends to the same journal; `write` returns when the line is on disk."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def __enter__(self) -> Other:
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGKILL)

    def write(self, line: str) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "written\n"

    def end(self, number: int) -> None:
        self.process.send_signal(number)
        self.process.communicate(timeout=SECONDS)


def everything(spool: Spool) -> list[bytes]:
    """What is left for a sink, as a sender reads it."""
    ahead: dict[str, int] = {}
    found: list[bytes] = []
    while batch := spool.batch(ahead, 1000):
        found += batch.messages
        ahead[batch.segment] = batch.end
    return found


def lines(start: int, stop: int) -> list[bytes]:
    return [b"message %d %s" % (number, b"x" * 50) for number in range(start, stop)]


def test_only_its_owner_may_read_it(tmp_path):
    folder = tmp_path / "audit"
    ours = Journal(folder)
    ours.write([b"one"])
    Spool(ours, "sink").save()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_segments_follow_each_other_and_nothing_is_lost_between(tmp_path, monkeypatch):
    monkeypatch.setattr(journals, "SEGMENT_BYTES", 500)
    ours = Journal(tmp_path)
    spool = Spool(ours, "sink")
    for number in range(100):
        ours.write(lines(number, number + 1))
    assert len(ours.segments()) > 10
    assert everything(spool) == lines(0, 100)


def test_a_message_longer_than_a_read_is_read_whole(tmp_path):
    ours = Journal(tmp_path)
    spool = Spool(ours, "sink")
    ours.write([b"x" * 5000, b"y"])
    assert everything(spool) == [b"x" * 5000, b"y"]


def test_a_new_sink_gets_what_is_recorded_from_then_on(tmp_path):
    ours = Journal(tmp_path)
    ours.write(lines(0, 5))
    spool = Spool(ours, "sink")
    ours.write(lines(5, 7))
    assert everything(spool) == lines(5, 7)


def test_the_place_survives_and_moves_over_segments_that_are_done(tmp_path, monkeypatch):
    monkeypatch.setattr(journals, "SEGMENT_BYTES", 500)
    ours = Journal(tmp_path)
    spool = Spool(ours, "sink")
    for number in range(50):
        ours.write(lines(number, number + 1))
    ahead: dict[str, int] = {}
    for _ in range(3):
        batch = spool.batch(ahead, 300)
        ahead[batch.segment] = batch.end
        spool.confirm(batch.segment, batch.end)
    left = everything(spool)
    spool.close()
    again = Spool(ours, "sink")
    assert everything(again) == left
    for segment in ours.segments():
        again.confirm(segment.name, segment.size)
    again.save()
    assert again.first == ours.segments()[-1].name
    assert again.unsent() == 0


@pytest.mark.parametrize("harm", ["", "{", "[]", '{"first": 1}', '{"first": "x", "sent": {}}'])
def test_a_place_that_cannot_be_read_is_the_beginning(tmp_path, harm):
    """Better twice than never."""
    ours = Journal(tmp_path)
    Spool(ours, "sink").close()
    ours.write(lines(0, 5))
    (tmp_path / "sink.sent").write_text(harm)
    assert everything(Spool(ours, "sink")) == lines(0, 5)


def test_a_segment_that_is_torn_ends_with_its_last_whole_message(tmp_path):
    ours = Journal(tmp_path)
    spool = Spool(ours, "sink")
    ours.write(lines(0, 3))
    ours.close()
    (path,) = tmp_path.glob("*.log")
    with path.open("ab") as file:
        file.write(b"half a mess")
    ours.write(lines(3, 5))
    assert everything(spool) == lines(0, 5)


def test_two_processes_may_append_and_a_killed_one_holds_nothing_up(tmp_path):
    ours = Journal(tmp_path)
    spool = Spool(ours, "sink")
    ours.write([b"ours 1"])
    with Other(tmp_path) as other:
        other.write("theirs 1")
        ours.write([b"ours 2"])
        other.write("theirs 2")
        for segment in ours.segments():
            spool.confirm(segment.name, segment.size)
        spool.save()
        other.write("theirs 3")
        assert everything(spool) == [b"theirs 3"], "a segment that still grows is not left behind"
        other.end(signal.SIGKILL)
    assert everything(spool) == [b"theirs 3"]
    ours.close()
    ours.write([b"ours 3"])
    assert everything(spool) == [b"theirs 3", b"ours 3"]
    for segment in ours.segments():
        spool.confirm(segment.name, segment.size)
    spool.save()
    assert spool.first == ours.segments()[-1].name


def test_dropping_gives_up_whole_messages_the_oldest_first(tmp_path, monkeypatch):
    monkeypatch.setattr(journals, "SEGMENT_BYTES", 500)
    ours = Journal(tmp_path)
    spool = Spool(ours, "sink")
    for number in range(50):
        ours.write(lines(number, number + 1))
    dropped = spool.drop(1000)
    left = everything(spool)
    assert left == lines(dropped.messages, 50)
    assert dropped.doubtful == 0
    assert spool.unsent() <= 1000
    assert spool.drop(1000) == Dropped()


def test_what_was_on_its_way_when_it_was_dropped_is_told_apart(tmp_path):
    """It may have been read: to say that it is lost would not be true."""
    ours = Journal(tmp_path)
    spool = Spool(ours, "sink")
    ours.write(lines(0, 50))
    assert spool.waits(), "and to look is not to send"
    batch = spool.batch({}, 300)
    assert batch
    dropped = spool.drop(0)
    assert dropped == Dropped(50, len(batch.messages))
    assert (
        str(dropped) == f"50 messages were dropped, {len(batch.messages)} of which it may have got"
    )
    assert not spool.waits()


def test_what_is_old_and_sent_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(journals, "SEGMENT_BYTES", 1)
    ours = Journal(tmp_path)
    for number in range(6):
        ours.write(lines(number, number + 1))
    old = time.time() - 11 * 86400
    names = [segment.name for segment in ours.segments()]
    for name in names[:4]:
        os.utime(tmp_path / name, (old, old))
    ours.expire(10, needed=names[3])
    assert [segment.name for segment in ours.segments()] == names[3:], "not sent yet: kept"
    ours.expire(10, needed="~")
    assert [segment.name for segment in ours.segments()] == names[4:]


def test_what_is_old_and_dropped_is_removed_though_the_sink_was_never_there(tmp_path, monkeypatch):
    monkeypatch.setattr(journals, "SEGMENT_BYTES", 1 << 14)
    monkeypatch.setattr(trail, "EXPIRE_SECONDS", 0.0)
    nobody = Sink(host=HERE, port=free_port(), transport="tcp")
    keys = {"spool_bytes": 1 << 16, "keep_days": 1}
    ours = Trail.open(settings(tmp_path, audit=audit(nobody, **keys)))
    (first,) = (tmp_path / "audit").glob("*.log")

    def gone() -> bool:
        for number in range(20):
            ours.record(reports.log_read(f"reader-{number}", "file:///x"))
        with contextlib.suppress(FileNotFoundError):
            os.utime(first, (1, 1))
        return not first.exists()

    try:
        assert eventually(gone)
    finally:
        ours.close()


def test_a_disk_that_is_full_stops_nobody_and_recording_resumes(tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    full = threading.Event()
    full.set()
    write = os.write

    def scarce(fd: int, data: memoryview) -> int:
        if full.is_set():
            write(fd, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(fd, data)

    monkeypatch.setattr(journals.os, "write", scarce)
    ours = Trail.open(settings(tmp_path, audit=audit()))
    try:
        begun = time.monotonic()
        for number in range(200):
            ours.record(reports.log_read(f"reader-{number}", "file:///x"))
        assert time.monotonic() - begun < 10.0
        assert eventually(lambda: ours.failing)
        full.clear()
        assert eventually(lambda: not ours.failing)
    finally:
        full.clear()
        ours.close()
    found = journal(tmp_path)
    readers = [re.search(r"reader-(\d+)", each.text) for each in found]
    assert [int(each[1]) for each in readers if each] == list(range(200))
    assert {each.event for each in found} >= {"110113 E 110133", "110113 E 110134"}
    assert caplog.text.count("No space left on device") == 1


def test_what_does_not_fit_into_memory_is_counted_in_the_trail(tmp_path, monkeypatch):
    monkeypatch.setattr(trail, "MOST_WAITING", 10)
    ours = Trail.open(settings(tmp_path, audit=audit()))
    for _ in range(25):
        ours.record(reports.stopped())
    assert eventually(lambda: len(journal(tmp_path)) >= 12)
    ours.close()
    (said,) = [each for each in journal(tmp_path) if each.event == "110113 E 110134"]
    assert "15 events were lost" in said.detail("Alert Description")


def test_closing_writes_everything(tmp_path):
    ours = Trail.open(settings(tmp_path, audit=audit()))
    for number in range(5000):
        ours.record(reports.log_read(f"reader-{number}", "file:///x"))
    ours.close()
    assert len(journal(tmp_path)) == 5000


@pytest.mark.crash
def test_what_was_on_disk_when_the_process_was_killed_is_there(tmp_path):
    with Other(tmp_path) as other:
        for number in range(20):
            other.write(f"line {number}")
        other.end(signal.SIGKILL)
    (path,) = tmp_path.glob("*.log")
    assert path.read_bytes() == b"".join(b"line %d\n" % number for number in range(20))


def test_without_a_trail_nothing_is_written(tmp_path):
    with Trail.open(settings(tmp_path, audit=audit(enabled=False))) as ours:
        ours.record(reports.stopped())
        assert not ours.full
        assert not ours.failing
    assert not (tmp_path / "audit").exists()


def test_each_line_is_what_syslog_sends(tmp_path):
    with Trail.open(settings(tmp_path, audit=audit())):
        pass
    (path,) = (tmp_path / "audit").glob("*.log")
    first, last, rest = path.read_bytes().split(b"\n")
    assert [parsed(first).event, parsed(last).event] == ["110100 E 110120", "110100 E 110121"]
    assert rest == b""
