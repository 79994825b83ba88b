"""Models beyond the baseline: relational queries, Repository Query, Patient/Study Only."""

import pytest

from archive import select
from archive.errors import BadIdentifier, BadRecordKey
from archive.options import Options
from tests.indexed import CT, MR, PATIENT_ROOT, STUDY_ROOT, found, index, instance, parsed

RELATIONAL = Options(relational=True)
PATIENT_STUDY = ("PATIENT", "STUDY")


def store(root, opened):
    """Two patients; A has a CT and an MR study, B has one study of both."""
    for patient, study, series, modality, day in [
        ("A", "1.1", "1.1.1", "CT", "20240101"),
        ("A", "1.2", "1.2.1", "MR", "20240102"),
        ("B", "1.3", "1.3.1", "CT", "20240103"),
        ("B", "1.3", "1.3.2", "MR", "20240103"),
    ]:
        for number in (1, 2):
            opened.add(
                instance(
                    root,
                    f"{series}.{number}",
                    PatientID=patient,
                    StudyInstanceUID=study,
                    SeriesInstanceUID=series,
                    StudyDate=day,
                    Modality=modality,
                    SOPClassUID=CT if modality == "CT" else MR,
                    InstanceNumber=str(number),
                )
            )


def uids(opened, levels, level, options=RELATIONAL, **values):
    keyword = {
        "PATIENT": "PatientID",
        "STUDY": "StudyInstanceUID",
        "SERIES": "SeriesInstanceUID",
        "IMAGE": "SOPInstanceUID",
    }[level]
    answers = found(opened, levels, options=options, QueryRetrieveLevel=level, **values)
    return [answer[keyword] for answer in answers]


@pytest.mark.parametrize(
    ("levels", "level", "values", "expected"),
    [  # PS3.4 C.4.1.2.2.2, C.4.1.3.2.2
        (STUDY_ROOT, "SERIES", {"Modality": "CT"}, ["1.1.1", "1.3.1"]),
        (STUDY_ROOT, "SERIES", {"PatientID": "B", "Modality": "CT"}, ["1.3.1"]),
        (STUDY_ROOT, "SERIES", {"PatientID": "?"}, ["1.1.1", "1.2.1", "1.3.1", "1.3.2"]),
        (STUDY_ROOT, "SERIES", {"StudyInstanceUID": ["1.1", "1.2"]}, ["1.1.1", "1.2.1"]),
        (STUDY_ROOT, "IMAGE", {"SOPInstanceUID": "1.3.2.2"}, ["1.3.2.2"]),
        (STUDY_ROOT, "IMAGE", {"Modality": "MR", "InstanceNumber": "2"}, ["1.2.1.2", "1.3.2.2"]),
        (PATIENT_ROOT, "STUDY", {"StudyDate": "20240102-"}, ["1.2", "1.3"]),
        (PATIENT_ROOT, "IMAGE", {"StudyDate": "20240101"}, ["1.1.1.1", "1.1.1.2"]),
        # keys below the level: one thing below matches them all
        (STUDY_ROOT, "STUDY", {"Modality": "MR"}, ["1.2", "1.3"]),
        (STUDY_ROOT, "STUDY", {"Modality": "MR", "SOPClassUID": CT}, []),
        (STUDY_ROOT, "STUDY", {"SOPInstanceUID": "1.3.2.1"}, ["1.3"]),
        (PATIENT_ROOT, "PATIENT", {"StudyDate": "20240103"}, ["B"]),
        (PATIENT_ROOT, "PATIENT", {"StudyInstanceUID": "1.2", "Modality": "CT"}, []),
        (PATIENT_ROOT, "PATIENT", {"Modality": "MR"}, ["A", "B"]),
        (PATIENT_STUDY, "STUDY", {"PatientID": "B"}, ["1.3"]),
    ],
)
def test_relational_queries_take_any_keys_at_any_level(levels, level, values, expected):
    with index() as (root, opened):
        store(root, opened)
        assert uids(opened, levels, level, **values) == expected


