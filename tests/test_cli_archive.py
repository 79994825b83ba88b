"""`anode init`, `import`, `export` and `status`: the archive without the network."""

import hashlib
import json
import shutil
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.data import get_testdata_file

import cli.importing
from cli import sources, tree
from config.settings import load
from tests.commands import anode, configuration
from tests.nodes import node, port
from tests.objects import MR_IMAGE, instance, non_patient, uid, written

HANGING_PROTOCOL = "1.2.840.10008.5.1.4.38.1"


@pytest.fixture
def file(tmp_path):
    return configuration(tmp_path)


def data_sets(folder):
    found = sources.collect([folder])
    assert found.damaged == []
    return {each.sop_instance_uid: each.path.read_bytes()[each.offset :] for each in found.sources}


def names(folder):
    return [path.name for path in folder.iterdir()]


# init


def test_init_writes_a_configuration_that_can_be_loaded(tmp_path):
    ran = anode("init", tmp_path / "new", "--ae-title", "PACS1", "--port", 4242)
    settings = load(tmp_path / "new" / "anode.toml", {})
    assert ran.code == 0
    assert (settings.node.ae_title, settings.listener[0].port) == ("PACS1", 4242)
    assert f"anode serve -c {tmp_path / 'new' / 'anode.toml'}" in ran.out
    assert "anode echo PACS1@127.0.0.1:4242" in ran.out


def test_init_never_writes_over_a_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "anode.toml").write_text("mine")
    ran = anode("init")
    assert ran.code == 1
    assert "is there already" in ran.err
    assert (tmp_path / "anode.toml").read_text() == "mine"


@pytest.mark.parametrize("title", ["", "A\\B", "SEVENTEEN_LETTERS"])
def test_init_refuses_a_name_that_is_none(title, tmp_path):
    ran = anode("init", tmp_path, "--ae-title", title)
    assert (ran.code, "--ae-title must" in ran.err) == (2, True)
    assert not (tmp_path / "anode.toml").exists()


def test_init_names_the_port_that_is_none(tmp_path):
    ran = anode("init", tmp_path / "new", "--port", 99999)
    assert (ran.code, "--port must be between 1 and 65535" in ran.err) == (2, True)
    assert not (tmp_path / "new").exists()


# import


def test_import_takes_folders_and_counts(tmp_path, file):
    good, bad = written(tmp_path / "in", instance(1), instance(2))
    bad.write_bytes(bad.read_bytes()[:-3])
    (tmp_path / "in" / "notes.txt").write_text("no DICOM")
    shutil.copy(good, tmp_path / "in" / "again.dcm")
    ran = anode("import", tmp_path / "in", "-c", file, "--json")
    assert ran.code == 1
    document = ran.document
    assert (document["imported"], document["already_stored"], document["not_dicom"]) == (1, 1, 1)
    (refused,) = document["refused"]
    assert refused["path"] == str(bad)
    assert "truncated" in refused["cause"]


def test_importing_twice_changes_nothing(tmp_path, file):
    written(tmp_path / "in", instance(1), instance(2))
    assert anode("import", tmp_path / "in", "-c", file).code == 0
    ran = anode("import", tmp_path / "in", "-c", file)
    assert ran.code == 0
    assert ran.out.startswith("0 objects imported")
    assert "2 there already" in ran.out


def test_an_interrupted_import_tells_what_is_in(tmp_path, file, monkeypatch):
    written(tmp_path / "in", instance(1), instance(2))
    one, asked = cli.importing._one, []

    def interrupted(*given, **more):
        asked.append(given)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return one(*given, **more)

    monkeypatch.setattr("cli.importing._one", interrupted)
    ran = anode("import", tmp_path / "in", "-c", file)
    assert ran.code == 130
    assert ran.out.startswith("1 object imported")
    assert "interrupted" in ran.out
    assert anode("import", tmp_path / "in", "-c", file, "--json").document["already_stored"] == 1


def test_a_dicomdir_set_is_imported(tmp_path, file):
    directory = get_testdata_file("DICOMDIR", download=False)
    records = dcmread(directory).DirectoryRecordSequence
    expected = sum("ReferencedFileID" in record for record in records)
    ran = anode("import", directory, "-c", file, "--json")
    assert ran.document["imported"] + len(ran.document["refused"]) == expected
    assert ran.document["imported"] > 0


def test_a_running_node_finds_what_is_imported_beside_it(tmp_path):
    written(tmp_path / "in", instance())
    with node(tmp_path / "anode-data") as ours:
        file = configuration(tmp_path, f"[[listener]]\nport = {port(ours)}\n")
        assert anode("import", tmp_path / "in", "-c", file).code == 0
        found = anode("find", f"ANODE@127.0.0.1:{port(ours)}", "--json")
        status = anode("status", "-c", file, "--json")
    assert len(found.document) == 1
    assert status.document["listeners"][0]["answers"] is True
    assert status.code == 0


