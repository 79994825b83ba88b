"""Receivers that take little: `send --convert`; `get` and `move` tell what changed and failed."""

import re

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate

from scp.statuses import Status
from tests.commands import anode, at, configuration
from tests.multiframe import cine
from tests.nodes import node, peer, port
from tests.objects import CT_IMAGE, MR_IMAGE, instance, uid, written
from tests.pairs import accepting, serving
from tests.peers import needs_dcmtk, storescp
from tests.receivers import EXPLICIT, IMPLICIT, receiver
from tests.test_conversion import JPEG_LS, RLE, same_pixels, study

STUDY = f"StudyInstanceUID={uid('s')}"
EVERY = [
    CT_IMAGE,
    MR_IMAGE,
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.77.1.1.1",
]


def at_port(number, title="DEST"):
    return f"{title}@127.0.0.1:{number}"


# send --convert


@pytest.mark.parametrize("jobs", [1, 3])
def test_what_a_receiver_does_not_take_is_converted_and_told(tmp_path, jobs):
    paths = study(tmp_path / "in")
    with receiver(EVERY, [IMPLICIT]) as (at_, received):
        ran = anode(
            "send", at_port(at_), tmp_path / "in", "--convert", "--json", "--jobs", jobs
        )  # fmt: skip
        got = received.data_sets()
    assert ran.code == 1
    assert (ran.document["stored"], ran.document["failed"]) == (4, 1)
    assert {one.file_meta.TransferSyntaxUID for one in got} == {IMPLICIT}
    same_pixels(got, paths)
    changes = {
        (each["transfer_syntax_uid"], each["converted_to"], each["objects"])
        for each in ran.document["converted"]
    }
    assert (RLE, IMPLICIT, 1) in changes
    assert (JPEG_LS, IMPLICIT, 1) in changes
    (failure,) = ran.document["failures"]
    assert failure["path"] == str(paths[4])
    assert "not accepted: " in failure["cause"]


def test_the_summary_names_both_encodings(tmp_path):
    study(tmp_path / "in")
    with receiver(EVERY, [EXPLICIT]) as (at_, _):
        ran = anode("send", at_port(at_), tmp_path / "in", "--convert")
    assert "converted: 1 MR Image Storage from RLE Lossless to Explicit VR Little Endian" in ran.out
    assert "CT Image Storage from" not in ran.out


def test_without_the_option_nothing_is_changed_and_it_is_named(tmp_path):
    study(tmp_path / "in")
    with receiver(EVERY, [IMPLICIT]) as (at_, received):
        ran = anode("send", at_port(at_), tmp_path / "in")
    assert not received.events
    assert ran.code == 4
    assert "not accepted: MR Image Storage in RLE Lossless (--convert may help)" in ran.err


def test_what_is_taken_as_it_is_stays_as_it_is(tmp_path):
    paths = study(tmp_path / "in")
    syntaxes = {dcmread(path).file_meta.TransferSyntaxUID for path in paths}
    with receiver(EVERY, [IMPLICIT, *syntaxes]) as (at_, received):
        ran = anode("send", at_port(at_), tmp_path / "in", "--convert", "--json")
    assert (ran.code, ran.document["converted"], len(received)) == (0, [], len(paths))


def test_a_peer_is_compressed_for_as_the_configuration_says(tmp_path):
    written(tmp_path / "in", dcmread(get_testdata_file("CT_small.dcm")))
    with receiver([CT_IMAGE], [JPEG_LS]) as (at_, received):
        text = f'[[peer]]\nae_title = "DEST"\nhost = "127.0.0.1"\nport = {at_}\n'
        for compress, code in (("", 4), ('compress = ["jpeg-ls"]\n', 0)):
            file = configuration(tmp_path, text + compress)
            assert anode("send", "DEST", tmp_path / "in", "--convert", "-c", file).code == code
    assert [one.file_meta.TransferSyntaxUID for one in received.data_sets()] == [JPEG_LS]


