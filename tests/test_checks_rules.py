"""Rules of ours find by name what tables of PS3.3 cannot say, and leave sound objects alone."""

import re
import struct
from collections import Counter
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from iod.checks import MOST as MOST_FINDINGS
from iod.checks import Known
from iod.checks.relations import MOST, ROLES
from iod.checks.rules import RULES
from tests.test_checks import checked, code

ROOT = Path(__file__).parent.parent
CLASS = "1.2.840.10008.5.1.4.1.1."


def item(**values):
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, Sequence(value) if isinstance(value, list) and value
                and isinstance(value[0], Dataset) else value)  # fmt: skip
    return made


def of(number, **values):
    return item(SOPClassUID=CLASS + number, SOPInstanceUID="1.2.3", **values)


def reference(number, uid="1.2.4"):
    return item(ReferencedSOPClassUID=CLASS + number, ReferencedSOPInstanceUID=uid)


def beams(*numbers):
    return [item(BeamNumber=number) for number in numbers]


def stl(facets, said=None):
    return bytes(80) + struct.pack("<I", facets if said is None else said) + bytes(50 * facets)


def document(number, mime, body, **values):
    return of(number, MIMETypeOfEncapsulatedDocument=mime, EncapsulatedDocument=body, **values)


def blending(first, second, used=(1, 2), mode="FOREGROUND"):
    return of(
        "11.8",
        AdvancedBlendingSequence=[
            item(BlendingInputNumber=first),
            item(BlendingInputNumber=second),
        ],
        BlendingDisplaySequence=[
            item(
                BlendingMode=mode,
                BlendingDisplayInputSequence=[item(BlendingInputNumber=each) for each in used],
            )
        ],
    )


def report(number, root, **values):
    return of(number, ValueType="CONTAINER", ConceptNameCodeSequence=[code(*root)], **values)


def pixels(bits=8, stored=8, high=7, size=16):
    return of(
        "7", Rows=4, Columns=4, SamplesPerPixel=1, BitsAllocated=bits, BitsStored=stored,
        HighBit=high, PixelRepresentation=0, PixelData=bytes(size),
    )  # fmt: skip


def track(size):
    return of("66.6", TrackSetSequence=[item(TrackSetNumber=1, TrackSequence=[
        item(PointCoordinatesData=bytes(size))])])  # fmt: skip


def assertion(made, ends):
    return item(AssertionUID="1.2.9", AssertionDateTime=made, AssertionExpirationDateTime=ends)


ECHO = ("125200", "DCM", "Adult Echocardiography Procedure Report")