def test_what_lies_below_is_matched_and_not_answered():
    asked = parsed(options=RELATIONAL, QueryRetrieveLevel="STUDY", Modality="MR")
    assert not asked.complete
    assert [key.attribute.keyword for key in asked.keys] == ["Modality"]


def test_without_the_option_keys_below_are_not_matched():
    asked = parsed(QueryRetrieveLevel="STUDY", Modality="MR")
    assert not asked.complete
    assert asked.keys == ()


def test_relational_retrievals_need_only_the_keys_of_their_level():
    """PS3.4 C.4.2.2.2, C.4.3.2.2."""
    with index() as (root, opened):
        store(root, opened)
        for values, count in [
            ({"SeriesInstanceUID": ["1.1.1", "1.3.2"]}, 4),
            ({"SeriesInstanceUID": ["1.1.1", "1.3.2"], "StudyInstanceUID": "1.3"}, 2),
        ]:
            level = {"QueryRetrieveLevel": "SERIES"}
            asked = parsed(retrieve=True, options=RELATIONAL, **level, **values)
            assert len(list(opened.instances(asked))) == count


def test_a_relational_retrieval_still_names_what_it_wants():
    with pytest.raises(BadIdentifier) as refused:
        parsed(retrieve=True, options=RELATIONAL, QueryRetrieveLevel="SERIES")
    assert refused.value.offending == (0x0020000E,)


def test_keys_above_the_level_are_returned():
    with index() as (root, opened):
        store(root, opened)
        above = {"StudyInstanceUID": "1.3", "PatientID": "", "StudyDate": ""}
        answers = found(opened, QueryRetrieveLevel="SERIES", **above)
        assert {(a["PatientID"], a["StudyDate"]) for a in answers} == {("B", "20240103")}


# -- Patient/Study Only, retired ------------------------------------------------------------------


def test_patient_study_only_has_two_levels():
    with index() as (root, opened):
        store(root, opened)
        assert uids(opened, PATIENT_STUDY, "PATIENT", Options()) == ["A", "B"]
        assert uids(opened, PATIENT_STUDY, "STUDY", Options(), PatientID="A") == ["1.1", "1.2"]


@pytest.mark.parametrize(
    ("values", "offending"),
    [
        ({"QueryRetrieveLevel": "SERIES", "PatientID": "A"}, 0x00080052),
        ({"QueryRetrieveLevel": "STUDY"}, 0x00100020),
    ],
)
def test_patient_study_only_is_hierarchical_too(values, offending):
    with pytest.raises(BadIdentifier) as refused:
        parsed(PATIENT_STUDY, **values)
    assert refused.value.offending == (offending,)


# -- Repository Query, PS3.4 C.6.4 ----------------------------------------------------------------


def page(opened, level="STUDY", **values):
    asked = parsed(repository=True, QueryRetrieveLevel=level, **values)
    names = [answer.keyword for answer in asked.returns]
    return asked, [dict(zip(names, row, strict=True)) for row in opened.find(asked)]


def test_pages_follow_each_other_without_gap_or_repetition():
    with index() as (root, opened):
        for number in range(25):
            opened.add(instance(root, StudyInstanceUID=f"1.9.{number}"))
        seen, prior = [], {}
        while True:
            asked, answers = page(opened, MaximumNumberOfRecords=10, **prior)
            assert asked.limit == 10
            seen += answers[: asked.limit]
            if len(answers) <= asked.limit:
                break
            prior = {"PriorRecordKey": seen[-1]["RecordKey"]}
        assert [one["StudyInstanceUID"] for one in seen] == [f"1.9.{n}" for n in range(25)]


def test_one_answer_more_than_the_limit_tells_that_there_are_more():
    with index() as (root, opened):
        for number in range(5):
            opened.add(instance(root, StudyInstanceUID=f"1.9.{number}"))
        assert len(page(opened, MaximumNumberOfRecords=5)[1]) == 5
        assert len(page(opened, MaximumNumberOfRecords=4)[1]) == 5
        assert len(page(opened)[1]) == 5


