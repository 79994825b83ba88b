"""The samples as a person of the field would doubt them: who, when, where, and how much."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from iod.samples import FAMILIES
from iod.samples.subjects import SAMPLE_DATE

# What is the same throughout a family, a series, by the information model of PS3.3 A.1.2.
OF_STUDY = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "PatientSize", "PatientWeight"),
    *("StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber", "StudyID"),
    *("StudyDescription", "ReferringPhysicianName"),
)
OF_SERIES = (
    *("Modality", "SeriesNumber", "SeriesDate", "SeriesTime", "SeriesDescription"),
    *("Manufacturer", "ManufacturerModelName", "DeviceSerialNumber"),
)
# PS3.3 A.35.19.3.1.2 and A.35.16.3.1.1; A.35.20 has composites, images and waveforms besides.
PLANNED = frozenset(("TEXT", "CODE", "NUM", "DATETIME", "DATE", "UIDREF", "PNAME", "CONTAINER"))
TYPES = {
    "contrast/planned": PLANNED,
    "contrast/performed": PLANNED | {"COMPOSITE", "IMAGE", "WAVEFORM"},
    "small-animal/context": PLANNED | {"TIME", "SCOORD3D"},
}


@pytest.fixture
def read(samples):
    return lambda name: dcmread(samples / f"{name}.dcm")


def of_patients(folder: Path) -> list[Dataset]:
    heads = [dcmread(path, stop_before_pixels=True) for path in sorted(folder.glob("*.dcm"))]
    return [head for head in heads if "StudyInstanceUID" in head]


def differing(heads: list[Dataset], keywords: tuple[str, ...]) -> list[str]:
    return [word for word in keywords if len({str(head.get(word)) for head in heads}) > 1]


@pytest.mark.parametrize("family", [each.name for each in FAMILIES])
def test_a_family_is_of_one_patient_and_study_and_each_series_of_one_kind(samples, family):
    heads = of_patients(samples / family)
    assert differing(heads, OF_STUDY) == []
    series = defaultdict(list)
    for head in heads:
        series[head.SeriesInstanceUID].append(head)
    for members in series.values():
        assert differing(members, OF_SERIES) == []
        numbers = Counter(head.InstanceNumber for head in members)
        assert [number for number, times in numbers.items() if times > 1] == []
    numbers = Counter(members[0].SeriesNumber for members in series.values())
    assert [number for number, times in numbers.items() if times > 1] == []


def test_a_patient_is_the_same_person_in_every_family(samples):
    people = defaultdict(set)
    for path in samples.rglob("*.dcm"):
        head = dcmread(path, stop_before_pixels=True)
        if "PatientID" in head:
            told = (head.PatientName, head.PatientBirthDate, head.PatientSex)
            people[head.PatientID].add(tuple(map(str, told)))
    assert [who for who, told in people.items() if len(told) > 1] == []


def moment(head: Dataset, of: str) -> str:
    """A date and its time, empty where there is none."""
    date = head.get(f"{of}Date")
    return f"{date}{head.get(f'{of}Time')}" if date else ""


def test_nothing_is_made_before_what_it_tells_of(samples):
    wrong = []
    for path in sorted(samples.rglob("*.dcm")):
        head = dcmread(path, stop_before_pixels=True)
        order = ("Study", "Series", "Acquisition", "Content", "InstanceCreation")
        told = [found for each in order if (found := moment(head, each))]
        if told != sorted(told):
            wrong.append((path.name, told))
    assert wrong == []


def test_no_moment_is_that_of_writing(samples):
    """Who writes them on another day writes the same: all is of the samples' day or before it."""
    later = {
        (path.stem, element.keyword)
        for path in sorted(samples.rglob("*.dcm"))
        for element in dcmread(path, stop_before_pixels=True).iterall()
        if element.VR in ("DA", "DT") and str(element.value)[:8] > SAMPLE_DATE
    }
    assert {keyword for _, keyword in later} == {"AssertionExpirationDateTime"}


# -- protocols -------------------------------------------------------------------------------------


DEFINED, PERFORMED, APPROVAL = (
    {f"1.2.840.10008.5.1.4.1.1.200.{number}" for number in numbers}
    for numbers in ((1, 7), (2, 8), (3,))
)


