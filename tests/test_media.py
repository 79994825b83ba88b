"""Import: files, folders and DICOMDIR sets; what is unsafe or no DICOM is named as such."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pydicom
import pytest

from archive import Archive
from archive.errors import ArchiveError, BadFile, BadObject, NotDicom
from archive.filemeta import header
from tests.datasets import (
    BIG,
    CT,
    EXPLICIT,
    IMPLICIT,
    WHEEL,
    Element,
    encode,
    instance,
    parted,
    wheel_files,
)

TEST_FILES = WHEEL / "test_files"
SETS = TEST_FILES / "dicomdirtests"


@pytest.fixture
def archive(tmp_path: Path):
    with Archive.open(tmp_path / "data", sync="lazy") as archive:
        yield archive


def part_10(path: Path, data: bytes, syntax: str = EXPLICIT) -> Path:
    path.write_bytes(header(CT, "1.2.3.4", syntax, "OLD_AE") + data)
    return path


def test_a_part_10_file_keeps_its_data_set_bytes(archive: Archive, tmp_path: Path):
    data = instance()
    receipt = archive.import_file(part_10(tmp_path / "x", data))
    assert receipt.new
    assert receipt.path.read_bytes().endswith(data)
    assert pydicom.dcmread(receipt.path).file_meta.SourceApplicationEntityTitle == "OLD_AE"
    assert not archive.import_file(tmp_path / "x").new


def test_the_preamble_is_made_fresh(archive: Archive, tmp_path: Path):
    """PS3.10 7.5: a TIFF preamble is allowed in, and not kept."""
    path = part_10(tmp_path / "x", instance())
    path.write_bytes(b"II*\0" + path.read_bytes()[4:])
    assert archive.import_file(path).path.read_bytes().startswith(bytes(128) + b"DICM")


@pytest.mark.parametrize(
    "magic",
    [
        b"MZ",
        b"\x7fELF",
        b"#!/bin/sh\n",
        b"\xcf\xfa\xed\xfe",
        b"\xfe\xed\xfa\xce",
        b"\xca\xfe\xba\xbe",
    ],
)
def test_an_executable_preamble_is_refused(archive: Archive, tmp_path: Path, magic):
    """Hostile input D11, CVE-2019-11687."""
    path = part_10(tmp_path / "x", instance())
    path.write_bytes(magic + path.read_bytes()[len(magic) :])
    with pytest.raises(BadFile, match="a preamble must not make it one"):
        archive.import_file(path)
    assert archive.counts().instances == 0


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
def test_a_bare_data_set_is_imported(archive: Archive, tmp_path: Path, syntax):
    path = tmp_path / "bare"
    path.write_bytes(instance(syntax=syntax))
    assert archive.import_file(path).path.read_bytes().endswith(instance(syntax=syntax))


@pytest.mark.parametrize("name", ["ExplVR_BigEndNoMeta", "ExplVR_LitEndNoMeta", "rtstruct"])
def test_bare_files_of_the_wheel_are_imported(archive: Archive, name):
    path = TEST_FILES / f"{name}.dcm"
    receipt = archive.import_file(path)
    assert receipt.path.read_bytes().endswith(path.read_bytes())


def test_the_data_set_says_what_it_is(archive: Archive, tmp_path: Path):
    """File meta information that names another instance, or no transfer syntax, is common."""
    path = tmp_path / "x"
    path.write_bytes(header("1.2.9", "1.2.9.9", EXPLICIT, "") + instance())
    meta = pydicom.dcmread(archive.import_file(path).path).file_meta
    assert meta.MediaStorageSOPClassUID == CT
    assert meta.MediaStorageSOPInstanceUID == "1.2.3.4"
    no_syntax = bytes(128) + b"DICM" + encode([Element(0x00020013, b"SH", b"OLD ")])
    path.write_bytes(no_syntax + instance("1.2.3.5"))
    assert archive.import_file(path).new


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", NotDicom, "empty"),
        (b"Dear colleague, " * 20, NotDicom, "not DICOM"),
        (b"\x89PNG\r\n\x1a\n" + bytes(300), NotDicom, "not DICOM"),
        (b"PK\x03\x04" + bytes(300), NotDicom, "not DICOM"),
        (bytes(128) + b"DICM", BadFile, "no transfer syntax"),
        (bytes(128) + b"DICM\x02\0\x10\0UI\xff\xff1.2", BadFile, "truncated"),
        (bytes(128) + b"DICM\x02\0\x10\0\x04\0\0\0", BadFile, "not in Explicit VR"),
        (header(CT, "1.2.3.4", EXPLICIT, ""), BadObject, "no SOP Class UID"),
        (header(CT, "1.2.3.4", EXPLICIT, "") + instance()[:-1], BadObject, "truncated"),
        (header(CT, "1.2.3.4", EXPLICIT, "") + instance(uid=""), BadObject, "no SOP Instance"),
        (header(CT, "1.2.3.4", EXPLICIT, "") + instance(study=None), BadObject, "no Study"),
    ],
)
def test_a_refusal_names_its_cause(archive: Archive, tmp_path: Path, content, error, words):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(error, match=words):
        archive.import_file(path)


def test_a_pipe_is_not_waited_for(archive: Archive, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotDicom, match="not a regular file"):
        archive.import_file(tmp_path / "pipe")
    with pytest.raises(BadFile, match="does not exist"):
        archive.import_file(tmp_path / "missing")


def test_objects_of_no_patient_are_told_by_their_class(archive: Archive):
    path = WHEEL / "palettes" / "pet.dcm"
    with pytest.raises(BadObject, match="no Study Instance UID"):
        archive.import_file(path)
    palette = pydicom.dcmread(path).SOPClassUID
    assert archive.import_file(path, patient_related=lambda uid: uid != palette).new


def test_a_folder_gives_its_files_and_follows_no_links(archive: Archive, tmp_path: Path):
    top = tmp_path / "top"
    (top / "b" / "c").mkdir(parents=True)
    for name in ("a", "b/1", "b/c/2", "DICOMDIR", "z"):
        (top / name).write_bytes(b"x")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"x")
    (top / "link").symlink_to(tmp_path / "outside")
    (top / "file").symlink_to(tmp_path / "outside" / "secret")
    found = [path.relative_to(top).as_posix() for path in archive.files(top)]
    assert found == ["a", "z", "b/1", "b/c/2"]
    assert list(archive.files(top / "a")) == [top / "a"]


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("DICOMDIR", 31),
        ("DICOMDIR-bigEnd", 31),
        ("DICOMDIR-implicit", 31),
        ("DICOMDIR-nooffset", 31),
        ("DICOMDIR-nopatient", 31),
        ("DICOMDIR-reordered", 31),
        ("DICOMDIR-empty.dcm", 0),
        ("TINY_ALPHA/DICOMDIR", 50),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_dicomdir_names_its_files(archive: Archive, name, count):
    """PS3.3 F.3: records of every shape the wheel has."""
    found = list(archive.files(SETS / name))
    assert len(found) == count
    assert all(path.is_file() for path in found)


def test_a_dicomdir_set_is_imported(archive: Archive):
    for path in archive.files(SETS / "DICOMDIR"):
        assert archive.import_file(path).new
    assert archive.counts().instances == 31
    with pytest.raises(NotDicom, match="DICOMDIR"):
        archive.import_file(SETS / "DICOMDIR")


def dicomdir(path: Path, *components: str) -> Path:
    value = "\\".join(components).encode()
    value += b" " * (len(value) % 2)
    record = (Element(0x00041430, b"CS", b"IMAGE "), Element(0x00041500, b"CS", value))
    data = encode([Element(0x00041220, b"SQ", b"", (record,))])
    path.write_bytes(header("1.2.840.10008.1.3.10", "1.2.3", EXPLICIT, "") + data)
    return path


@pytest.mark.parametrize(
    "components",
    [
        ("..", "secret"),
        ("A", "..", "..", "secret"),
        ("../secret",),
        ("/etc/passwd",),
        ("", "etc", "passwd"),
        (".", "secret"),
        ("LINK", "secret"),
        ("A\0B",),
        ("A" * 256,),
    ],
)
def test_a_dicomdir_never_leads_out_of_its_folder(archive: Archive, tmp_path: Path, components):
    """Hostile input D1."""
    top = tmp_path / "top"
    top.mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (top / "LINK").symlink_to(tmp_path)
    with pytest.raises(BadFile, match="outside of its own folder"):
        list(archive.files(dicomdir(top / "DICOMDIR", *components)))


def test_media_may_show_names_in_lower_case(archive: Archive, tmp_path: Path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "im1").write_bytes(b"x")
    found = archive.files(dicomdir(tmp_path / "DICOMDIR", "DISK", "IM1"))
    assert list(found) == [tmp_path / "disk" / "im1"]


@pytest.mark.filterwarnings("ignore")
def test_the_wheel_is_imported_or_refused_for_a_reason(archive: Archive, tmp_path: Path):
    """Every whole file with a study of its own goes in, and its bytes come through."""
    shutil.copytree(TEST_FILES, tmp_path / "wheel")
    refused: dict[str, str] = {}
    for path in archive.files(tmp_path / "wheel"):
        try:
            receipt = archive.import_file(path)
        except ArchiveError as error:
            refused[path.name] = f"{type(error).__name__}: {error}"
        else:
            split = parted(path)
            assert receipt.path.read_bytes().endswith(split[1] if split else path.read_bytes())
    assert archive.counts().instances >= 90
    reasons = {reason.split(":")[0] for reason in refused.values()}
    assert reasons <= {"BadObject", "BadFile", "NotDicom", "Duplicate"}
    assert len(wheel_files()) > 100