# Rule, where, an object that breaks it, one that does not.
CASES = [
    ("number.unique", "BeamSequence[2].BeamNumber",
     of("481.5", BeamSequence=beams(1, 1)), of("481.5", BeamSequence=beams(1, 2))),
    ("number.ordinal", "TrackSetSequence[2].TrackSetNumber",
     of("66.6", TrackSetSequence=[item(TrackSetNumber=1), item(TrackSetNumber=3)]),
     of("66.6", TrackSetSequence=[item(TrackSetNumber=1), item(TrackSetNumber=2)])),
    ("number.unknown", "FractionGroupSequence[1].ReferencedBeamSequence[1].ReferencedBeamNumber",
     of("481.5", BeamSequence=beams(1), FractionGroupSequence=[
         item(ReferencedBeamSequence=[item(ReferencedBeamNumber=7)])]),
     of("481.5", BeamSequence=beams(1), FractionGroupSequence=[
         item(ReferencedBeamSequence=[item(ReferencedBeamNumber=1)])])),
    ("number.count", "BeamSequence[1].NumberOfControlPoints",
     of("481.5", BeamSequence=[item(NumberOfControlPoints=3, ControlPointSequence=[item(
         ControlPointIndex=0)])]),
     of("481.5", BeamSequence=[item(NumberOfControlPoints=1, ControlPointSequence=[item(
         ControlPointIndex=0)])])),
    ("document.mime", "MIMETypeOfEncapsulatedDocument",
     document("104.3", "application/pdf", b"%PDF-1.4"), document("104.3", "model/stl", stl(2))),
    ("document.length", "EncapsulatedDocumentLength",
     document("104.3", "model/stl", stl(2), EncapsulatedDocumentLength=99),
     document("104.3", "model/stl", stl(2), EncapsulatedDocumentLength=184)),
    ("document.content", "EncapsulatedDocument",
     document("104.3", "model/stl", stl(2, said=3)), document("104.3", "model/stl", stl(2))),
    ("document.content", "EncapsulatedDocument",
     document("104.3", "model/stl", b"solid x\nfacet normal 0 0 1\n"),
     document("104.3", "model/stl", b"solid x\nfacet normal 0 0 1\nendfacet\nendsolid x")),
    ("document.content", "EncapsulatedDocument",
     document("104.2", "text/XML", b"<html></html> "),
     document("104.2", "text/XML", b'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7"/>')),
    ("pixel.size", "PixelData", pixels(size=18), pixels()),
    ("pixel.bits", "HighBit", pixels(high=15), pixels()),
    ("pixel.bits", "BitsStored", pixels(stored=12, high=11), pixels()),
    ("geometry.orientation", "ImageOrientationPatient",
     of("2", ImageOrientationPatient=[1, 0, 0, 1, 0, 0]),
     of("2", ImageOrientationPatient=[1, 0, 0, 0, 0.7071, 0.7071])),
    ("geometry.orientation", "MPRViewWidthDirection",
     of("11.6", MPRViewWidthDirection=[2, 0, 0], MPRViewHeightDirection=[0, 1, 0]),
     of("11.6", MPRViewWidthDirection=[1, 0, 0], MPRViewHeightDirection=[0, 1, 0])),
    ("sr.by-value", "ContentSequence[1].ReferencedContentItemIdentifier",
     report("88.22", ECHO, ContentSequence=[item(ReferencedContentItemIdentifier=[1])]),
     report("88.35", ECHO, ContentSequence=[item(ReferencedContentItemIdentifier=[1])])),
    ("multi-energy.flag", "MultienergyCTAcquisitionSequence",
     of("2", MultienergyCTAcquisition="YES"), of("2", MultienergyCTAcquisition="NO")),
    ("tract.points", "TrackSetSequence[1].TrackSequence[1].PointCoordinatesData",
     track(16), track(24)),
    ("blending.number", "AdvancedBlendingSequence[2].BlendingInputNumber",
     blending(1, 3), blending(1, 2)),
    ("blending.input",
     "BlendingDisplaySequence[1].BlendingDisplayInputSequence[2].BlendingInputNumber",
     blending(1, 2, used=(1, 5)), blending(1, 2)),
    ("blending.input", "BlendingDisplaySequence[1].BlendingDisplayInputSequence",
     blending(1, 2, used=(1,)), blending(1, 2, used=(1,), mode="EQUAL")),
    ("approval.expiry", "ApprovalSequence[1].AssertionExpirationDateTime",
     of("200.3", ApprovalSequence=[assertion("20200101", "20190101")]),
     of("200.3", ApprovalSequence=[assertion("20200101", "20210101")])),
    ("approval.expiry", "ApprovalSequence[1].AssertionExpirationDateTime",
     of("200.3", ApprovalSequence=[assertion("20240102+0100", "20240101+0100")]),
     of("200.3", ApprovalSequence=[assertion("20240102+0100", "2024+0100")])),
    ("protocol.modality", "EquipmentModality",
     of("200.1", EquipmentModality="MR"), of("200.1", EquipmentModality="CT")),
    ("sr.title", "ConceptNameCodeSequence[1].CodeValue",
     report("88.73", ("1", "99X", "other")), report("88.73", ("128401", "DCM", "Dose"))),
    ("sr.timezone", "TimezoneOffsetFromUTC",
     report("88.72", ECHO), report("88.72", ECHO, TimezoneOffsetFromUTC="+0100")),
    ("sr.basic-text", "ContentSequence[1].ValueType",
     report("88.11", ECHO, ContentSequence=[item(ValueType="NUM")]),
     report("88.11", ECHO, ContentSequence=[item(ValueType="TEXT")])),
    ("approval.subject-class", "ApprovalSubjectSequence[1].ReferencedSOPClassUID",
     of("200.3", ApprovalSubjectSequence=[reference("2")]),
     of("200.3", ApprovalSubjectSequence=[reference("200.1")])),
    ("rt.radiation-class", "RTRadiationSequence[1].ReferencedSOPClassUID",
     of("481.12", RTRadiationSequence=[reference("481.5")]),
     of("481.12", RTRadiationSequence=[reference("481.13")])),
]  # fmt: skip


