"""`anode send`: everything is stored or said not to be; nothing is lost on the way."""

import pytest

import cli.send
from cli import sources
from config.limits import Limits
from scp.node import Node
from tests.commands import anode, at
from tests.nodes import node
from tests.objects import MR_IMAGE, instance, uid, written
from tests.pairs import serving


def stored(ours: Node) -> int:
    return ours.archive.counts().instances


def many(folder, number, **values):
    return written(folder, *(instance(n, **values) for n in range(1, number + 1)))


def test_folders_are_walked_and_what_is_no_dicom_is_counted(tmp_path):
    many(tmp_path / "in" / "a", 2)
    many(tmp_path / "in" / "b" / "c", 1, PatientID="P2")
    (tmp_path / "in" / "notes.txt").write_text("no DICOM")
    (tmp_path / "in" / "DICOMDIR").write_text("no DICOM either")
    with node(tmp_path / "data") as ours:
        ran = anode("send", at(ours), tmp_path / "in")
        assert (ran.code, stored(ours)) == (0, 3)
    assert "3 of 3 objects stored at ANODE@" in ran.out
    assert "1 file not DICOM" in ran.out


def test_the_summary_counts_by_sop_class(tmp_path):
    many(tmp_path / "in", 2)
    many(tmp_path / "in" / "mr", 1, sop_class=MR_IMAGE, Modality="MR")
    with node(tmp_path / "data") as ours:
        lines = anode("send", at(ours), tmp_path / "in").out.splitlines()
        again = anode("send", at(ours), tmp_path / "in", "--json").document
    assert lines[0].split() == ["SOP", "class", "Stored", "Warnings", "Failed", "Bytes"]
    assert lines[2].split()[:6] == ["CT", "Image", "Storage", "2", "0", "0"]
    assert lines[3].split()[:6] == ["MR", "Image", "Storage", "1", "0", "0"]
    assert (again["stored"], again["failed"], again["failures"]) == (3, 0, [])
    assert [each["stored"] for each in again["classes"]] == [2, 1]
    assert again["bytes"] == sum(each["bytes"] for each in again["classes"]) > 0


def test_a_failure_is_listed_with_its_cause_and_the_others_go_on(tmp_path):
    _, second, _ = many(tmp_path / "in", 3)
    second.write_bytes(second.read_bytes()[:-3])
    with node(tmp_path / "data") as ours:
        ran = anode("send", at(ours), tmp_path / "in", "--json")
        assert (ran.code, stored(ours)) == (1, 2)
    (failure,) = ran.document["failures"]
    assert failure["path"] == str(second)
    assert "truncated" in failure["cause"]


def test_a_file_that_is_named_and_no_dicom_is_a_failure(tmp_path):
    (tmp_path / "notes.txt").write_text("no DICOM")
    with node(tmp_path / "data") as ours:
        ran = anode("send", at(ours), tmp_path / "notes.txt")
    assert ran.code == 1
    assert "notes.txt: the file is not DICOM" in ran.err


def test_a_folder_without_dicom_is_not_a_success(tmp_path):
    (tmp_path / "in").mkdir()
    with node(tmp_path / "data") as ours:
        ran = anode("send", at(ours), tmp_path / "in")
    assert ran.code == 1
    assert "nothing to send: no file in what was named" in ran.err


def test_several_associations_send_each_object_once(tmp_path):
    many(tmp_path / "in", 40)
    with node(tmp_path / "data") as ours:
        ran = anode("send", at(ours), tmp_path / "in", "--jobs", 4)
        assert (ran.code, stored(ours)) == (0, 40)
    assert "40 of 40 objects stored" in ran.out


def test_more_jobs_than_the_peer_takes_still_send_everything(tmp_path):
    many(tmp_path / "in", 20)
    with node(tmp_path / "data", limits=Limits(per_peer=1)) as ours:
        assert anode("send", at(ours), tmp_path / "in", "--jobs", 4).code == 0
        assert stored(ours) == 20


def test_skip_stored_sends_only_what_the_peer_lacks(tmp_path):
    first, *_ = many(tmp_path / "in", 5)
    many(tmp_path / "in" / "other", 2, SeriesInstanceUID=uid("e2"))
    with node(tmp_path / "data") as ours:
        assert anode("send", at(ours), first).code == 0
        document = anode("send", at(ours), tmp_path / "in", "--skip-stored", "--json").document
        assert (document["stored"], document["already_stored"], stored(ours)) == (6, 1, 7)
        again = anode("send", at(ours), tmp_path / "in", "--skip-stored")
    assert again.code == 0
    assert "7 there already" in again.out


