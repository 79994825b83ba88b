"""`anode samples`: whole, valid, linked, and the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import UID

from iod.samples import FAMILIES, Left, Made, make
from tests.commands import anode

# A sequence that names instances or UIDs which are not in the set on purpose: (family, keyword).
# A study is none.
OUTSIDE = frozenset({("radiotherapy", "RTReferencedStudySequence")})


@pytest.mark.parametrize(("only", "code"), [((), 0), (("--class", "video"), 1)])
def test_what_was_asked_for_by_name_and_could_not_be_made_is_no_success(
    monkeypatch, tmp_path, only, code
):
    left = Left("video", "PyAV is not installed: python -m pip install av")
    monkeypatch.setattr("iod.samples.make", lambda _folder, _names: iter([left]))
    ran = anode("samples", tmp_path, *only)
    assert ran.code == code
    assert f"video left out: {left.why}" in ran.err


@pytest.fixture
def folder(samples):
    """All samples, as all tests have them."""
    return samples


def paths(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.dcm"))


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths(folder)
    }


def referred(sample: Dataset):
    """(keyword above, class, instance) of every reference, to any depth."""
    for element in sample.iterall():
        if element.VR == "SQ":
            for item in element.value:
                if "ReferencedSOPInstanceUID" in item:
                    uid = item.ReferencedSOPInstanceUID
                    yield element.keyword, item.get("ReferencedSOPClassUID"), uid


def test_a_folder_that_cannot_be_written_is_named_with_the_reason(tmp_path):
    hindrance = tmp_path / "dose"
    hindrance.write_text("a file, where a folder has to be")
    ran = anode("samples", tmp_path, "--class", "dose")
    assert ran.code == 1
    assert ran.err.endswith(f"the samples could not be made: {hindrance}: File exists\n")


def test_a_disk_that_is_full_is_told_with_the_file_and_leaves_no_half_of_one(tmp_path):
    # A limit on the size of files is met as a full disk is: in the midst of writing.
    limited = (
        "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192));"
        "runpy.run_module('iod.samples.worker', run_name='__main__')"
    )
    command = [sys.executable, "-I", "-c", limited, tmp_path, "measurements"]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ran.returncode == 1
    path = tmp_path / "measurements" / "image-1.dcm"
    assert ran.stderr.splitlines()[-1] == f"{path}: File too large"
    assert list(path.parent.iterdir()) == []
    assert anode("samples", tmp_path, "--class", "measurements").code == 0


@pytest.mark.parametrize("hindrance", ["link", "folder link", "file"])
def test_what_is_not_its_own_is_neither_replaced_nor_written_through(tmp_path, hindrance):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    kept = theirs / "kept.dcm"
    kept.write_bytes(b"theirs")
    folder = tmp_path / "samples"
    assert anode("samples", folder, "--class", "dose").code == 0
    path = sorted((folder / "dose").glob("*.dcm"))[0]
    assert anode("samples", folder, "--class", "dose").code == 0, "its own it replaces"
    if hindrance == "folder link":
        (folder / "dose").rename(folder / "moved")
        (folder / "dose").symlink_to(theirs)
    else:
        path.unlink()
        path.symlink_to(kept) if hindrance == "link" else path.write_bytes(b"theirs")
    ran = anode("samples", folder, "--class", "dose")
    assert ran.code == 1
    assert ("is no sample" if hindrance == "file" else "is a symbolic link") in ran.err
    assert kept.read_bytes() == b"theirs"
    assert [each.name for each in theirs.iterdir()] == ["kept.dcm"]


def test_the_same_bytes_every_time(folder, tmp_path):
    list(make(tmp_path))
    assert digests(tmp_path) == digests(folder)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda each: each.name)
def test_a_family_has_the_classes_that_its_row_says(folder, family):
    made = {dcmread(path).SOPClassUID for path in paths(folder / family.name)}
    assert made == set(family.classes)


def test_every_instance_has_a_uid_of_its_own(folder):
    found = Counter(dcmread(path).SOPInstanceUID for path in paths(folder))
    assert [uid for uid, times in found.items() if times > 1] == []
    assert all(UID(uid).is_valid for uid in found)


def test_references_lead_to_instances_of_the_set(folder):
    samples = {path: dcmread(path) for path in paths(folder)}
    known = {sample.SOPInstanceUID: sample.SOPClassUID for sample in samples.values()}
    dangling = [
        (str(path.relative_to(folder)), keyword, uid)
        for path, sample in samples.items()
        for keyword, sop_class, uid in referred(sample)
        if (path.parent.name, keyword) not in OUTSIDE
        if known.get(uid) is None or sop_class not in (None, known[uid])
    ]
    assert dangling == []


def test_what_is_asked_for_is_made_and_nothing_else(tmp_path):
    made = list(make(tmp_path, frozenset({"1.2.840.10008.5.1.4.1.1.90.1"})))
    assert [each.path for each in made if isinstance(each, Made)] == paths(tmp_path)
    assert [path.parent.name for path in paths(tmp_path)] == ["content-assessment"]


def test_the_command_tells_what_it_has_written(tmp_path):
    ran = anode("samples", tmp_path, "--class", "content-assessment", "--json")
    told = json.loads(ran.out)
    assert ran.code == 0
    assert sorted(each["path"] for each in told["instances"]) == [*map(str, paths(tmp_path))]
    again = anode("samples", tmp_path, "--class", "ContentAssessmentResultsStorage")
    assert (again.code, "1 instance of 1 SOP class written" in again.out) == (0, True)


def test_a_name_that_is_none_is_refused_with_those_there_are(tmp_path):
    ran = anode("samples", tmp_path, "--class", "nonsense")
    assert ran.code == 2
    assert "content-assessment" in ran.err


def test_without_a_folder_the_families_are_told_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = anode("samples", "--json")
    assert ran.code == 0
    assert ran.document["families"] == [
        {"family": each.name, "holds": each.told, "sop_class_uids": list(each.classes)}
        for each in FAMILIES
    ]
    ran = anode("samples", "--class", "CTImageStorage")
    told = [line.split()[0] for line in ran.out.splitlines()[2:-1]]
    assert told == [each.name for each in FAMILIES if "1.2.840.10008.5.1.4.1.1.2" in each.classes]
    assert list(tmp_path.iterdir()) == []
