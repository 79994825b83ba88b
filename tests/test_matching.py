"""Matching by the book, PS3.4 C.2.2.2: each rule as a table of cases, and all against an oracle."""

import pytest
from peewee import SQL

from archive import dialect, matching, select
from archive.attributes import BY_KEYWORD
from tests.indexed import found, index, instance, parsed

YES, NO = True, False

CASES = [
    # C.2.2.2.1 single value: exact and case-sensitive, except names
    ("C.2.2.2.1", "StudyID", "S1", "S1", YES),
    ("C.2.2.2.1", "StudyID", "S1", "s1", NO),
    ("C.2.2.2.1", "StudyID", "S1", "S", NO),
    ("C.2.2.2.1", "StudyID", "S1", "S10", NO),
    ("C.2.2.2.1", "PatientID", "A-1", "A-1", YES),
    ("C.2.2.2.1", "PatientID", "A-1", "a-1", NO),
    ("C.2.2.2.1", "Modality", "CT", "CT", YES),
    ("C.2.2.2.1", "Modality", "CT", "MR", NO),
    ("C.2.2.2.1", "PatientAge", "045Y", "045Y", YES),
    ("C.2.2.2.1", "PatientAge", "045Y", "045M", NO),
    ("C.2.2.2.1", "StudyInstanceUID", "1.2.3", "1.2.3", YES),
    ("C.2.2.2.1", "StudyInstanceUID", "1.2.3", "1.2.30", NO),
    ("C.2.2.2.1", "StudyDescription", "O'Neill; DROP", "O'Neill; DROP", YES),
    ("C.2.2.2.1", "StudyDescription", "胸部", "胸部", YES),
    # PS3.5 6.2: padding is no part of a value
    ("PS3.5 6.2", "StudyID", " S1 ", "S1", YES),
    ("PS3.5 6.2", "StudyID", "S1", " S1 ", YES),
    ("PS3.5 6.2", "PatientComments", " a", "a", NO),
    # C.2.2.2.1.1: names without case, accents, trailing delimiters
    ("C.2.2.2.1.1", "PatientName", "Doe^John", "Doe^John", YES),
    ("C.2.2.2.1.1", "PatientName", "Doe^John", "DOE^JOHN", YES),
    ("C.2.2.2.1.1", "PatientName", "Doe^John^^", "Doe^John", YES),
    ("C.2.2.2.1.1", "PatientName", "Doe^John", "Doe", NO),
    ("C.2.2.2.1.1", "PatientName", "Doe^John", "Doe^Jo", NO),
    ("C.2.2.2.1.1", "PatientName", "Müller^José", "MULLER^JOSE", YES),
    ("C.2.2.2.1.1", "PatientName", "Muller", "Müller", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎", "山田^太郎", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎", "yamada^tarou", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎", "Yamada^Tarou=山田^太郎", YES),
    ("C.2.2.2.1.1", "PatientName", "Yamada^Tarou=山田^太郎", "山田", NO),
    ("C.2.2.2.1.1", "ReferringPhysicianName", "Who^Dr", "who^dr", YES),
    # C.2.2.2.1.3: dates and times by meaning
    ("C.2.2.2.1.3", "StudyDate", "20240229", "20240229", YES),
    ("C.2.2.2.1.3", "StudyDate", "2024.02.29", "20240229", YES),
    ("C.2.2.2.1.3", "StudyDate", "20240229", "2024.02.29", YES),
    ("C.2.2.2.1.3", "StudyDate", "20240229", "20240228", NO),
    ("C.2.2.2.1.3", "StudyTime", "2230", "223000", YES),
    ("C.2.2.2.1.3", "StudyTime", "223000", "2230", YES),
    ("C.2.2.2.1.3", "StudyTime", "22:30:00", "2230", YES),
    ("C.2.2.2.1.3", "StudyTime", "223000.000000", "223000", YES),
    ("C.2.2.2.1.3", "StudyTime", "223015", "2230", YES),
    ("C.2.2.2.1.3", "StudyTime", "2230", "2231", NO),
    ("C.2.2.2.1.3", "StudyTime", "223000.5", "223000.6", NO),
    ("C.2.2.2.1.3", "AcquisitionDateTime", "20240101120000", "202401011200", YES),
    ("C.2.2.2.1.3", "AcquisitionDateTime", "20240101120000+0100", "20240101110000+0000", YES),
    ("C.2.2.2.1.3", "AcquisitionDateTime", "20240101120000+0100", "20240101120000+0000", NO),
    # numbers by value
    ("C.2.2.2.1", "SeriesNumber", "007", "7", YES),
    ("C.2.2.2.1", "SeriesNumber", "7", "+7", YES),
    ("C.2.2.2.1", "SeriesNumber", "7", "70", NO),
    ("C.2.2.2.1", "PatientWeight", "70.50", "70.5", YES),
    ("C.2.2.2.1", "PatientWeight", "7.05e1", "70.5", YES),
    ("C.2.2.2.1", "PatientWeight", "70.5", "70.51", NO),
    ("C.2.2.2.1", "Rows", b"\x00\x02", 512, YES),
    ("C.2.2.2.1", "Rows", b"\x00\x02", 511, NO),
    # C.2.2.2.2 list of UID
    ("C.2.2.2.2", "StudyInstanceUID", "1.2.3", ["1.2.3", "1.2.4"], YES),
    ("C.2.2.2.2", "StudyInstanceUID", "1.2.3", ["1.2.4", "1.2.5"], NO),
    ("C.2.2.2.2", "SOPClassUID", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2", YES),
    # C.2.2.2.3 universal
    ("C.2.2.2.3", "StudyID", "S1", "", YES),
    ("C.2.2.2.3", "StudyDate", "20240101", "", YES),
    ("C.2.2.2.3", "StudyDescription", "", "", YES),
    # C.2.2.2.4 wildcards
    ("C.2.2.2.4", "StudyDescription", "A_1x", "A_1*", YES),
    ("C.2.2.2.4", "StudyDescription", "AB1", "A_1*", NO),
    ("C.2.2.2.4", "StudyDescription", "100%", "100%*", YES),
    ("C.2.2.2.4", "StudyDescription", "100x", "100%*", NO),
    ("C.2.2.2.4", "StudyDescription", "[abc]", "[abc]*", YES),
    ("C.2.2.2.4", "StudyDescription", "a", "[abc]*", NO),
    ("C.2.2.2.4", "StudyDescription", "[^a]", "[^a]?", NO),
    ("C.2.2.2.4", "StudyDescription", "[!a]x", "[!a]?", YES),
    ("C.2.2.2.4", "StudyDescription", "x-]y", "*-]*", YES),
    ("C.2.2.2.4", "PatientComments", "a\\b", "a\\*", YES),
    ("C.2.2.2.4", "PatientComments", "axb", "a\\*", NO),
    ("C.2.2.2.4", "StudyDescription", "CHEST CT", "*", YES),
    ("C.2.2.2.4", "StudyDescription", "", "*", YES),
    ("C.2.2.2.4", "StudyDescription", "CHEST CT", "*EST*", YES),
    ("C.2.2.2.4", "StudyDescription", "CHEST CT", "chest*", NO),
    ("C.2.2.2.4", "StudyDescription", "CHEST CT", "CHEST?CT", YES),
    ("C.2.2.2.4", "StudyDescription", "CHEST CT", "CHEST?", NO),
    ("C.2.2.2.4", "StudyDescription", "CHEST", "CHEST*", YES),
    ("C.2.2.2.4", "StudyDescription", "CHEST", "CHEST?", NO),
    ("C.2.2.2.4", "StudyDescription", "胸部", "胸?", YES),
    ("C.2.2.2.4", "StudyDescription", "", "?", NO),
    ("C.2.2.2.4", "Modality", "CT", "C?", YES),
    ("C.2.2.2.4", "AccessionNumber", "A123", "A*3", YES),
    ("C.2.2.2.4", "PatientID", "A123", "A*", YES),
    ("C.2.2.2.4", "PatientName", "Doe^John", "doe*", YES),
    ("C.2.2.2.4", "PatientName", "Doe^John", "*JOHN", YES),
    ("C.2.2.2.4", "PatientName", "Doe^John", "D?e^J*", YES),
    ("C.2.2.2.4", "PatientName", "Doe^John", "jo*", NO),
    ("C.2.2.2.4", "PatientName", "A=B^C", "b*", YES),
    ("C.2.2.2.4", "PatientName", "A^1=C^B=D", "A*B", NO),
    # ... and nowhere else
    ("C.2.2.2.4", "StudyInstanceUID", "1.2.3", "1.2.*", NO),
    ("C.2.2.2.4", "SeriesNumber", "12", "1*", NO),
    ("C.2.2.2.4", "SeriesNumber", "12", "1?", NO),
    ("C.2.2.2.4", "PatientAge", "045Y", "045?", NO),
    ("C.2.2.2.4", "PatientWeight", "70", "7*", NO),
    # C.2.2.2.5 ranges, both ends included
    ("C.2.2.2.5", "StudyDate", "20240101", "20240101-20240131", YES),
    ("C.2.2.2.5", "StudyDate", "20240131", "20240101-20240131", YES),
    ("C.2.2.2.5", "StudyDate", "20240201", "20240101-20240131", NO),
    ("C.2.2.2.5", "StudyDate", "20231231", "20240101-20240131", NO),
    ("C.2.2.2.5", "StudyDate", "20240101", "-20240101", YES),
    ("C.2.2.2.5", "StudyDate", "20240102", "-20240101", NO),
    ("C.2.2.2.5", "StudyDate", "20240101", "20240101-", YES),
    ("C.2.2.2.5", "StudyDate", "20231231", "20240101-", NO),
    ("C.2.2.2.5", "StudyDate", "2024.01.15", "20240101-20240131", YES),
    ("C.2.2.2.5", "StudyDate", "unknown", "19000101-", NO),
    ("C.2.2.2.5", "StudyDate", "unknown", "-20991231", NO),
    ("C.2.2.2.5", "StudyTime", "1030", "10-11", YES),
    ("C.2.2.2.5", "StudyTime", "115959", "10-11", YES),
    ("C.2.2.2.5", "StudyTime", "12", "10-11", NO),
    ("C.2.2.2.5", "StudyTime", "103000", "1030-1030", YES),
    ("C.2.2.2.5", "StudyTime", "235960", "2359-", YES),
    ("C.2.2.2.5", "StudyTime", "000000", "-0000", YES),
    ("C.2.2.2.5", "StudyTime", "230000", "2200-0200", NO),
    ("C.2.2.2.5", "AcquisitionDateTime", "20240101120000", "20240101-20240102", YES),
    ("C.2.2.2.5", "AcquisitionDateTime", "20240103", "20240101-20240102", NO),
    ("C.2.2.2.5", "AcquisitionDateTime", "20240101033000+0200", "2024010101-2024010102", YES),
    ("C.2.2.2.5", "AcquisitionDateTime", "20240101120000", "20240101-0500-", YES),
    ("C.2.2.2.5", "AcquisitionDateTime", "20240101040000", "20240101-0500-", NO),
    ("C.2.2.2.5", "SeriesNumber", "5", "1-9", NO),
    ("C.2.2.2.5", "StudyID", "5", "1-9", NO),
    # C.2.2.2: any value of several matches
    ("C.2.2.2", "ImageType", "ORIGINAL\\PRIMARY\\AXIAL", "AXIAL", YES),
    ("C.2.2.2", "ImageType", "ORIGINAL\\PRIMARY\\AXIAL", "ORIGINAL", YES),
    ("C.2.2.2", "ImageType", "ORIGINAL\\PRIMARY\\AXIAL", "AX*", YES),
    ("C.2.2.2", "ImageType", "ORIGINAL\\PRIMARY\\AXIAL", "X\\O*L", YES),
    ("C.2.2.2", "ImageType", "ORIGINAL\\PRIMARY\\AXIAL", "P*L", NO),
    ("C.2.2.2", "OperatorsName", "A^B\\C^D", "c^d", YES),
    ("C.2.2.2", "OperatorsName", "A^B\\C^D", "a*d", NO),
    ("C.2.2.2", "OperatorsName", 'A"^B\\C^[D]', "*[d]", YES),
    ("C.2.2.2", "AdmittingDiagnosesDescription", "flu\\cold", "cold", YES),
    # C.2.2.1.2: a required key that is unknown matches, an optional one does not
    ("C.2.2.1.2", "StudyDate", "", "20240101", YES),
    ("C.2.2.1.2", "PatientName", "", "Doe", YES),
    ("C.2.2.1.2", "AccessionNumber", "", "A1", YES),
    ("C.2.2.1.2", "Modality", "", "CT", YES),
    ("C.2.2.1.3", "StudyDescription", "", "x", NO),
    ("C.2.2.1.3", "PatientBirthDate", "", "20240101", NO),
    # computed keys
    ("C.3.4", "ModalitiesInStudy", None, "CT", YES),
    ("C.3.4", "ModalitiesInStudy", None, "C?", YES),
    ("C.3.4", "ModalitiesInStudy", None, "MR", NO),
    ("C.3.4", "ModalitiesInStudy", None, ["MR", "CT"], YES),
    ("C.3.4", "SOPClassesInStudy", None, "1.2.840.10008.5.1.4.1.1.2", YES),
    ("C.3.4", "SOPClassesInStudy", None, ["1.2", "1.3"], NO),
    ("C.3.4", "NumberOfStudyRelatedInstances", None, "1", YES),
    ("C.3.4", "NumberOfStudyRelatedInstances", None, "2", NO),
    ("C.3.4", "AvailableTransferSyntaxUID", None, "1.2.840.10008.1.2.1", YES),
    ("C.4.1.1.3", "TimezoneOffsetFromUTC", "+0100", "+0200", YES),  # not a key
]


@pytest.fixture(scope="module")
def held():
    with index() as (root, opened):
        yield root, opened


@pytest.mark.parametrize(("clause", "keyword", "stored", "key", "matches"), CASES)
def test_rule(held, clause, keyword, stored, key, matches):
    root, opened = held
    values = {"PatientID": "P", "Modality": "CT"}
    values |= {} if stored is None else {keyword: stored}
    record = instance(root, **values)
    opened.add(record)
    uid = record.stored.sop_instance_uid
    above = {name: _value(record, name) for name in ("StudyInstanceUID", "SeriesInstanceUID")} | {
        "PatientID": values["PatientID"]
    }
    asked = above | {"QueryRetrieveLevel": "IMAGE", "SOPInstanceUID": uid}
    if keyword == "StudyInstanceUID":  # its lists are keys of its own level only
        asked = {"QueryRetrieveLevel": "STUDY"}
    answers = found(opened, **{**asked, keyword: key})
    opened.remove(uid)
    assert len(answers) == int(matches), clause


def _value(record, keyword):
    return (record.study if keyword.startswith("Study") else record.series)[0]


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
    values = {"StudyInstanceUID": ["1.2", "1.3"], "PatientName": "a*", "ModalitiesInStudy": "CT"}
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


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("PatientName", {"PatientName": "doe*"}),
        ("StudyDate_match", {"StudyDate": "20240101-20240131"}),
        ("AccessionNumber", {"AccessionNumber": "A1"}),
        ("PatientID", {"PatientID": "A*"}),
        ("StudyInstanceUID", {"StudyInstanceUID": ["1.2", "1.3"]}),
    ],
)
def test_keys_with_an_index_use_it(held, key, values):
    _, opened = held
    sql, params = select.answers(parsed(QueryRetrieveLevel="STUDY", **values), opened._dialect)
    connection = opened._dialect.connect(readonly=True)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", params)]
    connection.close()
    assert not [step for step in plan if step.startswith("SCAN study")], plan
