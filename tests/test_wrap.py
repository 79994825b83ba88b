"""What `anode wrap` makes of files, PS3.3 A.45, A.85, C.24, C.35; and what it refuses, and why."""

import struct

import pytest
from pydicom import dcmread

from iod.errors import Unwrappable
from iod.wrapping.inspecting import inspect, read
from iod.wrapping.kinds import BY_NAME
from tests import wrapped
from tests.commands import anode
from tests.objects import instance, written
from tests.peers import tool
from tests.wrapped import FRAME_OF_REFERENCE, ct, put

CLASSES = {
    "STL": "1.2.840.10008.5.1.4.1.1.104.3",
    "OBJ": "1.2.840.10008.5.1.4.1.1.104.4",
    "MTL": "1.2.840.10008.5.1.4.1.1.104.5",
    "PDF": "1.2.840.10008.5.1.4.1.1.104.1",
    "CDA": "1.2.840.10008.5.1.4.1.1.104.2",
}
FILES = {
    "cube.stl": ("STL", wrapped.binary()),
    "cube-ascii.stl": ("STL", wrapped.ascii_stl()),
    "letter.pdf": ("PDF", wrapped.pdf()),
    "report.cda.xml": ("CDA", wrapped.cda()),
    "cube.obj": ("OBJ", wrapped.obj()),
    "cube.mtl": ("MTL", wrapped.MTL),
}


def code(sequence):
    (item,) = sequence
    return item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning


@pytest.fixture
def scan(tmp_path):
    return ct(tmp_path / "ct")


def wrap(tmp_path, name, data, *arguments):
    """The object made of a file, as it is read again."""
    out = tmp_path / f"{name}.dcm"
    ran = anode("wrap", put(tmp_path / name, data), "-o", out, *arguments)
    assert ran.code == 0, ran.err
    return dcmread(out)


# -- what becomes of good files -------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_the_object_holds_the_bytes_and_says_how_many(tmp_path, scan, name):
    kind, data = FILES[name]
    made = wrap(tmp_path, name, data, "--patient-from", scan[0])
    assert (made.SOPClassUID, made.file_meta.MediaStorageSOPClassUID) == (CLASSES[kind],) * 2
    assert made.EncapsulatedDocumentLength == len(data)
    assert made.EncapsulatedDocument == data + b"\0" * (len(data) % 2)
    assert made.MIMETypeOfEncapsulatedDocument == BY_NAME[kind].media_type
    assert (made.PatientID, made.PatientName) == ("P1", "Doe^Jane")
    assert made.StudyInstanceUID == dcmread(scan[0]).StudyInstanceUID
    assert made.SeriesInstanceUID != dcmread(scan[0]).SeriesInstanceUID


@pytest.mark.parametrize("name", ["cube.stl", "cube-ascii.stl", "letter.pdf", "report.cda.xml"])
@pytest.mark.parametrize("sources", [False, True])
def test_dciodvfy_finds_nothing(tmp_path, scan, name, sources):
    source = ["--source", scan[0].parent] if sources else []
    wrap(tmp_path, name, FILES[name][1], "--patient-from", scan[0], *source)
    told = tool("dciodvfy", "-new", tmp_path / f"{name}.dcm")
    assert [line for line in told.stderr.splitlines() if line.startswith(("Err", "Warn"))] == []
    assert "Encapsulated" in told.stdout + told.stderr