def test_a_damaged_image_is_named_and_the_others_arrive(tmp_path):
    bad = dcmread(get_testdata_file("MR_small_RLE.dcm"))
    bad.PixelData = encapsulate([b"\1\0\0\0" + b"\0" * 60 + b"damage"])
    written(tmp_path / "in", dcmread(get_testdata_file("CT_small.dcm")), bad)
    with receiver(EVERY, [IMPLICIT]) as (at_, received):
        ran = anode("send", at_port(at_), tmp_path / "in", "--convert")
    assert (ran.code, len(received)) == (1, 1)
    assert "RLE Lossless cannot be changed to Implicit VR Little Endian: " in ran.err


@needs_dcmtk
@pytest.mark.interop
def test_storescp_that_takes_only_implicit_vr_gets_everything(tmp_path):
    paths = study(tmp_path / "in")
    paths[4].unlink()
    with storescp(tmp_path / "out", "+xi") as there:
        ran = anode("send", at_port(there.port, "STORESCP"), tmp_path / "in", "--convert")
    assert ran.code == 0
    same_pixels([dcmread(path) for path in (tmp_path / "out").iterdir()], paths[:4])


# get


def holding(tmp_path, *peers):
    return node(tmp_path / "data", peers=peers) if peers else node(tmp_path / "data")


def test_get_counts_by_class_and_transfer_syntax(tmp_path):
    study(tmp_path / "in")
    with holding(tmp_path) as ours:
        assert anode("send", at(ours), tmp_path / "in").code == 0
        document = anode("get", at(ours), "-k", STUDY, "-o", tmp_path / "a", "--json").document
        shown = anode("get", at(ours), "-k", STUDY, "-o", tmp_path / "b").out
    kinds = {(each["sop_class_uid"], each["transfer_syntax_uid"]) for each in document["received"]}
    assert len(kinds) == 5
    assert sum(each["objects"] for each in document["received"]) == 5
    assert {each["converted_from"] for each in document["received"]} == {None}
    assert (document["converted"], document["failures"]) == ([], [])
    assert re.search(r"^MR Image Storage +RLE Lossless +1 +\S+ kB$", shown, re.MULTILINE)
    assert "Converted" not in shown


def test_get_tells_what_arrived_otherwise_than_it_is_stored(tmp_path, monkeypatch):
    """As from who has no room to propose every transfer syntax: only Implicit VR is taken."""
    paths = study(tmp_path / "in")
    with holding(tmp_path) as ours:
        anode("send", at(ours), tmp_path / "in")
        monkeypatch.setattr(
            "cli.get.proposals", lambda classes, _more: [(each, [IMPLICIT]) for each in classes]
        )
        ran = anode("get", at(ours), "-k", STUDY, "-o", tmp_path / "a", "--json")
        shown = anode("get", at(ours), "-k", STUDY, "-o", tmp_path / "b")
    assert ran.code == 1
    document = ran.document
    changes = {each["sop_instance_uid"]: each["converted_from"] for each in document["converted"]}
    stored = [dcmread(path) for path in paths[:4]]
    assert changes == {one.SOPInstanceUID: one.file_meta.TransferSyntaxUID for one in stored}
    (failure,) = document["failures"]
    assert failure["sop_instance_uid"] == dcmread(paths[4]).SOPInstanceUID
    assert failure["cause"].startswith("not accepted: Video Endoscopic Image Storage in MPEG")
    heading, _, *rows = shown.out.splitlines()
    assert "Converted from" in heading
    assert any(re.search("Implicit VR Little Endian +RLE Lossless", row) for row in rows)
    assert f"failed: {failure['sop_instance_uid']}: not accepted" in shown.err


def test_get_says_of_what_it_refuses_itself_why(tmp_path):
    (path,) = written(tmp_path / "in", instance())
    with holding(tmp_path) as ours:
        anode("send", at(ours), path)
        out = tmp_path / "out"
        out.mkdir()
        (out / f"{instance().SOPInstanceUID}.dcm").write_text("mine")
        ran = anode("get", at(ours), "-k", STUDY, "-o", out, "--json")
    assert ran.code == 1
    (failure,) = ran.document["failures"]
    assert "is there already, with other bytes" in failure["cause"]
    assert failure["sop_instance_uid"] == instance().SOPInstanceUID