@pytest.mark.parametrize("family", ["ct-protocols", "xray-3d"])
def test_no_protocol_is_approved_before_it_is_written_nor_performed_before_it_is_approved(
    samples, family
):
    heads = [dcmread(path) for path in (samples / family).glob("*.dcm")]
    written = {
        one.SOPInstanceUID: moment(one, "InstanceCreation")
        for one in heads
        if one.SOPClassUID in DEFINED
    }
    said = {}
    approvals = [one for one in heads if one.SOPClassUID in APPROVAL]
    for approval in sorted(approvals, key=lambda one: one.ApprovalSequence[0].AssertionDateTime):
        (subject,), (assertion,) = approval.ApprovalSubjectSequence, approval.ApprovalSequence
        created = moment(approval, "InstanceCreation")
        assert written[subject.ReferencedSOPInstanceUID] < assertion.AssertionDateTime <= created
        said[assertion.AssertionUID] = assertion.AssertionDateTime
        for earlier in assertion.get("RelatedAssertionSequence", []):
            assert said[earlier.ReferencedAssertionUID] < assertion.AssertionDateTime
    (performed,) = (one for one in heads if one.SOPClassUID in PERFORMED)
    assert max(said.values()) < moment(performed, "Study")
    for one in heads:
        for earlier in one.get("PredecessorProtocolSequence", []):
            before = written[earlier.ReferencedSOPInstanceUID]
            assert before < moment(one, "InstanceCreation")


def test_the_images_of_a_protocol_were_made_as_it_was_performed_and_as_it_demands(read):
    performed, defined = read("ct-protocols/performed"), read("ct-protocols/defined-2")
    (acquired,) = performed.AcquisitionProtocolElementSequence
    (beam,) = acquired.CTXRayDetailsSequence
    (specified,) = defined.AcquisitionProtocolElementSpecificationSequence
    (demanded,) = (
        one.ConstraintValueSequence[0].SelectorDSValue
        for one in specified.ParametersSpecificationSequence
        if one.SelectorAttributeKeyword == "KVP"
    )
    kvps = {float(read(f"ct-protocols/image-{number}").KVP) for number in (1, 2, 3)}
    assert kvps == {float(beam.KVP)} == {float(demanded)}
    # PS3.3 C.8.15.3.8, of a spiral
    turn = acquired.RevolutionTime / acquired.SpiralPitchFactor * 1000
    assert beam.ExposureTimeInms == pytest.approx(turn)
    assert beam.ExposureInmAs == pytest.approx(turn * beam.XRayTubeCurrentInmA / 1000)
    fed = acquired.TotalCollimationWidth * acquired.SpiralPitchFactor
    assert acquired.TableFeedPerRotation == pytest.approx(fed)
    assert acquired.TableSpeed == pytest.approx(fed / acquired.RevolutionTime)


# -- reports ---------------------------------------------------------------------------------------


def items(content: Dataset, value: str):
    """Content items whose concept has this code, to any depth."""
    for one in content.get("ContentSequence", []):
        if one.ConceptNameCodeSequence[0].CodeValue == value:
            yield one
        yield from items(one, value)


def number(content: Dataset, value: str) -> float:
    (found,) = items(content, value)
    return float(found.MeasuredValueSequence[0].NumericValue)


@pytest.mark.parametrize("name", TYPES)
def test_a_report_has_the_value_types_of_its_class_only(read, name):
    def types(content: Dataset):
        for one in content.get("ContentSequence", []):
            yield one.ValueType
            yield from types(one)

    assert set(types(read(name))) - TYPES[name] == set()