# export


def test_an_export_of_nothing_is_said_and_is_no_success(tmp_path, file):
    written(tmp_path / "in", instance())
    (tmp_path / "anode-data").mkdir()
    ran = anode("export", "-c", file, "-o", tmp_path / "out")
    assert (ran.code, "holds no objects yet" in ran.err) == (1, True)
    anode("import", tmp_path / "in", "-c", file)
    ran = anode("export", "-c", file, "-o", tmp_path / "out", "-k", "PatientID=NOBODY")
    assert (ran.code, "nothing that matches these keys" in ran.err) == (1, True)


def test_what_is_exported_is_what_was_imported(tmp_path, file):
    objects = [instance(1), instance(2), instance(3, sop_class=MR_IMAGE, Modality="MR")]
    written(tmp_path / "in", *objects, non_patient(HANGING_PROTOCOL, 4))
    assert anode("import", tmp_path / "in", "-c", file).code == 0
    ran = anode("export", "-c", file, "-o", tmp_path / "out", "--json")
    assert (ran.code, ran.document["exported"]) == (0, 4)
    assert data_sets(tmp_path / "out") == data_sets(tmp_path / "in")
    (protocol,) = (tmp_path / "out" / "non-patient").rglob("*.dcm")
    assert protocol.parent.name == "Hanging-Protocol-Storage"


def test_the_tree_can_be_read(tmp_path, file):
    made = instance(StudyDescription="Head & neck", SeriesDescription="Axial")
    written(tmp_path / "in", made)
    anode("import", tmp_path / "in", "-c", file)
    anode("export", "-c", file, "-o", tmp_path / "out")
    (path,) = (tmp_path / "out").rglob("*.dcm")
    patient, study, series, name = path.relative_to(tmp_path / "out").parts
    assert patient == "P1"
    assert study.startswith("20240102_Head-neck_")
    assert series.startswith("CT_1_Axial_")
    assert name == f"{made.SOPInstanceUID}.dcm"


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("PatientID=P2", 1),
        ("PatientName=*", 3),
        ("StudyDate=20240101-20240131", 2),
        (f"StudyInstanceUID={uid('s')}", 2),
        ("Modality=MR", 1),
        (f"SeriesInstanceUID={uid('mr')}", 1),
        ("InstanceNumber=1", 1),
        ("PatientID=NOBODY", 0),
    ],
)
def test_keys_of_every_level_select(tmp_path, file, key, number):
    written(
        tmp_path / "in",
        instance(1),
        instance(2, sop_class=MR_IMAGE, Modality="MR", SeriesInstanceUID=uid("mr")),
        instance(3, PatientID="P2", StudyInstanceUID=uid("s2"), StudyDate="20230101"),
    )
    anode("import", tmp_path / "in", "-c", file)
    ran = anode("export", "-k", key, "-c", file, "-o", tmp_path / "out", "--json")
    assert (ran.code, ran.document["exported"]) == (0 if number else 1, number)


def test_exporting_twice_writes_nothing_new_and_never_over_other_files(tmp_path, file):
    written(tmp_path / "in", instance())
    anode("import", tmp_path / "in", "-c", file)
    for known in (0, 1):
        ran = anode("export", "-c", file, "-o", tmp_path / "out", "--json")
        assert (ran.code, ran.document["already_there"]) == (0, known)
    (path,) = (tmp_path / "out").rglob("*.dcm")
    path.write_text("mine")
    assert anode("export", "-c", file, "-o", tmp_path / "out").code == 1
    assert path.read_text() == "mine"


def test_a_key_the_archive_does_not_index_is_refused(file, tmp_path):
    (tmp_path / "anode-data").mkdir()
    ran = anode("export", "-k", "PixelSpacing=1", "-c", file, "-o", tmp_path / "out")
    assert ran.code == 2
    assert "PixelSpacing" in ran.err


def test_names_of_patients_cannot_leave_the_folder(tmp_path, file):
    written(
        tmp_path / "in",
        instance(1, PatientID="../../../etc/passwd", StudyDescription="../.."),
        instance(2, PatientID="..", StudyInstanceUID=uid("s2"), SeriesDescription="/root"),
        instance(3, PatientID="", StudyInstanceUID=uid("s3")),
    )
    anode("import", tmp_path / "in", "-c", file)
    anode("export", "-c", file, "-o", tmp_path / "a" / "b" / "out")
    made = list(tmp_path.glob("a/**/*.dcm"))
    assert len(made) == 3
    assert all(path.is_relative_to(tmp_path / "a" / "b" / "out") for path in made)


