"""Receivers that do not take what is stored, PS3.4 C.4.2.2.1: changed without loss, or named."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate

from scp.node import Node
from scu import instances
from tests import clients
from tests.clients import CALLER
from tests.nodes import node, peer, target
from tests.objects import identifier, instance, uid
from tests.receivers import EXPLICIT, IMPLICIT, receiver

RLE, JPEG_LS, JPEG_2000 = (
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
)
H264 = "1.2.840.10008.1.2.4.102"
STUDY = identifier("STUDY", StudyInstanceUID=uid("s"))


def placed(one: Dataset, number: int) -> Dataset:
    """The object as one of the test's study, under a UID of its own."""
    one.StudyInstanceUID, one.SeriesInstanceUID = uid("s"), uid("e")
    one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = uid("placed", number)
    one.PatientID = "P1"
    return one


def video() -> Dataset:
    one = instance(9, sop_class="1.2.840.10008.5.1.4.1.1.77.1.1.1")
    one.file_meta.TransferSyntaxUID = H264
    one.PixelData = encapsulate([b"\0\0\0\1video!!!"])
    one["PixelData"].VR, one["PixelData"].is_undefined_length = "OB", True
    return one


def study(folder: Path) -> list[Path]:
    """Three classes in four transfer syntaxes (CT, MR in RLE and JPEG-LS, SC in JPEG), a video."""
    names = ("CT_small.dcm", "MR_small_RLE.dcm", "MR_small_jpeg_ls_lossless.dcm")
    objects = [dcmread(get_testdata_file(name)) for name in names]
    objects.append(dcmread(get_testdata_file("SC_rgb_jpeg_gdcm.dcm")))
    objects = [placed(one, number) for number, one in enumerate(objects)]
    folder.mkdir()
    paths = []
    for number, one in enumerate([*objects, video()]):
        path = folder / f"{number}.dcm"
        one.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


@contextmanager
def holding(tmp_path: Path, port: int, **keys: object):
    """A node with the study, that knows DEST at `port`; and the study's files."""
    peers = peer("DEST", port, **keys), peer(CALLER.ae_title, move_to=("DEST",))
    with node(tmp_path / "node", peers=peers) as serving:
        paths = study(tmp_path / "o")
        assert [one.status for one in clients.send(target(serving), paths)] == [0] * 5
        yield serving, paths


def classes(paths: list[Path]) -> set[str]:
    return {instances.read(path).sop_class_uid for path in paths}


def left_over(serving: Node) -> list[Path]:
    return list((serving.settings.node.data / "outgoing").glob("*"))


def same_pixels(received: list[Dataset], paths: list[Path]) -> None:
    originals = {str(one.SOPInstanceUID): one for one in map(dcmread, paths)}
    for one in received:
        assert (one.pixel_array == originals[str(one.SOPInstanceUID)].pixel_array).all()


def test_a_receiver_of_implicit_vr_alone_gets_every_image_and_not_the_video(tmp_path: Path):
    every = ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"]
    every += ["1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.77.1.1.1"]
    with receiver(every, [IMPLICIT]) as (port, received):
        with holding(tmp_path, port) as (serving, paths):
            last = clients.move(target(serving), STUDY, "DEST")[-1]
            assert not left_over(serving)
        got = received.data_sets()
    assert (last.status, last.completed, last.failed) == (0xB000, 4, 1)
    assert last.failed_uids == (instances.read(paths[4]).sop_instance_uid,)
    assert {one.file_meta.TransferSyntaxUID for one in got} == {IMPLICIT}
    same_pixels(got, paths)


