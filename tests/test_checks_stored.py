"""What is received is checked after it was acknowledged, and the findings are kept beside it."""

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.sequence import Sequence

from archive import Archive
from archive.judgements import Judged
from archive.references import Progress
from config.settings import Archive as Table
from iod import checks
from iod.checks import version
from iod.examination import process
from scp import examination
from scp.examination import Examination
from tests import clients
from tests.commands import anode, configuration
from tests.nodes import node, target
from tests.objects import CT_IMAGE, MR_IMAGE, uid, written
from tests.test_checks_receiving import GOOD, broken
from tests.test_checks_rules import reference
from tests.test_object_references import item

SECONDS = 60.0
RULE = ("error", "ImagePositionPatient", "type1.missing")


def received(root: Path, *paths: Path, **table: object):
    """What the index has of these after they were stored at a node: by UID, and the counts."""
    with node(root, archive=Table(sync="lazy", **table)) as serving:
        assert {one.status for one in clients.send(target(serving), paths)} == {0}
        assert serving.examination.settle(SECONDS)
        kept = serving.archive.index.judgements
        found = {path: kept.of(pydicom.dcmread(path).SOPInstanceUID) for path in paths}
        return found, kept.counts(checks.rules())


def test_findings_are_kept_with_the_instance(tmp_path: Path):
    bad = broken(tmp_path / "bad")
    found, counts = received(tmp_path / "node", bad, check="warn")
    assert [each[:3] for each in found[bad]] == [RULE]
    assert counts == Judged(checked=1, invalid=1, errors=1, warnings=0)


def test_a_good_object_is_checked_and_has_none(tmp_path: Path):
    found, counts = received(tmp_path / "node", Path(GOOD))
    assert found[Path(GOOD)] == []
    assert counts.checked == 1


def test_what_is_off_is_not_checked(tmp_path: Path):
    bad = broken(tmp_path / "bad")
    found, counts = received(tmp_path / "node", bad, check_classes={"CTImageStorage": "off"})
    assert found[bad] is None
    assert counts.checked == 0


def test_findings_go_with_the_instance(tmp_path: Path):
    bad = broken(tmp_path / "bad")
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), [bad])
        assert serving.examination.settle(SECONDS)
        assert serving.archive.index.judgements.counts(checks.rules()).errors == 1
        serving.archive.index.remove(pydicom.dcmread(bad).SOPInstanceUID)
        assert serving.archive.index.judgements.counts(checks.rules()).errors == 0


def wordings(root: Path) -> list[str]:
    with closing(sqlite3.connect(root / "index.sqlite3")) as db:
        return [rule for (rule,) in db.execute("SELECT rule FROM verdict ORDER BY rule")]


def test_a_wording_goes_with_the_last_instance_it_is_of(tmp_path: Path):
    """It may hold values of a patient who was deleted."""
    one, other = sorted(many(tmp_path, 2).glob("*.dcm"))
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), [one, other])
        assert serving.examination.settle(SECONDS)
        serving.archive.index.remove(pydicom.dcmread(one).SOPInstanceUID)
        assert "type1.missing" in wordings(tmp_path / "node")
        serving.archive.index.remove(pydicom.dcmread(other).SOPInstanceUID)
        assert wordings(tmp_path / "node") == []


def judged_by_other_rules(root: Path) -> None:
    """As a checker found them that knew a rule of its own, and no other one."""
    with closing(sqlite3.connect(root / "index.sqlite3")) as db, db:
        db.execute("UPDATE verdict SET rule = 'of.old' || id")
        db.execute("UPDATE instance SET checked = 1 WHERE checked > 0")
        db.execute("UPDATE judged SET rules = 1")