@given(st.text(max_size=80))
def test_a_name_is_safe_whatever_the_text(text):
    made = tree.safe(text, "empty")
    assert PurePosixPath(made).parts == (made,)
    assert made.isascii()
    assert made[0] not in ".-"
    assert len(made.encode()) < 100
    assert not set(made) & set('/\\:*?"<>|\0\n')


@given(st.text(max_size=12), st.text(max_size=12))
def test_different_texts_have_different_names_on_every_file_system(one, other):
    if one != other:
        assert tree.safe(one, "none").lower() != tree.safe(other, "none").lower()


@pytest.mark.parametrize("name", ["CON", "NUL", "COM1", "LPT9.X"])
def test_names_that_are_devices_elsewhere_are_changed(name):
    assert tree.safe(name, "none") != name


# status


def test_status_counts_and_says_the_node_is_not_there(tmp_path, file):
    written(tmp_path / "in", instance(1), instance(2))
    anode("import", tmp_path / "in", "-c", file)
    ran = anode("status", "-c", file)
    document = anode("status", "-c", file, "--json").document
    assert ran.code == 3
    assert f"not listening; start it: anode serve -c {file}" in ran.out
    assert (document["patients"], document["instances"]) == (1, 2)
    assert document["configuration"] == str(file)
    assert document["free_bytes"] > 0


def test_status_tells_how_much_of_each_class_is_held_when_asked(tmp_path, file):
    written(tmp_path / "in", instance(1), instance(2), instance(3, sop_class=MR_IMAGE))
    anode("import", tmp_path / "in", "-c", file)
    anode("examine", "-c", file)
    told = anode("status", "-c", file, "--classes", "--json").document
    held = [(each["sop_class"], each["instances"]) for each in told["classes"]]
    assert held[0] == ("CT Image Storage", 2)
    assert held[1] == ("MR Image Storage", 1)
    assert sum(each["bytes"] for each in told["classes"]) == told["bytes"]
    assert sum(each["invalid"] for each in told["classes"]) == told["checks"]["invalid"]
    assert "classes" not in anode("status", "-c", file, "--json").document
    ran = anode("status", "-c", file, "--classes")
    rows = [line.split() for line in ran.out.splitlines()]
    assert ["CT", "Image", "Storage", "2"] in [row[:4] for row in rows]


def test_status_tells_no_counts_of_an_archive_that_is_not_there_and_makes_none(tmp_path, file):
    ran = anode("status", "-c", file)
    assert (ran.code, ran.out) == (1, "")
    assert "holds no archive yet" in ran.err
    assert names(tmp_path) == ["anode.toml"]
    assert anode("export", "-c", file, "-o", tmp_path / "out").code == 1
    assert names(tmp_path) == ["anode.toml"]


@pytest.mark.parametrize("command", [("serve",), ("status",), ("import", ".")])
def test_data_that_can_be_no_folder_is_told_by_its_key(tmp_path, command):
    (tmp_path / "taken").write_text("a file")
    ran = anode(*command, "-c", configuration(tmp_path, '[node]\ndata = "taken"\n'))
    assert ran.code == 1
    assert "it is no folder; `[node] data` must name a folder" in ran.err
    assert str(tmp_path / "taken") in ran.err


def test_status_tells_a_node_of_this_data_folder_from_one_that_answers_in_its_place(tmp_path):
    written(tmp_path / "in", instance())
    with node(tmp_path / "another") as theirs:
        file = configuration(tmp_path, f"[[listener]]\nport = {port(theirs)}\n")
        anode("import", tmp_path / "in", "-c", file)
        ran = anode("status", "-c", file)
        document = anode("status", "-c", file, "--json").document
    assert ran.code == 3
    assert "answers, but no node serves this data folder" in ran.out
    assert (document["served"], document["listeners"][0]["answers"]) == (False, True)


def test_objects_are_kept_as_files_whose_bytes_are_known(tmp_path, file):
    (path,) = written(tmp_path / "in", instance())
    anode("import", path, "-c", file)
    anode("export", "-c", file, "-o", tmp_path / "out")
    (kept,) = (tmp_path / "anode-data" / "objects").rglob("*.dcm")
    (out,) = (tmp_path / "out").rglob("*.dcm")
    digests = {hashlib.sha256(each.read_bytes()).hexdigest() for each in (kept, out)}
    assert len(digests) == 1


def test_every_document_is_json(tmp_path, file):
    written(tmp_path / "in", instance())
    json.loads(anode("import", tmp_path / "in", "-c", file, "--json").out)
    json.loads(anode("export", "-c", file, "-o", tmp_path / "out", "--json").out)
    json.loads(anode("status", "-c", file, "--json").out)
