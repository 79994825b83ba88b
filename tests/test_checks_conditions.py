"""Conditional attributes are missed where PS3.3 says when, and the object can decide it."""

import sys
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from iod.checks.conditions import condition
from tests.test_checks import checked, code, rules_at
from tests.test_checks_rules import CLASS, item, of

ROOT = Path(__file__).parent.parent


def control_points(*angles):
    points = [item(ControlPointIndex=at) for at in range(len(angles))]
    for point, angle in zip(points, angles, strict=True):
        if angle is not None:
            point.GantryAngle = angle
    return of("481.5", BeamSequence=[item(BeamNumber=1, ControlPointSequence=points)])


_POINT = "BeamSequence[1].ControlPointSequence[1].GantryAngle"
_VALUES = "PerFrameFunctionalGroupsSequence[1].FrameContentSequence[1].DimensionIndexValues"


def dimensions(there):
    made = of("2.1", PerFrameFunctionalGroupsSequence=[item(FrameContentSequence=[item()])])
    if there:
        made.DimensionIndexSequence = Sequence([item(DimensionIndexPointer=0x00200032)])
    return made


def ions(**there):
    point = item(ControlPointIndex=0, **there)
    return of("481.8", IonBeamSequence=[item(BeamNumber=1, IonControlPointSequence=[point])])


def volume(kind="4.1", **there):
    """Says in nothing of its shared groups where and how large its pixels are."""
    groups = item(PixelMeasuresSequence=[item()], PlanePositionSequence=[item()])
    said = {
        "ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
        "VolumetricProperties": "VOLUME",
    }
    return of(kind, **(said | there), SharedFunctionalGroupsSequence=[groups])


_MEASURES = "SharedFunctionalGroupsSequence[1].PixelMeasuresSequence[1]."
_POSITION = "SharedFunctionalGroupsSequence[1].PlanePositionSequence[1].ImagePositionPatient"
PALETTE = "RedPaletteColorLookupTableData"

# Rule, where, an object that the condition holds for, one for which it does not.
CASES = [
    ("type1c.missing", _POINT, control_points(None, 10), control_points(10, None)),
    ("type2c.missing", "PatientPosition",
     of("2"), of("2", PatientOrientationCodeSequence=[code("1", "99X", "x")])),
    ("type2c.missing", "PatientPosition", of("4"), of("1")),
    ("type2c.missing", "PatientOrientation", of("6.1"), of("2")),
    ("type1c.missing", "DimensionIndexSequence",
     of("2.1", DimensionOrganizationSequence=[item(DimensionOrganizationUID="1.2.9")]),
     of("77.1.6", DimensionOrganizationType="TILED_FULL",
        DimensionOrganizationSequence=[item(DimensionOrganizationUID="1.2.9")])),
    ("type1c.missing", "BurnedInAnnotation", of("2.1"), of("2.2")),
    ("type1c.missing", "DeidentificationMethod",
     of("2", PatientIdentityRemoved="YES"),
     of("2", PatientIdentityRemoved="YES",
        DeidentificationMethodCodeSequence=[code("113100", "DCM", "x")])),
    ("type1c.missing", "FrameTime",
     of("12.1", FrameIncrementPointer=0x00181063, CineRate=30),
     of("12.1", FrameIncrementPointer=0x00181065, CineRate=30)),
    ("type1c.missing", PALETTE,
     of("6.1", PhotometricInterpretation="PALETTE COLOR"),
     of("6.1", PhotometricInterpretation="MONOCHROME2")),
    ("type1c.missing", "IlluminationWaveLength",
     of("77.1.5.4", AcquisitionDeviceTypeCodeSequence=[code("392012008", "SCT", "x")]),
     of("77.1.5.4", AcquisitionDeviceTypeCodeSequence=[code("409898007", "SCT", "x")])),
    ("type1c.missing", _VALUES, dimensions(True), dimensions(False)),
    ("type1c.missing", "IonBeamSequence[1].IonControlPointSequence[1].KVP",
     ions(), ions(NominalBeamEnergy=150)),
    ("type1c.missing", "IonBeamSequence[1].IonControlPointSequence[1].NominalBeamEnergy",
     ions(), ions(KVP=80)),
    ("type1c.missing", _MEASURES + "PixelSpacing",
     volume(), volume(VolumetricProperties="SAMPLED")),
    ("type1c.missing", _MEASURES + "SliceThickness",
     volume(), volume("77.1.6", ImageType=["DERIVED", "PRIMARY", "LABEL", "NONE"])),
    ("type1c.missing", _POSITION, volume(), volume(ImageType=["DERIVED", "PRIMARY", "X", "NONE"])),
    ("type1.missing", "FrameIncrementPointer",
     of("7.4", NumberOfFrames=2), of("7.4", NumberOfFrames=1)),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "path", "bad", "good"), CASES, ids=[x[1] for x in CASES])
