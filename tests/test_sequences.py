"""Sequences: kept by the scanner, stored as items, matched within one item, answered as asked."""

import json
import tempfile
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from archive import items, text
from archive.attributes import BY_KEYWORD
from archive.bounds import Bounds
from archive.errors import BadIdentifier
from archive.heads import reread
from archive.inflating import scanner
from archive.nonpatient import WANTED
from tests.datasets import BIG, EXPLICIT, IMPLICIT
from tests.indexed import found, index, instance, parsed

REQUESTS = "RequestAttributesSequence"
CHARSET = text.character_set(b"ISO_IR 192")


def code(value, **more):
    return {"CodeValue": value, "CodingSchemeDesignator": "99X", **more}


STEP = {
    "RequestedProcedureID": "RP1",
    "ScheduledProcedureStepID": "SPS1",
    "ScheduledProtocolCodeSequence": [code("P1"), code("P2")],
}
OTHER = {"RequestedProcedureID": "RP2", "ScheduledProcedureStepID": "SPS2"}

# -- from the object ------------------------------------------------------------------------------


def dataset(undefined: bool) -> Dataset:
    made = _dataset({REQUESTS: [STEP, {}, OTHER], "SOPInstanceUID": "1.2"}, undefined)
    made.ReferencedImageSequence = [_dataset(OTHER, undefined)]  # not wanted
    made.is_undefined_length_sequence_item = False
    return made


def _dataset(values, undefined):
    made = Dataset()
    for keyword, value in values.items():
        if isinstance(value, list):
            value = [_dataset(item, undefined) for item in value]  # noqa: PLW2901
        setattr(made, keyword, value)
        if isinstance(value, list):
            made[keyword].value.is_undefined_length = undefined
            for item in made[keyword].value:
                item.is_undefined_length_sequence_item = undefined
    return made


def encoded(made: Dataset, syntax: str) -> bytes:
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = syntax != BIG, syntax == IMPLICIT
    write_dataset(file, made)
    return file.getvalue()


def stored(head):
    raw = head.values[BY_KEYWORD[REQUESTS].tag]
    return items.read(raw, BY_KEYWORD[REQUESTS], CHARSET, little=head.little_endian)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("step", [1, 7, 16, 1000])
def test_a_wanted_sequence_is_kept_however_it_is_written_and_cut(syntax, undefined, step):
    data = encoded(dataset(undefined), syntax)
    scan = scanner(syntax, WANTED, Bounds())
    for start in range(0, len(data), step):
        scan.feed(data[start : start + step])
    assert json.loads(stored(scan.finish())) == [STEP, {}, OTHER]


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
def test_pydicoms_reading_of_an_odd_object_gives_the_same_items(syntax):
    data = encoded(dataset(True), syntax)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        head = reread(file, syntax, WANTED, Bounds())
    assert json.loads(stored(head)) == [STEP, {}, OTHER]


def test_a_sequence_as_un_is_read_as_implicit():
    """PS3.5 6.2.2."""
    inside = encoded(_dataset({REQUESTS: [OTHER]}, False), IMPLICIT)[8:]
    element = b"\x40\x00\x75\x02UN\0\0" + len(inside).to_bytes(4, "little") + inside
    scan = scanner(EXPLICIT, WANTED, Bounds())
    scan.feed(element)
    assert json.loads(stored(scan.finish())) == [OTHER]


def test_a_sequence_over_the_bound_is_not_kept_but_the_object_is():
    data = encoded(dataset(False), EXPLICIT)
    scan = scanner(EXPLICIT, WANTED, Bounds(value_bytes=64))
    scan.feed(data)
    assert stored(scan.finish()) == ""


@given(st.binary(max_size=80))
def test_no_bytes_of_a_sequence_raise(data):
    assert isinstance(items.read(data, BY_KEYWORD[REQUESTS], CHARSET, little=True), str)


def test_an_item_may_have_a_character_set_of_its_own():
    """PS3.5 7.5.3."""
    item = {"SpecificCharacterSet": "ISO_IR 100", "CodeValue": "A", "CodeMeaning": "é"}
    made = _dataset({"ProcedureCodeSequence": [item, {"CodeMeaning": "b"}]}, False)
    scan = scanner(EXPLICIT, WANTED, Bounds())
    scan.feed(encoded(made, EXPLICIT))
    sequence = BY_KEYWORD["ProcedureCodeSequence"]
    raw = scan.finish().values[sequence.tag]
    assert items.read(raw, sequence, CHARSET, little=True).startswith('[{"CodeValue":"A","CodeMea')
    assert "é" in items.read(raw, sequence, CHARSET, little=True)


# -- answers --------------------------------------------------------------------------------------


def answered(opened, level="SERIES", **values):
    """The items answered of the first sequence asked for, by keyword, of each match."""
    asked = parsed(QueryRetrieveLevel=level, StudyInstanceUID="1.9", **values)
    place, sequence = next((n, r) for n, r in enumerate(asked.returns) if r.vr == "SQ")
    make = partial(items.answer, sequence)
    return asked, [[_plain(item) for item in make(row[place])] for row in opened.find(asked)]


