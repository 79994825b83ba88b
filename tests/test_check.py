"""`anode check`: exactly what is wrong is found, and repair loses nothing."""

from __future__ import annotations

import hashlib
import json
import os
import random
import threading
from pathlib import Path

import pytest

from archive import Archive, tombstones
from archive.checking import Manner, check
from archive.objects import Folder
from archive.repairing import repair
from archive.tombstones import Deletion
from config.settings import Archive as ArchiveTable
from tests import clients
from tests.commands import anode, configuration
from tests.datasets import instance
from tests.dumped import dump
from tests.nodes import node, target
from tests.objects import identifier
from tests.receiving import receive

ALL = Manner(hashed=True, readers=2)


def filled(root: Path, number: int = 5, pixels: int = 3000) -> dict[str, Path]:
    """An archive of so many instances: their files."""
    with Archive.open(root, sync="lazy") as archive:
        made = {}
        for one in range(1, number + 1):
            uid = f"1.2.3.{one}"
            data = instance(uid, study=f"1.2.{one % 3}", pixels=pixels + 2 * one)
            made[uid] = receive(archive, data, uid, source_ae="CT1").path
        return made


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << at % 8
    path.write_bytes(content)


def found(root: Path, manner: Manner = ALL) -> list[tuple[str, str]]:
    with Archive.open(root, sync="lazy") as archive:
        return sorted((f.kind, f.sop_instance_uid) for f in check(archive, manner).findings)


def mended(root: Path) -> list[str]:
    with Archive.open(root, sync="lazy") as archive:
        return [repair(archive, each, ALL.kind) for each in check(archive, ALL).findings]


def reasons(root: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in sorted((root / "quarantine").glob("*.json"))]


def test_an_archive_that_is_whole_has_no_findings(tmp_path: Path):
    filled(tmp_path)
    with Archive.open(tmp_path, sync="lazy") as archive:
        made = check(archive, ALL)
    assert (made.objects, made.findings, made.young) == (5, [], 0)
    assert made.bytes == sum(len(instance(pixels=3000 + 2 * one)) for one in range(1, 6))


def test_thirty_damages_are_thirty_findings(tmp_path: Path):
    """Durability C8."""
    files = list(filled(tmp_path, 40).items())
    dice = random.Random(4)
    for _, path in files[:20]:
        flip(path, dice.randrange(path.stat().st_size))
    for _, path in files[20:25]:
        path.write_bytes(path.read_bytes()[: dice.randrange(path.stat().st_size)])
    for _, path in files[25:30]:
        path.unlink()
    told = found(tmp_path)
    assert {uid for _, uid in told} == {uid for uid, _ in files[:30]}
    kinds = [kind for kind, _ in told]
    assert (kinds.count("size"), kinds.count("missing"), len(kinds)) == (5, 5, 30)
    assert {"altered", "header"} >= set(kinds) - {"size", "missing"}
    # Sizes alone tell of ten.
    assert len(found(tmp_path, Manner())) == 10


@pytest.mark.parametrize("readers", [1, 8])
def test_findings_do_not_depend_on_who_reads(tmp_path: Path, readers):
    files = filled(tmp_path, 20)
    flip(files["1.2.3.7"], -1)
    assert found(tmp_path, Manner(hashed=True, readers=readers)) == [("altered", "1.2.3.7")]


def test_a_missing_file_stays_a_finding_until_it_is_repaired_and_leaves_a_report(tmp_path: Path):
    files = filled(tmp_path)
    files["1.2.3.2"].unlink()
    assert found(tmp_path) == found(tmp_path) == [("missing", "1.2.3.2")]
    mended(tmp_path)
    assert found(tmp_path) == []
    (reason,) = reasons(tmp_path)
    assert (reason["kind"], reason["sop_instance_uid"]) == ("missing", "1.2.3.2")
    data = instance("1.2.3.2", study="1.2.2", pixels=3004)
    assert reason["sha256"] == hashlib.sha256(data).hexdigest()
    with Archive.open(tmp_path, sync="lazy") as archive:  # the sender may send it again
        assert receive(archive, data, "1.2.3.2").new


def test_altered_and_torn_files_go_into_quarantine_with_their_reasons(tmp_path: Path):
    files = filled(tmp_path)
    flip(files["1.2.3.1"], -5)
    files["1.2.3.2"].write_bytes(files["1.2.3.2"].read_bytes()[:-1])
    damaged = {files[f"1.2.3.{n}"].read_bytes() for n in (1, 2)}
    mended(tmp_path)
    assert found(tmp_path) == []
    assert {path.read_bytes() for path in (tmp_path / "quarantine").glob("*.dcm")} == damaged
    assert {(r["kind"], r["sop_instance_uid"]) for r in reasons(tmp_path)} == {
        ("altered", "1.2.3.1"),
        ("size", "1.2.3.2"),
    }
    assert set(dump(tmp_path)["instance"]) == {(None, f"1.2.3.{n}") for n in (3, 4, 5)}