def test_a_receiver_that_takes_everything_gets_everything_as_it_is(tmp_path: Path):
    syntaxes = (EXPLICIT, IMPLICIT, RLE, JPEG_LS, "1.2.840.10008.1.2.4.70", H264)
    every = ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"]
    every += ["1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.77.1.1.1"]
    with receiver(every, syntaxes) as (port, received):
        with holding(tmp_path, port) as (serving, paths):
            last = clients.move(target(serving), STUDY, "DEST")[-1]
        got = {str(e.dataset.SOPInstanceUID): e for e in received.events}
    assert (last.status, last.completed, last.failed) == (0, 5, 0)
    for path in paths:
        one = instances.read(path)
        event = got[one.sop_instance_uid]
        assert event.context.transfer_syntax == one.transfer_syntax_uid
        assert event.request.DataSet.getvalue() == path.read_bytes()[one.offset :]


@pytest.mark.parametrize(
    ("name", "syntax"), [("rle", RLE), ("jpeg-ls", JPEG_LS), ("jpeg-2000", JPEG_2000)]
)
def test_a_receiver_of_compressed_images_alone_is_served_when_configured(
    name: str, syntax: str, tmp_path: Path
):
    every = ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"]
    with receiver(every, [syntax]) as (port, received):
        with holding(tmp_path, port, compress=(name,)) as (serving, paths):
            last = clients.move(target(serving), STUDY, "DEST")[-1]
        got = received.data_sets()
    assert last.completed == 3
    assert last.failed == 2, "the receiver knows neither secondary capture nor video"
    assert {one.file_meta.TransferSyntaxUID for one in got} == {syntax}
    same_pixels(got, paths)


def test_nothing_is_compressed_for_a_receiver_that_is_not_configured_for_it(tmp_path: Path):
    with (
        receiver(["1.2.840.10008.5.1.4.1.1.2"], [JPEG_LS]) as (port, received),
        holding(tmp_path, port) as (serving, _),
    ):
        last = clients.move(target(serving), STUDY, "DEST")[-1]
    assert (last.status, last.completed, last.failed) == (0xA702, 0, 5)
    assert not received.events


def test_c_get_changes_what_the_requestor_does_not_take(tmp_path: Path):
    """PS3.4 C.4.3.2.1: on the contexts the requestor proposed."""
    with holding(tmp_path, 104) as (serving, paths):
        wanted = [instances.read(path) for path in paths[:4]]
        asked = [_Implicit(one) for one in wanted]
        responses, kept = clients.get(target(serving), STUDY, asked)
    last = responses[-1]
    assert (last.status, last.completed, last.failed) == (0xB000, 4, 1)
    assert set(kept) == {one.sop_instance_uid for one in wanted}
    assert all(data[4:8] != b"UI" for data in kept.values()), "implicit VR has no VR"


class _Implicit:
    """An instance of which only its class matters, to be got in Implicit VR Little Endian."""

    def __init__(self, one: instances.FileInstance) -> None:
        self.sop_class_uid, self.transfer_syntax_uid = one.sop_class_uid, IMPLICIT


def test_a_damaged_image_fails_alone_and_is_named(tmp_path: Path):
    every = ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"]
    with receiver(every, [IMPLICIT]) as (port, received):
        peers = peer("DEST", port), peer(CALLER.ae_title, move_to=("DEST",))
        with node(tmp_path / "node", peers=peers) as serving:
            folder = tmp_path / "o"
            folder.mkdir()
            good = placed(dcmread(get_testdata_file("CT_small.dcm")), 1)
            bad = placed(dcmread(get_testdata_file("MR_small_RLE.dcm")), 2)
            bad.PixelData = encapsulate([b"\1\0\0\0" + b"\0" * 60 + b"damage"])
            for number, one in enumerate((good, bad)):
                one.save_as(folder / f"{number}.dcm", enforce_file_format=True)
            clients.send(target(serving), sorted(folder.iterdir()))
            last = clients.move(target(serving), STUDY, "DEST")[-1]
            assert not left_over(serving)
    assert (last.status, last.completed, last.failed) == (0xB000, 1, 1)
    assert last.failed_uids == (uid("placed", 2),)
    assert len(received) == 1
