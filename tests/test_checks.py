"""Objects are checked by the tables of PS3.3, and no bytes whatever make a check fail."""

import io
import random
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from archive import filemeta
from archive.errors import BadObject
from iod.checks import MOST, Finding, Slice, check_in, errors

FILES = sorted(
    path for path in Path(get_testdata_file("CT_small.dcm")).parent.rglob("*") if path.is_file()
)


def written(dataset):
    """The encoded data set in explicit VR."""
    made = io.BytesIO()
    pydicom.dcmwrite(
        made, dataset, implicit_vr=False, little_endian=True, enforce_file_format=False
    )
    return made.getvalue()


def checked(dataset, known=None, syntax=ExplicitVRLittleEndian):
    bare = Dataset()
    bare.update({tag: dataset[tag] for tag in dataset.keys() if tag >> 16 != 2})  # noqa: SIM118
    raw = written(bare)
    said = Slice(str(dataset.get("SOPClassUID", "")), str(syntax), 0, len(raw))
    return check_in(io.BytesIO(raw), said, known)


def rules_at(findings):
    return {(each.rule, each.path) for each in findings}


@pytest.fixture
def ct():
    return pydicom.dcmread(get_testdata_file("CT_small.dcm"))


def test_a_good_ct_and_mr_have_no_errors(ct):
    mr = pydicom.dcmread(get_testdata_file("MR_small.dcm"))
    assert errors(checked(ct)) == []
    assert errors(checked(mr)) == []


def remove(keyword):
    return lambda ds: delattr(ds, keyword)


def put(keyword, value):
    return lambda ds: setattr(ds, keyword, value)


BROKEN = [
    (remove("ImagePositionPatient"), "type1.missing", "ImagePositionPatient"),
    (put("ImagePositionPatient", None), "type1.empty", "ImagePositionPatient"),
    (remove("PatientName"), "type2.missing", "PatientName"),
    (put("RescaleType", None), "type1c.empty", "RescaleType"),
    (put("SamplesPerPixel", 3), "type1c.missing", "PlanarConfiguration"),
    (put("PixelSpacing", [1, 1, 1]), "vm.count", "PixelSpacing"),
    (put("PatientSex", "X"), "value.enumerated", "PatientSex"),
]


@pytest.mark.parametrize(("harm", "rule", "path"), BROKEN, ids=[row[1] for row in BROKEN])
def test_what_is_broken_is_found_by_name(ct, harm, rule, path):
    harm(ct)
    assert (rule, path) in rules_at(checked(ct))


def code(value, scheme, meaning):
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made


def test_a_code_needs_value_scheme_and_meaning_at_any_depth(ct):
    outer = code("T-1", "SRT", "x")
    outer.AnatomicRegionModifierSequence = Sequence([Dataset()])
    outer.AnatomicRegionModifierSequence[0].CodeMeaning = "nothing"
    ct.AnatomicRegionSequence = Sequence([outer])
    where = "AnatomicRegionSequence[1].AnatomicRegionModifierSequence[1]."
    assert ("code.value", f"{where}CodeValue") in rules_at(checked(ct))


def test_a_value_of_the_wrong_form_is_found(ct):
    ct["StudyDate"]._value, ct["StudyTime"]._value = "20041345", "25:61"
    found = rules_at(checked(ct))
    assert {("vr.value", "StudyDate"), ("vr.value", "StudyTime")} <= found


def test_private_and_unknown_elements_are_tolerated(ct):
    block = ct.private_block(0x0099, "ANODE", create=True)
    block.add_new(1, "UN", b"\1\2\3\4")
    ct.add_new(0x00080003, "UN", b"odd bytes!")
    assert errors(checked(ct)) == []


def test_a_module_that_is_there_in_part_is_checked(ct):
    ct.ContrastBolusVolume = 100
    assert not {path for _, path in rules_at(checked(ct)) if path == "ContrastBolusAgent"}
    ct.MultienergyCTAcquisition = "YES"
    found = rules_at(checked(ct))
    assert ("type1.missing", "MultienergyCTAcquisitionSequence") in found


