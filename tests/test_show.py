"""`anode show`: what it tells of an object is what stands in it, whoever wrote it."""

import importlib
import json
import pkgutil
import re
import subprocess
import sys
import warnings
from functools import partial
from html.parser import HTMLParser
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread, uid
from pydicom.data import get_charset_files, get_testdata_file
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.multival import MultiValue

from archive import Archive, Bounds
from cli import named, printing, show
from config.catalogue import MODELS, STORAGE, TRANSFER_SYNTAXES
from iod import reading
from iod.reading import documents, html
from iod.reading.content import DEEPEST, MOST_ITEMS, content
from iod.reading.description import OUTLINES, Description, described
from iod.reading.images import FRAMES, IMAGE
from iod.reading.measurements import CONTEXT, measurements
from iod.reading.sections import Listing, Section
from iod.reading.values import sop_class, text
from iod.reading.valuetypes import VALUE_TYPES
from tests.commands import ROOT, SECONDS, anode, configuration
from tests.test_cli_show import Terminal
from tests.wrapped import pdf, put

SR = get_testdata_file("test-SR.dcm")


def code(value, scheme, meaning):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def item(kind, name="", relationship="CONTAINS", below=(), **attributes):
    made = Dataset()
    made.RelationshipType, made.ValueType = relationship, kind
    if name:
        made.ConceptNameCodeSequence = [
            name if isinstance(name, Dataset) else code("1", "99", name)
        ]
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    if below:
        made.ContentSequence = list(below)
    return made


def number(name, value, unit, below=(), **attributes):
    measured = Dataset()
    measured.NumericValue = value
    measured.MeasurementUnitsCodeSequence = [code(unit, "UCUM", unit)]
    return item("NUM", name, below=below, MeasuredValueSequence=[measured], **attributes)


def reference(klass, instance, **parts):
    made = Dataset()
    made.ReferencedSOPClassUID, made.ReferencedSOPInstanceUID = klass, instance
    for keyword, value in parts.items():
        setattr(made, keyword, value)
    return made


def report(*below, klass=uid.ExtensibleSRStorage):
    made = item("CONTAINER", "Findings", below=below)
    made.SOPClassUID, made.SOPInstanceUID = klass, "1.2.3.4"
    del made.RelationshipType
    return made


def tree(*below):
    """The tree of a report with these items, as it is read from a file."""
    file = BytesIO()
    report(*below).save_as(file, implicit_vr=False, little_endian=True)
    file.seek(0)
    return content(dcmread(file, force=True))


def table():
    tabulated, cell, row_cells = Dataset(), Dataset(), Dataset()
    tabulated.NumberOfTableRows, tabulated.NumberOfTableColumns = 2, 2
    columns = []
    for at, name in enumerate(("Width", "Height"), 1):
        column = Dataset()
        column.TableColumnNumber = at
        column.ConceptNameCodeSequence = [code(str(at), "99", name)]
        column.MeasurementUnitsCodeSequence = [code("mm", "UCUM", "millimeter")]
        columns.append(column)
    tabulated.TableColumnDefinitionSequence = columns
    cell.TableRowNumber, cell.TableColumnNumber, cell.SelectorAttributeVR = 1, 2, "DS"
    cell.SelectorDSValue = "17.5"
    row_cells.TableRowNumber, row_cells.SelectorAttributeVR = 2, "FD"
    row_cells.SelectorFDValue = [3.25, 4.5]
    tabulated.CellValuesSequence = [cell, row_cells]
    return item("TABLE", "Sizes", TabulatedValuesSequence=[tabulated])