def _plain(item):
    tags = [tag for tag, _, _ in item]
    assert tags == sorted(tags)
    return {
        f"{tag:08X}": [_plain(each) for each in value] if vr == "SQ" else value
        for tag, vr, value in item
    }


PROCEDURE, STEP_ID, PROTOCOL = "00401001", "00400009", "00400008"
VALUE, SCHEME, MEANING = "00080100", "00080102", "00080104"


@pytest.fixture
def held():
    with index() as (root, opened):
        opened.add(instance(root, "1.1", StudyInstanceUID="1.9", **{REQUESTS: [STEP, OTHER]}))
        yield opened


def test_matching_items_are_answered_with_the_attributes_asked_for(held):
    asked, answers = answered(held, **{REQUESTS: {"ScheduledProcedureStepID": "SPS2"}})
    assert answers == [[{STEP_ID: "SPS2"}]]
    assert asked.complete


def test_attributes_unknown_of_an_item_are_zero_length(held):
    wanted = {"ScheduledProcedureStepID": "SPS2", "RequestedProcedureDescription": ""}
    asked, answers = answered(held, **{REQUESTS: wanted})
    assert answers == [[{"00321060": "", STEP_ID: "SPS2"}]]
    assert asked.complete


def test_attributes_not_supported_are_zero_length_and_the_answer_incomplete(held):
    wanted = {"ScheduledProcedureStepID": "SPS2", "PatientWeight": "7"}
    asked, answers = answered(held, **{REQUESTS: wanted})
    assert answers == [[{"00101030": "", STEP_ID: "SPS2"}]]
    assert not asked.complete


@pytest.mark.parametrize("universal", ["", {}])
def test_a_universal_key_is_answered_with_all_that_is_known(held, universal):
    _, answers = answered(held, **{REQUESTS: universal})
    codes = [{VALUE: "P1", SCHEME: "99X"}, {VALUE: "P2", SCHEME: "99X"}]
    first = {PROTOCOL: codes, STEP_ID: "SPS1", PROCEDURE: "RP1"}
    assert answers == [[first, {STEP_ID: "SPS2", PROCEDURE: "RP2"}]]


def test_items_within_items_are_chosen_too(held):
    wanted = {"RequestedProcedureID": "", "ScheduledProtocolCodeSequence": {"CodeValue": "P2"}}
    _, answers = answered(held, **{REQUESTS: wanted})
    assert answers == [[{PROTOCOL: [{VALUE: "P2"}], PROCEDURE: "RP1"}]]


def test_a_sequence_that_is_unknown_is_zero_length(held):
    _, answers = answered(held, PerformedProtocolCodeSequence={"CodeValue": ""})
    assert answers == [[]]


def test_a_key_with_two_items_is_refused():
    with pytest.raises(BadIdentifier) as refused:
        parsed(QueryRetrieveLevel="STUDY", ProcedureCodeSequence=[code("A"), code("B")])
    assert refused.value.offending == (0x00081032,)


def test_anatomic_regions_of_a_study_are_those_of_its_series_each_once():
    with index() as (root, opened):
        for number, region in enumerate(["CHEST", "HEAD", "CHEST", ""]):
            opened.add(
                instance(
                    root,
                    StudyInstanceUID="1.9",
                    SeriesInstanceUID=f"1.8.{number}",
                    PatientID="P",
                    AnatomicRegionSequence=[code(region)] if region else [],
                )
            )
        for key, regions in [("", ["CHEST", "HEAD"]), ("HEAD", ["HEAD"]), ("FOOT", None)]:
            wanted = {"AnatomicRegionsInStudyCodeSequence": {"CodeValue": key}}
            _, answers = answered(opened, "STUDY", **wanted)
            assert answers == ([[{VALUE: each} for each in regions]] if regions else [])


# -- the index ------------------------------------------------------------------------------------


def terms(opened):
    connection = opened._dialect.connect(readonly=True)
    (count,) = connection.execute("SELECT count(*) FROM term").fetchone()
    connection.close()
    return count


def test_terms_come_and_go_with_their_rows():
    with index() as (root, opened):
        values = {"StudyInstanceUID": "1.9", "SeriesInstanceUID": "1.8", "PatientID": "P"}
        opened.add(instance(root, "1.1", **values))
        assert terms(opened) == 0
        known = {"ProcedureCodeSequence": [code("A")], "PatientName": "Yamada=山田"}
        opened.add(instance(root, "1.2", **values, **known))  # fills what was empty
        assert terms(opened) == 2 + 2 * 2  # the name in patient and study: its group, the whole
        assert found(opened, QueryRetrieveLevel="STUDY", PatientName="=山田")
        opened.remove("1.1")
        opened.remove("1.2")
        assert terms(opened) == 0


def test_items_of_an_object_are_found_and_removed():
    with index() as (root, opened):
        title = {"ConceptNameCodeSequence": [code("126000")]}
        opened.add(instance(root, "1.1", StudyInstanceUID="1.9", SeriesInstanceUID="1.8", **title))
        above = {"StudyInstanceUID": "1.9", "SeriesInstanceUID": "1.8"}
        key = {"ConceptNameCodeSequence": {"CodeValue": "126000"}}
        assert len(found(opened, QueryRetrieveLevel="IMAGE", **above, **key)) == 1
        opened.remove("1.1")
        assert terms(opened) == 0
