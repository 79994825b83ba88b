"""The attribute table: rows are whole, columns follow, and the migrations end where it ends."""

import pytest
from playhouse.schema_diff import diff_models
from pydicom.datadict import dictionary_VR, keyword_for_tag

from archive import attributes, below, dialect, matching, models, nonpatient
from archive.attributes import ATTRIBUTES, BY_KEYWORD, LEVELS, UNIQUE
from archive.migrations import migrate
from archive.nonpatient import WANTED


def test_each_attribute_has_one_row():
    assert len({a.tag for a in ATTRIBUTES}) == len(ATTRIBUTES)


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda a: a.keyword)
def test_tag_and_vr_are_the_dictionarys(attribute):
    assert keyword_for_tag(attribute.tag) == attribute.keyword
    assert dictionary_VR(attribute.tag) == attribute.vr


@pytest.mark.parametrize(
    ("level", "keyword"),
    [  # PS3.4 C.6.1.1 and C.6.2.1, Unique Keys
        ("PATIENT", "PatientID"),
        ("STUDY", "StudyInstanceUID"),
        ("SERIES", "SeriesInstanceUID"),
        ("IMAGE", "SOPInstanceUID"),
    ],
)
def test_each_level_has_its_unique_key(level, keyword):
    assert UNIQUE[level].keyword == keyword


@pytest.mark.parametrize(
    ("keyword", "level"),
    [  # PS3.4 tables C.6-1 to C.6-5, Required Keys
        ("PatientName", "PATIENT"),
        ("StudyDate", "STUDY"),
        ("StudyTime", "STUDY"),
        ("AccessionNumber", "STUDY"),
        ("StudyID", "STUDY"),
        ("Modality", "SERIES"),
        ("SeriesNumber", "SERIES"),
        ("InstanceNumber", "IMAGE"),
    ],
)
def test_required_keys_are_required(keyword, level):
    assert (BY_KEYWORD[keyword].key, BY_KEYWORD[keyword].level) == ("R", level)


def test_the_scanner_is_told_every_column_and_the_character_set():
    stored = {a.tag for a in ATTRIBUTES if not a.computed} | {a.tag for a in nonpatient.KEPT}
    assert stored | {0x00080005} == WANTED
    assert {0x00080016, 0x00080018, 0x0020000D, 0x0020000E} <= WANTED


def test_every_computed_key_has_its_sql():
    computed = {a.keyword for a in ATTRIBUTES if a.computed}
    tables = (below.COUNTS, below.SETS, below.EXPRESSIONS, below.ITEMS, (below.REFERENCES,))
    assert computed == {keyword for table in tables for keyword in table}


def test_every_vr_of_the_table_has_a_rule_or_is_exact():
    exact = {"UI", "AS"}  # PS3.4 C.2.2.2.1, C.2.2.2.2: neither wildcards nor ranges
    known = _all((*ATTRIBUTES, *nonpatient.KEPT))
    assert {a.vr for a in known if a.matched} <= {*matching.RULES, *exact, "SQ"}


def _all(rows):
    return [each for a in rows for each in (a, *_all(a.items))]


def test_every_sequence_knows_something_of_its_items():
    assert all(a.items for a in _all((*ATTRIBUTES, *nonpatient.KEPT)) if a.vr == "SQ")


def test_an_unknown_level_has_no_rank():
    assert [attributes.rank(level) for level in LEVELS] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="not in tuple"):
        attributes.rank("FRAME")


def test_the_migrations_make_the_schema_of_the_models(tmp_path):
    sqlite = dialect.of(tmp_path, "sqlite", "lazy")
    assert migrate(sqlite.database)[0] == "0001_initial"
    difference = diff_models(sqlite.database, models.MODELS)
    sqlite.database.close()
    assert not difference, f"write a migration: {difference}"


def test_migrating_twice_changes_nothing(tmp_path):
    sqlite = dialect.of(tmp_path, "sqlite", "lazy")
    migrate(sqlite.database)
    assert migrate(sqlite.database) == []
