"""What a crash left: torn, missing and unindexed objects are found before the node serves."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from archive import Archive, doubts, objects, startup
from archive.adopting import adopt
from archive.errors import Unavailable, Uncertain
from archive.record import Record
from archive.startup import Recovery
from tests.datasets import instance
from tests.receiving import files, receive


def uids(archive: Archive) -> set[str]:
    return {held.sop_instance_uid for held in archive._index.newest(1000)}


def filled(root: Path, *names: str) -> dict[str, Path]:
    """An archive with these instances, closed: their files."""
    with Archive.open(root, sync="lazy") as archive:
        return {uid: receive(archive, instance(uid), uid=uid).path for uid in names}


def without_row(root: Path, uid: str) -> None:
    """As a crash between file and commit leaves it."""
    with Archive.open(root, sync="lazy") as archive:
        assert archive._index.remove(uid)


def set_aside(root: Path) -> dict[str, dict[str, object]]:
    """What is in quarantine, by the name of the file, with the reasons."""
    home = root / "quarantine"
    return {path.stem: json.loads(path.read_text()) for path in home.glob("*.json")}


def recovered(root: Path) -> tuple[Recovery, set[str]]:
    with Archive.open(root, sync="lazy") as archive:
        return archive.recover(), uids(archive)


def test_nothing_is_touched_when_all_is_well(tmp_path):
    paths = filled(tmp_path, "1.2.1", "1.2.2")
    before = {path: path.stat().st_mtime_ns for path in paths.values()}
    assert recovered(tmp_path) == (Recovery(), {"1.2.1", "1.2.2"})
    assert {path: path.stat().st_mtime_ns for path in paths.values()} == before
    assert not (tmp_path / "quarantine").exists()


def test_a_whole_file_without_a_row_is_indexed(tmp_path, caplog):
    filled(tmp_path, "1.2.1", "1.2.2")
    without_row(tmp_path, "1.2.2")
    found, held = recovered(tmp_path)
    assert (found.adopted, held) == (1, {"1.2.1", "1.2.2"})
    assert "after a crash: 1 files without a row were indexed" in caplog.text


def test_it_is_indexed_when_it_is_all_there_is(tmp_path):
    filled(tmp_path, "1.2.1")
    without_row(tmp_path, "1.2.1")
    assert recovered(tmp_path)[1] == {"1.2.1"}


@pytest.mark.parametrize("damage", ["empty", "cut", "bit", "gone"])
def test_a_row_whose_bytes_are_not_there_is_none_and_what_is_left_is_kept(tmp_path, damage):
    paths = filled(tmp_path, "1.2.1", "1.2.2")
    whole = paths["1.2.2"].read_bytes()
    left = {
        "empty": b"",
        "cut": whole[:-1],
        "bit": whole[:-1] + bytes((whole[-1] ^ 1,)),
        "gone": None,
    }[damage]
    if left is None:
        paths["1.2.2"].unlink()
    else:
        paths["1.2.2"].write_bytes(left)
    found, held = recovered(tmp_path)
    assert held == {"1.2.1"}
    assert (found.missing, found.torn) == ((1, 0) if left is None else (0, 1))
    assert not paths["1.2.2"].exists()
    (reason,) = set_aside(tmp_path).values()
    assert reason["SOPInstanceUID"] == "1.2.2"
    if left is not None:
        assert (tmp_path / "quarantine" / paths["1.2.2"].name).read_bytes() == left


def test_a_torn_file_without_a_row_is_set_aside_with_the_reason(tmp_path):
    paths = filled(tmp_path, "1.2.1", "1.2.2")
    without_row(tmp_path, "1.2.2")
    paths["1.2.2"].write_bytes(paths["1.2.2"].read_bytes()[:-100])
    found, held = recovered(tmp_path)
    assert (found.unreadable, held) == (1, {"1.2.1"})
    (reason,) = set_aside(tmp_path).values()
    assert "truncated" in str(reason["why"])


def test_one_bad_file_never_stops_a_start(tmp_path):
    paths = filled(tmp_path, *(f"1.2.{number}" for number in range(20)))
    for number, path in enumerate(paths.values()):
        path.write_bytes(os.urandom(number * 10))
    found, held = recovered(tmp_path)
    assert held == set()
    assert found.torn == 20


def test_what_was_set_aside_may_be_stored_again(tmp_path):
    paths = filled(tmp_path, "1.2.1")
    paths["1.2.1"].write_bytes(b"")
    recovered(tmp_path)
    with Archive.open(tmp_path, sync="lazy") as archive:
        assert receive(archive, instance("1.2.1"), uid="1.2.1").new


def test_a_file_that_was_adopted_under_an_import_is_not_taken_for_a_duplicate(tmp_path):
    """A node that starts finds the file before `anode import` beside it commits the row."""
    with Archive.open(tmp_path, sync="lazy") as importing:
        commits, add = importing._index, importing._index.add

        def late(record, after):
            with Archive.open(tmp_path, sync="lazy") as node:
                assert node.recover().adopted == 1
            return add(record, after)

        commits.add = late
        receipt = receive(importing, instance())
        assert receipt.new
        assert receipt.path.exists()
        assert importing.counts().instances == 1


def test_old_files_are_not_looked_at(tmp_path, monkeypatch):
    """However large the archive is: those are for `anode check`."""
    monkeypatch.setattr(startup, "NEWEST", 2)
    paths = filled(tmp_path, "1.2.1", "1.2.2")
    old = tmp_path / "objects" / "2001" / "01" / "01" / "00"
    old.mkdir(parents=True)
    (old / paths["1.2.1"].name).write_bytes(b"nothing")
    assert recovered(tmp_path)[0] == Recovery()


def test_a_file_in_doubt_is_looked_at_however_many_came_after_it(tmp_path, monkeypatch):
    """Its commit failed with an error of the disk, and so did the look that followed."""
    monkeypatch.setattr(startup, "NEWEST", 2)

    def fail(*_: object) -> None:
        raise Unavailable("the disk of the index fails")

    def open_ended(*_: object) -> None:
        raise Uncertain("the index failed while it committed")

    with Archive.open(tmp_path, sync="lazy") as archive:
        with monkeypatch.context() as patch:
            patch.setattr(archive._index._commits, "_transaction", open_ended)
            patch.setattr(archive._index, "lookup", fail)
            with pytest.raises(Uncertain):
                receive(archive, instance("1.2.1"), uid="1.2.1")
        assert len(files(tmp_path)) == 1
        for uid in ("1.2.2", "1.2.3", "1.2.4"):
            time.sleep(0.02)  # so that the disk's clock sets them apart
            receive(archive, instance(uid), uid=uid)
    assert recovered(tmp_path) == (Recovery(adopted=1), {"1.2.1", "1.2.2", "1.2.3", "1.2.4"})
    assert recovered(tmp_path)[0] == Recovery()
    assert not (tmp_path / doubts.NAME).exists()


def test_a_start_that_was_cut_short_is_finished_by_the_next(tmp_path, monkeypatch):
    """Rows are made the oldest file first: else the newest rows would hide what is still to do."""
    monkeypatch.setattr(startup, "NEWEST", 2)
    monkeypatch.setattr(objects, "_CLOCK_SECONDS", 0.0)
    lost = [f"1.2.3.{number}" for number in range(8)]
    with Archive.open(tmp_path, sync="lazy") as archive:
        for uid in ("1.2.1", "1.2.2", *lost):
            time.sleep(0.01)  # so that the disk's clock sets them apart
            receive(archive, instance(uid), uid=uid)
        for uid in lost:
            archive.index.remove(uid)
        with monkeypatch.context() as patch:
            patch.setattr(startup, "adopt", _killed_after(4))
            with pytest.raises(KeyboardInterrupt):
                archive.recover()
    assert recovered(tmp_path) == (Recovery(adopted=4), {"1.2.1", "1.2.2", *lost})


def _killed_after(many: int) -> Callable[..., Record]:
    left = iter(range(many))

    def killed(*arguments: Any) -> Record:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return adopt(*arguments)

    return killed


def test_what_a_start_cannot_read_the_next_one_looks_at(tmp_path, monkeypatch):
    monkeypatch.setattr(startup, "NEWEST", 2)
    filled(tmp_path, "1.2.1", "1.2.2", "1.2.3")
    without_row(tmp_path, "1.2.3")

    def unreadable(*_: object) -> None:
        raise Unavailable("the disk has a bad moment")

    with Archive.open(tmp_path, sync="lazy") as archive, monkeypatch.context() as patch:
        patch.setattr(startup, "adopt", unreadable)
        assert archive.recover() == Recovery()
    monkeypatch.setattr(objects, "_CLOCK_SECONDS", 0.0)
    time.sleep(0.02)
    filled(tmp_path, "1.2.4", "1.2.5")
    assert recovered(tmp_path)[0] == Recovery(adopted=1)


def test_a_file_that_goes_while_a_start_looks_is_none(tmp_path, monkeypatch):
    """`anode import` beside it has met a duplicate, and removes what it has stored."""
    gone = filled(tmp_path, "1.2.1")["1.2.1"]
    without_row(tmp_path, "1.2.1")
    scandir = os.scandir

    @contextmanager
    def late(path):
        with scandir(path) as entries:
            listed = list(entries)
            if Path(path) == gone.parent:
                gone.unlink()
            yield iter(listed)

    monkeypatch.setattr(objects.os, "scandir", late)
    assert recovered(tmp_path) == (Recovery(), set())


def test_notes_with_a_damaged_line_are_read(tmp_path):
    (tmp_path / doubts.NAME).write_bytes(b"2026/01/01/00/a.dcm\n\xff\xfe")
    assert doubts.noted(tmp_path)[0] == "2026/01/01/00/a.dcm"


@pytest.mark.long
def test_a_hundred_thousand_objects_are_served_within_five_seconds(tmp_path):
    paths = filled(tmp_path, "1.2.1")
    first = paths["1.2.1"]
    database = sqlite3.connect(tmp_path / "index.sqlite3")
    columns = [row[1] for row in database.execute("PRAGMA table_info(instance)") if row[1] != "id"]
    listed = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join({"SOPInstanceUID": "?", "path": "?"}.get(c, f'"{c}"') for c in columns)
    sql = f"INSERT INTO instance ({listed}) SELECT {values} FROM instance LIMIT 1"
    content = first.read_bytes()
    for number in range(100_000):
        twin = first.with_name(f"{number:032x}.dcm")
        twin.write_bytes(content)
        database.execute(sql, (f"1.3.{number}", str(twin.relative_to(tmp_path))))
    database.commit()
    database.close()
    begun = time.monotonic()
    found, _ = recovered(tmp_path)
    print(f"start-up with 100,000 objects: {time.monotonic() - begun:.2f} s")
    assert time.monotonic() - begun < 5.0
    assert found.adopted == 0


def test_a_disk_that_is_not_there_costs_no_row(tmp_path):
    filled(tmp_path, *(f"1.2.{number}" for number in range(30)))
    (tmp_path / "objects").rename(tmp_path / "elsewhere")
    with (
        Archive.open(tmp_path, sync="lazy") as archive,
        pytest.raises(Unavailable, match="is its disk there"),
    ):
        archive.recover()
    (tmp_path / "objects").rmdir()
    (tmp_path / "elsewhere").rename(tmp_path / "objects")
    assert recovered(tmp_path) == (Recovery(), {f"1.2.{number}" for number in range(30)})
