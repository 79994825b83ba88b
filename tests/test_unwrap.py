"""`anode unwrap` gives back the bytes: from our objects and others', over the wire, C.24.2."""

import struct

import pytest
from pydicom import dcmread
from pydicom.datadict import tag_for_keyword

from tests import wrapped
from tests.commands import anode, at, configuration
from tests.nodes import node, port
from tests.objects import instance, written
from tests.peers import needs_dcmtk, needs_orthanc, orthanc, storescp, tool
from tests.wrapped import ct, put

ROOT = "1.2.840.10008.5.1.4.1.1.104"
FILES = {
    "cube.stl": wrapped.binary(),
    "cube-odd.stl": wrapped.ascii_stl(),
    "cube.obj": wrapped.obj(),
    "cube.mtl": wrapped.MTL,
    "letter.pdf": wrapped.pdf(),
    "letter-odd.pdf": wrapped.pdf() + b"\n",
    "report.xml": wrapped.cda(),
    "report-odd.xml": wrapped.cda() + b"\n",
}


@pytest.fixture
def scan(tmp_path):
    return ct(tmp_path / "ct")


def wrap(tmp_path, name, data, *arguments):
    """The file of an object made of this one."""
    file, out = put(tmp_path / name, data), tmp_path / f"{name}.dcm"
    ran = anode("wrap", file, "-o", out, *arguments)
    assert ran.code == 0, ran.err
    return out


def an_object(folder, number, value, *, sop_class=f"{ROOT}.3", **values):
    """An encapsulated document as somebody else may have made it; without length by default."""
    made = instance(number, sop_class=sop_class, EncapsulatedDocument=value, **values)
    return written(folder, made)[0]


def test_files_of_odd_and_even_length_are_tried():
    assert {len(data) % 2 for data in FILES.values()} == {0, 1}


@pytest.mark.parametrize("name", FILES)
def test_a_file_comes_out_as_it_went_in(tmp_path, scan, name):
    path = wrap(tmp_path, name, FILES[name], "--patient-from", scan[0])
    ran = anode("unwrap", path, "-o", tmp_path / "out", "--json")
    assert ran.code == 0, ran.err
    assert (tmp_path / "out").read_bytes() == FILES[name]
    assert (ran.document["bytes"], ran.document["notes"]) == (len(FILES[name]), [])


def test_an_object_that_is_cut_off_is_told_as_damaged_and_not_as_empty(tmp_path, scan):
    path = wrap(tmp_path, "cube.stl", FILES["cube.stl"], "--patient-from", scan[0])
    path.write_bytes(path.read_bytes()[:-300])
    ran = anode("unwrap", path, "-o", tmp_path / "out")
    assert (ran.code, f"{path} is damaged: a length reaches beyond" in ran.err) == (1, True)
    assert not (tmp_path / "out").exists()


@needs_dcmtk
@pytest.mark.interop
def test_over_the_wire_and_back(tmp_path, scan):
    paths = {n: wrap(tmp_path, n, data, "--patient-from", scan[0]) for n, data in FILES.items()}
    with node(tmp_path / "node") as serving:
        told = tool("dcmsend", "-aec", "ANODE", "127.0.0.1", str(port(serving)), *paths.values())
        assert told.returncode == 0, told.stderr
        study = dcmread(scan[0]).StudyInstanceUID
        got = tmp_path / "got"
        ran = anode("get", at(serving), "-k", f"StudyInstanceUID={study}", "-o", got)
        assert ran.code == 0, ran.err
    for name, path in paths.items():
        back = got / f"{dcmread(path).SOPInstanceUID}.dcm"
        out = tmp_path / f"back-{name}"
        assert anode("unwrap", back, "-o", out).code == 0
        assert out.read_bytes() == FILES[name]


