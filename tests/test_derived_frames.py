"""What an object made of another's frames says of itself, PS3.4 Y.3.3 and PS3.3 C.12.3."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from iod import errors, frames
from iod.frameranges import CALCULATED_FRAME_LIST, TIME_RANGE, FrameRange
from scu import instances
from tests import corpus
from tests.multiframe import FRAME_TIME, FRAME_TIME_VECTOR, cine, extracted, read, written

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
FRACTION = "2024010210150%d.500000"


def groups(count: int, moment: str = FRACTION) -> list[Dataset]:
    made = []
    for number in range(count):
        content = Dataset()
        content.DimensionIndexValues = [1, number + 1]
        content.FrameReferenceDateTime = moment % number
        item = Dataset()
        item.FrameContentSequence = [content]
        made.append(item)
    return made


def derived(tmp_path: Path, *numbers: int, syntax: str = ExplicitVRLittleEndian, **values: object):
    return read(extracted(written(tmp_path / "source.dcm", cine(**values), syntax), *numbers))


def timed(path: Path, start: float, end: float) -> Dataset:
    wanted = FrameRange(TIME_RANGE, (start, end))
    into = path.with_suffix(".timed")
    return read(frames.extract(instances.read(path), frames.Extraction(wanted, "A", into)))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_it_tells_of_its_source_and_of_the_request(syntax: str, tmp_path: Path):
    path = written(tmp_path / "source.dcm", cine(), syntax)
    one = instances.read(path)
    for number, (keyword, wanted) in enumerate(
        [
            ("SimpleFrameList", FrameRange(0x00081161, (1, 2, 9))),
            ("CalculatedFrameList", FrameRange(CALCULATED_FRAME_LIST, (1, 5, 2))),
            ("TimeRange", FrameRange(TIME_RANGE, (0.005, 0.03))),
        ]
    ):
        into = tmp_path / str(number)
        new = read(frames.extract(one, frames.Extraction(wanted, "ANODE", into)))
        (item,) = new.FrameExtractionSequence
        assert item.MultiFrameSourceSOPInstanceUID == one.sop_instance_uid
        assert list(item[keyword].value) == list(wanted.values)
        assert len(item) == 2
        (equipment,) = new.ContributingEquipmentSequence
        (code,) = equipment.PurposeOfReferenceCodeSequence
        assert (code.CodeValue, code.CodingSchemeDesignator) == ("109105", "DCM")
        assert code.CodeMeaning == "Frame Extracting Equipment"
        assert (equipment.Manufacturer, equipment.StationName) == ("Anode", "ANODE")
        moment = datetime.strptime(equipment.ContributionDateTime, "%Y%m%d%H%M%S.%f%z")
        assert abs(moment - datetime.now().astimezone()) < timedelta(minutes=1)


def test_frames_of_frames_remember_both_extractions(tmp_path: Path):
    """C.12.3: all items of the parent, and one more."""
    path = written(tmp_path / "source.dcm", cine(6))
    first = extracted(path, 2, 4, 6)
    wanted = FrameRange(0x00081161, (2, 3))
    again = frames.extract(first, frames.Extraction(wanted, "OTHER", tmp_path / "again"))
    new = read(again)
    assert new.PixelData == b"\4" * 6 + b"\6" * 6
    sources = [item.MultiFrameSourceSOPInstanceUID for item in new.FrameExtractionSequence]
    assert sources == [instances.read(path).sop_instance_uid, first.sop_instance_uid]
    assert [item.StationName for item in new.ContributingEquipmentSequence] == ["ANODE", "OTHER"]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_what_would_be_false_or_unknown_is_gone(syntax: str, tmp_path: Path):
    source = cine()
    source.ConcatenationUID, source.InConcatenationNumber = "1.2.3", 1
    source.InConcatenationTotalNumber, source.ConcatenationFrameOffsetNumber = 2, 0
    source.SOPInstanceUIDOfConcatenationSource = "1.2.4"
    source.PixelDataProviderURL = "https://example.org/"
    source.StartTrim, source.StopTrim, source.EffectiveDuration = 1, 6, "0.06"
    source.DigitalSignaturesSequence, source.MACParametersSequence = [Dataset()], [Dataset()]
    source.MaskSubtractionSequence = [Dataset()]
    source.add_new(0x00080000, "UL", 4)
    source.private_block(0x0009, "TEST", create=True).add_new(1, "LO", "secret")
    study = Dataset()
    study.ReferencedSOPInstanceUID = "1.2.5"
    study.private_block(0x0009, "TEST", create=True).add_new(1, "LO", "secret")
    source.ReferencedStudySequence = [study]
    source.add_new(0x50000005, "US", 2)
    path = written(tmp_path / "source.dcm", source, syntax)
    made = extracted(path, 2)
    assert b"secret" not in made.path.read_bytes()
    assert b"secret" in path.read_bytes()
    new = read(made)
    assert new.ReferencedStudySequence[0].ReferencedSOPInstanceUID == "1.2.5"
    before = {element.tag for element in pydicom.dcmread(path)}
    gone = {f"{tag:08X}" for tag in before - {element.tag for element in new}}
    expected = """00091001 00090010 00082142 00082143 00180072 00200242 00209161 00209162 00209163
    00209228 00286100 00287FE0 4FFE0001 FFFAFFFA 50000005 00080000"""
    assert gone <= set(expected.split())
    assert set(expected.split()) - gone <= {"00080000"}  # pydicom itself writes no group lengths


# -- functional groups ----------------------------------------------------------------------------


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_functional_groups_follow_their_frames_with_their_indices(syntax: str, tmp_path: Path):
    items = groups(6)
    items[2].private_block(0x0009, "TEST", create=True).add_new(1, "LO", "secret")
    new = derived(tmp_path, 3, 5, syntax=syntax, PerFrameFunctionalGroupsSequence=items)
    contents = [item.FrameContentSequence[0] for item in new.PerFrameFunctionalGroupsSequence]
    assert [each.DimensionIndexValues for each in contents] == [[1, 3], [1, 5]]
    assert all(len(item) == 1 for item in new.PerFrameFunctionalGroupsSequence)


def test_functional_groups_of_real_objects_are_unchanged(tmp_path: Path):
    for name, number in (("eCT_Supplemental.dcm", 2), ("liver.dcm", 3)):
        one = next(each for each in corpus.sendable() if each.path.name == name)
        before = pydicom.dcmread(one.path).PerFrameFunctionalGroupsSequence[number - 1]
        new = read(extracted(one.path, number, into=tmp_path / name))
        assert list(new.PerFrameFunctionalGroupsSequence) == [before]


def test_a_volume_with_gaps_is_none_any_more(tmp_path: Path):
    """C.7.6.17.4: 3D says that the frames are at equal distances."""
    values = {"DimensionOrganizationType": "3D"}
    assert derived(tmp_path, 2, 3, **values).DimensionOrganizationType == "3D"
    assert "DimensionOrganizationType" not in derived(tmp_path, 2, 4, **values)


# -- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "time", "vector", "delay"),
    [
        ((1, 2, 3), "10", None, None),
        ((2, 3), "10", None, "10"),
        ((1, 3, 5), "20", None, None),
        ((2, 3, 6), None, ["0", "10", "30"], "10"),
        ((4,), "10", None, "30"),
    ],
)
def test_frame_time_stays_one_while_frames_are_as_far_apart(
    numbers, time, vector, delay, tmp_path: Path
):
    new = derived(tmp_path, *numbers)
    assert new.get("FrameTime") == (time and float(time))
    assert new.get("FrameTimeVector") == (vector and [float(each) for each in vector])
    assert new.get("FrameDelay") == (delay and float(delay))
    assert new.FrameIncrementPointer == (FRAME_TIME_VECTOR if vector else FRAME_TIME)


def test_a_frame_time_vector_counts_from_the_frame_kept_before(tmp_path: Path):
    """C.7.6.5: the first increment is 0; Frame Delay is the first frame's."""
    vector = ["0", "1.5", "2", "4", "8", "16"]
    new = derived(
        tmp_path, 2, 4, 5, FrameTimeVector=vector, FrameTime=None, FrameDelay="100",
        FrameIncrementPointer=FRAME_TIME_VECTOR,
    )  # fmt: skip
    assert new.FrameTimeVector == [0, 6, 8]
    assert new.FrameDelay == 101.5


