"""`anode find`, `move` and `get`: what is asked for comes, and comes byte for byte."""

import json

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from cli import calls, holdings, questions, sources
from config.limits import Limits
from config.peers import Access
from tests.commands import anode, at
from tests.nodes import node, peer, port
from tests.objects import CT_IMAGE, MR_IMAGE, instance, uid, written

STUDY = f"StudyInstanceUID={uid('s')}"
SERIES = f"SeriesInstanceUID={uid('e')}"


@pytest.fixture
def ours(tmp_path):
    """A node that knows DEST, which TESTER may move to, and holds three objects of one study."""
    with node(tmp_path / "dest", "DEST") as dest:
        known = (
            peer("TESTER", move_to=("DEST", "GONE")),
            peer("DEST", port(dest)),
            peer("GONE", 1),
        )
        with node(tmp_path / "data", peers=known) as serving:
            objects = (instance(1), instance(2), instance(3, sop_class=MR_IMAGE, Modality="MR"))
            written(tmp_path / "in", *objects)
            assert as_tester("send", at(serving), tmp_path / "in").code == 0
            yield serving


def as_tester(*arguments):
    return anode(*arguments, "--aet", "TESTER")


def data_sets(folder):
    found = sources.collect([folder])
    assert found.damaged == []
    return {each.sop_instance_uid: each.path.read_bytes()[each.offset :] for each in found.sources}


# find


def test_find_shows_what_people_look_for(ours):
    ran = as_tester("find", at(ours))
    heading, _, row = ran.out.splitlines()
    assert heading.split("  ")[0] == "Patient"
    assert all(each in row for each in ("Doe^Jane", "P1", "2024-01-02", "CT", uid("s")))
    assert ran.err == "1 match\n"


@pytest.mark.parametrize(
    ("level", "keys", "number"),
    [("PATIENT", (), 1), ("STUDY", (), 1), ("SERIES", (STUDY,), 1), ("IMAGE", (STUDY, SERIES), 3)],
)
def test_every_level_can_be_asked(ours, level, keys, number):
    options = [part for key in keys for part in ("-k", key)]
    found = as_tester("find", at(ours), "-L", level, *options, "--json").document
    assert len(found) == number
    assert all(each["00080052"]["Value"] == [level] for each in found)