CT = uid.CTImageStorage
ITEMS = {
    "CONTAINER": (item("CONTAINER", "Part", below=[item("TEXT", "Said", TextValue="inside")]), ""),
    "TEXT": (item("TEXT", "Said", TextValue="two\nlines"), "two\nlines"),
    "CODE": (
        item("CODE", "Site", ConceptCodeSequence=[code("10200004", "SCT", "Liver")]),
        "Liver (10200004, SCT)",
    ),
    "NUM": (number("Length", "12.5", "mm"), "12.5 mm"),
    "PNAME": (item("PNAME", "Reader", PersonName="Yamada^Tarou"), "Yamada^Tarou"),
    "DATE": (item("DATE", "On", Date="20240229"), "2024-02-29"),
    "TIME": (item("TIME", "At", Time="101530.5"), "10:15:30.5"),
    "DATETIME": (
        item("DATETIME", "When", DateTime="20240229101530+0100"),
        "2024-02-29 10:15:30 +01:00",
    ),
    "UIDREF": (item("UIDREF", "Thing", UID="1.2.3.99"), "1.2.3.99"),
    "COMPOSITE": (
        item("COMPOSITE", "Plan", ReferencedSOPSequence=[reference(uid.RTPlanStorage, "1.2.5")]),
        "RT Plan Storage 1.2.5",
    ),
    "IMAGE": (
        item("IMAGE", "Seen", ReferencedSOPSequence=[reference(CT, "1.2.6")]),
        "CT Image Storage 1.2.6",
    ),
    "WAVEFORM": (
        item(
            "WAVEFORM",
            "Heard",
            ReferencedSOPSequence=[
                reference(
                    uid.TwelveLeadECGWaveformStorage, "1.2.7", ReferencedWaveformChannels=[1, 2]
                )
            ],
        ),
        "12-lead ECG Waveform Storage 1.2.7",
    ),
    "SCOORD": (
        item("SCOORD", "Edge", GraphicType="POLYLINE", GraphicData=[1.0, 2.0, 3.0, 4.0]),
        "POLYLINE, 2 points",
    ),
    "SCOORD3D": (
        item(
            "SCOORD3D",
            "Tip",
            GraphicType="POINT",
            GraphicData=[1.0, 2.0, 3.0],
            ReferencedFrameOfReferenceUID="1.2.8",
        ),
        "POINT, 1 point",
    ),
    "TCOORD": (
        item("TCOORD", "During", TemporalRangeType="SEGMENT", ReferencedTimeOffsets=["1.5", "2"]),
        "SEGMENT",
    ),
    "TABLE": (table(), "2 rows, 2 columns"),
}


def test_every_value_type_of_the_standard_is_tried_here():
    assert set(ITEMS) == VALUE_TYPES


@pytest.mark.parametrize("kind", ITEMS)
def test_every_value_type_is_told(kind):
    made, value = ITEMS[kind]
    root = tree(made)
    shown = root.children[0]
    assert (shown.number, shown.value_type, shown.value) == ("1.1", kind, value)
    assert not shown.beyond


def test_what_else_is_said_of_a_value_is_told():
    details = {kind: dict(tree(made).children[0].details) for kind, (made, _) in ITEMS.items()}
    assert details["WAVEFORM"] == {"Referenced Waveform Channels": "1, 2"}
    assert details["SCOORD3D"]["Referenced Frame of Reference UID"] == "1.2.8"
    assert details["TCOORD"] == {"Referenced Time Offsets": "1.5, 2"}
    assert details["SCOORD"] == {"Graphic Data": "1, 2, 3, 4"}


def test_a_table_is_told_cell_by_cell():
    shown = tree(table()).children[0]
    assert shown.table == (
        ("", "Width [mm]", "Height [mm]"),
        ("1", "", "17.5"),
        ("2", "3.25", "4.5"),
    )


def test_an_unknown_value_type_is_told_by_its_attributes():
    made = item("HOLOGRAM", "Seen", TextValue="who knows", GraphicType="POINT")
    shown = tree(made).children[0]
    assert shown.details == (("Text Value", "who knows"), ("Graphic Type", "POINT"))


def test_a_value_by_reference_names_the_item_it_stands_for():
    by_reference = item("TEXT")
    del by_reference.ValueType
    by_reference.ReferencedContentItemIdentifier = [1, 1]
    root = tree(item("TEXT", "Said", TextValue="once"), by_reference)
    said, again = root.children
    assert again.refers_to == said.number == "1.1"
    assert again.value == "Said: once"
    assert (said.referred, again.referred) == (True, False)


def test_a_reference_to_an_item_that_is_not_there_says_so():
    by_reference = item("TEXT")
    del by_reference.ValueType
    by_reference.ReferencedContentItemIdentifier = [1, 9]
    made = report(by_reference)
    assert described(made).content.children[0].beyond == "there is no such item"
    assert Page(html.page([described(made)])).links == []


def test_a_measured_value_that_is_missing_is_told_with_its_reason():
    missing = item("NUM", "Length", MeasuredValueSequence=[])
    missing.NumericValueQualifierCodeSequence = [code("114006", "DCM", "Measurement failure")]
    assert tree(missing).children[0].value == "no value: Measurement failure"


# -- hostile trees --------------------------------------------------------------------------------


