"""Object files read back: the rows of their reception again, and nothing of what is damaged."""

from __future__ import annotations

import os
import shutil
import zlib
from pathlib import Path

import pytest

from archive import Archive, Bounds
from archive.adopting import adopt
from archive.errors import ArchiveError, BadObject, Mismatch, Unavailable
from archive.index import Index
from archive.objects import Folder
from config import catalogue
from tests import corpus
from tests.datasets import BIG, CT, DEFLATED, EXPLICIT, IMPLICIT, instance
from tests.dumped import dump
from tests.receiving import receive

HANGING_PROTOCOL = "1.2.840.10008.5.1.4.38.1"


def of_patient(sop_class_uid: str) -> bool:
    known = catalogue.storage_class(sop_class_uid)
    return known is None or known.kind != "non-patient"


def stored(root: Path, data: bytes, **how) -> tuple[Folder, str]:
    """An object received, and its key."""
    with Archive.open(root, sync="lazy") as archive:
        receipt = receive(archive, data, **how)
    return Folder(root, sync=False), receipt.path.relative_to(root / "objects").as_posix()


def again(root: Path) -> None:
    """The index made anew, of nothing but the object files."""
    for old in root.glob("index.sqlite3*"):
        old.unlink()
    objects, index = Folder(root, sync=False), Index(root, sync="lazy")
    adopted = [adopt(objects, key, Bounds(), of_patient) for key in objects.list()]
    for row in adopted:
        assert index.add(row).new
    index.close()
    objects.close()


@pytest.mark.parametrize("group", corpus.groups(), ids=lambda group: f"{len(group)}-files")
def test_rows_made_of_files_are_the_rows_that_reception_made(group, tmp_path: Path):
    taken = 0
    with Archive.open(tmp_path, sync="lazy") as archive:
        for one in group:
            try:
                archive.import_file(one.path, patient_related=of_patient)
                taken += 1
            except ArchiveError:
                assert one.path.name in corpus.REFUSED
    before = dump(tmp_path)
    assert len(before["instance"]) == taken > 0
    again(tmp_path)
    assert dump(tmp_path) == before


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG, DEFLATED])
@pytest.mark.parametrize("source", ["", "CT1", "A_16_BYTES_TITLE"])
def test_a_row_is_the_same_in_every_encoding(tmp_path: Path, syntax, source):
    data = instance(syntax=EXPLICIT if syntax == DEFLATED else syntax, pixels=70_000)
    if syntax == DEFLATED:
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        data = deflater.compress(data) + deflater.flush()
    stored(tmp_path, data, syntax=syntax, source_ae=source)
    before = dump(tmp_path)
    again(tmp_path)
    assert dump(tmp_path) == before


def unsealed(root: Path, data: bytes, **how) -> tuple[Folder, str]:
    """An object stored before names were sealed."""
    objects, key = stored(root, data, **how)
    plain = f"{key.rpartition('/')[0]}/{'ab' * 16}.dcm"
    objects.path(key).rename(objects.path(plain))
    return objects, plain


def test_received_outlives_copies(tmp_path: Path):
    objects, key = stored(tmp_path, instance())
    ((_, row),) = dump(tmp_path)["instance"].items()
    os.utime(objects.path(key), (0, 0))
    assert adopt(objects, key, Bounds()).received == row["received"]


def test_an_unsealed_file_was_received_when_it_was_last_written(tmp_path: Path):
    objects, key = unsealed(tmp_path, instance())
    os.utime(objects.path(key), (0, 86_400.25))
    assert adopt(objects, key, Bounds()).received == "1970-01-02T00:00:00.250+00:00"


def test_every_flipped_bit_is_found(tmp_path: Path):
    objects, key = stored(tmp_path, instance(), source_ae="CT1")
    path = objects.path(key)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        with pytest.raises(ArchiveError):
            adopt(objects, key, Bounds())


def test_a_file_that_ends_between_two_elements_is_torn_all_the_same(tmp_path: Path):
    objects, key = stored(tmp_path, instance(pixels=64))
    path = objects.path(key)
    os.truncate(path, path.stat().st_size - 64 - 12)
    with pytest.raises(BadObject, match="SHA-256"):
        adopt(objects, key, Bounds())


def test_a_flipped_bit_of_an_unsealed_header_is_found_or_told_by_the_index(tmp_path: Path):
    objects, key = unsealed(tmp_path, instance(), source_ae="CT1")
    path = objects.path(key)
    whole = path.read_bytes()
    offset = adopt(objects, key, Bounds()).stored.offset
    for at in range(offset):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            row = adopt(objects, key, Bounds())
        except ArchiveError:
            continue
        # One text became another, as well formed: the index knows which it was.
        assert (row.source_ae, row.stored.transfer_syntax_uid) != ("CT1", EXPLICIT)


@pytest.mark.parametrize("kept", [0, 1, 127, 132, 300, -1, -65])
def test_a_torn_file_is_no_object(tmp_path: Path, kept):
    objects, key = stored(tmp_path, instance())
    path = objects.path(key)
    os.truncate(path, kept if kept >= 0 else path.stat().st_size + kept)
    with pytest.raises(BadObject):
        adopt(objects, key, Bounds())


def test_a_file_of_zeros_is_no_object(tmp_path: Path):
    """What a power cut leaves of a file whose blocks were never written."""
    objects, key = stored(tmp_path, instance())
    path = objects.path(key)
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(BadObject):
        adopt(objects, key, Bounds())


def test_a_file_of_others_is_none_of_ours(tmp_path: Path):
    objects, key = stored(tmp_path, instance())
    shutil.copy(corpus.sendable()[0].path, objects.path(key))
    with pytest.raises(BadObject, match="its CRC differs"):
        adopt(objects, key, Bounds())
    objects, key = unsealed(tmp_path / "old", instance())
    shutil.copy(corpus.sendable()[0].path, objects.path(key))
    with pytest.raises(BadObject, match="not as this application writes it"):
        adopt(objects, key, Bounds())


def test_a_header_of_another_instance_is_a_mismatch(tmp_path: Path):
    objects, key = unsealed(tmp_path, instance())
    path = objects.path(key)
    head, data = path.read_bytes().split(instance()[:20])
    path.write_bytes(head.replace(b"1.2.3.4\0", b"1.2.3.5\0") + instance()[:20] + data)
    with pytest.raises(Mismatch):
        adopt(objects, key, Bounds())


def test_only_objects_of_no_patient_may_lack_a_study(tmp_path: Path):
    data = instance(sop_class=HANGING_PROTOCOL, study=None, series=None)
    how = {"sop_class": HANGING_PROTOCOL, "patient_related": False}
    objects, key = stored(tmp_path, data, **how)
    assert not adopt(objects, key, Bounds(), of_patient).of_patient
    with pytest.raises(BadObject, match="no Study Instance UID"):
        adopt(objects, key, Bounds())


def test_a_file_that_is_gone_cannot_be_read(tmp_path: Path):
    objects, key = stored(tmp_path, instance())
    objects.delete(key)
    with pytest.raises(Unavailable):
        adopt(objects, key, Bounds())


def test_bounds_on_bytes_do_not_disown_what_is_here(tmp_path: Path):
    objects, key = stored(tmp_path, instance(pixels=5000))
    assert adopt(objects, key, Bounds(object_bytes=10)).stored.sop_class_uid == CT