def test_json_is_the_dicom_json_model(ours):
    (found,) = as_tester("find", at(ours), "--json").document
    assert found["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]}
    assert found["0020000D"] == {"vr": "UI", "Value": [uid("s")]}


def test_nothing_found_is_no_error(ours):
    ran = as_tester("find", at(ours), "-k", "PatientID=NOBODY")
    assert (ran.code, ran.out, ran.err) == (0, "", "0 matches\n")
    assert as_tester("find", at(ours), "-k", "PatientID=NOBODY", "--json").document == []


def test_a_key_without_a_value_is_a_column(ours):
    heading, *_ = as_tester("find", at(ours), "-k", "PatientSex").out.splitlines()
    assert heading.startswith("PatientSex")


def test_a_missing_key_of_a_higher_level_is_named(ours):
    ran = as_tester("find", at(ours), "-L", "SERIES")
    assert ran.code == 1
    assert "a question at SERIES level needs -k StudyInstanceUID=" in ran.err


def test_keys_come_from_a_query_file(ours, tmp_path):
    query = Dataset()
    query.QueryRetrieveLevel, query.PatientID, query.StudyInstanceUID = "STUDY", "P1", ""
    dcmwrite(tmp_path / "q.dcm", query, implicit_vr=False, little_endian=True)
    assert len(as_tester("find", at(ours), "-k", f"@{tmp_path / 'q.dcm'}", "--json").document) == 1


def test_text_outside_ascii_is_asked_and_answered(ours, tmp_path):
    made = instance(9, PatientID="P9", PatientName="Müller^Jörg", StudyInstanceUID=uid("s9"))
    made.SpecificCharacterSet = "ISO_IR 100"
    written(tmp_path / "more", made)
    assert as_tester("send", at(ours), tmp_path / "more").code == 0
    ran = as_tester("find", at(ours), "-k", "PatientName=Müller*")
    assert "Müller^Jörg" in ran.out


def test_a_limit_cancels_the_rest(ours, tmp_path):
    many = (instance(n, StudyInstanceUID=uid("s", n), PatientID=f"P{n}") for n in range(20))
    written(tmp_path / "many", *many)
    assert as_tester("send", at(ours), tmp_path / "many").code == 0
    ran = as_tester("find", at(ours), "--limit", 5)
    assert ran.code == 0
    assert len(ran.out.splitlines()) == 2 + 5
    assert "5 matches; there may be more" in ran.err


def test_escape_sequences_of_a_peer_do_not_reach_the_terminal(ours, tmp_path):
    made = instance(9, PatientID="P9", StudyInstanceUID=uid("s9"))
    made.StudyDescription = "\x1b]0;owned\x07"
    written(tmp_path / "more", made)
    as_tester("send", at(ours), tmp_path / "more")
    ran = as_tester("find", at(ours), "-k", "PatientID=P9")
    assert ran.code == 0
    assert "\x1b" not in ran.out


def test_how_dates_are_written_is_told_whole_of_the_longest_name(ours):
    """An Error Comment has 64 characters, PS3.7 C."""
    ran = as_tester("find", at(ours), "-L", "SERIES", "-k", f"StudyInstanceUID={uid('s')}",
                    "-k", "PerformedProcedureStepStartDate=2024-01-01")  # fmt: skip
    assert "PerformedProcedureStepStartDate: no date as 20240101[-20241231]" in ran.err


@pytest.mark.parametrize("value", ["2024-01-01", "2024-01-01-2024-12-31", "1.1.2024"])
def test_a_date_that_is_none_is_told_how_dates_are_written(ours, value):
    ran = as_tester("find", at(ours), "-k", f"StudyDate={value}")
    assert ran.code == 1
    assert "StudyDate: no date as 20240101[-20241231]" in ran.err


def test_a_time_that_is_none_is_told_how_times_are_written(ours):
    ran = as_tester("find", at(ours), "-k", "StudyTime=9:00")
    assert ran.code == 1
    assert "StudyTime: no time as 0930[-1200]" in ran.err


# move


def test_move_sends_a_study_to_a_third_node(ours):
    ran = as_tester("move", at(ours), "DEST", "-k", STUDY)
    assert ran.code == 0
    heading, _, row = ran.out.splitlines()
    assert (heading.split(), row.split()) == (["Completed", "Warnings", "Failed"], ["3", "0", "0"])


@pytest.mark.parametrize("command", ["move", "get"])
@pytest.mark.parametrize("wish", [(), ("--json",)])
def test_where_nothing_matches_it_is_said_and_is_no_success(ours, tmp_path, command, wish):
    where = ("DEST",) if command == "move" else ("-o", tmp_path / "out")
    ran = as_tester(command, at(ours), *where, "-k", "StudyInstanceUID=1.2.3", *wish)
    assert ran.code == 1
    assert "has nothing that matches these keys" in ran.err


def test_move_json_has_the_counts(ours):
    document = as_tester("move", at(ours), "DEST", "-k", "PatientID=P1", "--json").document
    assert (document["completed"], document["failed"], document["status"]) == (3, 0, 0)


def test_an_unknown_destination_is_explained(ours):
    ran = as_tester("move", at(ours), "NOWHERE", "-k", STUDY)
    assert ran.code == 1
    assert "must be a peer with a port" in ran.err


def test_a_destination_that_is_down_fails_and_lists_the_objects(ours):
    ran = as_tester("move", at(ours), "GONE", "-k", STUDY, "--json")
    assert ran.code == 1
    assert ran.document["failed"] == len(ran.document["failed_uids"]) == 3


# get


@pytest.mark.parametrize(
    "keys", [("PatientID=P1",), (STUDY,), (STUDY, SERIES)], ids=["patient", "study", "series"]
)
def test_get_writes_what_was_sent(ours, tmp_path, keys):
    options = [part for key in keys for part in ("-k", key)]
    ran = as_tester("get", at(ours), *options, "-o", tmp_path / "out")
    assert ran.code == 0
    assert data_sets(tmp_path / "out") == data_sets(tmp_path / "in")
    assert "3 objects" in ran.out


def test_what_is_written_is_a_part_10_file_named_by_its_uid(ours, tmp_path):
    as_tester("get", at(ours), "-k", STUDY, "-o", tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        read = dcmread(path)
        assert path.name == f"{read.SOPInstanceUID}.dcm"
        assert read.file_meta.MediaStorageSOPInstanceUID == read.SOPInstanceUID
        assert read.file_meta.SourceApplicationEntityTitle == "ANODE"


def test_every_transfer_syntax_comes_back_as_it_went(ours, tmp_path):
    folder = tmp_path / "kinds"
    for number, syntax in enumerate((ImplicitVRLittleEndian, ExplicitVRBigEndian), 10):
        made = instance(number, StudyInstanceUID=uid("s2"), SeriesInstanceUID=uid("e2"))
        made.file_meta.TransferSyntaxUID = syntax
        written(folder / str(number), made)
    assert as_tester("send", at(ours), folder).code == 0
    study = f"StudyInstanceUID={uid('s2')}"
    assert as_tester("get", at(ours), "-k", study, "-o", tmp_path / "out").code == 0
    assert data_sets(tmp_path / "out") == data_sets(folder)


def test_a_second_get_into_the_same_folder_changes_nothing(ours, tmp_path):
    for _ in range(2):
        assert as_tester("get", at(ours), "-k", STUDY, "-o", tmp_path / "out").code == 0
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_a_file_of_that_name_with_other_bytes_stays(ours, tmp_path):
    as_tester("get", at(ours), "-k", STUDY, "-o", tmp_path / "out")
    mine = next((tmp_path / "out").iterdir())
    mine.write_text("mine")
    ran = as_tester("get", at(ours), "-k", STUDY, "-o", tmp_path / "out")
    assert ran.code == 1
    assert mine.read_text() == "mine"
    assert "with other bytes" in ran.err
    assert [each for each in (tmp_path / "out").iterdir() if each.suffix == ".part"] == []


def test_get_of_nothing_leaves_no_files(ours, tmp_path):
    ran = as_tester(
        "get", at(ours), "-k", "StudyInstanceUID=1.2.3", "-o", tmp_path / "out", "--json"
    )
    assert ran.code == 1
    assert ran.document["files"] == []


def test_get_works_where_the_peer_may_not_be_asked_what_it_has(tmp_path):
    written(tmp_path / "in", instance())
    with node(tmp_path / "data", access=Access(unknown_peers=("store", "get"))) as ours:
        assert anode("send", at(ours), tmp_path / "in").code == 0
        assert anode("get", at(ours), "-k", STUDY, "-o", tmp_path / "out").code == 0
    assert data_sets(tmp_path / "out") == data_sets(tmp_path / "in")


def test_what_a_peer_holds_is_known_before_it_is_gotten(ours):
    call = calls.resolve(at(ours), calls.Way(aet="TESTER"))
    for keys_ in ((STUDY,), (STUDY, SERIES), ("PatientID=P1",)):
        asked = questions.question(keys_, default=None)
        assert set(holdings.holdings(call, asked).classes) == {CT_IMAGE, MR_IMAGE}


@pytest.mark.parametrize("command", ["find", "get"])
def test_an_identifier_beyond_the_limits_of_the_peer_ends_in_a_sentence(tmp_path, command):
    with node(tmp_path / "data", limits=Limits(identifier_bytes=1024)) as ours:
        key = "StudyInstanceUID=" + "\\".join(["1.2.3"] * 1000)
        arguments = [command, at(ours), "-k", key]
        ran = anode(*arguments, *(["-o", tmp_path] if command == "get" else []))
    assert ran.code == 5
    assert "Traceback" not in ran.err


def test_the_documents_hold_nothing_but_json(ours, tmp_path):
    for arguments in (
        ("echo",), ("find",), ("move", "DEST", "-k", STUDY), ("get", "-k", STUDY, "-o", tmp_path)
    ):  # fmt: skip
        command, *rest = arguments
        json.loads(as_tester(command, at(ours), *rest, "--json").out)


@pytest.mark.parametrize("command", ["get", "move"])
def test_a_retrieve_refuses_keys_that_no_peer_would_look_at(ours, tmp_path, command):
    """It would bring more than was meant, PS3.4 C.4.2.1.4."""
    words = ("DEST",) if command == "move" else ("-o", tmp_path / "got")
    ran = as_tester(command, at(ours), *words, "-k", STUDY, "-k", "Modality=CT")
    assert ran.code == 2
    assert "Modality" in ran.err
    assert not (tmp_path / "got").exists()