def approving(value, scheme="DCM"):
    return of("200.3", ApprovalSequence=[item(AssertionCodeSequence=[code(value, scheme, "x")])])


def measured(scheme):
    return of("104.3", MeasurementUnitsCodeSequence=[code("mm", scheme, "millimeter")])


def private(*elements):
    made = of("2")
    for tag, vr, value in elements:
        made.add_new(tag, vr, value)
    return made


def frames(number, count):
    return of(number, NumberOfFrames=count)


def content(number, kind):
    return report(number, ECHO, ContentSequence=[item(ValueType=kind)])


def samples(kind, number):
    return of("7", PhotometricInterpretation=kind, SamplesPerPixel=number)


_SEGMENT = "PerFrameFunctionalGroupsSequence[1].SegmentIdentificationSequence[1]"


def segmented(number):
    named = item(SegmentIdentificationSequence=[item(ReferencedSegmentNumber=number)])
    return of("66.4", SegmentSequence=[item(SegmentNumber=1)],
              PerFrameFunctionalGroupsSequence=[named])  # fmt: skip


CASES += [
    ("uid.same", "SeriesInstanceUID",
     of("2", StudyInstanceUID="1.2.7", SeriesInstanceUID="1.2.7"),
     of("2", StudyInstanceUID="1.2.7", SeriesInstanceUID="1.2.8")),
    ("uid.place", "FrameOfReferenceUID",
     of("2", StudyInstanceUID="1.2.7", FrameOfReferenceUID="1.2.7"),
     of("2", StudyInstanceUID="1.2.7", FrameOfReferenceUID="1.2.9")),
    ("frames.single", "NumberOfFrames", frames("2", 2), frames("2.1", 2)),
    ("frames.single", "NumberOfFrames", frames("7", 2), frames("7", 1)),
    ("private.creator", "(0013,1010)", private((0x00131010, "LO", "x")),
     private((0x00130010, "LO", "ANODE"), (0x00131010, "LO", "x"))),
    ("private.creator", "(0013,1110)",
     private((0x00130010, "LO", "ANODE"), (0x00131110, "LO", "x")),
     private((0x00130011, "LO", "ANODE"), (0x00131110, "LO", "x"))),
    ("pixel.samples", "SamplesPerPixel", samples("RGB", 1), samples("RGB", 3)),
    ("pixel.samples", "SamplesPerPixel", samples("MONOCHROME2", 3), samples("PALETTE COLOR", 1)),
    ("geometry.spacing", "PixelSpacing",
     of("2", PixelSpacing=[0, 0], Rows=2, Columns=2), of("2", PixelSpacing=[0, 0], Rows=1)),
    ("geometry.spacing", "PixelSpacing",
     of("2", PixelSpacing=[-1, 1], Rows=1), of("2", PixelSpacing=[0.5, 0.5], Rows=2)),
    ("geometry.distance", "SpacingBetweenSlices",
     of("2", SpacingBetweenSlices=-1), of("20", SpacingBetweenSlices=-1)),
    ("voi.window", "WindowWidth", of("2", WindowWidth=0.5), of("2", WindowWidth=1)),
    ("voi.window", "WindowWidth", of("2", WindowWidth=0, VOILUTFunction="SIGMOID"),
     of("2", WindowWidth=0.5, VOILUTFunction="SIGMOID")),
    ("number.unknown", f"{_SEGMENT}.ReferencedSegmentNumber", segmented(2), segmented(1)),
    ("sr.class-type", "ContentSequence[1].ValueType",
     content("88.33", "SCOORD3D"), content("88.34", "SCOORD3D")),
    ("sr.class-type", "ContentSequence[1].ValueType",
     content("88.74", "IMAGE"), content("88.75", "IMAGE")),
    ("sr.class-type", "ContentSequence[1].ValueType",
     content("88.59", "NUM"), content("88.59", "TEXT")),
    ("sr.by-value", "ContentSequence[1].ReferencedContentItemIdentifier",
     report("88.73", ECHO, ContentSequence=[item(ReferencedContentItemIdentifier=[1])]),
     report("88.33", ECHO, ContentSequence=[item(ReferencedContentItemIdentifier=[1])])),
]  # fmt: skip
_ASSERTED = "ApprovalSequence[1].AssertionCodeSequence[1].CodeValue"
CASES += [
    ("code.unknown", _ASSERTED, approving("999999"), approving("128603")),
    ("code.listed", _ASSERTED, approving("121071"), approving("128603")),
    ("code.listed", "MeasurementUnitsCodeSequence[1].CodingSchemeDesignator",
     measured("DCM"), measured("UCUM")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "path", "bad", "good"), CASES, ids=[row[0] for row in CASES])