def test_an_attribute_is_missed_where_its_condition_holds(rule, path, bad, good):
    assert (rule, path) in rules_at(checked(bad))
    assert path not in {where for _, where in rules_at(checked(good))}


def test_what_a_finding_says_of_a_condition_lists_no_classes():
    (found,) = [each for each in checked(of("4")) if each.path == "PatientPosition"]
    assert "this SOP class" in found.message
    assert CLASS not in found.message


def test_optional_sequences_of_modules_that_do_not_apply_are_checked():
    ct = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    ct.SourceImageSequence = Sequence([Dataset()])
    where = "SourceImageSequence[1].ReferencedSOPInstanceUID"
    assert ("type1.missing", where) in rules_at(checked(ct))


def test_a_code_without_anything_is_one_finding():
    ct = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    ct.AnatomicRegionSequence = Sequence([Dataset()])
    found = rules_at(checked(ct)) - rules_at(checked(pydicom.dcmread(ct.filename)))
    assert found == {("code.value", "AnatomicRegionSequence[1].CodeValue")}


SENTENCES = [
    ("Required if Image Type (0008,0008) Value 1 is ORIGINAL or MIXED. May be present otherwise.",
     "ImageType[1] = ORIGINAL|MIXED"),
    ("Required if Number of Blocks (300A,00F0) is present and has a non-zero value.",
     "NumberOfBlocks > 0"),
    ("Required if Frame Increment Pointer (0028,0009) points to Frame Time.",
     "FrameIncrementPointer = 00181063"),
    ('Required if View Code Sequence (0054,0220) equals (103340004, SCT, "Short Axis").',
     "ViewCodeSequence code 103340004"),
    ("Required if Dimension Organization Type (0020,9311) is absent or not TILED_FULL.",
     "DimensionOrganizationType lacks TILED_FULL"),
    ('Required if SOP Class UID is not "1.2.840.10008.5.1.4.1.1.2.2" (Legacy Converted).',
     "SOPClassUID != 1.2.840.10008.5.1.4.1.1.2.2"),
    (("Required if either Exposure Time (0018,1150) or X-Ray Tube Current (0018,1151) are not "
     "present. May be present otherwise."), "ExposureTime absent or XRayTubeCurrent absent"),
    (("Required if STOW-RS Storage Sequence (0040,4072) or XDS Storage Sequence (0040,4074) is "
     "not present."), "STOWRSStorageSequence absent and XDSStorageSequence absent"),
    (("Required if the Referenced SOP Instance is a multi-frame image, and Referenced Segment "
     "Number (0062,000B) is not present."), ""),
    (("Required if the Patient is an animal and Patient Species Description (0010,2201) is not "
     "present."), ""),
    ("Required if the image has been calibrated.", ""),
]  # fmt: skip


def test_a_first_item_with_another_condition_is_not_understood(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    from iod_sentences import condition as understood

    first = "Required for first Item of Control Point Sequence, or if kVp changes during setup"
    assert understood(f"{first}.", "IonControlPointSequence") == "IonControlPointSequence first"
    more = f"{first}, and Nominal Beam Energy (300A,0114) is not present."
    assert understood(more, "IonControlPointSequence") == ""
    sys.modules.pop("iod_sentences")


@pytest.mark.parametrize(("sentence", "told"), SENTENCES)
def test_a_sentence_is_understood_whole_or_not_at_all(monkeypatch, sentence, told):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    from iod_sentences import condition as understood

    assert understood(sentence) == told
    if told:
        assert condition(told).text == told
    sys.modules.pop("iod_sentences")
