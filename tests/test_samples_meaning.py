"""What validators cannot see: the samples hold together in what they mean."""

from __future__ import annotations

import io
import itertools
import struct
from collections import Counter

import numpy as np
import pypdf
import pytest
from pydicom import dcmread

VOLUMETRIC = ("mpr-grey", "mpr-colour", "rendering", "rendering-segmented", "rendering-multiple")


@pytest.fixture
def read(samples):
    return lambda name: dcmread(samples / f"{name}.dcm")


def referred(item, keyword: str = ""):
    """(sequence, instance) of every reference that an item has, to any depth."""
    if "ReferencedSOPInstanceUID" in item:
        yield keyword, item.ReferencedSOPInstanceUID
    for element in item:
        if element.VR == "SQ":
            for inside in element.value:
                yield from referred(inside, element.keyword)


def test_common_instance_references_are_those_there_are(samples):
    """PS3.3 C.12.2: all instances of the study that are referred to, and no others."""
    heads = [dcmread(path, stop_before_pixels=True) for path in samples.rglob("*.dcm")]
    studies = {one.SOPInstanceUID: one.get("StudyInstanceUID") for one in heads}
    wrong = {}
    for head in heads:
        if "ReferencedSeriesSequence" not in head:
            continue
        listed = {uid for one in head.ReferencedSeriesSequence for _, uid in referred(one)}
        del head["ReferencedSeriesSequence"]
        head.pop("StudiesContainingOtherReferencedInstancesSequence", None)
        used = {uid for _, uid in referred(head) if studies.get(uid) == head.StudyInstanceUID}
        if listed != used:
            wrong[str(head.SOPInstanceUID)] = (
                head.SOPClassUID.name,
                len(listed - used),
                len(used - listed),
            )
    assert wrong == {}


def floats(value: bytes) -> np.ndarray:
    return np.frombuffer(value, "<f4")


def document(made) -> bytes:
    return made.EncapsulatedDocument[: made.EncapsulatedDocumentLength]


def closed(triangles) -> bool:
    """Every edge is run along twice, once in each direction."""
    edges = Counter(edge for a, b, c in triangles for edge in ((a, b), (b, c), (c, a)))
    return all(edges[a, b] == edges[b, a] == 1 for a, b in edges)


def volume(triangles) -> float:
    """Positive when the triangles look outwards."""
    return sum(np.dot(a, np.cross(b, c)) / 6 for a, b, c in triangles)


def facets(data: bytes):
    (count,) = struct.unpack_from("<I", data, 80)
    assert len(data) == 84 + 50 * count
    for number in range(count):
        normal, *corners = np.reshape(struct.unpack_from("<12f", data, 84 + 50 * number), (4, 3))
        yield normal, tuple(tuple(corner) for corner in corners)


@pytest.mark.parametrize("revision", [1, 2])
def test_the_stl_is_a_closed_body_that_looks_outwards(read, revision):
    found = list(facets(document(read(f"printing/stl-revision-{revision}"))))
    triangles = [corners for _, corners in found]
    assert closed(triangles)
    ellipsoid = 4 / 3 * np.pi * 11 * 17.5 * 31
    assert volume(triangles) == pytest.approx(ellipsoid, rel=0.1)
    for normal, (a, b, c) in found:
        across = np.cross(np.subtract(b, a), np.subtract(c, a))
        assert np.dot(normal, across) == pytest.approx(np.linalg.norm(across), rel=1e-4)


def test_the_obj_names_its_materials_and_these_their_texture(read):
    model, library, texture = map(
        read, ("printing/obj", "printing/material-library", "printing/texture")
    )
    lines = [line.split() for line in document(model).decode().splitlines()]
    faces = [[int(each.split("/")[0]) for each in line[1:]] for line in lines if line[0] == "f"]
    assert closed(faces)
    assert max(itertools.chain(*faces)) == sum(line[0] == "v" for line in lines)
    ((_, uri),) = (line for line in lines if line[0] == "mtllib")
    (named,) = model.ReferencedInstanceSequence
    assert (
        named.RelativeURIReferenceWithinEncapsulatedDocument,
        named.ReferencedSOPInstanceUID,
    ) == (
        uri,
        library.SOPInstanceUID,
    )
    ((_, uri),) = (
        line.split()
        for line in document(library).decode().splitlines()
        if line.startswith("map_Kd")
    )
    (named,) = library.ReferencedImageSequence
    assert (
        named.RelativeURIReferenceWithinEncapsulatedDocument,
        named.ReferencedSOPInstanceUID,
    ) == (
        uri,
        texture.SOPInstanceUID,
    )


def test_the_pdf_can_be_read(read):
    (page,) = pypdf.PdfReader(io.BytesIO(document(read("printing/pdf")))).pages
    assert "Revision 2 approved for fabrication." in page.extract_text()