def test_a_model_lies_where_its_sources_lie_and_names_them(tmp_path, scan):
    made = wrap(
        tmp_path, "skull.stl", wrapped.binary(), "--patient-from", scan[0], "--source",
        scan[0].parent, "--units", "cm", "--model-purpose", "implant", "--mirrored",
        "--not-modified", "--title", "Schädel", "--description", "Left side",
    )  # fmt: skip
    assert made.FrameOfReferenceUID == FRAME_OF_REFERENCE
    assert made.Modality == "M3D"
    assert code(made.ConceptNameCodeSequence) == ("85040-4", "LN", "CT 3D CAM model")
    assert code(made.MeasurementUnitsCodeSequence) == ("cm", "UCUM", "cm")
    assert code(made.ModelUsageCodeSequence) == ("129016", "DCM", "Implant Fabrication")
    assert (made.ModelMirroring, made.ModelModification) == ("YES", "NO")
    assert (made.DocumentTitle, made.ContentDescription) == ("Schädel", "Left side")
    sources = [dcmread(path).SOPInstanceUID for path in scan]
    assert [each.ReferencedSOPInstanceUID for each in made.SourceInstanceSequence] == sources
    purposes = {code(each.PurposeOfReferenceCodeSequence) for each in made.SourceInstanceSequence}
    assert purposes == {("121324", "DCM", "Source image")}
    (series,) = made.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == dcmread(scan[0]).SeriesInstanceUID
    assert [each.ReferencedSOPInstanceUID for each in series.ReferencedInstanceSequence] == sources