def test_what_older_rules_have_judged_is_judged_again(tmp_path: Path):
    bad, good = broken(tmp_path / "bad"), Path(GOOD)
    before, _ = received(tmp_path / "node", bad, check="warn")
    judged_by_other_rules(tmp_path / "node")
    assert "type1.missing" not in wordings(tmp_path / "node")
    with node(tmp_path / "node", archive=Table(sync="lazy")) as serving:
        serving.examination.renew()
        kept = serving.archive.index.judgements
        assert kept.of(pydicom.dcmread(bad).SOPInstanceUID, checks.rules()) == before[bad]
        assert kept.counts(checks.rules()).older == 0
        assert kept.rules() == checks.rules()
        clients.send(target(serving), [good])  # and it goes on with what comes
        assert serving.examination.settle(SECONDS)
    assert [rule for rule in wordings(tmp_path / "node") if rule.startswith("of.old")] == []


@contextmanager
def away(path: Path):
    """Its file cannot be had for a moment."""
    path.rename(path.with_suffix(".away"))
    yield
    path.with_suffix(".away").rename(path)


@contextmanager
def dying(_path: Path):
    """What examines dies over each object."""

    def job(*_):
        raise process._Ended("its examination crashed (SIGSEGV)")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(process.Process, "_job", job)
        yield


@pytest.mark.parametrize("fault", [away, dying])
def test_what_cannot_be_judged_again_keeps_what_is_known_and_is_tried_again(
    tmp_path: Path, fault, monkeypatch
):
    monkeypatch.setattr(examination, "AGAIN_SECONDS", 0.0)
    made = pydicom.dcmread(broken(tmp_path / "bad"))
    made.SourceImageSequence = Sequence([item("1.2.3", MR_IMAGE)])
    received(tmp_path / "node", *written(tmp_path / "referring", made), check="warn")
    judged_by_other_rules(tmp_path / "node")
    renewed = threading.Event()
    with Archive.open(tmp_path / "node", sync="lazy") as archive:
        relations, kept = archive.index.references, archive.index.judgements
        note_rules = archive.index.note_rules
        monkeypatch.setattr(
            archive.index, "note_rules", lambda rules: (note_rules(rules), renewed.set())
        )
        known = relations.of(made.SOPInstanceUID), kept.of(made.SOPInstanceUID, 1)
        assert all(known)
        ((_, stored),) = archive.index.held(0, 1)
        work = Examination(archive, lambda _: True)
        with fault(stored.path):
            work.start()
            assert work.renew() == 0
            assert (relations.of(made.SOPInstanceUID), kept.of(made.SOPInstanceUID, 1)) == known
            assert relations.progress() == Progress(0, 0)
            assert kept.rules() == 1
        try:
            archive.index.arrived.set()
            assert renewed.wait(SECONDS)
            assert work.renew() == 1
        finally:
            work.stop()
        assert relations.of(made.SOPInstanceUID) == known[0]
        assert RULE in [each[:3] for each in kept.of(made.SOPInstanceUID, checks.rules()) or ()]
    assert [rule for rule in wordings(tmp_path / "node") if rule.startswith("of.old")] == []


def test_that_some_keep_the_findings_of_older_rules_is_told(tmp_path: Path):
    path = stored(tmp_path, broken(tmp_path / "bad"))
    judged_by_other_rules(tmp_path / "anode-data")
    with Archive.open(tmp_path / "anode-data") as archive:
        ((_, held),) = archive.index.held(0, 1)
    with away(held.path):
        ran = anode("examine", "-c", path)
    assert (ran.code, ran.out.splitlines()[1:]) == (
        1,
        ["(!) 1 instance could not be checked anew now"],
    )
    assert anode("examine", "-c", path).out.endswith(", 1 checked anew by newer rules\n")


def test_what_is_checked_no_more_keeps_no_findings_of_older_rules(tmp_path: Path):
    bad = broken(tmp_path / "bad")
    received(tmp_path / "node", bad, check="warn")
    judged_by_other_rules(tmp_path / "node")
    with node(tmp_path / "node", archive=Table(sync="lazy", check="off")) as serving:
        serving.examination.renew()
        assert serving.archive.index.judgements.of(pydicom.dcmread(bad).SOPInstanceUID) is None
    assert wordings(tmp_path / "node") == []