@pytest.mark.parametrize("name", VOLUMETRIC)
def test_numbers_in_a_volumetric_state_lead_somewhere(read, name):
    state = read(f"volume/{name}")
    inputs = {
        one.VolumetricPresentationInputNumber: one
        for one in state.VolumetricPresentationStateInputSequence
    }
    croppings = [one.CroppingSpecificationNumber for one in state.get("VolumeCroppingSequence", [])]
    assert list(inputs) == list(range(1, len(inputs) + 1))
    assert croppings == list(range(1, len(croppings) + 1))
    cropped = [one.CroppingSpecificationIndex for one in inputs.values() if one.Crop == "YES"]
    assert sorted(cropped) == croppings
    streams = state.get("VolumeStreamSequence", [state])
    used = [
        (stream.get("VolumetricPresentationInputSetUID"), entry.VolumetricPresentationInputIndex)
        for stream in streams
        for component in stream.get("PresentationStateClassificationComponentSequence", [])
        for entry in component.ComponentInputSequence
    ]
    for input_set, index in used:
        assert input_set in (None, inputs[index].VolumetricPresentationInputSetUID)
    if state.PixelPresentation == "TRUE_COLOR":
        assert {index for _, index in used} == set(inputs)
        assert len(state.PresentationStateCompositorComponentSequence) == len(used) - 1


def test_weights_of_a_compositor_never_exceed_one(read):
    # PS3.4 FF.2.3.3.2
    (compositor,) = read("volume/mpr-colour").PresentationStateCompositorComponentSequence
    first, second = (
        np.frombuffer(one.LUTData, "u1").astype(int)
        for one in compositor.WeightingTransferFunctionSequence
    )
    assert len(first) == len(second) == 256
    assert (first + second <= 255).all()


def test_label_map_and_binary_segmentation_say_the_same(read):
    binary, labels = read("volume/segmentation"), read("volume/label-map")
    planes = {}
    for frame, told in zip(
        binary.pixel_array, binary.PerFrameFunctionalGroupsSequence, strict=True
    ):
        height = float(told.PlanePositionSequence[0].ImagePositionPatient[2])
        segment = told.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        planes[segment, height] = frame.astype(bool)
    for frame, told in zip(
        labels.pixel_array, labels.PerFrameFunctionalGroupsSequence, strict=True
    ):
        height = float(told.PlanePositionSequence[0].ImagePositionPatient[2])
        for segment in (1, 2):
            wanted = planes.get((segment, height), np.zeros_like(frame, bool))
            assert ((frame == segment) == wanted).all()


def test_measurements_of_tracks_have_a_value_for_each_point_they_name(read):
    tracks = read("tractography/tracks")
    assert len(tracks.TrackSetSequence) == 2
    for track_set in tracks.TrackSetSequence:
        points = [
            floats(one.PointCoordinatesData).reshape(-1, 3) for one in track_set.TrackSequence
        ]
        whole, some = track_set.MeasurementsSequence
        anisotropy = [floats(one.FloatingPointValues) for one in whole.MeasurementValuesSequence]
        assert [len(each) for each in anisotropy] == [len(each) for each in points]
        for one, track in zip(some.MeasurementValuesSequence, points, strict=True):
            indices = np.frombuffer(one.TrackPointIndexList, "<u4")
            assert len(indices) == len(floats(one.FloatingPointValues))
            assert indices.min() >= 1
            assert indices.max() <= len(track)
        means = floats(track_set.TrackStatisticsSequence[0].FloatingPointValues)
        assert means == pytest.approx([each.mean() for each in anisotropy], rel=1e-5)
        mean = track_set.TrackSetStatisticsSequence[0].FloatingPointValue
        assert mean == pytest.approx(means.mean(), rel=1e-5)


def test_points_of_the_wide_field_map_lie_on_the_eye(read):
    # C.8.17.12.1.1: spherical projection, a sphere whose diameter is the axial length.
    eye = read("wide-field/coordinates")
    (mapping,) = eye.TwoDimensionalToThreeDimensionalMapSequence
    points = floats(mapping.TwoDimensionalToThreeDimensionalMapData).reshape(-1, 5)
    assert len(points) == mapping.NumberOfMapPoints
    assert (points[:, 0] < eye.Columns).all()
    assert (points[:, 1] < eye.Rows).all()
    radius = float(eye.OphthalmicAxialLength) / 2
    away = np.linalg.norm(points[:, 2:] - [0, 0, radius], axis=1)
    assert away == pytest.approx(np.full(len(points), radius), rel=1e-5)


def test_the_en_face_image_is_the_projection_of_the_flow(read):
    flow, en_face = read("oct/flow"), read("oct/en-face")
    assert (en_face.pixel_array == flow.pixel_array.max(axis=1)).all()
    assert en_face.FrameOfReferenceUID == flow.FrameOfReferenceUID


def test_each_scan_of_the_flow_names_the_scan_it_was_made_from(read):
    flow, structure = read("oct/flow"), read("oct/volume")
    for number, told in enumerate(flow.PerFrameFunctionalGroupsSequence, 1):
        (source,) = told.DerivationImageSequence[0].SourceImageSequence
        assert source.ReferencedSOPInstanceUID == structure.SOPInstanceUID
        assert source.ReferencedFrameNumber == number
        there = structure.PerFrameFunctionalGroupsSequence[number - 1]
        assert told.PlanePositionSequence == there.PlanePositionSequence


def test_the_map_says_what_its_values_are(read):
    coefficients = read("parametric-map/map")
    (mapping,) = coefficients.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "um2/s"
    values = np.frombuffer(coefficients.FloatPixelData, "<f4")
    assert values.min() >= mapping.DoubleFloatRealWorldValueFirstValueMapped
    assert values.max() <= mapping.DoubleFloatRealWorldValueLastValueMapped