def test_sources_of_another_study_are_told_as_such(tmp_path, scan):
    other = ct(tmp_path / "mr", StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.4", Modality="MR")
    made = wrap(
        tmp_path, "a.stl", wrapped.binary(), "--patient-from", scan[0], "--source", scan[0],
        "--source", other[0],
    )  # fmt: skip
    (study,) = made.StudiesContainingOtherReferencedInstancesSequence
    assert study.StudyInstanceUID == "1.2.3"
    assert study.ReferencedSeriesSequence[0].SeriesInstanceUID == "1.2.4"
    assert code(made.ConceptNameCodeSequence)[2] == "Mixed Modality 3D CAM model"


def test_a_revision_refers_to_its_predecessor_and_is_the_next(tmp_path, scan):
    first = wrap(
        tmp_path, "one.stl", wrapped.binary(), "--patient-from", scan[0], "--source",
        scan[0].parent, "--title", "Skull", "--units", "cm", "--model-purpose", "tool",
    )  # fmt: skip
    data = wrapped.ascii_stl()
    second = wrap(tmp_path, "two.stl", data, "--replaces", tmp_path / "one.stl.dcm")
    assert second.SOPInstanceUID != first.SOPInstanceUID
    assert (first.InstanceNumber, second.InstanceNumber) == (1, 2)
    (study,) = second.PredecessorDocumentsSequence
    (series,) = study.ReferencedSeriesSequence
    (before,) = series.ReferencedSOPSequence
    assert study.StudyInstanceUID == first.StudyInstanceUID == second.StudyInstanceUID
    assert series.SeriesInstanceUID == first.SeriesInstanceUID == second.SeriesInstanceUID
    assert before.ReferencedSOPInstanceUID == first.SOPInstanceUID
    assert code(before.PurposeOfReferenceCodeSequence) == ("129010", "DCM", "Edited Model")
    for keyword in ("FrameOfReferenceUID", "DocumentTitle", "PatientID"):
        assert second[keyword] == first[keyword]
    assert code(second.MeasurementUnitsCodeSequence)[0] == "cm"
    assert code(second.ModelUsageCodeSequence)[2] == "Tool Fabrication"
    told = tool("dciodvfy", "-new", tmp_path / "two.stl.dcm")
    assert "Error" not in told.stderr


def test_a_revision_of_what_others_made_begins_a_series(tmp_path, scan):
    first = wrap(tmp_path, "one.stl", wrapped.binary(), "--patient-from", scan[0])
    first.Manufacturer, first.InstanceNumber = "Somebody", 7
    first.save_as(tmp_path / "theirs.dcm")
    data = wrapped.ascii_stl()
    second = wrap(tmp_path, "two.stl", data, "--replaces", tmp_path / "theirs.dcm")
    assert second.SeriesInstanceUID != first.SeriesInstanceUID
    assert second.InstanceNumber == 8


def test_an_obj_refers_to_the_material_library_that_is_given_with_it(tmp_path, scan):
    model = put(tmp_path / "cube.obj", wrapped.obj("mtllib cube.mtl", "usemtl bone"))
    library = put(tmp_path / "cube.mtl", wrapped.MTL)
    out = tmp_path / "models"
    ran = anode(
        "wrap", model, library, "--patient-from", scan[0], "--group", "-o", out, "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    obj, mtl = (dcmread(each["path"]) for each in ran.document["objects"])
    (reference,) = obj.ReferencedInstanceSequence
    assert reference.ReferencedSOPClassUID == CLASSES["MTL"]
    assert reference.ReferencedSOPInstanceUID == mtl.SOPInstanceUID
    assert reference.RelativeURIReferenceWithinEncapsulatedDocument == "cube.mtl"
    assert obj.SeriesInstanceUID == mtl.SeriesInstanceUID
    assert (obj.InstanceNumber, mtl.InstanceNumber) == (1, 2)
    assert obj.ModelGroupUID == mtl.ModelGroupUID
    (series,) = obj.ReferencedSeriesSequence
    assert series.ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == mtl.SOPInstanceUID
    assert "skin.png" in ran.document["objects"][1]["notes"][0]


def test_a_texture_is_the_image_that_is_named(tmp_path, scan):
    skin = written(tmp_path / "skin", instance(9, Rows=2, SOPClassUID=wrapped.uid("x")))[0]
    made = wrap(
        tmp_path, "a.mtl", wrapped.MTL, "--patient-from", scan[0], "--reference", f"skin.png={skin}"
    )
    (reference,) = made.ReferencedImageSequence
    assert reference.RelativeURIReferenceWithinEncapsulatedDocument == "skin.png"
    assert reference.ReferencedSOPInstanceUID == dcmread(skin).SOPInstanceUID


def test_a_cda_document_tells_its_identity(tmp_path, scan):
    more = (
        '<component><nonXMLBody><text mediaType="application/pdf" representation="B64">QQ==</text>'
        "</nonXMLBody></component>"
    )
    made = wrap(tmp_path, "a.xml", wrapped.cda(more=more), "--patient-from", scan[0])
    assert made.HL7InstanceIdentifier == "1.2.3.4^R-1"
    assert made.DocumentTitle == "Befund Schädel"
    assert code(made.ConceptNameCodeSequence) == ("18748-4", "LN", "Diagnostic imaging study")
    assert (made.ContentDate, made.ContentTime) == ("20240102", "101500")
    assert made.ListOfMIMETypes == "application/pdf"
    assert (made.BurnedInAnnotation, made.Modality, made.ConversionType) == ("YES", "DOC", "WSD")


def test_a_cda_identifier_without_extension_has_no_caret(tmp_path, scan):
    data = wrapped.cda(identifier='root="a7c2b1d4-0000-4000-8000-000000000001"')
    made = wrap(tmp_path, "a.xml", data, "--patient-from", scan[0])
    assert made.HL7InstanceIdentifier == "a7c2b1d4-0000-4000-8000-000000000001"


def test_text_of_another_character_set_is_the_same_text(tmp_path):
    scan = ct(tmp_path / "ct", SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jörg")
    made = wrap(tmp_path, "a.stl", wrapped.binary(), "--patient-from", scan[0])
    assert (made.SpecificCharacterSet, str(made.PatientName)) == ("ISO_IR 192", "Müller^Jörg")


def test_a_new_study_keeps_the_patient(tmp_path, scan):
    made = wrap(tmp_path, "a.pdf", wrapped.pdf(), "--patient-from", scan[0], "--new-study")
    assert made.PatientID == "P1"
    assert made.StudyInstanceUID != dcmread(scan[0]).StudyInstanceUID
    assert (made.StudyDate, made.AccessionNumber) == ("", "")


def test_what_was_measured_is_told(tmp_path, scan):
    file, out = put(tmp_path / "a.stl", wrapped.binary()), tmp_path / "a.dcm"
    ran = anode("wrap", file, "--patient-from", scan[0], "-o", out, "--json")
    (one,) = ran.document["objects"]
    content = one["content"]
    assert (content["form"], content["triangles"], content["watertight"]) == ("binary", 12, True)
    assert content["extents"] == [10, 10, 10]
    assert content["volume"] == pytest.approx(1000)
    assert one["notes"] == []
    assert (
        "12 triangles, 10 x 10 x 10 mm, watertight"
        in anode("wrap", file, "--patient-from", scan[0], "-o", out, "--overwrite").out
    )


# -- what is told, and what is refused ------------------------------------------------------------


def looked_into(tmp_path, kind, data):
    return inspect(BY_NAME[kind], read(put(tmp_path / "file", data)))


OPEN = wrapped.triangles(faces=wrapped.FACES[:-1])
INWARDS = [one[::-1] for one in wrapped.triangles()]
TURNED = [wrapped.triangles()[0][::-1], *wrapped.triangles()[1:]]
FLAT = [[(x, y, 0) for x, y, _ in one] for one in wrapped.triangles()]


@pytest.mark.parametrize(
    ("kind", "data", "note"),
    [
        ("STL", wrapped.binary(OPEN), "not watertight: 3 of its edges"),
        ("STL", wrapped.ascii_stl(OPEN), "not watertight: 3 of its edges"),
        ("STL", wrapped.ascii_stl(), "ASCII"),
        ("STL", wrapped.binary(INWARDS), "face inwards"),
        ("STL", wrapped.binary(TURNED), "do not all face the same way"),
        ("STL", wrapped.binary([*wrapped.triangles(), [(0, 0, 0)] * 3]), "1 of its 13 triangles"),
        ("OBJ", wrapped.obj("usemtl bone"), "names no material library"),
        ("PDF", wrapped.pdf(password="x"), "encrypted"),
    ],
)
def test_what_is_doubtful_is_told(tmp_path, kind, data, note):
    assert any(note in each for each in looked_into(tmp_path, kind, data).notes)


def test_a_binary_file_may_begin_like_text(tmp_path):
    found = looked_into(tmp_path, "STL", wrapped.binary(header=b"solid from some CAD"))
    assert (found.facts["form"], found.facts["triangles"]) == ("binary", 12)


def test_an_ascii_file_may_hold_several_solids(tmp_path):
    found = looked_into(tmp_path, "STL", wrapped.ascii_stl() + wrapped.ascii_stl())
    assert found.facts["triangles"] == 24


TEXTS = {
    "UTF-8": wrapped.ascii_stl().replace(b"cube", "Schädel".encode()),
    "Latin-1": wrapped.ascii_stl().replace(b"cube", "Schädel".encode("latin-1")),
    "a byte order mark": b"\xef\xbb\xbf" + wrapped.ascii_stl(),
    "CR LF": wrapped.ascii_stl().replace(b"\n", b"\r\n"),
    "CR": wrapped.ascii_stl().replace(b"\n", b"\r"),
    "capitals": wrapped.ascii_stl().upper(),
}


@pytest.mark.parametrize("written", TEXTS)
def test_an_ascii_file_may_be_written_on_any_system(tmp_path, written):
    found = looked_into(tmp_path, "STL", TEXTS[written])
    assert (found.facts["form"], found.facts["triangles"]) == ("ascii", 12)
    assert found.facts["watertight"]


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "latin-1"])
def test_an_obj_and_its_library_have_names_of_any_language(tmp_path, charset):
    model = wrapped.obj("mtllib Schädel.mtl", "g Schädel").decode().encode(charset)
    library = "newmtl Knochen weiß\nmap_Kd Schädel.png\n".encode(charset)
    assert looked_into(tmp_path, "OBJ", model).refers_to == ("Schädel.mtl",)
    assert looked_into(tmp_path, "MTL", library).refers_to == ("Schädel.png",)


@pytest.mark.parametrize(
    ("texture", "name"),
    [
        ("skin.png", "skin.png"),
        ("my skin 1.png", "my skin 1.png"),
        ("-s 1 1 1 -o 0 0 -clamp on skin 1.png", "skin 1.png"),
        ("-bm 0.5 -mm 0 1 textures/skin.png", "textures/skin.png"),
        ("-o 1", "1"),
    ],
)
def test_a_texture_is_named_by_all_behind_its_options(tmp_path, texture, name):
    found = looked_into(tmp_path, "MTL", f"newmtl skin\nmap_Kd {texture}\n".encode())
    assert found.refers_to == (name,)


def test_a_pdf_may_begin_a_little_later(tmp_path):
    found = looked_into(tmp_path, "PDF", b"from a mail\r\n" + wrapped.pdf())
    assert found.facts["version"] == wrapped.pdf()[5:8].decode()


NAN = [[(float("nan"), 0, 0), (1, 0, 0), (0, 1, 0)], *wrapped.triangles()]
BOMB = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
REFUSED = {
    "an empty file": ("STL", b"", "it is empty"),
    "a short binary": ("STL", b"\1" * 20, "has 20 bytes"),
    "no triangle": ("STL", wrapped.binary([]), "no triangle"),
    "no ASCII triangle": ("STL", wrapped.ascii_stl([]), "no triangle"),
    "too many said": ("STL", wrapped.binary(count=13), "says 13 triangles"),
    "too few said": ("STL", wrapped.binary(count=11), "says 11 triangles"),
    "a huge count": ("STL", wrapped.binary(count=0xFFFFFFFF), "says 4294967295 triangles"),
    "bytes after it": ("STL", wrapped.binary() + b"\0", "says 12 triangles"),
    "an ASCII cut off": ("STL", wrapped.ascii_stl(end=""), "cut off"),
    "a corner missing": (
        "STL",
        wrapped.ascii_stl().replace(b"vertex 0.0 0.0 0.0\n", b"", 1),
        "vertices",
    ),
    "not a number": ("STL", wrapped.binary(NAN), "no finite numbers"),
    "flat": ("STL", wrapped.binary(FLAT), "no extent in Z"),
    "only points": ("STL", wrapped.binary([[(n, n, n)] * 3 for n in range(4)]), "an area"),
    "a text": ("STL", b"Patient: see the other file\n" * 9, "it is a text, and no STL"),
    "a picture": ("STL", b"\x89PNG\r\n\x1a\n" + bytes(200), "cut off, or no STL"),
    "OBJ without faces": ("OBJ", b"v 0 0 0\nv 1 0 0\nv 0 1 0\n", "no face"),
    "a corner that is not there": ("OBJ", b"v 0 0 0\nv 1 0 0\nf 1 2 3\n", "there are 2 vertices"),
    "an absolute library": ("OBJ", wrapped.obj("mtllib /etc/x.mtl"), "not relative"),
    "a library outside": ("OBJ", wrapped.obj("mtllib ../x.mtl"), "not relative"),
    "a library elsewhere": ("OBJ", wrapped.obj("mtllib http://h/x.mtl"), "not relative"),
    "MTL without material": ("MTL", b"# nothing\n", "no material"),
    "MTL that is none": ("MTL", b"Kd 1 1 1\n", "before the first material"),
    "no PDF": ("PDF", b"Hello", "begin with %PDF-"),
    "PDF cut off": ("PDF", wrapped.pdf()[:200], "cut off"),
    "PDF without page": ("PDF", wrapped.pdf(pages=0), "no page"),
    "PDF without its inside": ("PDF", b"%PDF-1.4\n%%EOF\n", "it"),
    "XML with a bomb": ("CDA", wrapped.cda(BOMB), "document type"),
    "XML with an entity": ("CDA", wrapped.cda(EXTERNAL, more="&x;"), "document type"),
    "no XML": ("CDA", b"<ClinicalDocument", "well-formed"),
    "another root": ("CDA", wrapped.cda(root="Other"), "not ClinicalDocument"),
    "no namespace": ("CDA", b"<ClinicalDocument/>", "not ClinicalDocument"),
    "no identity": ("CDA", wrapped.cda(identifier='root="none"'), "no id"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_use_is_refused_with_its_cause(tmp_path, name):
    kind, data, cause = REFUSED[name]
    with pytest.raises(Unwrappable, match=cause):
        looked_into(tmp_path, kind, data)


def test_a_file_that_takes_too_long_is_refused():
    # Deep enough to keep any reader busy for longer than no time at all.
    data = wrapped.cda(more="<a>" * 200_000 + "</a>" * 200_000)
    with pytest.raises(Unwrappable, match=r"takes more|nested too deeply"):
        inspect(BY_NAME["CDA"], data, seconds=0)


def refusal(tmp_path, *arguments):
    out = tmp_path / "out.dcm"
    ran = anode("wrap", *arguments, "-o", out)
    assert ran.code in (1, 2)
    assert not out.exists()
    return ran.err


@pytest.mark.parametrize("option", ["--patient-from", "--source", "--replaces"])
@pytest.mark.parametrize(
    ("element", "damaged", "keyword"),
    [
        (b"\x20\0\x11\0IS\2\0" + b"1 ", b"\x20\0\x11\0FD\2\0" + b"1 ", "SeriesNumber"),
        (b"\x10\0\x40\0CS\2\0O ", b"\x10\0\x40\0CS\2\0\xb5 ", "PatientSex"),
    ],
    ids=["no such number", "no ASCII"],
)
def test_who_is_damaged_is_told(tmp_path, scan, option, element, damaged, keyword):
    whole = wrap(tmp_path, "whole.stl", wrapped.binary(), "--patient-from", scan[0])
    whole.PatientSex = "O"
    whole.save_as(tmp_path / "whole.dcm")
    torn = put(
        tmp_path / "torn.dcm", (tmp_path / "whole.dcm").read_bytes().replace(element, damaged, 1)
    )
    file = put(tmp_path / "one.stl", wrapped.binary())
    whose = () if option == "--patient-from" else ("--patient-from", tmp_path / "whole.dcm")
    told = refusal(tmp_path, file, *whose, option, torn)
    assert f"torn.dcm: it is damaged: its {keyword} cannot be read" in told


def test_a_refused_file_leaves_no_object(tmp_path, scan):
    bad = put(tmp_path / "bad.stl", wrapped.binary(count=13))
    good = put(tmp_path / "good.stl", wrapped.binary())
    assert "says 13 triangles" in refusal(tmp_path, good, bad, "--patient-from", scan[0])


def test_who_wants_closed_models_gets_no_other(tmp_path, scan):
    file = put(tmp_path / "a.stl", wrapped.binary(OPEN))
    err = refusal(tmp_path, file, "--patient-from", scan[0], "--watertight")
    assert "not watertight" in err


def test_an_obj_without_its_library_is_refused(tmp_path, scan):
    file = put(tmp_path / "a.obj", wrapped.obj("mtllib cube.mtl"))
    assert "--reference 'cube.mtl=FILE'" in refusal(tmp_path, file, "--patient-from", scan[0])


def test_another_patients_objects_are_no_sources_and_no_predecessors(tmp_path, scan):
    other = ct(tmp_path / "other", PatientID="P2")
    file = put(tmp_path / "a.stl", wrapped.binary())
    whose = ("--patient-from", scan[0])
    assert "another patient" in refusal(tmp_path, file, *whose, "--source", other[0])
    wrap(tmp_path, "theirs.stl", wrapped.binary(), "--patient-from", other[0])
    theirs = tmp_path / "theirs.stl.dcm"
    assert "another patient" in refusal(tmp_path, file, *whose, "--replaces", theirs)


def test_an_object_given_for_a_name_that_no_file_has_is_refused(tmp_path, scan):
    """A typing error would leave the texture out, and only say that it is missing."""
    (skin,) = written(tmp_path / "skin", instance(9))
    file = put(tmp_path / "a.mtl", wrapped.MTL)
    err = refusal(tmp_path, file, "--patient-from", scan[0], "--reference", f"skn.png={skin}")
    assert "--reference 'skn.png': none of the files names that; they name skin.png" in err
    plain = put(tmp_path / "a.stl", wrapped.binary())
    err = refusal(tmp_path, plain, "--patient-from", scan[0], "--reference", f"skin.png={skin}")
    assert "--reference 'skin.png': none of the files names that" in err


def test_a_model_has_one_frame_of_reference(tmp_path, scan):
    other = ct(tmp_path / "other", FrameOfReferenceUID="1.2.3.4")
    file = put(tmp_path / "a.stl", wrapped.binary())
    sources = ("--source", scan[0], "--source", other[0])
    err = refusal(tmp_path, file, "--patient-from", scan[0], *sources)
    assert "2 frames of reference" in err


def test_only_the_same_kind_is_replaced(tmp_path, scan):
    wrap(tmp_path, "a.pdf", wrapped.pdf(), "--patient-from", scan[0])
    file = put(tmp_path / "a.stl", wrapped.binary())
    assert "no encapsulated STL" in refusal(tmp_path, file, "--replaces", tmp_path / "a.pdf.dcm")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "whose is it"),
        (["--patient-from", "nobody.dcm"], "no file"),
        (["--patient-from", "CT", "--concept", "x"], "VALUE^SCHEME^MEANING"),
        (["--patient-from", "CT", "--reference", "x"], "NAME=FILE"),
    ],
)
def test_what_is_not_said_is_asked_for(tmp_path, scan, arguments, said):
    file = put(tmp_path / "a.stl", wrapped.binary())
    assert said in refusal(tmp_path, file, *(scan[0] if a == "CT" else a for a in arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--units", "mm"],
        ["--model-purpose", "planning"],
        ["--description", "a heart"],
        ["--not-mirrored"],
        ["--modified"],
        ["--group"],
        ["--watertight"],
    ],
)
def test_what_is_of_models_is_not_said_of_documents(tmp_path, scan, arguments):
    file = put(tmp_path / "a.pdf", wrapped.pdf())
    told = refusal(tmp_path, file, "--patient-from", scan[0], *arguments)
    assert f"{arguments[0].replace('not-', '')}: for models only" in told
    model = put(tmp_path / "a.stl", wrapped.binary())
    both = (file, model, "--patient-from", scan[0], *arguments, "-o", tmp_path / "both")
    assert anode("wrap", *both).code == 0


