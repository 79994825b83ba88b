"""Records: character sets become Unicode (PS3.3 C.12.1.1.2), values their comparable forms."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import text
from archive.attributes import LEVELS
from archive.heads import Head
from archive.models import columns
from archive.nonpatient import WANTED
from archive.record import AT, StoredInstance, record
from tests.indexed import EXPLICIT, head, instance


def recorded(tmp_path, **values):
    values.setdefault("SpecificCharacterSet", b"")
    return instance(tmp_path, **values)


def name(tmp_path, charset, value):
    found = recorded(tmp_path, SpecificCharacterSet=charset, PatientName=value)
    return found.patient[AT["PatientName"]], found.odd_character_set


@pytest.mark.parametrize(
    ("charset", "value", "expected"),
    [  # PS3.3 C.12.1.1.2 defined terms; examples of PS3.5 annexes H, I, J, K
        (b"", b"Doe^John ", "Doe^John"),
        (b"ISO_IR 6", b"Doe^John", "Doe^John"),
        (b"ISO_IR 100", "Buc^Jérôme".encode("latin_1"), "Buc^Jérôme"),
        (b"ISO_IR 101", "Wałęsa".encode("iso8859_2"), "Wałęsa"),
        (b"ISO_IR 109", "Ĉapelo".encode("iso8859_3"), "Ĉapelo"),
        (b"ISO_IR 110", "Ķēniņš".encode("iso8859_4"), "Ķēniņš"),
        (b"ISO_IR 126", "Διονυσιος".encode("iso8859_7"), "Διονυσιος"),
        (b"ISO_IR 127", "قباني".encode("iso8859_6"), "قباني"),
        (b"ISO_IR 138", "שרון^דבורה".encode("iso8859_8"), "שרון^דבורה"),
        (b"ISO_IR 144", "Люкceмбypг".encode("iso8859_5"), "Люкceмбypг"),
        (b"ISO_IR 148", "Çavuşoğlu".encode("iso8859_9"), "Çavuşoğlu"),
        (b"ISO_IR 166", "สมชาย".encode("tis_620"), "สมชาย"),
        (b"ISO_IR 13", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        (b"ISO_IR 192", "Wang^XiaoDong=王^小东".encode(), "Wang^XiaoDong=王^小东"),
        (b"GB18030", "Wang^XiaoDong=王^小东".encode("gb18030"), "Wang^XiaoDong=王^小东"),
        (b"GBK", "Wang^XiaoDong=王^小东".encode("gbk"), "Wang^XiaoDong=王^小东"),
        (
            b"\\ISO 2022 IR 87",
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        (
            b"ISO 2022 IR 13\\ISO 2022 IR 87",
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎",
        ),
        (
            b"\\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
            "Hong^Gildong=洪^吉洞",
        ),
        (b"\\ISO 2022 IR 58", b"Wang=\x1b$)A\xcd\xf5", "Wang=王"),
        # Misspelled as real objects have it.
        (b"ISO-IR 100", "Jérôme".encode("latin_1"), "Jérôme"),
        (b"ISO IR 192 ", "Jérôme".encode(), "Jérôme"),
    ],
)
def test_defined_terms_are_decoded(tmp_path, charset, value, expected):
    assert name(tmp_path, charset, value) == (expected, False)


@pytest.mark.parametrize(
    ("charset", "value", "part"),
    [
        (b"", b"J\xe9r\xf4me", "me"),  # not declared
        (b"ISO_IR 999", b"Doe^J\xe9", "Doe^J"),  # not defined
        (b"ISO_IR 192", b"Doe^J\xe9", "Doe^J"),  # not UTF-8
        (b"GB18030", b"Doe^\xff", "Doe^"),
        (b"\\ISO 2022 IR 87", b"Doe^\x1b$Bz", "Doe^"),  # half a character
        (b"ISO_IR 100", b"Doe^\x1b$X", "Doe^"),  # unknown escape sequence
        (b"\xff\xfe", b"Doe^\xe9", "Doe^"),
    ],
)
def test_what_cannot_be_decoded_is_searchable_in_part_and_flagged(tmp_path, charset, value, part):
    found, odd = name(tmp_path, charset, value)
    assert part in found
    assert odd


def test_codes_that_are_not_ascii_are_read_and_flagged(tmp_path):
    value = "SCHÄDEL".encode("latin_1")
    found = recorded(tmp_path, SpecificCharacterSet=b"ISO_IR 100", BodyPartExamined=value)
    assert found.series[AT["BodyPartExamined"]] == "SCHÄDEL"
    assert found.odd_character_set


def test_a_backslash_inside_a_two_byte_character_parts_no_values(tmp_path):
    value = "乗\\B".encode("gb18030")
    assert value.count(b"\\") == 2
    found = recorded(tmp_path, SpecificCharacterSet=b"GB18030", OperatorsName=value)
    assert found.series[AT["OperatorsName"]] == "乗\\B"


@pytest.mark.parametrize(
    ("keyword", "raw", "stored", "match", "more"),
    [
        ("PatientName", b"DOE^John^^ ", "DOE^John^^", "doe^john", None),
        ("PatientName", "Müller  ^José".encode(), "Müller  ^José", "muller^jose", None),
        ("PatientName", b"A^B=C=D", "A^B=C=D", "a^b", ["c", "d", "a^b=c=d"]),
        ("OperatorsName", b"A^B\\C^D ", "A^B\\C^D", "a^b", ["c^d"]),
        ("ImageType", b"ORIGINAL\\PRIMARY ", "ORIGINAL\\PRIMARY", "ORIGINAL", ["PRIMARY"]),
        ("StudyDate", b"20240229", "20240229", "20240229", None),
        ("StudyDate", b"2024.02.29", "2024.02.29", "20240229", None),
        ("StudyDate", b"garbage!", "garbage!", "~", None),
        ("StudyTime", b"1030", "1030", "103000.000000", None),
        ("StudyTime", b"10:30:15", "10:30:15", "103015.000000", None),
        ("StudyTime", b"235960.5 ", "235960.5", "235960.500000", None),
        (
            "AcquisitionDateTime",
            b"20240101003000+0100",
            "20240101003000+0100",
            "20231231233000.000000",
            None,
        ),
        ("SeriesNumber", b" 007", "007", "7", None),
        ("PatientWeight", b"70.50", "70.50", "70.5", None),
    ],
)
def test_values_have_a_text_and_the_forms_compared(tmp_path, keyword, raw, stored, match, more):
    found = recorded(tmp_path, SpecificCharacterSet="ISO_IR 192", **{keyword: raw})
    row = {
        column: value
        for level in LEVELS
        for column, value in zip(columns(level), _row(found, level), strict=True)
    }
    assert row[keyword] == stored
    assert row[f"{keyword}_match"] == match
    assert json.loads(row.get(f"{keyword}_more") or "null") == more


def _row(found, level):
    rows = (found.patient, found.study, found.series, found.image)
    return dict(zip(LEVELS, rows, strict=True))[level]


@pytest.mark.parametrize(("little", "raw"), [(True, b"\x00\x02"), (False, b"\x02\x00")])
def test_binary_numbers_follow_the_byte_order(tmp_path, little, raw):
    stored = StoredInstance("1.2", "1.3", EXPLICIT, tmp_path / "x", 0, 0, "")
    made = record(head(little, Rows=raw), stored, "")
    assert made.image[AT["Rows"]] == "512"


def test_values_of_odd_length_or_none_leave_numbers_empty(tmp_path):
    assert recorded(tmp_path, Rows=b"\x01").image[AT["Rows"]] == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller^José", "MULLER^JOSE"),
        ("Straße", "STRASSE"),
        ("DOE ^ JOHN", "doe^john"),
        ("Doe^John^^^", "Doe^John"),
        ("Doe==", "Doe"),
        ("ﾔﾏﾀﾞ", "ヤマダ"),
        ("Ｄｏｅ", "doe"),
        ("ΔΙΟΝΎΣΙΟΣ", "διονυσιος"),
    ],
)
def test_names_are_folded_alike(one, other):
    assert text.fold_name(one) == text.fold_name(other)


@pytest.mark.parametrize(("one", "other"), [("カ", "ガ"), ("Doe^J", "DoeJ"), ("A=B", "AB")])
def test_names_that_differ_stay_different(one, other):
    assert text.fold_name(one) != text.fold_name(other)


def test_wide_wildcards_of_a_name_become_no_wildcards():
    assert not set("*?") & set(text.fold_name("王＊？﹡﹖"))


raw_values = st.dictionaries(st.sampled_from(sorted(WANTED)), st.binary(max_size=40))


@given(raw_values, st.booleans())
def test_no_head_raises(tmp_path_factory, values, little_endian):
    stored = StoredInstance("1.2", "1.3", EXPLICIT, tmp_path_factory.getbasetemp(), 0, 0, "")
    made = record(Head(values, EXPLICIT, little_endian), stored, "")
    for level, row in zip(LEVELS, (made.patient, made.study, made.series, made.image), strict=True):
        assert len(row) == len(columns(level))
        assert all("\0" not in (value or "") for value in row)


@given(st.text(max_size=30))
def test_folding_twice_changes_nothing(value):
    once = text.fold_name(value)
    assert text.fold_name(once) == once
