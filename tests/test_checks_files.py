"""`anode validate` tells what a file says of its object, and judges files that lack something."""

import shutil
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import ImplicitVRLittleEndian

from tests.commands import anode
from tests.objects import instance, written

CT = get_testdata_file("CT_small.dcm")


def found_in(*paths: Path) -> dict[str, set[tuple[str, str, str]]]:
    """What is found of the files: severity, rule and path."""
    document = anode("validate", *paths, "--json").document
    return {
        Path(each["file"]).name: {
            (found["severity"], found["rule"], found["path"]) for found in each["findings"]
        }
        for each in document["objects"]
    }


def test_meta_information_that_says_something_else_is_an_error(tmp_path: Path):
    made = pydicom.dcmread(CT)
    made.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    made.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    made.save_as(tmp_path / "stale.dcm", enforce_file_format=False)
    assert found_in(tmp_path)["stale.dcm"] == {
        ("error", "file.meta", "MediaStorageSOPClassUID"),
        ("error", "file.meta", "MediaStorageSOPInstanceUID"),
    }


def test_a_data_set_without_meta_information_is_checked_and_told(tmp_path: Path):
    data = Path(CT).read_bytes()
    start = data.index(b"\x08\x00\x05\x00CS")
    (tmp_path / "bare.dcm").write_bytes(data[start:])
    assert found_in(tmp_path)["bare.dcm"] == {("warning", "file.meta", "")}


@pytest.mark.parametrize("keyword", ["SOPClassUID", "SOPInstanceUID"])
def test_an_object_without_a_name_is_checked_as_far_as_it_goes(tmp_path: Path, keyword: str):
    made = pydicom.dcmread(CT)
    del made[keyword]
    del made.ImagePositionPatient
    made.save_as(tmp_path / "nameless.dcm", enforce_file_format=False)
    found = found_in(tmp_path)["nameless.dcm"]
    assert ("error", "type1.missing", keyword) in found
    assert ("error", "type1.missing", "ImagePositionPatient") in found


def test_scripts_and_programs_in_a_folder_are_not_dicom(tmp_path: Path):
    written(tmp_path, pydicom.dcmread(CT))
    (tmp_path / "run.sh").write_text("#!/bin/sh\n" + "echo\n" * 100)
    (tmp_path / "tool.exe").write_bytes(b"MZ" + bytes(500))
    shutil.copy(__file__, tmp_path / "some.py")
    ran = anode("validate", tmp_path, "--json")
    assert (ran.code, ran.document["not_dicom"], ran.document["errors"]) == (0, 3, 0)
    ran = anode("validate", tmp_path / "run.sh", "--json")
    assert (ran.code, ran.document["errors"]) == (1, 1)


def test_two_objects_of_one_uid_are_told_and_copies_are_not(tmp_path: Path):
    first, copy, other, alone = written(
        tmp_path, instance(1), instance(1), instance(1), instance(2)
    )
    made = pydicom.dcmread(other)
    made.PatientComments = "another object"
    made.save_as(other)
    found = found_in(tmp_path)
    twice = ("error", "file.twice", "SOPInstanceUID")
    assert twice in found[other.name]
    assert all(twice not in found[each.name] for each in (first, copy, alone))


def test_an_object_in_two_transfer_syntaxes_is_not_said_to_be_two(tmp_path: Path):
    """The UID may stay where nothing is lost; what is in it was not compared."""
    first, other = written(tmp_path, instance(1), instance(1))
    made = pydicom.dcmread(other)
    made.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    made.save_as(other, implicit_vr=True, little_endian=True)
    assert ("warning", "file.twice", "SOPInstanceUID") in found_in(tmp_path)[other.name]
    assert not any(rule == "file.twice" for _, rule, _ in found_in(tmp_path)[first.name])