def test_a_strange_unit_and_a_strange_patient_are_told(tmp_path):
    scan = ct(tmp_path / "ct", PatientID="P7")
    told = {}
    for name, data, more in (
        ("a.stl", wrapped.binary(), ["--units", "m"]),
        ("a.xml", wrapped.cda(), []),
    ):
        file, out = put(tmp_path / name, data), tmp_path / f"{name}.dcm"
        ran = anode("wrap", file, "--patient-from", scan[0], "-o", out, *more)
        assert ran.code == 0
        told[name] = ran.err
    assert "it is 10 m long" in told["a.stl"]
    assert "none of the ids" in told["a.xml"]


def test_what_is_there_is_not_replaced_unless_told(tmp_path, scan):
    file, out = put(tmp_path / "a.stl", wrapped.binary()), tmp_path / "a.dcm"
    arguments = ("wrap", file, "--patient-from", scan[0], "-o", out)
    assert anode(*arguments).code == 0
    first = out.read_bytes()
    assert "--overwrite" in anode(*arguments).err
    assert out.read_bytes() == first
    assert anode(*arguments, "--overwrite").code == 0
    assert out.read_bytes() != first


def test_the_sizes_of_the_test_are_what_they_claim():
    odd = {name for name, (_, data) in FILES.items() if len(data) % 2}
    assert odd, "no file of odd length is tried"
    assert struct.unpack_from("<I", wrapped.binary(), 80) == (12,)