def test_altered_meta_information_is_written_anew(tmp_path: Path):
    files = filled(tmp_path)
    whole = files["1.2.3.3"].read_bytes()
    flip(files["1.2.3.3"], 150)
    assert found(tmp_path) == [("header", "1.2.3.3")]
    assert mended(tmp_path) == ["its meta information was written anew"]
    assert files["1.2.3.3"].read_bytes() == whole
    assert found(tmp_path) == []


def test_a_whole_file_without_a_row_is_indexed(tmp_path: Path):
    filled(tmp_path)
    before = dump(tmp_path)
    with Archive.open(tmp_path, sync="lazy") as archive:
        assert archive.index.remove("1.2.3.4")
    assert found(tmp_path) == [("orphan", "1.2.3.4")]
    mended(tmp_path)
    assert found(tmp_path) == []
    assert dump(tmp_path) == before


def test_a_torn_file_without_a_row_goes_into_quarantine(tmp_path: Path):
    files = filled(tmp_path)
    with Archive.open(tmp_path, sync="lazy") as archive:
        assert archive.index.remove("1.2.3.4")
    files["1.2.3.4"].write_bytes(files["1.2.3.4"].read_bytes()[:-3])
    assert found(tmp_path) == [("damaged", "")]
    mended(tmp_path)
    assert found(tmp_path) == []
    assert [r["kind"] for r in reasons(tmp_path)] == ["damaged"]


def test_a_second_file_of_an_instance_is_a_duplicate(tmp_path: Path):
    files = filled(tmp_path)
    other = files["1.2.3.1"].with_name(files["1.2.3.1"].name.replace("-", "0-", 1)[1:])
    other.write_bytes(files["1.2.3.1"].read_bytes())
    assert found(tmp_path) == [("duplicate", "1.2.3.1")]
    mended(tmp_path)
    assert found(tmp_path) == []
    assert not other.exists()
    assert files["1.2.3.1"].exists()


def test_a_deletion_cut_short_is_a_finding_and_is_completed(tmp_path: Path):
    files = filled(tmp_path)
    with Archive.open(tmp_path, sync="lazy") as archive:
        held = [stored for _, stored in archive.index.held(0, 2)]
        os.close(tombstones.begin(tmp_path, Deletion("1.2.3", "a test", held))[1])
        archive.index.drop(held[:1])  # and here the power went
    assert [kind for kind, _ in found(tmp_path)] == ["deleted", "deleted"]
    mended(tmp_path)
    assert found(tmp_path) == []
    assert not files["1.2.3.1"].exists()
    assert not files["1.2.3.2"].exists()
    assert reasons(tmp_path) == []


def test_a_file_that_was_deleted_and_comes_back_is_not_indexed(tmp_path: Path):
    files = filled(tmp_path)
    content = files["1.2.3.1"].read_bytes()
    with Archive.open(tmp_path, sync="lazy") as archive:
        ((_, stored),) = archive.index.held(0, 1)
        tombstones.bury(archive.objects, archive.index, Deletion("1.2.3", "a test", [stored]))
    assert found(tmp_path) == []
    files["1.2.3.1"].write_bytes(content)
    assert [kind for kind, _ in found(tmp_path)] == ["deleted"]
    mended(tmp_path)
    assert not files["1.2.3.1"].exists()


def test_what_is_being_received_is_no_finding(tmp_path: Path):
    """The file is linked, its row not yet there, and another process has the folder open."""
    filled(tmp_path)
    with Archive.open(tmp_path, sync="lazy") as archive:
        assert archive.index.remove("1.2.3.4")
        receiving = Folder(tmp_path, sync=False)
        made = check(archive, ALL)
        assert (made.findings, made.young) == ([], 1)
        receiving.close()
        assert [f.kind for f in check(archive, ALL).findings] == ["orphan"]


def test_a_check_beside_those_who_store_and_delete_finds_nothing(tmp_path: Path):
    over = threading.Event()

    def work(number: int) -> None:
        with Archive.open(tmp_path, sync="lazy") as archive:
            one = 0
            while not over.is_set():
                uid = f"1.2.{number}.{one}"
                receive(archive, instance(uid, study=f"1.2.{number}"), uid)
                if one % 2:
                    stored = archive.index.lookup(uid)
                    assert stored is not None
                    deletion = Deletion("", "a test", [stored])
                    tombstones.bury(archive.objects, archive.index, deletion)
                one += 1

    workers = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
    with Archive.open(tmp_path, sync="lazy") as archive:
        for each in workers:
            each.start()
        try:
            seen = [check(archive, ALL)]
            while len(seen) < 10 or seen[-1].objects < 30:
                seen.append(check(archive, ALL))
        finally:
            over.set()
            for each in workers:
                each.join()
        assert [each for made in seen for each in made.findings] == []
        last = check(archive, ALL)
        assert (last.findings, last.young) == ([], 0)