@pytest.mark.parametrize(
    ("start", "end", "expected"), [(0.01, 0.03, b"\2\3\4"), (0.011, 0.02, b"\3"), (0, 9, None)]
)
def test_a_time_range_by_frame_time(start, end, expected, tmp_path: Path):
    new = timed(written(tmp_path / "source.dcm", cine(6, 1, 1)), start, end)
    assert new.PixelData[: int(new.NumberOfFrames)] == (expected or b"\1\2\3\4\5\6")


def test_a_time_range_counts_frame_delay(tmp_path: Path):
    """C.7.6.5: Frame Delay is from Content Time to the first frame."""
    new = timed(written(tmp_path / "source.dcm", cine(6, 1, 1, FrameDelay="1000")), 1.0, 1.01)
    assert new.PixelData == b"\1\2"


def test_a_time_range_by_frame_time_vector(tmp_path: Path):
    source = cine(4, 1, 1, FrameTimeVector=["0", "100", "200", "300"])
    del source.FrameTime
    source.FrameIncrementPointer = FRAME_TIME_VECTOR
    assert timed(written(tmp_path / "source.dcm", source), 0.1, 0.3).PixelData == b"\2\3"


@pytest.mark.parametrize(
    ("moment", "zone", "expected"),
    [
        (FRACTION, None, b"\2\3"),
        (FRACTION + "+0200", "+0200", b"\2\3"),
        ("2024010209150%d.500000+0100", "+0200", b"\2\3"),
        (FRACTION, "-0500", b"\2\3"),
    ],
)
def test_a_time_range_by_frame_reference_datetime(moment, zone, expected, tmp_path: Path):
    source = cine(6, 1, 1, PerFrameFunctionalGroupsSequence=groups(6, moment))
    del source.FrameTime, source.FrameIncrementPointer
    if zone:
        source.TimezoneOffsetFromUTC = zone
    new = timed(written(tmp_path / "source.dcm", source), 1.5, 2.5)
    assert new.PixelData == expected


