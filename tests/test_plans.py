"""How each kind of query is carried out: by an index, whatever the size of the archive.

What SQLite plans is looked at, not how long it takes. It plans without statistics, so a small index
tells what a big one does.
"""

import re

import pytest

from archive import nonpatient, select, single
from archive.options import Options
from archive.query import Single, parse_single
from tests.indexed import PATIENT_ROOT, STUDY_ROOT, from_the_wire, index, parsed

RELATIONAL, FUZZY = Options(relational=True), Options(fuzzy_names=True)
COMBINED, ZONED = Options(combined_datetime=True), Options(timezone=True)
EMPTY = Options(empty_value=True)
UIDS = ["1.2", "1.3", "1.4"]
STUDY = {"StudyInstanceUID": "1.2"}
SERIES = {**STUDY, "SeriesInstanceUID": "1.2.3"}
DAY = {"StudyDate": "20260301-20260302", "StudyTime": "1000-1200"}

LED = {
    "all Patient IDs of a list": ("STUDY", {"PatientID": ["A", "B"]}, Options()),
    "Patient ID": ("STUDY", {"PatientID": "A"}, Options()),
    "Patient ID, trailing wildcard": ("STUDY", {"PatientID": "A*"}, Options()),
    "name": ("STUDY", {"PatientName": "Adams^Anna"}, Options()),
    "name, trailing wildcard": ("STUDY", {"PatientName": "Adams*"}, Options()),
    "name in groups": ("STUDY", {"PatientName": "Adams*=*"}, Options()),
    "date": ("STUDY", {"StudyDate": "20260301"}, Options()),
    "date range": ("STUDY", {"StudyDate": "20260301-20260302"}, Options()),
    "open date range": ("STUDY", {"StudyDate": "20260301-"}, Options()),
    "date and time": ("STUDY", DAY, Options()),
    "date and time as one": ("STUDY", DAY, COMBINED),
    "date elsewhere": ("STUDY", {**DAY, "TimezoneOffsetFromUTC": "+0900"}, ZONED),
    "date and name": ("STUDY", {**DAY, "PatientName": "Adams*"}, Options()),
    "accession number": ("STUDY", {"AccessionNumber": "A1"}, Options()),
    "accession number, empty": ("STUDY", {"AccessionNumber": '""'}, EMPTY),
    "modality in study": ("STUDY", {"ModalitiesInStudy": "CT"}, Options()),
    "modalities in study": ("STUDY", {"ModalitiesInStudy": ["CT", "MR"]}, Options()),
    "modality in study, wildcard": ("STUDY", {"ModalitiesInStudy": "C*"}, Options()),
    "modality in study and date": ("STUDY", {"ModalitiesInStudy": "CT", **DAY}, Options()),
    "UID": ("STUDY", STUDY, Options()),
    "UID list": ("STUDY", {"StudyInstanceUID": UIDS}, Options()),
    "study by a series": ("STUDY", {"SeriesInstanceUID": "1.2"}, RELATIONAL),
    "study by an image": ("STUDY", {"SOPInstanceUID": UIDS}, RELATIONAL),
    "study by a code": ("STUDY", {"ProcedureCodeSequence": {"CodeValue": "X"}}, Options()),
    "series": ("SERIES", STUDY, Options()),
    "series of a modality": ("SERIES", {**STUDY, "Modality": "CT"}, Options()),
    "all series of a modality": ("SERIES", {"Modality": "CT"}, RELATIONAL),
    "series by UID": ("SERIES", {"SeriesInstanceUID": UIDS}, RELATIONAL),
    "series of a patient": ("SERIES", {"PatientID": "A"}, RELATIONAL),
    "series by an image": ("SERIES", {"SOPInstanceUID": "1.2"}, RELATIONAL),
    "image": ("IMAGE", SERIES, Options()),
    "image by number": ("IMAGE", {**SERIES, "InstanceNumber": "3"}, Options()),
    "image by UID": ("IMAGE", {**SERIES, "SOPInstanceUID": UIDS}, Options()),
    "image of a patient": ("IMAGE", {"PatientID": "A"}, RELATIONAL),
    "image by UID alone": ("IMAGE", {"SOPInstanceUID": "1.2"}, RELATIONAL),
    "image by what it refers to": (
        "IMAGE", {"ReferencedSOPSequence": {"ReferencedSOPInstanceUID": "1.2"}}, RELATIONAL,
    ),
    "patient by ID": ("PATIENT", {"PatientID": "A"}, Options()),
    "patient by name": ("PATIENT", {"PatientName": "Adams*"}, Options()),
    "patient by accession number": ("PATIENT", {"AccessionNumber": "A1"}, RELATIONAL),
    "patient by study": ("PATIENT", STUDY, RELATIONAL),
    "patient by image": ("PATIENT", {"SOPInstanceUID": "1.2"}, RELATIONAL),
}  # fmt: skip