def test_a_tree_deeper_than_any_report_is_cut_and_says_so():
    made = item("TEXT", "Said", TextValue="deepest")
    for _ in range(DEEPEST + 20):
        made = item("CONTAINER", "Part", below=[made])
    root = content(report(made))
    assert [each.beyond for each in root.walk() if each.beyond] == [
        f"1 items deeper than {DEEPEST} levels are not shown"
    ]


def test_a_tree_of_more_items_than_anybody_reads_is_cut_and_says_so():
    many = [item("TEXT", TextValue="x")] * (MOST_ITEMS + 5)
    root = content(report(*many))
    assert len(root.children) == MOST_ITEMS - 1
    assert root.beyond == f"6 more items beyond {MOST_ITEMS} are not shown"


@pytest.mark.parametrize(
    ("keyword", "vr", "raw", "said"),
    [
        ("NumericValue", "DS", b"many ", "many"),
        ("Rows", "US", b"\x01", "\x01"),
        ("GraphicData", "FL", b"\x00\x00", ""),
    ],
)
def test_a_value_that_is_not_what_its_vr_says_is_shown_as_it_stands(keyword, vr, raw, said):
    tag = tag_for_keyword(keyword)
    head = tag.to_bytes(4, "little")[2:] + tag.to_bytes(4, "little")[:2]
    encoded = head + vr.encode() + len(raw).to_bytes(2, "little") + raw
    made = dcmread(BytesIO(encoded), force=True)
    assert text(made, keyword) == said


@pytest.mark.parametrize("cut", range(200, 4000, 157))
def test_a_file_cut_anywhere_ends_in_a_sentence_or_in_what_is_left(tmp_path, cut):
    whole = Path(SR).read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(whole[:cut])
    ran = anode("show", path)
    assert ran.code in (0, 1)
    assert "Traceback" not in ran.err
    assert "error of ours" not in ran.err


@pytest.mark.parametrize("how", [(), ("--html",), ("--json",), ("--measurements",)])
def test_a_report_that_is_cut_off_is_never_told_as_if_it_were_whole(tmp_path, how):
    whole = saved(tmp_path, report(item("TEXT", "Said", TextValue="one"), item("TEXT", "More")))
    assert anode("show", whole, *how).code == 0
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(whole.read_bytes()[:-30])
    ran = anode("show", cut, *how)
    assert ran.code == 1
    assert f"{cut} is damaged, so this is not all of it" in ran.err
    assert ("Not all of it can be read" in ran.out) is (how != ("--measurements",))


def test_an_object_of_the_archive_that_the_disk_has_cut_off_is_told_as_damaged(tmp_path):
    with Archive.open(tmp_path / "anode-data") as archive:
        archive.import_file(Path(SR))
    (path,) = (tmp_path / "anode-data" / "objects").rglob("*.dcm")
    path.write_bytes(path.read_bytes()[:-30])
    ran = anode("show", dcmread(SR).SOPInstanceUID, "-c", configuration(tmp_path))
    assert (ran.code, "is damaged, so this is not all of it" in ran.err) == (1, True)


# -- measurements ---------------------------------------------------------------------------------


def group(name, tracked, site, *numbers):
    said = [
        item(
            "TEXT", code("112039", "DCM", "Tracking Identifier"), "HAS OBS CONTEXT", TextValue=name
        ),
        item("UIDREF", code("112040", "DCM", "Tracking UID"), "HAS OBS CONTEXT", UID=tracked),
        item(
            "CODE",
            code("363698007", "SCT", "Finding Site"),
            ConceptCodeSequence=[code("10200004", "SCT", site)],
        ),
    ]
    return item("CONTAINER", code("125007", "DCM", "Measurement Group"), below=[*said, *numbers])


def test_a_measurement_is_told_with_what_its_group_says_of_it():
    own_site = item(
        "CODE",
        code("363698007", "SCT", "Finding Site"),
        "HAS CONCEPT MOD",
        ConceptCodeSequence=[code("2", "99", "Left lobe")],
    )
    method = item(
        "CODE",
        code("370129005", "SCT", "Measurement Method"),
        "HAS CONCEPT MOD",
        ConceptCodeSequence=[code("3", "99", "By hand")],
    )
    root = content(
        report(
            group("Lesion 1", "1.2.3.1", "Liver", number("Length", "12.5", "mm")),
            group(
                "Lesion 2",
                "1.2.3.2",
                "Liver",
                number("Volume", "7", "cm3", below=[own_site, method]),
            ),
        )
    )
    first, second = measurements(root)
    assert (str(first.name), first.value, first.unit.value) == ("Length", "12.5 mm", "mm")
    assert first.said("tracking_identifier") == "Lesion 1"
    assert first.said("tracking_uid") == "1.2.3.1"
    assert first.said("finding_site") == "Liver"
    assert first.group == ("Findings", "Measurement Group")
    assert second.said("finding_site") == "Left lobe"
    assert second.said("method") == "By hand"
    assert (first.group_number, second.group_number) == ("1.1", "1.2")