@needs_orthanc
@pytest.mark.interop
def test_through_orthanc_and_back(tmp_path, scan):
    paths = {n: wrap(tmp_path, n, data, "--patient-from", scan[0]) for n, data in FILES.items()}
    with orthanc(tmp_path / "orthanc", {}) as remote:
        at_orthanc = f"ORTHANC@127.0.0.1:{remote.dicom.port}"
        ran = anode("send", at_orthanc, *paths.values())
        assert ran.code == 0, ran.err
        assert len(remote.request("/instances")) == len(FILES)
        study = dcmread(scan[0]).StudyInstanceUID
        got = tmp_path / "got"
        ran = anode("get", at_orthanc, "-k", f"StudyInstanceUID={study}", "-o", got)
        assert ran.code == 0, ran.err
    for name, path in paths.items():
        out = tmp_path / f"back-{name}"
        assert anode("unwrap", got / f"{dcmread(path).SOPInstanceUID}.dcm", "-o", out).code == 0
        assert out.read_bytes() == FILES[name]


def test_wrap_sends_to_a_peer(tmp_path, scan):
    files = [put(tmp_path / name, FILES[name]) for name in ("cube.stl", "letter.pdf")]
    with node(tmp_path / "node") as serving:
        ran = anode("wrap", *files, "--patient-from", scan[0], "--send", at(serving), "--json")
        assert ran.code == 0, ran.err
        assert [one["stored"] for one in ran.document["objects"]] == [True, True]
        (found,) = anode(
            "find", at(serving), "-L", "SERIES", "-k", "Modality=M3D", "--json", "-k",
            f"StudyInstanceUID={dcmread(scan[0]).StudyInstanceUID}",
        ).document  # fmt: skip
        series = ran.document["objects"][0]["series_instance_uid"]
        assert found["0020000E"]["Value"] == [series]


def test_a_peer_that_does_not_take_it_is_told(tmp_path, scan):
    file = put(tmp_path / "cube.stl", FILES["cube.stl"])
    peer = "NOBODY@127.0.0.1:1"
    ran = anode("wrap", file, "--patient-from", scan[0], "--send", peer)
    assert ran.code == 3
    assert "127.0.0.1:1" in ran.err
    with storescp(tmp_path / "received", "--refuse") as scp:
        peer = f"{scp.ae_title}@127.0.0.1:{scp.port}"
        ran = anode("wrap", file, "--patient-from", scan[0], "--send", peer)
    assert ran.code == 4


# -- from and into the archive --------------------------------------------------------------------


@pytest.fixture
def archive(tmp_path, scan):
    """The configuration of an archive that holds the scan, two studies of P2, and a model."""
    file = configuration(tmp_path)
    others = [
        instance(1, PatientID="P2", StudyInstanceUID=f"1.2.3.{n}", SeriesInstanceUID=f"1.2.4.{n}",
                 SOPInstanceUID=f"1.2.5.{n}", PatientName="Roe^Richard")
        for n in (1, 2)
    ]  # fmt: skip
    model = wrap(tmp_path, "cube-odd.stl", FILES["cube-odd.stl"], "--patient-from", scan[0])
    paths = [*scan, *written(tmp_path / "others", *others), model]
    assert anode("import", "-c", file, *paths).code == 0
    return file


@pytest.mark.parametrize(
    ("named", "patient", "study"),
    [
        ("PatientID=P1", "P1", None),
        ("StudyInstanceUID=1.2.3.2", "P2", "1.2.3.2"),
        ("SeriesInstanceUID=1.2.4.1", "P2", "1.2.3.1"),
        ("1.2.5.2", "P2", "1.2.3.2"),
    ],
)
def test_the_patient_is_taken_from_the_archive(tmp_path, scan, archive, named, patient, study):
    path = wrap(tmp_path, "a.pdf", FILES["letter.pdf"], "--patient-from", named, "-c", archive)
    made = dcmread(path)
    assert made.PatientID == patient
    assert made.StudyInstanceUID == (study or dcmread(scan[0]).StudyInstanceUID)