SCANNED = {
    "all": ("STUDY", {}, Options(), "every row is an answer"),
    "leading wildcard": ("STUDY", {"PatientName": "*dams"}, Options(), "no order leads to an end"),
    "accession number, leading wildcard": (
        "STUDY", {"AccessionNumber": "*1"}, Options(), "no order leads to an end",
    ),
    "fuzzy": ("STUDY", {"PatientName": "Adams"}, FUZZY, "sounds are looked for within a text"),
    "description": ("STUDY", {"StudyDescription": "X"}, Options(), "optional, C.6.2.1.2: no index"),
    "time": ("STUDY", {"StudyTime": "10-12"}, Options(), "half of the studies have it"),
    "SOP class in study": (
        "STUDY", {"SOPClassesInStudy": "1.2"}, Options(), "optional, and few tell studies apart",
    ),
}  # fmt: skip
"""What no index serves, and why: each is asked with a key of LED where archives are big."""

_SCAN = r"SCAN (patient|study|series|instance|term|reference|nonpatient|[eis])\b"


@pytest.fixture(scope="module")
def opened():
    with index() as (_, made):
        yield made


def plan(opened, statement):
    sql, params = statement
    connection = opened._dialect.connect(readonly=True)
    found = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", params)]
    connection.close()
    return found


def scans(opened, level, values, options):
    """Of the first answers, of their numbers, and of the rows by number."""
    levels = PATIENT_ROOT if level == "PATIENT" else STUDY_ROOT
    asked = parsed(levels, QueryRetrieveLevel=level, options=options, **_all(level), **values)
    found = {}
    for name, statement in {
        "answers": select.answers(asked, opened._dialect, 256),
        "numbers": select.numbers(asked, opened._dialect, 100_000),
        "chosen": select.chosen(asked, opened._dialect, [1, 2, 3]),
    }.items():
        found[name] = [step for step in plan(opened, statement) if re.match(_SCAN, step)]
    return found


def _all(level):
    """Everything that is counted or gathered below."""
    if level != "STUDY":
        return {}
    return {"NumberOfStudyRelatedSeries": "", "NumberOfStudyRelatedInstances": ""}


@pytest.mark.parametrize("name", LED)
def test_an_index_leads_to_the_rows(opened, name):
    assert scans(opened, *LED[name]) == {"answers": [], "numbers": [], "chosen": []}


def test_within_a_series_each_image_is_asked_for_one_reference_and_not_for_all(opened):
    key = {"ReferencedSOPInstanceUID": "1.2", "ReferencedSOPClassUID": "1.3"}
    asked = parsed(QueryRetrieveLevel="IMAGE", **SERIES, ReferencedSOPSequence=key)
    steps = plan(opened, select.numbers(asked, opened._dialect, 100_000))
    (told,) = [step for step in steps if "reference" in step]
    assert "to_uid=?" in told
    assert "instance_id=?" in told
    assert not [step for step in steps if "item0" in step]


@pytest.mark.parametrize("name", SCANNED)
def test_what_no_index_serves_reads_one_table_in_order_and_once(opened, name):
    level, values, options, _ = SCANNED[name]
    found = scans(opened, level, values, options)
    assert found.pop("chosen") == []
    assert all([step.split()[1] for step in steps] == ["study"] for steps in found.values()), found


@pytest.mark.parametrize("name", ["leading wildcard", "accession number, leading wildcard"])
def test_a_leading_wildcard_reads_an_index_from_end_to_end_and_not_the_rows(opened, name):
    level, values, options, _ = SCANNED[name]
    for steps in scans(opened, level, values, options).values():
        assert all("USING COVERING INDEX" in step for step in steps), steps
    dated = scans(opened, level, {**values, "StudyDate": "20240101"}, options)
    assert dated == {"answers": [], "numbers": [], "chosen": []}  # the date leads, and alone


@pytest.mark.parametrize("root", nonpatient.MODELS)
def test_models_without_levels_are_led_by_their_classes(opened, root):
    model = Single(root, ("1.2.840.10008.5.1.4.38.1",))
    own = next(key for key in model.keys.values() if key.vr in ("CS", "LO", "SH"))
    for values in ({"SOPInstanceUID": "1.2"}, {own.keyword: "X"}):
        asked = parse_single(from_the_wire(**values), model, options=Options())
        steps = plan(opened, single.answers(asked, opened._dialect, 256))
        assert not [step for step in steps if re.match(_SCAN, step)], (values, steps)