def image(instance):
    return item("IMAGE", "Seen in", ReferencedSOPSequence=[reference(CT, instance)])


def finding(name, *below):
    site = [code(name, "99", name)]
    return item("CODE", code("121071", "DCM", "Finding"), below=below, ConceptCodeSequence=site)


def test_a_measurement_below_a_finding_is_of_that_one():
    root = content(
        report(
            finding("Cyst", number("Length", "1", "mm")),
            finding("Stone", number("Length", "2", "mm")),
            number("Length", "3", "mm"),
        )
    )
    assert [each.said("finding") for each in measurements(root)] == ["Cyst", "Stone", ""]


def test_the_images_of_a_measurement_are_its_own_or_those_of_its_group():
    by_reference = item("IMAGE", relationship="INFERRED FROM")
    del by_reference.ValueType
    by_reference.ReferencedContentItemIdentifier = [1, 1]
    region = item("SCOORD", "Region", below=[image("1.2.6.2")], GraphicType="POINT")
    root = content(
        report(
            image("1.2.6.1"),
            item("CONTAINER", "Group", below=[number("A", "1", "mm"), region]),
            item("CONTAINER", "Group", below=[number("B", "1", "mm", below=[image("1.2.6.3")])]),
            item("CONTAINER", "Group", below=[number("C", "1", "mm", below=[by_reference])]),
        )
    )
    told = {str(each.name): each.instances for each in measurements(root)}
    assert told == {"A": ("1.2.6.2",), "B": ("1.2.6.3",), "C": ("1.2.6.1",)}


def test_measurements_are_one_json_document(tmp_path):
    path = saved(tmp_path, report(group("Lesion 1", "1.2.3.1", "Liver", number("L", "12.5", "mm"))))
    (told,) = anode("show", path, "--measurements", "--json").document
    assert told["value"] == 12.5
    assert told["unit"] == {"value": "mm", "scheme": "UCUM", "meaning": "mm"}
    assert told["tracking_uid"] == "1.2.3.1"
    assert told["finding_site"]["meaning"] == "Liver"
    assert told["group"] == ["Findings", "Measurement Group"]


# -- contrast administrations ---------------------------------------------------------------------


def step(number_of, *phases):
    name = item("TEXT", code("130196", "DCM", "Step Identifier"), TextValue=number_of)
    return item("CONTAINER", code("130195", "DCM", "Administration Step"), below=[name, *phases])


def phase(name, *numbers):
    said = item("TEXT", code("130203", "DCM", "Phase Identifier"), TextValue=name)
    return item("CONTAINER", code("130202", "DCM", "Administration Phase"), below=[said, *numbers])


def administrations(tmp_path):
    plan = report(
        step(
            "1",
            number("Pressure Limit", "2000", "kPa"),
            phase("A", number("Volume", "80", "mL"), number("Flow Rate", "4", "mL/s")),
        ),
        step("2", phase("B", number("Volume", "40", "mL"), number("Delay", "5", "s"))),
        klass=uid.PlannedImagingAgentAdministrationSRStorage,
    )
    plan.SOPInstanceUID = "1.2.3.10"
    reference_to_plan = item(
        "COMPOSITE",
        code("130236", "DCM", "Planned Imaging Agent Administration SOP Instance"),
        ReferencedSOPSequence=[reference(plan.SOPClassUID, plan.SOPInstanceUID)],
    )
    performed = report(
        reference_to_plan,
        step(
            "1",
            phase(
                "A",
                number("Total Phase Volume Administered", "76", "mL"),
                number("Peak Flow Rate in Phase Activity", "4.2", "mL/s"),
                number("Peak Pressure in Phase Activity", "1100", "kPa"),
            ),
        ),
        klass=uid.PerformedImagingAgentAdministrationSRStorage,
    )
    performed.SOPInstanceUID = "1.2.3.11"
    return [saved(tmp_path / name, one) for name, one in (("plan", plan), ("done", performed))]