def test_an_error_is_told_behind_more_warnings_than_are_told(ct):
    """Where errors are refused, whoever put enough warnings before them would be let in."""
    ct.ProcedureCodeSequence = Sequence([code(f"9{n:06}", "DCM", "new") for n in range(MOST + 9)])
    ct["StudyDate"]._value = "20041345"
    found = checked(ct)
    assert ("vr.value", "StudyDate") in rules_at(errors(found))
    assert [each.rule for each in found].count("code.unknown") == MOST
    assert found[-1].rule == "findings.more"


def test_of_very_many_errors_so_many_are_told(ct):
    for number in range(MOST + 9):
        ct.add_new(0x00990000 + 0x1000 + number, "DA", "")
        ct[0x00990000 + 0x1000 + number]._value = "yesterday"
    found = checked(ct)
    assert len(errors(found)) == MOST
    assert found[-1].rule == "findings.more"


NO_NUMBERS = ["inf", "-Infinity", "nan", "1e999"]


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_finite_number_is_found_and_fails_no_check(ct, value):
    item = by_reference(1, 1)
    for made, keyword in ((ct, "NumberOfFrames"), (item, "ReferencedContentItemIdentifier")):
        made[keyword] = DataElement(keyword, "DS", "1")
        made[keyword]._value = value
    for made in (ct, document(item)):
        found = {each.rule for each in checked(made)}
        assert "check.failed" not in found
        assert "vr.mismatch" in found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_checked_without_an_exception(path):
    with path.open("rb") as file:
        try:
            meta = filemeta.read(file)
        except BadObject:
            return
        said = Slice(
            meta.sop_class_uid, meta.transfer_syntax_uid, meta.offset,
            path.stat().st_size - meta.offset,
        )  # fmt: skip
        found = check_in(file, said)
    assert not [each for each in found if each.rule == "check.failed"]


def test_mutated_files_are_checked_without_an_exception(ct):
    raw, dice = written(ct), random.Random(6)
    for _ in range(300):
        bad = bytearray(raw)
        for _ in range(dice.randrange(1, 12)):
            bad[dice.randrange(min(4000, len(bad)))] = dice.randrange(256)
        del bad[dice.randrange(len(bad)) :]
        said = Slice("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1", 0, len(bad))
        found = check_in(io.BytesIO(bad), said)
        assert not [each for each in found if each.rule == "check.failed"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x08\x00",
        b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff" * 100_000,
        b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 5_000,
        b"\x10\x00\x10\x00PN\xff\xff",
        b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\0\0\0\0" * 100_000,
    ],
    ids=["empty", "cut", "open", "deep", "lying", "fragments"],
)
def test_hostile_bytes_are_one_finding(raw):
    found = check_in(io.BytesIO(raw), Slice("1.2.3", "1.2.840.10008.1.2.1", 0, len(raw)))
    assert found
    assert not [each for each in found if each.rule == "check.failed"]


def test_a_bomb_is_not_inflated():
    import zlib

    bomb = zlib.compressobj(9, wbits=-15)
    raw = bomb.compress(bytes(200 << 20)) + bomb.flush()
    said = Slice("1.2.3", "1.2.840.10008.1.2.1.99", 0, len(raw))
    (found,) = check_in(io.BytesIO(raw), said)
    assert found.rule == "check.beyond"
    assert "inflates to over" in found.message