def test_a_new_study_does_not_ask_which(tmp_path, archive):
    named = ("--patient-from", "PatientID=P2", "--new-study", "-c", archive)
    made = dcmread(wrap(tmp_path, "a.pdf", FILES["letter.pdf"], *named))
    assert made.PatientID == "P2"
    assert made.StudyInstanceUID not in ("1.2.3.1", "1.2.3.2")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("PatientID=P2", "2 studies"),
        ("PatientID=P*", "2 patients"),
        ("PatientID=P9", "nothing with"),
        ("1.2.3.4.5.6", "no object 1.2.3.4.5.6"),
        ("EncapsulatedDocumentLength=1", "does not index"),
    ],
)
def test_a_patient_that_is_not_one_is_asked_for(tmp_path, archive, named, said):
    file = put(tmp_path / "a.pdf", FILES["letter.pdf"])
    out = tmp_path / "a.dcm"
    ran = anode("wrap", file, "--patient-from", named, "-o", out, "-c", archive)
    assert ran.code in (1, 2)
    assert said in ran.err
    assert not out.exists()


def test_a_predecessor_in_the_archive_is_named_by_its_uid(tmp_path, archive):
    first = dcmread(tmp_path / "cube-odd.stl.dcm")
    uid = first.SOPInstanceUID
    made = dcmread(wrap(tmp_path, "b.stl", FILES["cube.stl"], "--replaces", uid, "-c", archive))
    before = made.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert before[0].ReferencedSOPInstanceUID == uid
    assert made.InstanceNumber == 2


def test_a_document_comes_out_of_the_archive_and_that_is_recorded(tmp_path, archive):
    uid = dcmread(tmp_path / "cube-odd.stl.dcm").SOPInstanceUID
    out = tmp_path / "models"
    out.mkdir()
    ran = anode("unwrap", uid, "-o", out, "-c", archive)
    assert ran.code == 0, ran.err
    assert [path.name for path in out.iterdir()] == [f"{uid}.stl"]
    assert (out / f"{uid}.stl").read_bytes() == FILES["cube-odd.stl"]
    journal = b"".join(p.read_bytes() for p in (tmp_path / "anode-data").rglob("*audit*/*"))
    assert out.absolute().as_uri().encode() in journal


# -- others' objects ------------------------------------------------------------------------------


@needs_dcmtk
@pytest.mark.interop
@pytest.mark.parametrize("name", ["cube.stl", "letter-odd.pdf", "report-odd.xml"])
def test_dcmtks_objects_are_unwrapped(tmp_path, name):
    program = {"stl": "stl2dcm", "pdf": "pdf2dcm", "xml": "cda2dcm"}[name.rpartition(".")[2]]
    file = put(tmp_path / name, FILES[name])
    told = tool(program, file, tmp_path / "theirs.dcm")
    assert told.returncode == 0, told.stderr
    assert anode("unwrap", tmp_path / "theirs.dcm", "-o", tmp_path / "out").code == 0
    assert (tmp_path / "out").read_bytes() == FILES[name]


@needs_dcmtk
@pytest.mark.interop
@pytest.mark.parametrize("name", ["letter.pdf", "letter-odd.pdf"])
def test_dcmtk_unwraps_our_objects(tmp_path, scan, name):
    path = wrap(tmp_path, name, FILES[name], "--patient-from", scan[0])
    assert tool("dcm2pdf", path, tmp_path / "out.pdf").returncode == 0
    assert (tmp_path / "out.pdf").read_bytes() == FILES[name]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (3, wrapped.ascii_stl()),
        (3, wrapped.binary()),
        (3, wrapped.binary(wrapped.triangles()[:1])),
        (4, wrapped.obj()),
        (4, wrapped.obj() + b"\n"),
        (1, wrapped.pdf() + b"\n"),
        (2, wrapped.cda() + b"\n"),
    ],
)
def test_without_a_length_the_padding_is_seen_by_the_content(tmp_path, kind, data):
    padded = data + b"\0" * (len(data) % 2)
    path = an_object(tmp_path / "in", 1, padded, sop_class=f"{ROOT}.{kind}")
    ran = anode("unwrap", path, "-o", tmp_path / "out", "--json")
    assert ran.code == 0
    assert (tmp_path / "out").read_bytes() == data
    assert "does not say how long" in ran.document["notes"][-1]