COMPARED = [
    ("1", "", "Pressure", "Pressure Limit: 2000 kPa", "", ""),
    ("1", "A", "Volume", "Volume: 80 mL", "Total Phase Volume Administered: 76 mL", "-4 mL (-5 %)"),
    ("1", "A", "Flow", "Flow Rate: 4 mL/s", "Peak Flow Rate in Phase Activity: 4.2 mL/s",
     "+0.2 mL/s (+5 %)"),
    ("1", "A", "Pressure", "Pressure Limit: 2000 kPa", "Peak Pressure in Phase Activity: 1100 kPa",
     "-900 kPa (-45 %)"),
    ("2", "B", "Volume", "Volume: 40 mL", "", "not performed"),
    ("2", "B", "Time", "Delay: 5 s", "", "not performed"),
]  # fmt: skip


def compared(document):
    (found,) = [
        each for each in document["sections"] if each["title"] == "Planned against performed"
    ]
    return [tuple(row.values()) for row in found["rows"]]


def test_a_performed_administration_is_compared_with_its_plan(tmp_path):
    plan, performed = administrations(tmp_path)
    told = anode("show", plan, performed, "--json").document
    assert compared(told[1]) == COMPARED
    titles = [[each["title"] for each in one["sections"]] for one in told]
    assert "Planned against performed" not in titles[0]
    assert all("Contrast administration" in each for each in titles)


def test_the_plan_of_an_administration_is_found_in_the_archive(tmp_path):
    with Archive.open(tmp_path / "anode-data") as archive:
        for path in administrations(tmp_path):
            made = dcmread(path)
            made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3.1", "1.2.3.2"
            made.save_as(path)
            archive.import_file(path)
    (told,) = anode("show", "1.2.3.11", "--json", "-c", configuration(tmp_path)).document
    assert compared(told) == COMPARED


def test_a_dose_report_is_told_in_short():
    totals = item(
        "CONTAINER",
        code("113811", "DCM", "CT Accumulated Dose Data"),
        below=[number("CT Dose Length Product Total", "224", "mGy.cm")],
    )
    events = [item("CONTAINER", code("113819", "DCM", "CT Acquisition"))] * 2
    site = item(
        "CODE",
        code("363698007", "SCT", "Finding Site"),
        ConceptCodeSequence=[code("39607008", "SCT", "Lung")],
    )
    organ = item(
        "CONTAINER",
        code("113517", "DCM", "Organ Dose Information"),
        below=[site, number("Mean Absorbed Radiation Dose", "9.1", "mGy")],
    )
    made = report(totals, *events, organ, klass=uid.XRayRadiationDoseSRStorage)
    told = {each.title: each for each in described(made).sections}
    assert told["Dose"].facts == (
        ("Events: CT Acquisition", "2"),
        ("CT Dose Length Product Total", "224 mGy.cm"),
    )
    assert told["Organ doses"].rows == (("Lung", "Mean Absorbed Radiation Dose", "9.1 mGy"),)


def test_the_doses_of_two_planes_are_told_apart():
    planes = [
        item(
            "CONTAINER",
            code("113702", "DCM", "Accumulated X-Ray Dose Data"),
            below=[
                item(
                    "CODE",
                    code("113764", "DCM", "Acquisition Plane"),
                    "HAS CONCEPT MOD",
                    ConceptCodeSequence=[code(plane, "DCM", name)],
                ),
                number("Dose (RP) Total", dose, "Gy"),
            ],
        )
        for plane, name, dose in (("113620", "Plane A", "0.25"), ("113621", "Plane B", "0.125"))
    ]
    made = described(report(*planes, klass=uid.XRayRadiationDoseSRStorage))
    (told,) = [each for each in documents.document(made)["sections"] if each["title"] == "Dose"]
    assert told["facts"] == {
        "Dose (RP) Total (Plane A)": "0.25 Gy",
        "Dose (RP) Total (Plane B)": "0.125 Gy",
    }


def test_a_fact_that_is_said_twice_is_told_twice_in_json():
    made = documents.section(
        Section("Dose", (("Total", "1 Gy"), ("Other", "x"), ("Total", "2 Gy")))
    )
    assert made["facts"] == {"Total": "1 Gy; 2 Gy", "Other": "x"}