def test_every_answer_has_its_record_key_and_the_rest_of_paging_is_not_answered():
    with index() as (root, opened):
        opened.add(instance(root, StudyInstanceUID="1.9"))
        asked, (answer,) = page(opened, MaximumNumberOfRecords=1, PriorRecordKey="")
        assert set(answer) == {"StudyInstanceUID", "RecordKey"}
        assert answer["RecordKey"]
        assert asked.complete


def test_studies_that_come_meanwhile_are_at_the_end():
    with index() as (root, opened):
        for number in range(3):
            opened.add(instance(root, StudyInstanceUID=f"1.{number}"))
        _, answers = page(opened)
        opened.add(instance(root, StudyInstanceUID="1.0.0"))
        _, later = page(opened, PriorRecordKey=answers[-1]["RecordKey"])
        assert [one["StudyInstanceUID"] for one in later] == ["1.0.0"]


def test_a_record_key_stays_good_when_its_study_is_gone():
    with index() as (root, opened):
        for number in range(3):
            opened.add(instance(root, f"1.7.{number}", StudyInstanceUID=f"1.{number}"))
        _, answers = page(opened)
        opened.remove("1.7.1")
        _, later = page(opened, PriorRecordKey=answers[1]["RecordKey"])
        assert [one["StudyInstanceUID"] for one in later] == ["1.2"]


@pytest.mark.parametrize("prior", ["x", "17", "SERIES-1", "STUDY-", "STUDY--1", "STUDY-1e3"])
def test_a_prior_key_that_is_none_is_refused(prior):
    with pytest.raises(BadRecordKey) as refused:
        parsed(repository=True, QueryRetrieveLevel="STUDY", PriorRecordKey=prior)
    assert refused.value.offending == (0x0008041C,)


def test_pages_of_series_and_images_too():
    with index() as (root, opened):
        store(root, opened)
        study = {"StudyInstanceUID": "1.3"}
        _, answers = page(opened, "SERIES", MaximumNumberOfRecords=1, **study)
        assert [one["SeriesInstanceUID"] for one in answers[:1]] == ["1.3.1"]
        _, answers = page(opened, "SERIES", PriorRecordKey=answers[0]["RecordKey"], **study)
        assert [one["SeriesInstanceUID"] for one in answers] == ["1.3.2"]


def test_a_page_is_read_from_behind_the_prior_key():
    with index() as (_, opened):
        sql, params = _statement(opened, PriorRecordKey="STUDY-500000", MaximumNumberOfRecords=100)
        assert "LIMIT" in sql
        assert "OFFSET" not in sql
        connection = opened._dialect.connect(readonly=True)
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", params)]
        connection.close()
        assert plan == ["SEARCH study USING INTEGER PRIMARY KEY (rowid>?)"]


def _statement(opened, **values):
    asked = parsed(repository=True, QueryRetrieveLevel="STUDY", **values)
    return select.answers(asked, opened._dialect, 100)


# -- time zones -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "values", "told"),
    [  # PS3.4 C.4.1.1.3.2: times that are told, tell their offset when that was agreed
        (Options(timezone=True), {"StudyTime": ""}, True),
        (Options(timezone=True), {"StudyID": ""}, False),
        (Options(), {"StudyTime": ""}, False),
    ],
)
def test_answers_tell_their_offset(options, values, told):
    asked = parsed(options=options, QueryRetrieveLevel="STUDY", **values)
    assert ("TimezoneOffsetFromUTC" in {one.keyword for one in asked.returns}) is told


@pytest.mark.parametrize("offset", ["0100", "+1", "+2500", "+0160", "UTC"])
def test_an_offset_that_is_none_is_refused(offset):
    with pytest.raises(BadIdentifier) as refused:
        parsed(
            options=Options(timezone=True),
            QueryRetrieveLevel="STUDY",
            TimezoneOffsetFromUTC=offset,
        )
    assert refused.value.offending == (0x00080201,)
