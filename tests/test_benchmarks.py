"""Every section of the benchmarks runs on a handful of objects; tables and picture are right."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from benchmarks import framed, lean, measuring, picture, report, targets
from benchmarks.counted import counts
from benchmarks.measuring import Bench, Row, Run
from benchmarks.pace import Pace
from benchmarks.targets import Target
from tests.commands import ROOT
from tests.peers import needs_dcmtk, needs_orthanc
from tests.test_large_objects import served
from wire import command as commands
from wire import framing, sending
from wire.command import Command, Field


def row(server, *samples, work="C-STORE CT, 1 at once", unit="objects/s"):
    return Row(work, server, unit, list(samples))


def test_ratio_says_how_many_times_as_good_whatever_the_unit():
    assert row("Anode", 100, 300, 200).ratio(row("Orthanc", 50)) == 4
    assert row("Anode", 2, unit="ms").ratio(row("Orthanc", 6, unit="ms")) == 3


def test_target_is_judged_against_the_best_peer():
    rows = [row("Anode", 300), row("bare loop", 400), row("grouped loop", 500)]
    found = {v.target: v for v in targets.judged(rows)}
    verdict = found[Target(rows[0].work, "Anode", targets.LOOPS, 0.7)]
    assert (verdict.against, verdict.value, verdict.met) == ("grouped loop", 0.6, False)
    assert found[Target(rows[0].work, "Anode", ("Orthanc",), 2.5)].met is None


def test_memory_is_judged_by_its_peak():
    one = row("Anode", 100, work="C-STORE CT, 100 at once")
    one.peak_mb = 251.0
    (verdict,) = (v for v in targets.judged([one]) if v.target.of == "MB")
    assert (verdict.value, verdict.met) == (251, False)


def test_runs_are_interleaved_and_the_first_round_warms_up():
    done = []

    def run(name):
        return Run(lambda: (done.append(name) or float(len(done)), 1))

    rows = Bench(rounds=2).interleaved("work", "ms", {"a": run("a"), "b": run("b")})
    assert done == ["a", "b"] * 3
    assert [each.samples for each in rows] == [[3, 5], [4, 6]]


def test_a_server_that_fails_is_told_and_the_others_go_on():
    def fail():
        raise RuntimeError("no")

    rows = Bench(rounds=1).interleaved("work", "ms", {"a": Run(fail), "b": Run(lambda: (1.0, 1))})
    assert [(each.failed, each.samples) for each in rows] == [("failed: no", []), ("", [1])]
    assert "failed: no" in report.page(rows, [])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (subprocess.TimeoutExpired(["/usr/bin/getscu", "-P"], 60), "getscu took more than 60 s"),
        (subprocess.CalledProcessError(69, ["/usr/bin/getscu", "-P"]), "getscu ended with 69"),
        (RuntimeError("word " * 40), "word " * 15 + "..."),
        (RuntimeError("one\n| two"), "one / two"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_what_failed_is_told_in_whole_words(error, said):
    assert measuring.why(error) == f"failed: {said}"


def test_a_short_run_says_that_its_targets_are_hints():
    whole = row("Anode", 1, 2, 3, 4, 5, work="C-MOVE 200 CT")
    assert "hint" not in report.page([whole], [])
    scaled = replace(whole, scale=0.1)
    assert "what is said of targets is a hint" in report.page([scaled], [])
    assert "| C-MOVE 200 CT × 0.1 | Anode |" in report.page([scaled], [])
    assert "hint" in report.page([replace(whole, samples=[1, 2])], [])


def test_rows_measured_again_replace_those_kept(tmp_path):
    file = tmp_path / "build" / "bench.json"
    report.save(file, [row("Anode", 1), row("Orthanc", 2)])
    report.save(file, [row("Anode", 3)])
    assert [(one.server, one.samples) for one in report.load(file)] == [
        ("Anode", [3]),
        ("Orthanc", [2]),
    ]


def test_figures_go_between_their_marks_and_the_picture_beside_them(tmp_path):
    page = tmp_path / "performance.md"
    page.write_text(f"Before\n{report.BEGIN}old{report.END}\nAfter\n")
    report.write(page, [row("Anode", 300, 310), row("Orthanc", 100)], ["storescp"])
    text = page.read_text()
    assert text.startswith("Before\n")
    assert text.endswith("\nAfter\n")
    assert "old" not in text
    assert "| C-STORE CT, 1 at once | Orthanc | 100 objects/s | 100–100 of 1 | 3.05× |" in text
    assert "≥ 2.5× | 3.05× | met +22 % |" in text
    assert "Not installed, so not measured: storescp." in text
    assert page.with_suffix(".svg").exists()


def test_bars_are_as_long_as_the_medians():
    drawn = ET.fromstring(picture.drawn([row("Anode <1>", 300), row("Orthanc", 100)]))
    widths = [float(one.get("width")) for one in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths[1] == pytest.approx(3 * widths[2], rel=0.01)


class Cut:
    """A connection that brings few bytes at a time."""

    def __init__(self, sent, piece):
        self.sent, self.piece, self.said = io.BytesIO(sent), piece, b""

    def setsockopt(self, *_):
        pass

    def recv_into(self, room):
        return self.sent.readinto(room[: self.piece])

    def sendall(self, said):
        self.said += said


@pytest.mark.parametrize("piece", [1, 7, 300, 1 << 20], ids="{} bytes at a time".format)
def test_the_lean_client_hears_every_message_however_it_is_cut(piece):
    find = Command(Field.C_FIND, message_id=1, affected_sop_class_uid="1.2")
    pending, final = find.response(0xFF00, data_set=True), find.response(0)
    lengths = [0, 4, 300, 4, 5000]
    sent = [sending.message(1, commands.encode(pending), bytes(n), 128) for n in lengths]
    sent += [sending.message(1, commands.encode(final), None, 128), framing.RELEASE_RQ]
    connection = Cut(b"".join(sent), piece)
    heard = list(lean.Wire(connection).messages())
    assert connection.said == framing.RELEASE_RP
    assert heard == [*((1, pending, n) for n in lengths), (1, final, 0)]


def test_two_workers_are_judged_against_one_process():
    work = "C-STORE tiny, 4 at once, processes"
    rows = [row("Anode", 200, work=work), row("Anode 2 workers", 190, work=work)]
    (verdict,) = (v for v in targets.judged(rows) if v.target.work == work)
    assert (verdict.against, verdict.value, verdict.met) == ("Anode", 0.95, False)


def test_throttled_senders_take_turns_and_an_object_is_timed_from_when_it_was_due():
    class Slow:
        def __init__(self):
            self.sent = []

        def store(self, message):
            self.sent.append((time.perf_counter(), message))

    pace, lines = Pace(1000, 2, 3), [Slow(), Slow()]
    begun = time.perf_counter()
    pace.store(1, lines[1], ["b", "d", "f"])
    assert [message for _, message in lines[1].sent] == ["b", "d", "f"]
    for place, (at, _) in zip((1, 3, 5), lines[1].sent, strict=True):
        assert at - begun >= place / 1000  # never before its turn
        assert pace.seconds[place] > 0
    assert [pace.seconds[place] for place in (0, 2, 4)] == [0, 0, 0]  # of the other


def test_a_node_counts_its_commits_and_syncs_in_all_its_processes(tmp_path):
    folder = tmp_path / "counts"
    program = ("benchmarks.counted", str(folder))
    with served(tmp_path / "node", "A", sync="always", workers=2, program=program) as (target, _):
        before = counts(folder)
        framed.rate(framed.Server("A", target.port), 8, 12, 4)
        found = counts(folder) - before
    assert found.syncs == 12
    # A process's first commit opens the index, and is not counted; what examining finds may be.
    assert 12 - 2 * 4 <= found.rows <= 2 * 12
    assert found.commits <= found.rows
    assert found.synced > 0
    assert found.held >= found.held_cpu >= 0


@pytest.mark.long
@pytest.mark.interop
@needs_dcmtk
@needs_orthanc
def test_every_section_runs_on_a_handful_of_objects(tmp_path):
    file = tmp_path / "rows.json"
    how = ["--short", "--rounds", "1", "--scale", "0.02", "--associations", "2", "--size", "tiny"]
    asked = [
        *how,
        "--server",
        "Anode",
        "Anode 2 workers",
        "dcmqrscp",
        "bare loop",
        "--results",
        str(file),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *asked],
        capture_output=True, text=True, cwd=ROOT, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(file.read_text())["rows"]
    assert [one for one in rows if one["failed"]] == []
    works = {one["work"] for one in rows}
    for told in ("C-STORE tiny, 2", "two writes", "storescu", "dcmsend", "TLS",
                 "multi-frame", "C-FIND 1000", "C-FIND image", "findscu", "C-MOVE", "C-GET",
                 "movescu", "getscu", "association,", "idle", "processes, half"):  # fmt: skip
        assert any(told in work for work in works), told
