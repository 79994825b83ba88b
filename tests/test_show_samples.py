"""`anode show` on the samples: what matters of each class is told."""

import json
import re

import pytest
from pydicom import dcmread

from iod.reading import contrast, documents, html
from iod.reading.description import OUTLINES, described
from iod.samples import FAMILIES
from tests.commands import ROOT, anode

# Takes seconds to encode, and is told by a table of facts as every image.
NAMES = sorted(each.name for each in FAMILIES if each.name != "video")
GENERAL = {"Patient", "Study", "Series", "Equipment", "Instance", "Document", "Frames", "Pixels"}


@pytest.fixture(scope="module")
def shown(samples):
    """A description of every sample, by its path."""
    return {
        str(path.relative_to(samples).with_suffix("")): described(dcmread(path))
        for name in NAMES
        for path in sorted((samples / name).rglob("*.dcm"))
    }


def section(description, title):
    (found,) = [each for each in description.sections if each.title == title]
    return found


def rows(description, title):
    found = section(description, title)
    return [dict(zip(found.headings, row, strict=True)) for row in found.rows]


def test_every_sample_of_a_class_with_an_outline_is_told_by_it(shown):
    silent = [
        path
        for path, one in shown.items()
        if one.sop_class_uid in OUTLINES and {each.title for each in one.sections} <= GENERAL
    ]
    assert silent == []


def test_no_heading_stands_twice(shown):
    twice = [
        (path, each.title)
        for path, one in shown.items()
        for each in one.sections
        if len(each.headings) != len(set(each.headings))
        or len(each.facts) != len({name for name, _ in each.facts})
    ]
    assert twice == []


def test_every_sample_is_a_page_and_a_document(shown):
    text = html.page(shown.values())
    assert text.count("<article") == text.count("</article>") == len(shown)
    for one in shown.values():
        assert json.loads(json.dumps(documents.document(one)))["sop_class"] == one.sop_class


FACTS = [
    ("content-assessment/assessment", "Content", "Assessment Summary", "PASSED"),
    ("printing/stl-revision-2", "STL file", "Triangles", "512"),
    ("volume/mpr-grey", "Content", "Multi-Planar Reconstruction Style", "PLANAR"),
    ("volume/rendering", "Content", "Render Projection", "ORTHOGRAPHIC"),
    ("radiotherapy/radiation-set", "Content", "Intended Number of Fractions", "30"),
    ("radiotherapy/radiation-1", "Content", "Device", "LINAC1"),
    ("brachytherapy/delivery-instruction", "Content", "Current Fraction Number", "2"),
    ("ct-protocols/defined-1", "Content", "Protocol Name", "Abdomen routine"),
    ("multi-energy/monoenergetic", "Content", "Monoenergetic", "50"),
    ("multi-energy/monoenergetic-enhanced", "Frames", "Monoenergetic", "50"),
    ("displays/hanging-protocol", "Content", "Number of Priors Referenced", "1"),
    ("displays/palette", "Content", "Content Label", "EMBERS"),
    ("implants/stem-10", "Content", "Implant Part Number", "STEM-10"),
    ("inventory/inventory", "Content", "Inventory Level", "INSTANCE"),
    ("clinical-document/report", "Content", "MIME Type of Encapsulated Document", "text/XML"),
    ("dose/x-ray-dose", "Dose", "CT Dose Length Product Total", "224.0 mGy.cm"),
]


@pytest.mark.parametrize(("path", "title", "name", "value"), FACTS)
def test_what_an_object_says_is_told(shown, path, title, name, value):
    assert dict(section(shown[path], title).facts)[name] == value


ROWS = [
    ("tractography/tracks", "Track sets", {"No.": "1", "Tracks": "5", "Points": "120"}),
    ("parametric-map/map", "Quantities", {"Quantity": "Apparent Diffusion Coefficient"}),
    ("parametric-map/blending", "Blended as", {"Blending Mode": "FOREGROUND", "Inputs": "1; 2"}),
    ("volume/segmentation", "Segments", {"Segment Label": "Bone", "Algorithm": "AUTOMATIC"}),
    ("volume/rendering-multiple", "Input sets", {"Classes": "CT Image Storage (12 times)"}),
    ("radiotherapy/physician-intent", "Dosimetric objectives", {"Value": "60.0", "Unit": "Gray"}),
    ("radiotherapy/radiation-set", "Dose values", {"Doses": "0; 1", "At metersets": "0; 112"}),
    ("radiotherapy/radiation-1", "Generation modes", {"Radiation Type": "Photon"}),
    ("ct-protocols/defined-1", "Acquisition parameters", {"Value": "SPIRAL"}),
    ("ct-protocols/defined-1", "For equipment", {"Manufacturer's Model Name": "Sample CT 64"}),
    ("ct-protocols/performed", "Acquisition elements", {"kV": "100.0", "CTDIvol": "8.2"}),
    ("multi-energy/iodine", "Materials", {"Material": "Iodine"}),
    ("implants/assembly", "Components", {"Component Type": "Femoral Stem"}),
    ("inventory/inventory", "Studies", {"Modalities in Study": "CT"}),
    ("dose/patient-dose", "Organ doses", {"Organ": "Lung", "Value": "9.1 mGy"}),
    ("contrast/planned", "Contrast administration", {"Report": "planned"}),
    ("ct-protocols/protocol-approval-1-approved", "Assertions",
     {"Assertion": "Approved for use at the institution"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "title", "expected"), ROWS)
def test_what_an_object_lists_is_listed(shown, path, title, expected):
    assert rows(shown[path], title)[0].items() >= expected.items()


def test_tracks_and_points_are_those_of_the_object(shown, samples):
    read = dcmread(samples / "tractography" / "tracks.dcm")
    counted = [
        (
            str(len(each.TrackSequence)),
            str(sum(len(t.PointCoordinatesData) // 12 for t in each.TrackSequence)),
        )
        for each in read.TrackSetSequence
    ]
    told = rows(shown["tractography/tracks"], "Track sets")
    assert [(row["Tracks"], row["Points"]) for row in told] == counted


def test_what_was_given_is_compared_with_what_was_planned(shown):
    trees = [shown[f"contrast/{name}"].content for name in ("planned", "performed")]
    told = contrast.compared(*trees)
    found = [dict(zip(told.headings, row, strict=True)) for row in told.rows]
    first = {row["Measure"]: row["Difference"] for row in found if row["Phase"] == "P1"}
    assert first == {"Volume": "-5.6 ml (-6 %)", "Flow": "none", "Pressure": "-160 kPa (-8 %)"}


def test_measurements_name_what_was_tracked_and_where(shown):
    area, length = shown["measurements/report"].measurements
    assert (area.value, length.value) == ("800.0 mm2", "40.0 mm")
    for each in (area, length):
        said = [each.said(key) for key in ("finding", "finding_site", "tracking_identifier")]
        assert said == ["Lesion", "Liver", "Lesion 1"]
        assert len(each.instances) == 1
    assert [each.value for each in shown["echo/report"].measurements][1:3] == ["4.9 cm", "3.2 cm"]


def test_the_measurements_in_the_docs_are_those_of_the_sample(samples):
    text = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"^\$ .*report\.dcm --measurements\n(.*?)^```", text, re.M | re.S)
    path = samples / "measurements" / "report.dcm"
    assert anode("show", path, "--measurements").out == told