# -- pages ----------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would make of a page: elements in balance, headings, links, texts."""

    VOID = ("meta", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.headings, self.links, self.ids, self.said = [], [], [], [], []
        self.tags = set()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said.append(data)


HOSTILE = '<script>alert("x")</script><img src=http://example.com/x onerror=y>&amp;\x1b[31m\u202e'


def test_a_page_obeys_nothing_of_the_object():
    made = report(
        item("TEXT", HOSTILE[:60], TextValue=HOSTILE),
        item("CONTAINER", HOSTILE[:60], below=[number(HOSTILE[:60], "1", "mm")]),
    )
    made.PatientName, made.StudyDescription = HOSTILE[:60], HOSTILE[:60]
    made.ContentSequence[0].ReferencedContentItemIdentifier = None
    written = html.page([described(made)])
    page = Page(written)
    assert not page.tags & {"script", "img", "iframe", "link", "object", "a"}
    assert not {"\x1b", "\u202e"} & set(written)
    assert "http" not in written.replace("http-equiv", "").replace("http://example.com/x", "")
    assert HOSTILE.replace("\x1b", r"\x1b").replace("\u202e", r"\u202e") in "".join(page.said)


def test_a_page_has_a_way_through_it():
    by_reference = item("TEXT")
    del by_reference.ValueType
    by_reference.ReferencedContentItemIdentifier = [1, 1, 1]
    part = item("CONTAINER", "Part", below=[item("TEXT", "Said", TextValue="once"), table()])
    page = Page(html.page([described(report(part, by_reference))]))
    assert page.links == ["#item-0-1.1.1"]
    assert "item-0-1.1.1" in page.ids
    assert len(page.ids) == len(set(page.ids))
    assert page.headings[0] == 1
    assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False))
    assert {"table", "caption", "th", "main", "title"} <= page.tags


def test_a_page_is_written_where_it_is_wanted(tmp_path):
    page = tmp_path / "page.html"
    assert anode("show", SR, "--html", "-o", page).code == 0
    assert page.read_text(encoding="utf-8") == anode("show", SR, "--html").out
    assert "Diagnosis" in "".join(Page(page.read_text(encoding="utf-8")).said)


def test_a_page_takes_no_files_place_unless_it_is_told_to(tmp_path):
    """Not that of the very object, either."""
    mine = tmp_path / "mine.dcm"
    mine.write_bytes(Path(SR).read_bytes())
    told = anode("show", mine, "--html", "-o", mine)
    assert (told.code, mine.read_bytes()) == (1, Path(SR).read_bytes())
    assert "--overwrite replaces it" in told.err
    assert anode("show", SR, "--html", "-o", mine, "--overwrite").code == 0
    assert mine.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


# -- files and the archive ------------------------------------------------------------------------


def saved(tmp_path, dataset, syntax=uid.ExplicitVRLittleEndian):
    from pydicom.dataset import FileMetaDataset

    tmp_path.mkdir(exist_ok=True)
    path = tmp_path / "object.dcm"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_an_object_of_the_archive_is_shown_by_its_uid_and_that_is_recorded(tmp_path):
    with Archive.open(tmp_path / "anode-data") as archive:
        archive.import_file(Path(SR))
    settings = configuration(tmp_path)
    anode("examine", "-c", settings)
    instance = dcmread(SR).SOPInstanceUID
    ran = anode("show", instance, "-c", settings)
    assert ran.code == 0
    itself, _, tree = anode("show", SR).out.rpartition("\n\n")
    assert ran.out.startswith(itself)
    assert ran.out.endswith(tree)
    journal = b"".join(p.read_bytes() for p in (tmp_path / "anode-data").rglob("*") if p.is_file())
    assert b"DICOM Instances Accessed" in journal


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["1.2.3.404"], 1, "holds no"),
        (["nothing-here"], 2, "neither a file nor a SOP Instance UID"),
        ([SR, "--html", "--json"], 2, "--html shows whole objects"),
        ([SR, "-o", "x.html"], 2, "add --html"),
    ],
)
def test_what_cannot_be_shown_is_told(tmp_path, arguments, code, said):
    (tmp_path / "anode-data").mkdir()
    ran = anode("show", *arguments, "-c", configuration(tmp_path))
    assert (ran.code, said in ran.err) == (code, True), ran.err