def test_a_time_range_of_what_has_no_times_is_an_error(tmp_path: Path):
    source = cine(6)
    del source.FrameTime
    with pytest.raises(errors.NotTimeBased):
        timed(written(tmp_path / "source.dcm", source), 0, 1)


# -- other attributes that speak of frames --------------------------------------------------------


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_frame_numbers_begin_with_1_again(syntax: str, tmp_path: Path):
    """PS3.17 MM.3"""
    values = {
        "RepresentativeFrameNumber": 4,
        "FrameNumbersOfInterest": [2, 3, 6],
        "FrameOfInterestDescription": ["two", "three", "six"],
        "FrameOfInterestType": ["A", "B", "C"],
        "RWavePointer": [1, 5],
    }
    new = derived(tmp_path, 3, 4, 6, syntax=syntax, **values)
    assert new.RepresentativeFrameNumber == 2
    assert new.FrameNumbersOfInterest == [1, 3]
    assert new.FrameOfInterestDescription == ["three", "six"]
    assert new.FrameOfInterestType == ["B", "C"]
    assert "RWavePointer" not in new
    none = derived(tmp_path, 1, syntax=syntax, **values)
    assert "FrameNumbersOfInterest" not in none
    assert "FrameOfInterestDescription" not in none


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_value_per_frame_goes_with_its_frame(syntax: str, tmp_path: Path):
    values = {
        "DetectorVector": [1, 1, 1, 2, 2, 2],
        "PositionerPrimaryAngleIncrement": ["0", "1", "2", "3", "4", "5"],
        "FrameLabelVector": list("abcdef"),
        "SliceLocationVector": ["1", "2"],  # not one per frame: it means nothing
    }
    new = derived(tmp_path, 1, 4, 6, syntax=syntax, **values)
    assert new.DetectorVector == [1, 2, 2]
    assert new.PositionerPrimaryAngleIncrement == [0, 3, 5]
    assert new.FrameLabelVector == ["a", "d", "f"]
    assert "SliceLocationVector" not in new


@pytest.mark.parametrize(
    ("offsets", "kept", "z"),
    [
        ([0, 5, 10, 15, 20, 25], [0, 10], 105),  # relative to the position
        ([100, 105, 110, 115, 120, 125], [105, 115], 105),  # places on the patient's axis
    ],
)
def test_a_dose_grid_keeps_its_place(offsets, kept, z, tmp_path: Path):
    """C.8.8.3.2"""
    values = {
        "GridFrameOffsetVector": offsets,
        "ImagePositionPatient": [1, 2, 100],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "FrameIncrementPointer": 0x3004000C,
        "FrameTime": None,
    }
    new = derived(tmp_path, 2, 4, **values)
    assert new.GridFrameOffsetVector == kept
    assert new.ImagePositionPatient == [1, 2, z]
    single = derived(tmp_path, 2, **values)
    assert single.ImagePositionPatient == [1, 2, 105]
    assert "GridFrameOffsetVector" not in single
    assert "FrameIncrementPointer" not in single


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_an_overlay_with_frames_is_cut_to_those_it_lies_on(syntax: str, tmp_path: Path):
    """C.9.3: three frames of 2 by 3 bits, on image frames 3 to 5."""
    source = cine()
    source.add_new(0x60000010, "US", 2)
    source.add_new(0x60000011, "US", 3)
    source.add_new(0x60000015, "IS", "3")
    source.add_new(0x60000051, "US", 3)
    packed = 0b000001 | 0b000011 << 6 | 0b000111 << 12
    order = "little" if syntax != ExplicitVRBigEndian else "big"
    words = [packed >> at & 0xFFFF for at in (0, 16)]
    source.add_new(0x60003000, "OW", b"".join(word.to_bytes(2, order) for word in words))
    path = written(tmp_path / "source.dcm", source, syntax)
    new = read(extracted(path, 1, 3, 5))
    assert (new[0x60000015].value, new[0x60000051].value) == (2, 2)
    bits = int.from_bytes(new[0x60003000].value, order)
    assert bits == 0b000001 | 0b000111 << 6
    assert 0x60003000 not in read(extracted(path, 1, 2))