# The command.


def test_the_command_tells_exactly_and_ends_with_1(tmp_path: Path):
    file = configuration(tmp_path)
    files = filled(tmp_path / "anode-data")
    assert anode("check", "-c", file).code == 0
    flip(files["1.2.3.1"], -1)
    assert anode("check", "-c", file).code == 0
    ran = anode("check", "-c", file, "--hash")
    assert ran.code == 1
    assert "altered" in ran.out
    assert "1.2.3.1" in ran.out
    assert "5 objects checked" in ran.out
    assert "1 finding" in ran.out
    assert "--repair: into quarantine" in ran.err
    told = anode("check", "-c", file, "--hash", "--json").document
    assert told["hashed"]
    assert [(f["kind"], f["sop_instance_uid"], f["done"]) for f in told["findings"]] == [
        ("altered", "1.2.3.1", None)
    ]
    ran = anode("check", "-c", file, "--hash", "--repair", "--json")
    assert ran.code == 1
    assert ran.document["findings"][0]["done"].startswith("moved to quarantine/")
    assert anode("check", "-c", file, "--hash").code == 0


def test_a_disk_that_is_not_there_costs_no_rows(tmp_path: Path):
    file, data = configuration(tmp_path), tmp_path / "anode-data"
    filled(data, 24)
    (data / "objects").rename(data / "elsewhere")
    ran = anode("check", "-c", file, "--repair")
    assert ran.code == 1
    assert "24 of 24 files are missing, so nothing is repaired: is the disk there?" in ran.err
    (data / "objects").rmdir()
    (data / "elsewhere").rename(data / "objects")
    assert anode("check", "-c", file, "--hash").code == 0


def test_without_an_archive_there_is_nothing_to_check(tmp_path: Path):
    ran = anode("check", "-c", configuration(tmp_path))
    assert ran.code == 1
    assert "holds no archive yet" in ran.err


def damage(path: Path, how: str) -> None:
    if how == "torn":
        path.write_bytes(path.read_bytes()[:-10])
    elif how == "flipped":
        flip(path, -10)
    else:
        path.unlink()


@pytest.mark.parametrize("how", ["torn", "gone", "flipped"])
def test_a_damaged_object_fails_its_sub_operation_and_never_comes_wrong(tmp_path: Path, how):
    """Durability C8."""
    files = filled(tmp_path, 6)
    with node(tmp_path) as serving:
        wanted = [stored for _, stored in serving.archive.index.held(0, 100)]
        damage(files["1.2.3.3"], how)
        asked = identifier("STUDY", StudyInstanceUID="1.2.0")
        progress, kept = clients.get(target(serving), asked, wanted)
    assert kept == {"1.2.3.6": instance("1.2.3.6", study="1.2.0", pixels=3012)}
    assert (progress[-1].category, progress[-1].completed, progress[-1].failed) == ("Warning", 1, 1)


@pytest.mark.parametrize("how", ["torn", "gone", "flipped"])
def test_nothing_is_made_of_a_damaged_object(tmp_path: Path, how):
    """Composite instance without bulk data, PS3.4 Annex Z."""
    files = filled(tmp_path, 2)
    with node(tmp_path) as serving:
        wanted = [stored for _, stored in serving.archive.index.held(0, 100)]
        damage(files["1.2.3.1"], how)
        asked = identifier("IMAGE", SOPInstanceUID="1.2.3.1\\1.2.3.2")
        model = "1.2.840.10008.5.1.4.1.2.5.3"
        progress, kept = clients.get(target(serving), asked, wanted, root=model)
    assert set(kept) == {"1.2.3.2"}
    assert (progress[-1].completed, progress[-1].failed) == (1, 1)


@pytest.mark.parametrize(("verify", "sent"), [("size", 1), ("hash", 0)])
def test_who_wants_speed_may_have_sizes_compared_only(tmp_path: Path, verify, sent):
    files = filled(tmp_path, 1)
    with node(tmp_path, archive=ArchiveTable(sync="lazy", verify=verify)) as serving:
        wanted = [stored for _, stored in serving.archive.index.held(0, 100)]
        flip(files["1.2.3.1"], -10)
        asked = identifier("STUDY", StudyInstanceUID="1.2.1")
        _, kept = clients.get(target(serving), asked, wanted)
    assert len(kept) == sent