def test_get_makes_no_claims_where_the_peer_does_not_tell(tmp_path):
    (path,) = written(tmp_path / "in", instance())
    with node(tmp_path / "data", peers=(peer("TESTER", may=("store", "get")),)) as ours:
        anode("send", at(ours), path, "--aet", "TESTER")
        ran = anode(
            "get", at(ours), "-k", STUDY, "-o", tmp_path / "out", "--json", "--aet", "TESTER"
        )  # fmt: skip
    (kind,) = ran.document["received"]
    assert (kind["objects"], kind["converted_from"]) == (1, None)


# move


def test_move_lists_what_failed_and_the_commonest_cause(tmp_path):
    study(tmp_path / "in")
    with receiver([CT_IMAGE], [IMPLICIT]) as (at_, _):
        known = peer("DEST", at_), peer("TESTER", move_to=("DEST",))
        with holding(tmp_path, *known) as ours:
            anode("send", at(ours), tmp_path / "in", "--aet", "TESTER")
            arguments = ("move", at(ours), "DEST", "-k", STUDY, "--aet", "TESTER")
            ran = anode(*arguments)
            document = anode(*arguments, "--json").document
    assert ran.code == 1
    assert "Failed SOP Instance UID" in ran.out
    assert all(f"\n{uid('placed', number)}\n" in ran.out for number in (1, 2, 3))
    assert "not accepted: " in ran.err
    assert (document["completed"], document["failed"]) == (1, 4)
    assert len(document["failures"]) == 4
    assert {each["cause"] for each in document["failures"]} == {document["comment"]}


def test_a_peer_that_names_fewer_than_failed_is_told_of():
    def serve(association):
        message = association.receive()
        message.drain()
        answer = message.command.response(Status.SUBOPERATIONS_FAILED, comment="no room")
        association.send(message.context, answer.with_counts(None, 1, 2, 0))
        association.receive()

    with serving(accepting(serve)) as at_:
        ran = anode("move", at_port(at_, "OLD"), "DEST", "-k", STUDY)
    assert ran.code == 1
    assert "2 failed, of which OLD@" in ran.err
    assert "no room" in ran.err


# the instance root


@pytest.fixture
def multiframe(tmp_path):
    made = cine()
    written(tmp_path / "in", made)
    return made


def test_single_frames_are_gotten_from_the_instance_root(tmp_path, multiframe):
    with holding(tmp_path) as ours:
        assert anode("send", at(ours), tmp_path / "in").code == 0
        ran = anode(
            "get", at(ours), "--model", "instance", "-o", tmp_path / "out", "--json",
            "-k", f"SOPInstanceUID={multiframe.SOPInstanceUID}", "-k", "SimpleFrameList=1\\3",
        )  # fmt: skip
    assert ran.code == 0
    (file,) = ran.document["files"]
    found = dcmread(file)
    assert found.NumberOfFrames == 2
    assert (found.pixel_array == multiframe.pixel_array[[0, 2]]).all()


def test_whole_instances_move_by_their_uid_alone(tmp_path):
    written(tmp_path / "in", instance(1), instance(2))
    with node(tmp_path / "dest", "DEST") as dest:
        known = peer("DEST", port(dest)), peer("TESTER", move_to=("DEST",))
        with holding(tmp_path, *known) as ours:
            anode("send", at(ours), tmp_path / "in", "--aet", "TESTER")
            key = f"SOPInstanceUID={instance(2).SOPInstanceUID}"
            ran = anode(
                "move", at(ours), "DEST", "--model", "instance", "-k", key, "--aet", "TESTER"
            )  # fmt: skip
        assert (ran.code, dest.archive.counts().instances) == (0, 1)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ((), "IMAGE level needs -k SOPInstanceUID="),
        (("SimpleFrameList=1",), "FRAME level needs -k SOPInstanceUID="),
        (("SOPInstanceUID=1.2", "TimeRange="), "needs one of -k SimpleFrameList="),
    ],
)
def test_what_the_instance_root_needs_is_said(tmp_path, keys, said):
    options = [part for key in keys for part in ("-k", key)]
    ran = anode("get", "ANODE@127.0.0.1:104", "--model", "instance", "-o", tmp_path, *options)
    assert ran.code == 2
    assert said in ran.err
