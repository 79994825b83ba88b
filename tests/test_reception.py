"""Reception: bytes as they came, success only for what is whole and kept, nothing else left."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import zlib
from contextlib import suppress
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import Archive, Bounds
from archive.errors import (
    ArchiveError,
    BadObject,
    Duplicate,
    Mismatch,
    TooLarge,
    Unavailable,
)
from archive.reception import Receipt
from tests.datasets import BIG, CT, DEFLATED, EXPLICIT, IMPLICIT, instance, parted, wheel_files
from tests.receiving import files, receive


@pytest.fixture
def archive(tmp_path: Path):
    with Archive.open(tmp_path, sync="lazy") as archive:
        yield archive


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG, "1.2.840.10008.1.2.4.50"])
def test_data_set_bytes_are_stored_as_they_came(archive: Archive, tmp_path: Path, syntax):
    """Durability P8."""
    data = instance(syntax=syntax, pixels=5000)
    receipt = receive(archive, data, syntax=syntax, source_ae="CT1")
    assert receipt.new
    assert receipt.size == len(data)
    assert receipt.sha256 == hashlib.sha256(data).hexdigest()
    assert receipt.path.read_bytes().endswith(data)
    assert files(tmp_path) == [receipt.path]
    read = pydicom.dcmread(receipt.path)
    assert read.file_meta.TransferSyntaxUID == syntax
    assert read.file_meta.SourceApplicationEntityTitle == "CT1"
    assert read.SOPInstanceUID == read.file_meta.MediaStorageSOPInstanceUID == "1.2.3.4"
    counts = archive.counts()
    assert (counts.instances, counts.bytes) == (1, len(data))


def test_a_deflated_data_set_stays_deflated(archive: Archive):
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = deflater.compress(instance(pixels=100_000)) + deflater.flush()
    receipt = receive(archive, data, syntax=DEFLATED)
    assert receipt.path.read_bytes().endswith(data)
    assert archive.counts().studies == 1


def test_the_same_bytes_again_change_nothing(archive: Archive, tmp_path: Path):
    """Durability P2."""
    first = receive(archive, instance())
    again = receive(archive, instance())
    assert first.new
    assert not again.new
    assert (again.path, again.sha256) == (first.path, first.sha256)
    assert files(tmp_path) == [first.path]
    assert archive.counts().instances == 1


def test_other_bytes_under_the_same_uid_are_refused(archive: Archive, tmp_path: Path):
    """Durability P2, status 0111: the first one stays."""
    first = receive(archive, instance())
    content = first.path.read_bytes()
    with pytest.raises(Duplicate):
        receive(archive, instance(pixels=128))
    # The same bytes in another transfer syntax are another object, too.
    with pytest.raises(Duplicate):
        receive(archive, instance(), syntax="1.2.840.10008.1.2.4.50")
    assert files(tmp_path) == [first.path]
    assert first.path.read_bytes() == content


@pytest.mark.parametrize("damage", ["gone", "torn"])
def test_a_repeated_object_whose_file_is_damaged_is_no_success(archive: Archive, damage):
    receipt = receive(archive, instance())
    if damage == "gone":
        receipt.path.unlink()
    else:
        os.truncate(receipt.path, 300)
    with pytest.raises(Unavailable, match="missing or torn"):
        receive(archive, instance())


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (instance()[:-1], BadObject, "truncated"),
        (instance()[:-70], BadObject, "truncated"),
        (b"", BadObject, "empty"),
        (instance(uid=""), BadObject, "no SOP Instance UID"),
        (instance(sop_class=""), BadObject, "no SOP Class UID"),
        (instance(uid="1.2.3.5"), Mismatch, "SOP Instance UID is 1.2.3.5, the command's 1.2.3.4"),
        (instance(sop_class="1.2.3"), Mismatch, "SOP Class UID is 1.2.3"),
        (instance(uid="../../etc"), BadObject, "SOP Instance UID is no UID"),
        (instance(study=None), BadObject, "no Study Instance UID"),
        (instance(series=None), BadObject, "no Series Instance UID"),
        (instance(study=""), BadObject, "no Study Instance UID"),
        (instance(study="1..2"), BadObject, "Study Instance UID is no UID"),
        (instance(study="1" * 65), BadObject, "Study Instance UID is no UID"),
        (instance(series="1.2\\3.4"), BadObject, "Series Instance UID is no UID"),
        (b"noise" * 100, BadObject, "data set"),
    ],
)
def test_what_is_refused_leaves_nothing(archive: Archive, tmp_path: Path, data, error, words):
    """PS3.4 B.2.3; hostile input D1, D2, D5."""
    with pytest.raises(error, match=words):
        receive(archive, data)
    assert files(tmp_path) == []
    assert archive.counts().instances == 0
    assert receive(archive, instance()).new


@pytest.mark.parametrize(
    "uid",
    ["", "../../evil", "/etc/x", "1.2\0", "1" * 65, "1.٢", "%2e%2e", "1.2.3.4 "],
)
@pytest.mark.parametrize("place", range(3))
def test_a_command_with_a_bad_uid_is_refused_before_anything_is_written(
    archive: Archive, tmp_path: Path, uid, place
):
    """Hostile input D1."""
    uids = [CT, "1.2.3.4", EXPLICIT]
    uids[place] = uid
    with pytest.raises(BadObject, match="no UID"):
        archive.receive(*uids)
    assert files(tmp_path) == []


def test_old_uids_with_leading_zeros_are_kept(archive: Archive):
    data = instance("1.2.03.4", study="1.02.3")
    assert receive(archive, data, uid="1.2.03.4").new


def test_objects_of_no_patient_need_no_study(archive: Archive):
    palette = instance(study=None, series=None)
    assert receive(archive, palette, patient_related=False).new
    counts = archive.counts()
    assert (counts.instances, counts.studies) == (1, 0)


def test_an_object_over_its_bound_is_refused_early(tmp_path: Path):
    data = instance(pixels=10_000)
    bounds = Bounds(object_bytes=1000)
    with (
        Archive.open(tmp_path, sync="lazy", bounds=bounds) as archive,
        archive.receive(CT, "1.2.3.4", EXPLICIT) as incoming,
    ):
        incoming.write((data[:1000],))
        assert len(files(tmp_path)) == 1
        with pytest.raises(TooLarge, match="over 1000 bytes"):
            incoming.write((data[1000:1001],))
        assert files(tmp_path) == []
        with pytest.raises(Unavailable):
            incoming.write((b"more",))
        with pytest.raises(Unavailable):
            incoming.commit()


def test_leaving_without_commit_forgets_the_object(archive: Archive, tmp_path: Path):
    with archive.receive(CT, "1.2.3.4", EXPLICIT) as incoming:
        incoming.write((instance(),))
        assert len(files(tmp_path)) == 1
    assert files(tmp_path) == []
    with suppress(KeyError), archive.receive(CT, "1.2.3.4", EXPLICIT) as incoming:
        incoming.write((instance(),))
        raise KeyError
    assert files(tmp_path) == []


def test_many_threads_store_at_once(archive: Archive, tmp_path: Path):
    """Each UID is sent by two threads, and stored once."""
    receipts: list[Receipt] = []
    lock = threading.Lock()

    def send(first: int) -> None:
        for number in range(first, first + 20):
            got = receive(archive, instance(f"1.2.3.{number}"), uid=f"1.2.3.{number}")
            with lock:
                receipts.append(got)

    threads = [threading.Thread(target=send, args=(first,)) for first in (0, 0, 10, 20, 30, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receipts) == 120
    assert sum(receipt.new for receipt in receipts) == 50
    assert len(files(tmp_path)) == 50 == archive.counts().instances


def test_two_processes_may_store_in_one_folder(archive: Archive, tmp_path: Path):
    """`anode import` beside a running node: each opens the archive for itself."""
    (tmp_path / "file").write_bytes(instance("1.2.3.9"))
    code = (
        "import sys; from pathlib import Path; from archive import Archive\n"
        "with Archive.open(Path(sys.argv[1])) as archive:\n"
        "    print(archive.import_file(Path(sys.argv[1], 'file')).new)"
    )
    with archive.receive(CT, "1.2.3.4", EXPLICIT) as incoming:
        incoming.write((instance(),))
        command = [sys.executable, "-c", code, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "True"
        assert incoming.commit().new
    assert not receive(archive, instance("1.2.3.9"), uid="1.2.3.9").new
    assert archive.counts().instances == 2


@given(st.binary(max_size=120), st.sampled_from([EXPLICIT, IMPLICIT, BIG, DEFLATED]))
def test_noise_is_refused_and_forgotten(tmp_path_factory, noise, syntax):
    root = tmp_path_factory.mktemp("noise")
    with Archive.open(root, sync="lazy") as archive, pytest.raises(ArchiveError):
        receive(archive, noise, syntax=syntax)
    assert files(root) == []


@pytest.mark.filterwarnings("ignore")
def test_every_real_file_is_stored_as_it_is(archive: Archive):
    """Whatever of the wheel names itself and is whole; the odd ones too."""
    stored = 0
    for path in wheel_files():
        syntax, data = parted(path)
        found = pydicom.dcmread(path, stop_before_pixels=True)
        if "SOPInstanceUID" not in found or "truncated" in path.name:
            continue
        uids = str(found.SOPClassUID), str(found.SOPInstanceUID), syntax
        try:
            with archive.receive(*uids, patient_related=False) as incoming:
                incoming.write((data,))
                receipt = incoming.commit()
        except Duplicate:
            continue  # the wheel holds one object in several encodings
        assert receipt.path.read_bytes().endswith(data)
        stored += 1
    assert stored >= 95