def test_an_object_the_peer_takes_no_context_for_is_named_in_words(tmp_path):
    written(tmp_path / "in", instance(1, sop_class="1.2.826.0.1.3680043.8.498.9.9"))
    with node(tmp_path / "data") as ours:
        ran = anode("send", at(ours), tmp_path / "in")
    assert ran.code == 4
    cause = "not accepted: 1.2.826.0.1.3680043.8.498.9.9: the peer does not know this class"
    assert cause in ran.err


def test_a_peer_that_hangs_up_on_everything_is_given_up_soon(tmp_path):
    many(tmp_path / "in", 50)
    with serving(lambda sock: sock.recv(65536), connections=3) as port:
        ran = anode("send", f"ANODE@127.0.0.1:{port}", tmp_path / "in", "--json")
    assert ran.code == 5
    assert len(ran.document["failures"]) == 50


def test_an_unreachable_peer_fails_every_object_and_ends_with_3(tmp_path):
    many(tmp_path / "in", 3)
    ran = anode("send", "ANODE@127.0.0.1:1", tmp_path / "in", "--json")
    assert ran.code == 3
    assert len(ran.document["failures"]) == 3


def test_the_data_set_says_what_an_object_is_where_meta_information_is_stale(tmp_path):
    made = instance()
    (path,) = written(tmp_path, made)
    raw = path.read_bytes()
    stale = made.SOPInstanceUID[:-3] + "999"
    path.write_bytes(raw.replace(made.SOPInstanceUID.encode(), stale.encode(), 1))
    assert sources.read(path).sop_instance_uid == made.SOPInstanceUID


@pytest.mark.parametrize("cut", [0, 3, 131, 140, 200])
def test_what_is_cut_short_is_told_and_never_raises(cut, tmp_path):
    (path,) = written(tmp_path / "in", instance())
    path.write_bytes(path.read_bytes()[:cut])
    found = sources.collect([path])
    assert (found.sources, len(found.damaged)) == ([], 1)


def test_control_characters_of_a_file_name_do_not_reach_the_terminal(tmp_path):
    (tmp_path / "in\x1b[31m").mkdir()
    (tmp_path / "in\x1b[31m" / "a.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"junk")
    with node(tmp_path / "data") as ours:
        ran = anode("send", at(ours), tmp_path)
    assert "\x1b" not in ran.out + ran.err
    assert "\\x1b[31m" in ran.err


def test_an_error_of_ours_in_a_sending_thread_loses_nothing_in_silence(tmp_path, monkeypatch):
    many(tmp_path / "in", 3)
    monkeypatch.setattr("scu.store.store", lambda *_, **__: 1 / 0)
    with node(tmp_path / "data") as ours:
        ran = anode("send", at(ours), tmp_path / "in", "--jobs", 2)
    assert ran.code == 1
    assert "an error of ours: ZeroDivisionError" in ran.err


def test_ctrl_c_tells_how_many_of_all_were_stored_and_how_many_not_sent(tmp_path, monkeypatch):
    many(tmp_path / "in", 3)
    sending = cli.send.send_all

    def interrupted(*given):
        yield next(sending(*given))
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.send.send_all", interrupted)
    with node(tmp_path / "data") as ours:
        told = anode("send", at(ours), tmp_path / "in")
        listed = anode("send", at(ours), tmp_path / "in", "--json")
    assert (told.code, listed.code) == (130, 130)
    assert f"1 of 3 objects stored at {at(ours)}" in told.out
    assert "interrupted: 2 not sent, or not known to have arrived" in told.out
    assert (listed.document["stored"], listed.document["not_sent"]) == (1, 2)


def test_a_cause_that_many_objects_share_is_told_once(tmp_path):
    many(tmp_path / "in", 30)
    ran = anode("send", "ANODE@127.0.0.1:1", tmp_path / "in")
    assert ran.err.count("Connection refused") == 1
    assert " and 29 others: no connection to 127.0.0.1:1" in ran.err
    assert "--json lists each" in ran.err