def test_what_is_no_dicom_is_told(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no DICOM here", encoding="ascii")
    ran = anode("show", path)
    assert (ran.code, ran.err) == (1, f"anode: {path} is no DICOM file\n")


@pytest.mark.parametrize("path", sorted(get_charset_files("*.dcm")))
def test_names_are_shown_in_whatever_they_are_written(path):
    read = dcmread(path)
    (told,) = anode("show", path, "--json").document
    shown = json.dumps(told, ensure_ascii=False)
    values = [each.value for each in read if each.VR == "PN" and each.value]
    names = [
        str(name) for each in values for name in (each if isinstance(each, MultiValue) else [each])
    ]
    assert names
    assert all(json.dumps(name, ensure_ascii=False)[1:-1] in shown for name in names)


@pytest.mark.parametrize("charset", ["", "ISO_IR 999"])
def test_text_of_no_known_character_set_is_read_as_what_it_most_likely_is(tmp_path, charset):
    made = report(
        item(
            "CONTAINER",
            "Part",
            below=[item("TEXT", "Said", TextValue="Größe"), item("TEXT", "Größe")],
        )
    )
    made.SpecificCharacterSet = "ISO_IR 192"
    path = saved(tmp_path, made)
    written = path.read_bytes()
    assert written.count(b"ISO_IR 192") == 1
    path.write_bytes(written.replace(b"ISO_IR 192", charset.ljust(10).encode()))
    out = anode("show", path).out
    assert "Said: Größe" in out
    assert out.count("Größe") == 2


def test_a_vector_is_told_number_by_number():
    made = Dataset()
    made.ImagePositionPatient = [0, 0, 0]
    assert text(made, "ImagePositionPatient") == "0.0, 0.0, 0.0"


@pytest.mark.parametrize("found", [STORAGE, TRANSFER_SYNTAXES, MODELS])
def test_all_that_we_speak_has_a_name(found):
    assert {each for each in found if sop_class(each) == each} == set()


# -- outlines -------------------------------------------------------------------------------------


def paths():
    yield from (("every image", path) for path in f"{IMAGE} {FRAMES}".split())
    for klass, outline in OUTLINES.items():
        yield from ((klass, path) for path in outline.facts.split())
        for listing in outline.lists:
            assert isinstance(listing, Listing)
            yield klass, f"#{listing.sequence}"
            yield from ((klass, path) for path in listing.columns.split())
    yield from tables()


def tables():
    """The lists of paths that modules have for their functions, as those of control points."""
    for found in pkgutil.iter_modules(reading.__path__):
        module = importlib.import_module(f"{reading.__name__}.{found.name}")
        texts = [each.split() for each in vars(module).values() if isinstance(each, str)]
        for listed in texts:
            if all(re.fullmatch(r"([\w-]+=)?#?[A-Z][A-Za-z0-9.]+", each) for each in listed):
                yield from ((found.name, path) for path in listed)


def test_outlines_name_attributes_of_the_dictionary():
    wrong = []
    for klass, path in paths():
        keywords = path.rpartition("=")[2].lstrip("#").split(".")
        counted = "#" in path
        for at, keyword in enumerate(keywords):
            tag = tag_for_keyword(keyword)
            within = counted or at < len(keywords) - 1
            if tag is None or (within and dictionary_VR(tag) != "SQ"):
                wrong.append((klass, path))
    assert wrong == []


def test_a_class_without_an_outline_is_told_by_what_it_has():
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = uid.RawDataStorage, "1.2.3"
    made.ContentLabel, made.CreatorVersionUID = "RAW", "1.2.9"
    rows = {row for section in described(made).sections for row in section.rows}
    assert {("Content Label", "RAW"), ("Creator-Version UID", "1.2.9")} <= rows


# -- whatever is in a file ------------------------------------------------------------------------


@given(st.data())
def test_no_damage_to_a_report_stops_the_reading(data):
    whole = bytearray(Path(SR).read_bytes())
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(132, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = dcmread(BytesIO(bytes(whole)), stop_before_pixels=True)
    except Exception:  # noqa: BLE001 - whatever pydicom raises
        return  # the command says that the file is damaged
    told = described(read)
    html.page([told])
    json.dumps(documents.document(told))


def nested(levels, encoded=b""):
    """Content items in content items, in Explicit VR Little Endian, of undefined length."""
    begin = b"\x40\x00\x30\xa7SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\x00\x00\x00\x00\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    return begin * levels + encoded + end * levels


@pytest.mark.parametrize("levels", [DEEPEST + 10, 5000])
def test_sequences_nested_beyond_reason_end_in_an_answer(tmp_path, levels):
    path = saved(tmp_path, report(item("TEXT", "Said", TextValue="x")))
    read = path.read_bytes()
    head, mark, _ = read.partition(b"\x40\x00\x30\xa7SQ")
    assert mark
    path.write_bytes(head + nested(levels))
    ran = anode("show", path)
    assert (ran.code, "error of ours" in ran.err) in {(0, False), (1, False)}
    assert "nest too deeply" in ran.err or f"deeper than {DEEPEST} levels" in ran.out


def test_an_identifier_of_no_known_representation_is_left_out():
    encoded = b"\x08\x00\x16\x00UI\x04\x001.2\x00" + b"\x08\x00\x18\x00U\xff\x04\x001.2\x00"
    told = described(dcmread(BytesIO(encoded), force=True))
    assert (told.sop_class_uid, told.sop_instance_uid) == ("1.2", "")


def test_what_can_be_shown_is_shown_and_the_rest_is_told(tmp_path):
    ran = anode("show", tmp_path / "gone.dcm", SR, "--json")
    assert (ran.code, len(ran.document)) == (1, 1)
    assert "gone.dcm is neither a file" in ran.err


def test_showing_needs_no_numbers_and_no_builder():
    script = (
        "import sys\n"
        "for name in ('numpy', 'highdicom', 'PIL'): sys.modules[name] = None\n"
        "from cli.main import run\n"
        "sys.exit(run(['show', *sys.argv[1:]]))\n"
    )
    command = [sys.executable, "-c", script, SR, get_testdata_file("CT_small.dcm")]
    ran = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "Comprehensive SR Storage" in ran.stdout


READING = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")


def test_every_value_type_is_named_in_the_docs():
    assert all(kind in READING for kind in VALUE_TYPES)


def test_every_member_of_a_measurement_is_named_in_the_docs(tmp_path):
    told = {
        name
        for row in re.findall(r"^\| (`.*?) \|", READING, re.MULTILINE)
        for name in re.findall(r"`([a-z_]+)`", row)
    }
    path = saved(tmp_path, report(group("Lesion 1", "1.2.3.1", "Liver", number("L", "1", "mm"))))
    (measured,) = anode("show", path, "--measurements", "--json").document
    assert measured.keys() - {"target"} | CONTEXT == told


@pytest.mark.parametrize(("width", "lines"), [(200, 1), (60, 0)])
def test_a_table_that_is_too_wide_is_told_line_by_line(monkeypatch, width, lines):
    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setenv("COLUMNS", str(width))
    headings = tuple(f"A rather long heading {number}" for number in range(4))
    rows = (("one", "two", "", "four"), ("five", "six", "seven", "eight"))
    section = Section("Listed", headings=headings, rows=rows)
    printing.describe(Description("1.2", "1.3", "Some class", "", (section,), None, ()))
    said = out.getvalue()
    assert len(re.findall(r"heading 0.*heading 3", said)) == lines
    assert all(cell in said for row in rows for cell in row)
    if not lines:
        assert "  A rather long heading 3  four\n\n  A rather long heading 0  five" in said


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "Müller 山"),
        ("latin-1", "M&#252;ller &#23665;"),
        ("ascii", "M&#252;ller &#23665;"),
    ],
)
def test_a_page_says_the_same_whatever_standard_output_is_in(monkeypatch, encoding, told):
    """The page says it is in UTF-8; latin-1 made bytes of it that are none."""
    out = BytesIO()
    stream = TextIOWrapper(out, encoding, "backslashreplace", write_through=True)
    monkeypatch.setattr("sys.stdout", stream)
    show.page("<p>Müller 山</p>")
    assert out.getvalue().decode("utf-8") == f"<p>{told}</p>"


def test_a_deflated_file_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(named, "Bounds", partial(Bounds, inflated_bytes=1 << 20))
    made = report(item("TEXT", "Said", TextValue="x" * (2 << 20)))
    path = saved(tmp_path, made, uid.DeflatedExplicitVRLittleEndian)
    assert path.stat().st_size < 1 << 16
    letter = put(tmp_path / "letter.pdf", pdf())
    out = ("-o", tmp_path / "out")
    for command in (
        ("show", path),
        ("unwrap", path, *out),
        ("wrap", letter, "--patient-from", path, *out),
    ):
        ran = anode(*command)
        assert ran.code == 1
        assert "inflates to over 1048576 bytes" in ran.err
    small = saved(tmp_path / "small", report(ITEMS["TEXT"][0]), uid.DeflatedExplicitVRLittleEndian)
    assert "Said: two" in anode("show", small).out
