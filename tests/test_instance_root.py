"""Composite instance root retrieve and retrieve without bulk data over the wire, PS3.4 Y and Z."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG2MPML,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)
from pynetdicom import AE, build_role, evt

from scp.node import Node
from scu import instances
from scu.associate import associate
from scu.instances import FileInstance
from tests import clients
from tests.clients import CALLER
from tests.committing import eventually
from tests.multiframe import US_MULTIFRAME, cine, decoded, written
from tests.nodes import node, peer, port, target
from tests.objects import CT_IMAGE, identifier, instance, uid
from wire.command import Command, Field

MOVE, GET = "1.2.840.10008.5.1.4.1.2.4.2", "1.2.840.10008.5.1.4.1.2.4.3"
WITHOUT_BULK_DATA = "1.2.840.10008.5.1.4.1.2.5.3"
END = 0xFFFFFFFF


@contextmanager
def holding(folder: Path, *paths: Path, dest: int | None = None) -> Iterator[Node]:
    """A node that holds these files; at the end they are as they were, and no file is left."""
    known = (peer("DEST", dest), peer(CALLER.ae_title, move_to=("DEST",))) if dest else ()
    with node(folder / "node", peers=known) as serving:
        assert all(one.status == 0 for one in clients.send(target(serving), paths))
        before = archived(folder)
        yield serving
        assert archived(folder) == before
        # What was made goes once the last response has gone.
        assert eventually(lambda: not list((folder / "node" / "outgoing").glob("*")))


def archived(folder: Path) -> set[str]:
    objects = (folder / "node" / "objects").rglob("*.dcm")
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in objects}


def stored(
    folder: Path, name: str = "cine", syntax: str = ExplicitVRLittleEndian, **values: object
):
    values.setdefault("SOPInstanceUID", uid(name))
    made = cine(**values)
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return written(folder / f"{name}.dcm", made, syntax)


def frames_of(one: FileInstance, **keys: object) -> Dataset:
    return identifier("FRAME", SOPInstanceUID=one.sop_instance_uid, **keys)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"SimpleFrameList": [2, 5]}, b"\2\5"),
        ({"SimpleFrameList": 6}, b"\6\0"),
        ({"CalculatedFrameList": [1, END, 2]}, b"\1\3\5\0"),
        ({"TimeRange": [0.01, 0.02]}, b"\2\3"),
    ],
)
def test_frames_come_back_as_one_new_object(keys, expected, tmp_path: Path):
    path = stored(tmp_path, rows=1, columns=1)
    one = instances.read(path)
    with holding(tmp_path, path) as serving:
        responses, kept = clients.get(target(serving), frames_of(one, **keys), [one], root=GET)
        assert serving.archive.counts().instances == 1
    (final,) = responses
    assert (final.status, final.completed, final.failed, final.warning) == (0, 1, 0, 0)
    ((new_uid, raw),) = kept.items()
    new = decoded(raw, ExplicitVRLittleEndian)
    assert new.SOPInstanceUID == new_uid != one.sop_instance_uid
    assert new.PixelData == expected
    assert new.FrameExtractionSequence[0].MultiFrameSourceSOPInstanceUID == one.sop_instance_uid


def test_frames_move_to_a_destination_that_stores_them(tmp_path: Path):
    """The new object is a valid one to another archive, and findable in its series."""
    path = stored(tmp_path, syntax=RLELossless, PixelData=encapsulate([b"a" * 70] * 6))
    one = instances.read(path)
    with (
        node(tmp_path / "dest", "DEST") as dest,
        holding(tmp_path, path, dest=port(dest)) as serving,
    ):
        wanted = frames_of(one, SimpleFrameList=[1, 2, 6])
        (final,) = clients.move(target(serving), wanted, "DEST", root=MOVE)
        assert (final.status, final.completed) == (0, 1)
        series = identifier(
            "IMAGE", StudyInstanceUID=uid("s"), SeriesInstanceUID=uid("e"), NumberOfFrames=None
        )
        (found,) = clients.query(target(dest), series)
    assert found.NumberOfFrames == 3
    assert found.SOPInstanceUID != one.sop_instance_uid


def test_a_receiver_of_another_encoding_gets_the_frames_in_it(tmp_path: Path):
    path = stored(tmp_path, rows=1, columns=1, syntax=ExplicitVRBigEndian)
    one = instances.read(path)
    offered = FileInstance(one.sop_class_uid, "", ImplicitVRLittleEndian, path, 0, 0)
    with holding(tmp_path, path) as serving:
        wanted = frames_of(one, SimpleFrameList=[2, 5])
        (final,), kept = clients.get(target(serving), wanted, [offered], root=GET)
    assert final.status == 0
    (raw,) = kept.values()
    assert decoded(raw, ImplicitVRLittleEndian).PixelData == b"\2\5"


def untimed(folder: Path) -> Path:
    return stored(folder, FrameTime=None)


def film(folder: Path) -> Path:
    return stored(folder, syntax=MPEG2MPML, PixelData=encapsulate([b"film"]))


def single(folder: Path) -> Path:
    return stored(folder, NumberOfFrames=None)


@pytest.mark.parametrize(
    ("make", "keys", "status"),
    [
        (stored, {"SimpleFrameList": [7, 8]}, 0xAA00),
        (stored, {"TimeRange": [5.0, 6.0]}, 0xAA00),
        (single, {"SimpleFrameList": [1]}, 0xAA01),
        (film, {"SimpleFrameList": [1]}, 0xAA02),
        (untimed, {"TimeRange": [0.0, 1.0]}, 0xAA03),
    ],
)
def test_what_cannot_be_made_is_one_failed_sub_operation(make, keys, status, tmp_path: Path):
    """PS3.4 Y.4.1.3 and Table Y.4-1"""
    path = make(tmp_path)
    one = instances.read(path)
    with holding(tmp_path, path) as serving:
        responses, kept = clients.get(target(serving), frames_of(one, **keys), [one], root=GET)
    (final,) = responses
    assert (final.status, final.completed, final.failed, final.warning) == (status, 0, 1, 0)
    assert final.failed_uids == (one.sop_instance_uid,)
    assert final.remaining is None
    assert final.comment
    assert kept == {}


@pytest.mark.parametrize(
    ("level", "keys", "status"),
    [
        ("FRAME", {}, 0xAA04),
        ("FRAME", {"SimpleFrameList": [1], "TimeRange": [0.0, 1.0]}, 0xAA04),
        ("FRAME", {"SimpleFrameList": [2, 1]}, 0xAA04),
        ("FRAME", {"CalculatedFrameList": [1, 2]}, 0xAA04),
        ("FRAME", {"SimpleFrameList": [1], "SOPInstanceUID": [uid(1), uid(2)]}, 0xA900),
        ("FRAME", {"SimpleFrameList": [1], "SOPInstanceUID": None}, 0xA900),
        ("IMAGE", {"SimpleFrameList": [1]}, 0xA900),
        ("STUDY", {}, 0xA900),
        (None, {}, 0xA900),
    ],
)
def test_a_request_against_the_model_is_refused(level, keys, status, tmp_path: Path):
    path = stored(tmp_path)
    one = instances.read(path)
    asked = identifier(level, **{"SOPInstanceUID": one.sop_instance_uid} | keys)
    with holding(tmp_path, path) as serving:
        responses, kept = clients.get(target(serving), asked, [one], root=GET)
    (final,) = responses
    assert (final.status, final.completed) == (status, None)
    assert kept == {}


def test_at_image_level_objects_go_out_as_they_are(tmp_path: Path):
    """Table Y.6-1: SOP Instance UID alone, one or a list; no keys of higher levels."""
    paths = [stored(tmp_path, name) for name in ("one", "two", "three")]
    sent = [instances.read(path) for path in paths]
    asked = identifier("IMAGE", SOPInstanceUID=[one.sop_instance_uid for one in sent[:2]])
    with holding(tmp_path, *paths) as serving:
        responses, kept = clients.get(target(serving), asked, sent[:1], root=GET)
        nothing = identifier("FRAME", SOPInstanceUID="1.2.3", SimpleFrameList=[1])
        (none,), _ = clients.get(target(serving), nothing, sent[:1], root=GET)
    assert responses[-1].completed == 2
    assert kept == {one.sop_instance_uid: one.path.read_bytes()[one.offset :] for one in sent[:2]}
    assert (none.status, none.completed) == (0, 0)


def test_a_move_to_an_unknown_destination_makes_nothing(tmp_path: Path):
    path = stored(tmp_path)
    wanted = frames_of(instances.read(path), SimpleFrameList=[1])
    with holding(tmp_path, path) as serving:
        (final,) = clients.move(target(serving), wanted, "NOBODY", root=MOVE)
    assert final.status == 0xA801


def test_a_folder_that_cannot_be_written_fails_the_sub_operation(tmp_path: Path):
    path = stored(tmp_path)
    one = instances.read(path)
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), [path])
        (tmp_path / "node" / "outgoing").write_bytes(b"in the way")
        wanted = frames_of(one, SimpleFrameList=[1])
        (final,), _ = clients.get(target(serving), wanted, [one], root=GET)
        asked = identifier("IMAGE", SOPInstanceUID=one.sop_instance_uid)
        (light,), _ = clients.get(target(serving), asked, [one], root=WITHOUT_BULK_DATA)
    assert (final.status, final.failed) == (0xA702, 1)
    assert (light.status, light.failed) == (0xA702, 1)


def test_a_start_sweeps_what_a_crash_left(tmp_path: Path):
    left = tmp_path / "outgoing" / "tmp1" / "frames"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    with node(tmp_path):
        assert not left.exists()


# -- without bulk data ----------------------------------------------------------------------------


def test_without_bulk_data_the_rest_comes_back(tmp_path: Path):
    """PS3.4 Z.4.2.3: study, series and instance stay the same, and every other attribute."""
    paths = [stored(tmp_path, name) for name in ("one", "two")]
    sent = [instances.read(path) for path in paths]
    uids = [one.sop_instance_uid for one in sent]
    asked = identifier("IMAGE", SOPInstanceUID=uids)
    with holding(tmp_path, *paths) as serving:
        responses, kept = clients.get(target(serving), asked, sent, root=WITHOUT_BULK_DATA)
    assert [each.remaining for each in responses] == [1, None]
    assert (responses[-1].status, responses[-1].completed) == (0, 2)
    for one in sent:
        new = decoded(kept[one.sop_instance_uid], ExplicitVRLittleEndian)
        before = pydicom.dcmread(one.path)
        del before.PixelData
        assert new == Dataset(before)


@pytest.mark.parametrize("offered", [MPEG2MPML, ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_without_pixels_the_syntax_of_the_context_is_no_obstacle(offered: str, tmp_path: Path):
    path = film(tmp_path)
    one = instances.read(path)
    taken = FileInstance(one.sop_class_uid, "", offered, path, 0, 0)
    asked = identifier("IMAGE", SOPInstanceUID=one.sop_instance_uid)
    with holding(tmp_path, path) as serving:
        responses, kept = clients.get(target(serving), asked, [taken], root=WITHOUT_BULK_DATA)
    assert responses[-1].status == 0
    new = decoded(kept[one.sop_instance_uid], offered)
    assert new.NumberOfFrames == 6
    assert "PixelData" not in new


@pytest.mark.parametrize("level", ["FRAME", "SERIES"])
def test_without_bulk_data_knows_the_image_level_only(level: str, tmp_path: Path):
    asked = identifier(level, SOPInstanceUID="1.2.3")
    with node(tmp_path) as serving:
        responses, _ = clients.get(target(serving), asked, [], root=WITHOUT_BULK_DATA)
    assert responses[-1].status == 0xA900


def test_one_that_the_context_list_leaves_out_is_the_only_failure(tmp_path: Path):
    other = instance(1)
    paths = [stored(tmp_path), *_written(tmp_path, other)]
    sent = [instances.read(path) for path in paths]
    asked = identifier("IMAGE", SOPInstanceUID=[one.sop_instance_uid for one in sent])
    with holding(tmp_path, *paths) as serving:
        responses, kept = clients.get(target(serving), asked, sent[:1], root=WITHOUT_BULK_DATA)
    final = responses[-1]
    assert (final.status, final.completed, final.failed) == (0xB000, 1, 1)
    assert final.failed_uids == (str(other.SOPInstanceUID),)
    assert other.SOPClassUID == CT_IMAGE
    assert kept.keys() == {sent[0].sop_instance_uid}


def _written(folder: Path, made: pydicom.FileDataset) -> list[Path]:
    return [written(folder / "other.dcm", made)]


# -- pynetdicom as the caller ---------------------------------------------------------------------


@pytest.mark.parametrize(("tag", "status"), [(0x00080052, 0xA900), (0x00080018, 0x0000)])
@pytest.mark.parametrize("vr", [b"FD", b"UL"])
def test_a_key_of_another_representation_is_answered_and_the_association_goes_on(
    tag: int, status: int, vr: bytes, tmp_path: Path
):
    path = stored(tmp_path, rows=1, columns=1)
    elements = {
        0x00080018: struct.pack("<HH2sH", 8, 0x18, b"UI", 8) + b"1.2.3.4\0",
        0x00080052: struct.pack("<HH2sH", 8, 0x52, b"CS", 6) + b"FRAME ",
        0x00081161: struct.pack("<HH2sHI", 8, 0x1161, b"UL", 4, 1),
    }
    elements[tag] = struct.pack("<HH2sH", 8, tag & 0xFFFF, vr, 6) + b"FRAME "
    data = b"".join(elements.values())
    with (
        holding(tmp_path, path) as serving,
        associate(target(serving), CALLER, [(GET, [ExplicitVRLittleEndian])]) as association,
    ):
        request = Command(
            Field.C_GET,
            affected_sop_class_uid=GET,
            message_id=1,
            priority=0,
            command_data_set_type=1,
        )
        association.send(association.context_for(GET), request, data)
        answer = association.response(request).command
        assert (answer.status, association.alive) == (status, True)


@pytest.mark.parametrize("model", [GET, WITHOUT_BULK_DATA])
def test_where_we_keep_our_files_is_not_told_to_a_peer(model: str, tmp_path: Path):
    path = stored(tmp_path, rows=1, columns=1)
    one = instances.read(path)
    whole = identifier("IMAGE", SOPInstanceUID=one.sop_instance_uid)
    asked = frames_of(one, SimpleFrameList=1) if model == GET else whole
    with node(tmp_path / "node") as serving:
        assert all(one.status == 0 for one in clients.send(target(serving), [path]))
        (tmp_path / "node" / "outgoing").write_bytes(b"no folder")
        *_, final = clients.get(target(serving), asked, [one], root=model)[0]
    assert (final.status, final.failed) == (0xA702, 1)
    assert "/" not in final.comment
    assert "'" not in final.comment


@pytest.mark.interop
def test_pynetdicom_gets_frames_and_objects_without_bulk_data(tmp_path: Path):
    path = stored(tmp_path, rows=1, columns=1)
    one = instances.read(path)
    ae, got = AE(ae_title="PYNET"), []
    for each in (GET, WITHOUT_BULK_DATA, US_MULTIFRAME):
        ae.add_requested_context(each)

    def on_store(event: evt.Event) -> int:
        got.append(event.dataset)
        return 0

    with holding(tmp_path, path) as serving:
        association = ae.associate(
            "127.0.0.1",
            port(serving),
            ae_title="ANODE",
            ext_neg=[build_role(US_MULTIFRAME, scp_role=True)],
            evt_handlers=[(evt.EVT_C_STORE, on_store)],
        )
        assert association.is_established
        wanted = frames_of(one, CalculatedFrameList=[2, 6, 2])
        whole = identifier("IMAGE", SOPInstanceUID=one.sop_instance_uid)
        for asked, model in ((wanted, GET), (whole, WITHOUT_BULK_DATA)):
            *_, (status, _) = association.send_c_get(asked, model)
            assert status.Status == 0
            assert status.NumberOfCompletedSuboperations == 1
        association.release()
    framed, light = got
    assert framed.PixelData == b"\2\4\6\0"
    assert light.SOPInstanceUID == one.sop_instance_uid
    assert "PixelData" not in light


@pytest.mark.interop
def test_pynetdicom_moves_frames(tmp_path: Path):
    path = stored(tmp_path, rows=1, columns=1)
    one, got = instances.read(path), []
    ae = AE(ae_title="DEST")
    ae.add_supported_context(US_MULTIFRAME)

    def on_store(event: evt.Event) -> int:
        got.append(event.dataset)
        return 0

    handlers = [(evt.EVT_C_STORE, on_store)]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        with holding(tmp_path, path, dest=server.socket.getsockname()[1]) as serving:
            caller = AE(ae_title=CALLER.ae_title)
            caller.add_requested_context(MOVE)
            association = caller.associate("127.0.0.1", port(serving), ae_title="ANODE")
            wanted = frames_of(one, SimpleFrameList=[3, 4])
            *_, (status, _) = association.send_c_move(wanted, "DEST", MOVE)
            association.release()
    finally:
        server.shutdown()
    assert (status.Status, status.NumberOfCompletedSuboperations) == (0, 1)
    assert got[0].PixelData == b"\3\4"
