"""Matching by the book, PS3.4 C.2.2.2: each rule as a table of cases, and all against an oracle."""

import re

import pytest
from peewee import SQL

from archive import dialect, matching, select
from archive.attributes import BY_KEYWORD
from archive.options import Options
from tests.indexed import STUDY_ROOT, found, index, instance, parsed
from tests.matching_cases import CASES


@pytest.fixture(scope="module")
def held():
    with index() as (root, opened):
        yield root, opened


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(held, case):
    root, opened = held
    record = instance(root, **{"PatientID": "P", "Modality": "CT", **case.stored})
    opened.add(record)
    answers = found(opened, options=case.options, **_asked(case, record))
    opened.remove(record.stored.sop_instance_uid)
    assert len(answers) == int(case.matches), case


def _asked(case, record):
    """The key, and the unique keys of the object as far as the level needs them."""
    unique = {
        "StudyInstanceUID": record.study[0],
        "SeriesInstanceUID": record.series[0],
        "SOPInstanceUID": record.stored.sop_instance_uid,
    }
    above = dict(list(unique.items())[: STUDY_ROOT.index(case.level) + 1])
    return {"QueryRetrieveLevel": case.level, **above, **case.key}


def test_the_table_has_its_size():
    assert len(CASES) >= 250
    assert all(case.clause for case in CASES)


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ("CHEST*", '"study"."StudyDescription" LIKE %s'),
        ("CHEST", '"study"."StudyDescription" = %s'),
    ],
)
def test_postgresql_has_its_own_spelling(key, where):
    postgres = dialect.Postgres("postgresql://x/y")
    sql, _ = select.answers(parsed(QueryRetrieveLevel="STUDY", StudyDescription=key), postgres)
    assert where in sql


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("A*", "A%"), ("A?", "A_"), ("A_1*", "A\\_1%"), ("100%?", "100\\%_"), ("a\\*", "a\\\\%")],
)
def test_postgresql_patterns_are_escaped(pattern, expected):
    postgres = dialect.Postgres("postgresql://x/y")
    assert dialect.compiled(postgres, postgres.like(SQL("x"), pattern))[1] == [expected]


def test_postgresql_lists_forms_and_sets():
    postgres = dialect.Postgres("postgresql://x/y")
    values = {
        "StudyInstanceUID": ["1.2", "1.3"],
        "OtherStudyNumbers": "1",
        "ModalitiesInStudy": "CT",
    }
    sql, params = select.answers(parsed(QueryRetrieveLevel="STUDY", **values), postgres)
    assert "?" not in sql
    assert ["1.2", "1.3"] in params
    assert "json_array_elements_text" in sql
    assert "string_agg" in sql


@pytest.mark.parametrize("keyword", ["StudyDate", "StudyTime", "AcquisitionDateTime"])
@pytest.mark.parametrize("key", ["*", "2024*", "-", "x", "1-2-3", "99999999", "--"])
def test_what_is_no_date_is_no_key(keyword, key):
    with pytest.raises(matching.BadKey):
        matching.read(BY_KEYWORD[keyword], key)


ZONED, COMBINED = Options(timezone=True), Options(combined_datetime=True)
DAY = {"StudyDate": "20240101-20240131", "StudyTime": "10-11"}


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ({"PatientID": "A1"}, Options()),
        ({"PatientID": "A*"}, Options()),
        ({"AccessionNumber": "A1"}, Options()),
        ({"AccessionNumber": ["A1", "A2"]}, Options(multiple_value=True)),
        ({"StudyInstanceUID": "1.2"}, Options()),
        ({"StudyInstanceUID": ["1.2", "1.3"]}, Options()),
        ({"PatientName": "doe"}, Options()),
        ({"PatientName": "doe*"}, Options()),
        ({"PatientName": "=山田*"}, Options()),
        ({"PatientName": "yamada*=山田*"}, Options()),
        ({"StudyDate": "20240101"}, Options()),
        ({"StudyDate": "20240101-20240131"}, Options()),
        ({"StudyDate": "20240101-"}, Options()),
        (DAY, Options()),
        (DAY, COMBINED),
        ({**DAY, "TimezoneOffsetFromUTC": "+0900"}, ZONED),
        ({**DAY, "TimezoneOffsetFromUTC": "+0900"}, Options(timezone=True, combined_datetime=True)),
        ({"ProcedureCodeSequence": {"CodeValue": "X"}}, Options()),
        ({"ProcedureCodeSequence": {"CodeValue": "X", "CodeMeaning": "*y"}}, Options()),
        ({"AnatomicRegionsInStudyCodeSequence": {"CodeValue": "X"}}, Options()),
    ],
)
def test_keys_with_an_index_scan_no_table(held, values, options):
    _, opened = held
    query = parsed(QueryRetrieveLevel="STUDY", options=options, **values)
    plan = _plan(opened, query)
    assert not [
        step for step in plan if re.match("SCAN (patient|study|series|instance|term)", step)
    ]


def test_series_of_a_requested_procedure_are_found_by_index(held):
    _, opened = held
    query = parsed(
        QueryRetrieveLevel="SERIES",
        options=Options(relational=True),
        RequestAttributesSequence={"RequestedProcedureID": "RP1"},
    )
    assert not [step for step in _plan(opened, query) if step.startswith("SCAN series")]


def _plan(opened, query):
    sql, params = select.answers(query, opened._dialect)
    connection = opened._dialect.connect(readonly=True)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", params)]
    connection.close()
    return plan
