"""The fixity scan: every byte again, slowly, over restarts; each finding told once and kept."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from archive import Archive
from archive.checking import Manner, check
from archive.fixity import examined
from archive.repairing import repair
from archive.rounds import Round, Rounds, latest, open_findings, standing
from config.limits import Limits
from scp.fixity import LEAST_BYTES, Scan
from scu.associate import Caller
from scu.echo import echo
from tests.commands import SECONDS, anode, configuration
from tests.datasets import instance
from tests.nodes import node, target
from tests.receiving import receive

FAST = 1 << 40


def filled(root: Path, number: int = 5, pixels: int = 3000) -> list[Path]:
    with Archive.open(root, sync="lazy") as archive:
        made = []
        for n in range(number):
            data = instance(f"1.2.{n}", pixels=pixels)
            made.append(receive(archive, data, f"1.2.{n}").path)
        return made


def flip(path: Path, at: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(content)


@contextmanager
def scanned(root: Path, rate: int = FAST):
    """An archive whose scan has nothing to do any more."""
    with Archive.open(root, sync="lazy") as archive:
        scan = Scan(archive, lambda: rate)
        scan.start()
        try:
            assert scan.rested.wait(SECONDS)
            yield archive
        finally:
            scan.stop()


def another_day(root: Path) -> None:
    """The last round was long ago."""
    cursor = root / "fixity.json"
    cursor.write_text(json.dumps({**json.loads(cursor.read_text()), "began": 1.0}))


def kinds(root: Path) -> list[tuple[str, str]]:
    return [(each.kind, each.sop_instance_uid) for each in standing(root)]


def test_a_round_reads_every_byte_and_finds_nothing_in_a_sound_archive(tmp_path: Path):
    filled(tmp_path)
    with scanned(tmp_path):
        made = latest(tmp_path)
    assert (made.objects, made.bytes) == (5, 5 * len(instance("1.2.1", pixels=3000)))
    assert made.ended >= made.began > 0
    assert standing(tmp_path) == []


def test_what_is_found_is_logged_once_kept_and_found_sound_again(tmp_path: Path, caplog):
    files = filled(tmp_path)
    flip(files[1])
    flip(files[2], 150)
    files[3].write_bytes(files[3].read_bytes()[:-7])
    files[4].unlink()
    told = [("altered", "1.2.1"), ("header", "1.2.2"), ("size", "1.2.3"), ("missing", "1.2.4")]
    with scanned(tmp_path):
        assert kinds(tmp_path) == told
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 4
    assert "Doe" not in caplog.text
    assert "4711" not in caplog.text
    caplog.clear()
    another_day(tmp_path)
    with scanned(tmp_path):
        assert kinds(tmp_path) == told
    assert caplog.records == []
    flip(files[1])  # and back
    another_day(tmp_path)
    with scanned(tmp_path):
        assert kinds(tmp_path) == told[1:]


def test_what_was_repaired_stands_no_more(tmp_path: Path):
    files = filled(tmp_path)
    flip(files[1])
    with scanned(tmp_path) as archive:
        assert len(open_findings(tmp_path, archive.index)) == 1
        for each in check(archive, Manner(hashed=True)).findings:
            repair(archive, each, lambda _: True)
        assert open_findings(tmp_path, archive.index) == []


class Cut(Exception):
    """The node stops."""


def test_a_round_cut_short_goes_on_where_it_was(tmp_path: Path):
    files = filled(tmp_path, 6)
    flip(files[0])
    left = [3]

    def pause(_bytes: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Cut

    with Archive.open(tmp_path, sync="lazy") as archive, pytest.raises(Cut):
        list(Rounds(tmp_path, archive.index).page(pause))
    assert (latest(tmp_path).objects, latest(tmp_path).ended) == (3, 0)
    read = []
    with Archive.open(tmp_path, sync="lazy") as archive:
        list(Rounds(tmp_path, archive.index).page(read.append))
    assert len(read) == 3
    assert latest(tmp_path).objects == 6
    assert kinds(tmp_path) == [("altered", "1.2.0")]


def test_a_round_that_is_over_is_not_begun_again_the_same_day(tmp_path: Path):
    filled(tmp_path)
    with scanned(tmp_path):
        first = latest(tmp_path)
    with scanned(tmp_path):
        assert latest(tmp_path) == first
    another_day(tmp_path)
    with scanned(tmp_path):
        assert latest(tmp_path).began > first.began


def test_notes_that_a_crash_tore_are_passed_over(tmp_path: Path):
    filled(tmp_path)
    (tmp_path / "fixity.json").write_text('{"began": 12')
    (tmp_path / "fixity.jsonl").write_text('{"found": "2026", "kind": "alt')
    with scanned(tmp_path):
        assert latest(tmp_path).objects == 5
    assert standing(tmp_path) == []


def test_it_reads_no_faster_than_it_may(tmp_path: Path):
    """Small objects count as larger ones."""
    filled(tmp_path, 4)
    began = time.monotonic()
    with scanned(tmp_path, rate=20 * LEAST_BYTES):
        assert time.monotonic() - began >= 4 / 20
    began = time.monotonic()
    paused: list[int] = []
    with Archive.open(tmp_path, sync="lazy") as archive:
        large = receive(archive, instance("1.2.9", pixels=3_000_000), "1.2.9")
        held = archive.index.lookup("1.2.9")
        assert held is not None
        assert examined(held, tmp_path, paused.append) is None
    assert sum(paused) == large.size
    assert max(paused) <= 256 << 10


def test_nothing_is_read_when_it_may_read_nothing(tmp_path: Path):
    filled(tmp_path)
    limits = Limits(fixity_bytes_per_second=0)
    with node(tmp_path, limits=limits) as serving:
        echo(target(serving), Caller("TESTER"))
    assert latest(tmp_path) == Round()


def test_a_round_of_a_lost_disk_ends(tmp_path: Path, monkeypatch, caplog):
    monkeypatch.setattr("archive.rounds.MOST", 3)
    for path in filled(tmp_path, 8):
        path.unlink()
    with scanned(tmp_path):
        pass
    assert "run anode check" in caplog.text
    assert latest(tmp_path).ended


def test_a_node_scans_stops_at_once_and_its_status_tells(tmp_path: Path):
    file = configuration(tmp_path)
    data = tmp_path / "anode-data"
    filled(data)
    with scanned(data):
        pass
    ran = anode("status", "-c", file)
    assert "Fixity         5 objects (15.7 kB) read again by 20" in ran.out
    flip(next((data / "objects").rglob("*.dcm")))
    another_day(data)
    with scanned(data):
        pass
    ran = anode("status", "-c", file)
    assert "; 1 finding" in ran.out
    assert "(!) altered: 1.2." in ran.out
    told = anode("status", "-c", file, "--json").document
    assert [each["kind"] for each in told["fixity"]["findings"]] == ["altered"]
    assert (told["fixity"]["objects"], told["quarantined"]) == (5, 0)
    anode("check", "-c", file, "--hash", "--repair")
    told = anode("status", "-c", file, "--json").document
    assert (told["fixity"]["findings"], told["quarantined"]) == ([], 1)
    # One object would take an hour; the node ends all the same.
    another_day(data)
    began = time.monotonic()
    with node(data, limits=Limits(fixity_bytes_per_second=36)):
        pass
    assert time.monotonic() - began < SECONDS / 2