def test_a_rule_finds_what_breaks_it_and_nothing_else(rule, path, bad, good):
    assert (rule, path) in {(each.rule, each.path) for each in checked(bad)}
    assert rule not in {each.rule for each in checked(good)}


JPEG, VIDEO = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.102.1"


@pytest.mark.parametrize("syntax", [JPEG, VIDEO])
def test_a_lossy_syntax_is_not_said_to_be_none(syntax):
    for said, wrong in (("00", True), ("01", False)):
        found = checked(of("77.1.1.1", LossyImageCompression=said), syntax=syntax)
        assert ("pixel.lossy" in {each.rule for each in found}) == wrong
    plain = checked(of("77.1.1.1", LossyImageCompression="00"))
    assert "pixel.lossy" not in {each.rule for each in plain}


def test_pixels_of_16_bits_are_not_encoded_as_bytes():
    for kind, wrong in (("OB", True), ("OW", False)):
        made = pixels(bits=16, stored=16, high=15, size=32)
        made["PixelData"].VR = kind
        assert (("pixel.bits", "PixelData") in rules_of(made)) == wrong


def rules_of(made):
    return {(each.rule, each.path) for each in checked(made)}


SET = of("481.12", RTRadiationSequence=[reference("481.13")])
WHERE = "RTRadiationSequence[1].ReferencedSOPInstanceUID"


def rules(dataset, known):
    return {(each.rule, each.severity) for each in checked(dataset, known) if "rt." in each.rule}


def test_a_missing_object_is_an_error_only_where_all_is_known():
    assert rules(SET, None) == set()
    assert rules(SET, Known({}.get)) == {("rt.radiation-unknown", "warning")}
    assert rules(SET, Known({}.get, complete=True)) == {("rt.radiation-unknown", "error")}
    assert rules(SET, Known({"1.2.4": CLASS + "481.13"}.get, complete=True)) == set()


def test_a_reference_that_names_another_class_is_found():
    found = checked(SET, Known({"1.2.4": CLASS + "2"}.get))
    assert ("reference.class", "RTRadiationSequence[1].ReferencedSOPClassUID") in {
        (each.rule, each.path) for each in found
    }


def test_of_very_many_references_so_many_are_looked_for():
    """Where errors are refused, each is a question to the index before the object is answered."""
    asked = []
    known = Known(lambda uid: asked.append(uid) or CLASS + "200.1", complete=True)
    made = of("200.3", ApprovalSubjectSequence=[
        reference("200.1", f"1.2.{number}") for number in range(MOST + 9)
    ])  # fmt: skip
    checked(made, known)
    assert len(asked) == 2 * MOST, "once for their class, once for their role"


def test_every_rule_is_told_with_its_severity():
    text = (ROOT / "docs/checks.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([a-z0-9.-]+)` \| (error|warning) \|", text, re.M))
    assert told == {rule.name: rule.severity for rule in RULES}
    for role in ROLES:
        assert f"`{role.rule}-class`, `{role.rule}-unknown`" in text


def test_every_rule_has_a_name_of_its_own():
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))


def test_warnings_never_crowd_out_an_error():
    made = private(*((0x00131000 + 256 * at, "LO", "x") for at in range(MOST_FINDINGS + 50)))
    made.add_new("SmallestImagePixelValue", "US", [1, 2])  # values are judged last
    found = checked(made)
    told = Counter(each.rule for each in found)
    assert told["private.creator"] == MOST_FINDINGS
    assert told["findings.more"] == 1
    assert ("vm.count", "SmallestImagePixelValue") in {(each.rule, each.path) for each in found}