def enhanced(**values):
    """An enhanced CT with one group in the frames, and what `values` say."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2.1", "1.2.3"
    made.NumberOfFrames = 2
    made.SharedFunctionalGroupsSequence = Sequence([Dataset()])
    made.PerFrameFunctionalGroupsSequence = Sequence([Dataset(), Dataset()])
    measures = Dataset()
    measures.SliceThickness = 1
    made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence = Sequence([measures])
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def test_functional_groups_are_shared_or_in_every_frame():
    made = enhanced()
    frames = made.PerFrameFunctionalGroupsSequence
    assert ("group.missing", "FrameContentSequence") in rules_at(checked(made))
    frames[0].FrameContentSequence = Sequence([Dataset()])
    where = "PerFrameFunctionalGroupsSequence[2].FrameContentSequence"
    assert ("group.missing", where) in rules_at(checked(made))
    frames[1].FrameContentSequence = Sequence([Dataset()])
    assert not {path for _, path in rules_at(checked(made)) if path.endswith("ContentSequence")}
    assert "PixelMeasuresSequence" not in {path for _, path in rules_at(checked(made))}


def test_a_functional_group_is_not_in_both_places():
    made = enhanced()
    measures = made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    for frame in made.PerFrameFunctionalGroupsSequence:
        frame.PixelMeasuresSequence = measures
    where = "SharedFunctionalGroupsSequence[1].PixelMeasuresSequence"
    assert ("group.twice", where) in rules_at(checked(made))


def test_what_frames_hold_is_not_shared_and_frames_are_counted():
    made = enhanced(NumberOfFrames=3)
    made.SharedFunctionalGroupsSequence[0].FrameContentSequence = Sequence([Dataset()])
    found = rules_at(checked(made))
    where = "SharedFunctionalGroupsSequence[1].FrameContentSequence"
    assert ("group.per-frame", where) in found
    assert ("group.frames", "PerFrameFunctionalGroupsSequence") in found


def test_conditional_groups_follow_their_condition():
    made = enhanced(ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])
    assert ("group.missing", "CTExposureSequence") in rules_at(checked(made))
    made.ImageType = ["DERIVED", "PRIMARY", "VOLUME", "NONE"]
    assert ("group.missing", "CTExposureSequence") not in rules_at(checked(made))


def content(kind, relationship="CONTAINS", **values):
    made = Dataset()
    made.RelationshipType, made.ValueType = relationship, kind
    made.ConceptNameCodeSequence = Sequence([code("121071", "DCM", "Finding")])
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def document(*items):
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.88.33", "1.2.3"
    made.ValueType, made.ContinuityOfContent = "CONTAINER", "SEPARATE"
    made.ConceptNameCodeSequence = Sequence([code("126000", "DCM", "Imaging Measurement Report")])
    made.ContentSequence = Sequence(items)
    return made


def by_reference(*place):
    made = Dataset()
    made.RelationshipType, made.ReferencedContentItemIdentifier = "INFERRED FROM", list(place)
    return made


CONTENT = [
    ("sr.missing", "TextValue", document(content("TEXT"))),
    ("sr.missing", "MeasuredValueSequence", document(content("NUM"))),
    ("sr.missing", "GraphicType", document(content("SCOORD", GraphicData=[1.0, 1.0]))),
    (
        "value.enumerated",
        "ContinuityOfContent",
        document(content("CONTAINER", ContinuityOfContent="BROKEN")),
    ),
    (
        "value.enumerated",
        "GraphicType",
        document(content("SCOORD", GraphicType="POLYGON", GraphicData=[1.0, 1.0])),
    ),
    ("sr.missing", "ContinuityOfContent", document(content("CONTAINER"))),
    ("sr.value-type", "ValueType", document(content("TEXTS", TextValue="x"))),
    ("sr.relationship", "RelationshipType", document(content("TEXT", "HAS", TextValue="x"))),
    ("sr.missing", "ContentSequence", document(content("TEXT", TextValue="x", ContentSequence=[]))),
    (
        "sr.missing",
        "ContentTemplateSequence[1].TemplateIdentifier",
        document(content("CONTAINER", ContentTemplateSequence=Sequence([Dataset()]))),
    ),
    ("sr.by-reference", "ReferencedContentItemIdentifier", document(by_reference(1, 9))),
]


@pytest.mark.parametrize(("rule", "keyword", "made"), CONTENT)
def test_a_content_item_has_what_its_value_type_needs(rule, keyword, made):
    assert (rule, f"ContentSequence[1].{keyword}") in rules_at(checked(made))


def test_good_content_has_no_findings():
    made = document(content("TEXT", TextValue="x"), by_reference(1, 1))
    assert not {each.rule for each in checked(made) if each.rule.startswith("sr.")}


def test_a_finding_is_printable_whatever_it_quotes():
    assert Finding("error", "", "x", "is 'a\xe9'\x1b[2J\0").message == "is 'a\\xe9'\\x1b[2J\\x00"
    assert Finding("error", "", "x", "is 'a\\b'").message == "is 'a\\b'"