def test_older_findings_are_never_told_as_those_of_today(tmp_path: Path):
    path = stored(tmp_path, broken(tmp_path / "bad"))
    judged_by_other_rules(tmp_path / "anode-data")
    told = anode("validate", "--stored", "-c", path, "--json").document
    assert told["objects"][0]["findings"][0]["rule"] == "type1.missing"
    assert "1 instance by older rules" in anode("status", "-c", path).out
    assert anode("examine", "-c", path).out.endswith(", 1 checked anew by newer rules\n")
    assert anode("status", "-c", path, "--json").document["checks"]["older"] == 0


@pytest.mark.parametrize(
    "changed", ["checks/tables/values.csv", "checks/rules.py", "elements.py", "inflating.py"]
)
def test_the_rules_have_another_number_when_code_or_tables_change(
    tmp_path: Path, monkeypatch, changed: str
):
    before = version.rules.__wrapped__()
    # Others may compile modules meanwhile.
    compiled = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(version.__file__).parents[1], tmp_path / "iod", ignore=compiled)
    monkeypatch.setattr(version, "__file__", str(tmp_path / "iod" / "checks" / "version.py"))
    assert version.rules.__wrapped__() == before > 1
    with (tmp_path / "iod" / changed).open("a") as table:
        table.write("\n")
    assert version.rules.__wrapped__() != before


def test_the_rules_are_all_that_a_check_imports():
    listing = "import sys, iod.checks\nfor n, m in sys.modules.items():\n    "
    listing += "if n.partition('.')[0] == 'iod': print(m.__file__)"
    ran = subprocess.run(
        [sys.executable, "-c", listing], capture_output=True, check=True, text=True
    )
    imported = {Path(name).resolve() for name in ran.stdout.split()}
    assert Path(version.__file__).resolve() in imported
    assert imported <= {path.resolve() for path in version.files()}


def test_an_object_that_cannot_be_examined_is_checked_all_the_same(tmp_path: Path):
    torn = pydicom.dcmread(GOOD)
    with Archive.open(tmp_path / "data", sync="lazy") as archive:
        (path,) = written(tmp_path / "files", torn)
        archive.import_file(path)
        (held,) = archive.index.held(0, 1)
        held[1].path.chmod(0o600)
        with held[1].path.open("r+b") as file:
            file.truncate(held[1].offset + held[1].size - 3)
        work = Examination(archive, lambda _: True)
        work.start()
        try:
            assert work.settle(SECONDS)
        finally:
            work.stop()
        found = archive.index.judgements.of(torn.SOPInstanceUID)
    assert [each.rule for each in found] == ["encoding.malformed"]


def stored(root: Path, *paths: Path, **table: object) -> Path:
    """An archive with these, examined, and its configuration."""
    rows = "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
    path = configuration(root, f'[archive]\nsync = "lazy"\n{rows}')
    anode("import", "-c", path, *paths)
    assert anode("examine", "-c", path).code == 0
    return path


def test_stored_findings_are_told_and_counted(tmp_path: Path):
    path = stored(tmp_path, broken(tmp_path / "bad"))
    told = anode("validate", "--stored", "-c", path, "--json")
    assert told.code == 1
    assert told.document["errors"] == 1
    assert told.document["objects"][0]["findings"][0]["rule"] == "type1.missing"
    hint = f"1 error in 1 instance: anode validate --stored -c {path}"
    assert hint in anode("status", "-c", path).out
    status = anode("status", "-c", path, "--json").document
    assert status["checks"] == {
        "checked": 1,
        "invalid": 1,
        "errors": 1,
        "warnings": 0,
        "older": 0,
    }


def test_sound_objects_are_counted_and_not_listed(tmp_path: Path):
    path = stored(tmp_path, Path(GOOD))
    found = anode("validate", "--stored", "-c", path, "--json").document
    assert (found["checked"], found["objects"]) == (1, [])