def test_what_flowed_is_what_each_phase_has_given(read):
    report = read("contrast/performed")

    def course(graph: str, what: str) -> list[tuple[float, float]]:
        (told,) = items(report, graph)
        return [
            (
                number(one, "130194"),
                float(one.MeasuredValueSequence[0].NumericValue),
            )
            for one in items(told, what)
        ]

    flow, pressure = course("130229", "122094"), course("130230", "PRESSURE")
    assert [at for at, _ in flow] == [at for at, _ in pressure] == sorted(at for at, _ in flow)
    given, peaks = 0.0, []
    for phase in items(report, "130202"):
        begun = given
        given += number(phase, "130240")
        peaks.append((number(phase, "130244"), number(phase, "130245"), begun, given))
    assert number(report, "130241") == pytest.approx(given)
    past, reached = 0.0, [(0.0, *flow[0])]
    for (start, low), (end, high) in pairwise(flow):
        past += (end - start) * (low + high) / 2
        reached.append((past, end, high))
    assert past == pytest.approx(given)
    for peak_flow, peak_pressure, begun, end in peaks:
        within = [at for volume, at, _ in reached if begun - 1e-6 <= volume <= end + 1e-6]
        assert peak_flow == max(value for at, value in flow if at in within)
        assert peak_pressure == max(value for at, value in pressure if at in within)


def test_a_dose_report_adds_up(read):
    report = read("dose/x-ray-dose")
    length, pitch = number(report, "113825"), number(report, "113828")
    width, turn = number(report, "113827"), number(report, "113834")
    assert number(report, "113838") == pytest.approx(number(report, "113830") * length / 10)
    assert number(report, "113813") == number(report, "113838")
    took = length / (pitch * width) * turn
    assert number(report, "113824") == pytest.approx(took, abs=0.05)
    (begun,), (ended,) = items(report, "113809"), items(report, "113810")
    assert float(ended.DateTime) - float(begun.DateTime) == pytest.approx(took, abs=0.05)


# -- places ----------------------------------------------------------------------------------------


def test_contours_lie_on_the_images_they_name(samples, read):
    images = {
        one.SOPInstanceUID: one
        for one in map(dcmread, (samples / "radiotherapy").glob("planning-image-*.dcm"))
    }
    structures = read("radiotherapy/structure-set")
    named = [
        (contour, images[contour.ContourImageSequence[0].ReferencedSOPInstanceUID])
        for one in structures.ROIContourSequence
        for contour in one.ContourSequence
    ]
    assert len(named) == len(images) * len(structures.ROIContourSequence)
    for contour, image in named:
        points = np.reshape(contour.ContourData, (-1, 3)).astype(float)
        assert (points[:, 2] == float(image.ImagePositionPatient[2])).all()
        pixels = (points[:, :2] - image.ImagePositionPatient[:2]) / image.PixelSpacing
        assert (pixels > 0).all()
        assert (pixels < (image.Columns, image.Rows)).all()
    frames = {one.FrameOfReferenceUID for one in images.values()}
    names = ("structure-set", "radiation-1", "radiation-2", "radiation-set")
    assert frames == {read(f"radiotherapy/{name}").FrameOfReferenceUID for name in names}


def test_lines_of_a_tomography_are_as_far_from_each_other_as_its_scans(read):
    fundus, volume, en_face = (read(f"oct/{name}") for name in ("fundus", "volume", "en-face"))
    shared = volume.SharedFunctionalGroupsSequence[0]
    places = [
        np.array(one.PlanePositionSequence[0].ImagePositionPatient, float)
        for one in volume.PerFrameFunctionalGroupsSequence
    ]
    lines = [
        one.OphthalmicFrameLocationSequence[0].ReferenceCoordinates
        for one in volume.PerFrameFunctionalGroupsSequence
    ]
    rows = [(low - high) * fundus.PixelSpacing[0] for (high, *_), (low, *_) in pairwise(lines)]
    apart = [np.linalg.norm(after - before) for before, after in pairwise(places)]
    assert rows == pytest.approx(apart)
    width = volume.Columns * shared.PixelMeasuresSequence[0].PixelSpacing[1]
    assert {round((line[3] - line[1]) * fundus.PixelSpacing[1], 6) for line in lines} == {width}
    # Rows of the photograph and of the en face image go to the left, columns to the feet.
    across = shared.PlaneOrientationSequence[0].ImageOrientationPatient[:3]
    down = (places[1] - places[0]) / apart[0]
    assert list(fundus.PatientOrientation) == list(en_face.PatientOrientation) == ["L", "F"]
    assert en_face.ImageOrientationPatient == pytest.approx([*across, *down])
    assert (list(across), list(down)) == ([1, 0, 0], [0, 0, -1])
    assert en_face.PixelSpacing == pytest.approx([apart[0], width / volume.Columns])