def test_a_zero_byte_of_a_binary_model_is_its_own(tmp_path):
    data = wrapped.binary()
    assert data.endswith(b"\0")
    path = an_object(tmp_path / "in", 1, data)
    assert anode("unwrap", path, "-o", tmp_path / "out").code == 0
    assert (tmp_path / "out").read_bytes() == data
    assert struct.unpack_from("<I", data, 80) == (12,)


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"EncapsulatedDocumentLength": 99}, "holds only 4"),
        ({"EncapsulatedDocument": b""}, "no Encapsulated Document"),
    ],
)
def test_what_is_not_whole_is_refused(tmp_path, values, cause):
    made = instance(1, sop_class=f"{ROOT}.1", **{"EncapsulatedDocument": b"abcd", **values})
    (path,) = written(tmp_path / "in", made)
    ran = anode("unwrap", path, "-o", tmp_path / "out")
    assert ran.code == 1
    assert cause in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("keyword", "vr"),
    [
        ("SpecificCharacterSet", b"UL"),
        ("SpecificCharacterSet", b"US"),
        ("SOPClassUID", b"Un"),
        ("EncapsulatedDocumentLength", b"Un"),
    ],
)
def test_a_damaged_object_is_told_as_such(tmp_path, keyword, vr):
    """A value that is not what its VR says is no error of ours, and names nobody's patient."""
    path = an_object(tmp_path / "in", 1, b"%PDF", SpecificCharacterSet="ISO_IR 100",
                     EncapsulatedDocumentLength=4)  # fmt: skip
    tag = tag_for_keyword(keyword)
    mark = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    data = path.read_bytes()
    assert data.count(mark) == 1
    path.write_bytes(data.replace(data[data.index(mark) :][:6], mark + vr))
    letter = put(tmp_path / "a.pdf", FILES["letter.pdf"])
    for ran in (
        anode("unwrap", path, "-o", tmp_path / "out"),
        anode("wrap", letter, "--patient-from", path, "-o", tmp_path / "a.dcm"),
    ):
        assert "an error of ours" not in ran.err
        assert ran.err.startswith(f"anode: {path}") or ran.code == 0


def test_what_calls_itself_otherwise_is_told(tmp_path):
    path = an_object(
        tmp_path / "in", 1, wrapped.binary(), MIMETypeOfEncapsulatedDocument="text/html",
        EncapsulatedDocumentLength=len(wrapped.binary()),
    )  # fmt: skip
    ran = anode("unwrap", path, "-o", tmp_path / "out")
    assert ran.code == 0
    assert "calls itself text/html" in ran.err


def test_an_image_holds_no_document(tmp_path, scan):
    ran = anode("unwrap", scan[0], "-o", tmp_path / "out")
    assert ran.code == 1
    assert (
        "no encapsulated document (PDF, CDA, STL, OBJ, MTL), but CT Image Storage (1.2" in ran.err
    )
    assert anode("unwrap", put(tmp_path / "x", b"x" * 200), "-o", tmp_path / "out").code == 1
    assert anode("unwrap", "nothing", "-o", tmp_path / "out").code == 2


def test_no_name_comes_from_the_object(tmp_path):
    (path,) = written(
        tmp_path / "in",
        instance(1, sop_class=f"{ROOT}.3", EncapsulatedDocument=wrapped.binary(),
                 DocumentTitle="../../evil.sh", SOPInstanceUID="1.2.3"),
    )  # fmt: skip
    out = tmp_path / "out"
    out.mkdir()
    assert anode("unwrap", path, "-o", out).code == 0
    assert [each.name for each in out.iterdir()] == ["1.2.3.stl"]
    data = path.read_bytes().replace(b"1.2.3\0", b"../../")
    bad = put(tmp_path / "bad.dcm", data)
    ran = anode("unwrap", bad, "-o", out)
    assert ran.code == 1
    assert "no UID to name a file by" in ran.err
    assert [each.name for each in out.iterdir()] == ["1.2.3.stl"]


def test_a_file_that_is_there_stays(tmp_path, scan):
    path = wrap(tmp_path, "cube.stl", FILES["cube.stl"], "--patient-from", scan[0])
    out = put(tmp_path / "out.stl", b"mine")
    ran = anode("unwrap", path, "-o", out)
    assert ran.code == 1
    assert "--overwrite" in ran.err
    assert out.read_bytes() == b"mine"
    assert anode("unwrap", path, "-o", out, "--overwrite").code == 0
    assert out.read_bytes() == FILES["cube.stl"]