def test_keys_narrow_down_what_is_validated(tmp_path: Path):
    path = stored(tmp_path, broken(tmp_path / "bad"))
    none = anode("validate", "--stored", "-k", "PatientID=NOBODY", "-c", path)
    assert (none.code, none.out) == (1, "there was nothing to check\n")
    some = anode("validate", "--stored", "-k", "PatientID=1CT1", "-c", path)
    assert some.code == 1


def test_what_was_not_checked_is_checked_now(tmp_path: Path):
    path = stored(tmp_path, broken(tmp_path / "bad"), check="off")
    assert anode("status", "-c", path, "--json").document["checks"]["checked"] == 0
    assert anode("validate", "--stored", "-c", path).code == 1


def approval(folder: Path, subject: str) -> Path:
    made = pydicom.dcmread(GOOD)
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.200.3"
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = uid("approval")
    made.ApprovalSubjectSequence = Sequence([reference("200.1", subject)])
    (path,) = written(folder, made)
    return path


def test_a_missing_object_is_looked_for_when_asked(tmp_path: Path):
    path = stored(tmp_path, approval(tmp_path / "approval", "1.2.3"))
    (found,) = anode("validate", "--stored", "-c", path, "--json").document["objects"]
    rules = {(each["severity"], each["rule"]) for each in found["findings"]}
    assert ("error", "approval.subject-unknown") in rules
    with Archive.open(tmp_path / "anode-data") as archive:
        kept = archive.index.judgements.of(uid("approval"))
    assert kept is not None
    assert "approval.subject-unknown" not in {each.rule for each in kept}


def test_a_held_object_of_another_class_is_told(tmp_path: Path):
    held = pydicom.dcmread(GOOD)
    path = stored(tmp_path, approval(tmp_path / "approval", held.SOPInstanceUID), Path(GOOD))
    found = anode("validate", "--stored", "-c", path, "--json").document["objects"]
    assert len(found) == 1
    assert "reference.class" in {each["rule"] for one in found for each in one["findings"]}
    assert held.SOPClassUID == CT_IMAGE


def test_a_folder_without_objects_is_no_success(tmp_path: Path):
    (tmp_path / "readme.txt").write_text("no DICOM")
    ran = anode("validate", tmp_path)
    assert (ran.code, ran.out) == (1, "there was nothing to check; 1 file not DICOM\n")
    told = anode("validate", tmp_path, "--json")
    assert (told.code, told.document["checked"]) == (1, 0)


def many(folder: Path, number: int) -> Path:
    """So many images, each with an error and none with a warning that the original has not."""
    made = pydicom.dcmread(GOOD)
    del made.ImagePositionPatient
    for each in range(number):
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = uid("many", each)
        made.save_as(folder / f"{each:03}.dcm")
    return folder


def test_many_findings_are_told_by_rule_and_all_on_demand(tmp_path: Path):
    folder = many(tmp_path, 60)
    ran = anode("validate", folder, "--errors")
    (row,) = [line for line in ran.out.splitlines() if line.startswith("type1.missing")]
    assert row.split()[:4] == ["type1.missing", "error", "60", "60"]
    assert ran.out.count("000.dcm: ImagePositionPatient") == 1
    assert "059.dcm" not in ran.out
    assert "60 findings, told by rule; --all lists each of them" in ran.err
    assert anode("validate", folder, "--errors", "--all").out.count("ImagePositionPatient") == 60
    assert len(anode("validate", folder, "--json").document["objects"]) == 60


def test_few_findings_are_told_one_by_one(tmp_path: Path):
    ran = anode("validate", many(tmp_path, 50), "--errors")
    assert ran.out.count("ImagePositionPatient") == 50


def test_files_or_the_archive_and_not_both():
    assert anode("validate").code == 2
    assert anode("validate", "--stored", get_testdata_file("CT_small.dcm")).code == 2
