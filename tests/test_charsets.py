"""Character sets, PS3.3 C.12.1.1.2: every defined term, read, written, and told in answers."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archive import charsets
from archive.charsets import character_set
from scp.identifiers import Plan
from scu.datasets import decode
from tests.scripts import (
    DESCRIPTION,
    EXPLICIT,
    NAMES,
    SETS,
    answer,
    declared,
    known_to_pydicom,
    read,
    unread_by_pydicom,
)

# -- every term, there and back -------------------------------------------------------------------


@pytest.mark.parametrize(("charset", "name"), [row for row in NAMES if known_to_pydicom(row[0])])
def test_a_name_answered_in_the_set_asked_for_is_read_back_by_pydicom(charset, name):
    found = read(answer(name, charset))
    assert declared(found) == charset
    assert unread_by_pydicom(charset, str(found.PatientName)) == name


@pytest.mark.parametrize(("charset", "name"), NAMES)
def test_a_name_written_in_a_set_is_decoded_by_it(charset, name):
    raw = charsets.encode(name, "PN", character_set(charset))
    assert raw is not None
    assert charsets.decode(raw, "PN", character_set(charset)) == (name, False)


@pytest.mark.parametrize(
    ("charset", "name", "raw"),
    [
        # PS3.5 H.3.1, H.3.2, I.2, J.1, J.2; K.2 with the escapes in each group
        (
            "\\ISO 2022 IR 87",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        ),
        (
            "ISO 2022 IR 13\\ISO 2022 IR 87",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
            (
                b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J"
                b"=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J"
            ),
        ),
        (
            "\\ISO 2022 IR 149",
            "Hong^Gildong=洪^吉洞=홍^길동",
            (
                b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7"
                b"=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"
            ),
        ),
        ("ISO_IR 192", "王^小東", b"\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1"),
        ("GB18030", "王^小东", b"\xcd\xf5^\xd0\xa1\xb6\xab"),
        (
            "\\ISO 2022 IR 58",
            "Zhang^XiaoDong=张^小东",
            b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab",
        ),
        # PS3.5 6.1.2.5.3: the first set is active again before each delimiter
        (
            "ISO 2022 IR 100\\ISO 2022 IR 144",
            "éЫ^é",
            b"\xe9\x1b-L\xcb\x1b-A^\xe9",
        ),
    ],
)
def test_code_extension_is_written_as_the_standard_shows_it(charset, name, raw):
    assert charsets.encode(name, "PN", character_set(charset)) == raw
    assert charsets.decode(raw, "PN", character_set(charset)) == (name, False)


@pytest.mark.parametrize(
    ("vr", "raw", "text"),
    [
        # PS3.5 6.1.2.5.3: which characters bring back value 1 depends on the VR
        ("PN", b"\x1b-L\xcb^\xe9", "Ы^é"),
        ("PN", b"\x1b-L\xcb=\xe9", "Ы=é"),
        ("LO", b"\x1b-L\xcb^\xcb", "Ы^Ы"),
        ("LO", b"\x1b-L\xcb\\\xe9", "Ы\\é"),
        ("LT", b"\x1b-L\xcb\\\xcb", "Ы\\Ы"),
        ("LT", b"\x1b-L\xcb\r\n\xe9", "Ы\r\né"),
        ("UT", b"\x1b-L\xcb\t\xe9", "Ы\té"),
        ("ST", b"\x1b-L\xcb\f\xe9", "Ы\fé"),
    ],
)
def test_delimiters_bring_back_the_first_set(vr, raw, text):
    charset = character_set("ISO 2022 IR 100\\ISO 2022 IR 144")
    assert charsets.decode(raw, vr, charset) == (text, False)


@pytest.mark.parametrize(
    ("written", "terms", "odd"),
    [
        ("", ("",), False),
        ("ISO_IR 6", ("",), False),
        ("ISO_IR 100 ", ("ISO_IR 100",), False),
        ("iso_ir 100", ("ISO_IR 100",), False),
        ("ISO-IR 100", ("ISO_IR 100",), False),
        ("ISO IR100", ("ISO_IR 100",), False),
        ("ISO_2022_IR_87", ("", "ISO 2022 IR 87"), False),
        ("ISO 2022 IR 6\\ISO 2022 IR 87", ("", "ISO 2022 IR 87"), False),
        ("ISO_IR 13\\ISO 2022 IR 87", ("ISO 2022 IR 13", "ISO 2022 IR 87"), False),
        ("ISO_IR 100\\ISO_IR 144", ("ISO 2022 IR 100", "ISO 2022 IR 144"), False),
        ("ISO_IR 100\\ISO_IR 100", ("ISO_IR 100",), False),
        ("ISO 2022 IR 149", ("", "ISO 2022 IR 149"), False),
        ("ISO 2022 GBK", ("GBK",), False),
        ("ISO 2022 58", ("", "ISO 2022 IR 58"), False),
        ("UTF-8", ("ISO_IR 192",), False),
        ("\\ISO_IR 192", ("ISO_IR 192",), True),
        ("ISO_IR 192\\ISO 2022 IR 87", ("ISO_IR 192",), True),
        ("ISO 2022 IR 100\\ISO_IR 192", ("ISO 2022 IR 100",), True),
        ("ISO_IR 999", ("",), True),
        ("ISO_IR 999\\ISO 2022 IR 87", ("", "ISO 2022 IR 87"), True),
        ("nonsense\\\\\\", ("",), True),
        ("ISO_IR ¹", ("",), True),
    ],
)
def test_terms_are_read_as_they_are_meant(written, terms, odd):
    found = character_set(written)
    assert (found.terms, found.odd) == (terms, odd)


# -- which set an answer is in --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "requested", "own", "expected"),
    [
        # All ASCII: no set, whatever was asked for
        ("Doe^Jane", "", "", None),
        ("Doe^Jane", "ISO_IR 192", "ISO_IR 100", None),
        ("Doe^Jane", "ISO 2022 IR 13\\ISO 2022 IR 87", "", None),
        # The set asked for, if it has every character
        ("Müller", "ISO_IR 100", "ISO_IR 192", "ISO_IR 100"),
        ("Müller", "ISO_IR 192", "ISO_IR 100", "ISO_IR 192"),
        ("Müller", "ISO_IR 101", "ISO_IR 100", "ISO_IR 101"),
        ("山田", "\\ISO 2022 IR 87", "ISO_IR 192", "\\ISO 2022 IR 87"),
        ("山田", "ISO 2022 IR 87", "ISO_IR 192", "\\ISO 2022 IR 87"),
        ("Müller", "ISO-IR 100", "ISO_IR 192", "ISO_IR 100"),
        # Otherwise UTF-8 to who names a set
        ("山田", "ISO_IR 100", "\\ISO 2022 IR 87", "ISO_IR 192"),
        ("é山", "\\ISO 2022 IR 87", "", "ISO_IR 192"),
        ("뢔", "\\ISO 2022 IR 149", "", "ISO_IR 192"),  # none of the 2350 of KS X 1001
        ("¥100", "ISO_IR 13", "", "ISO_IR 192"),  # would become a backslash
        ("漢字", "ISO_IR 13", "", "ISO_IR 192"),
        # The object's own set to who names none, or one that nobody knows
        ("Müller", "", "ISO_IR 100", "ISO_IR 100"),
        ("Müller", "ISO_IR 6", "ISO_IR 100", "ISO_IR 100"),
        ("Müller", "ISO_IR 999", "ISO_IR 100", "ISO_IR 100"),
        ("山田", "", "\\ISO 2022 IR 87", "\\ISO 2022 IR 87"),
        ("王", "", "GB18030", "GB18030"),
        # and UTF-8 where that is unknown or lacks something
        ("Müller", "", "", "ISO_IR 192"),
        ("Müller", "", None, "ISO_IR 192"),
        ("山田", "", "ISO_IR 100", "ISO_IR 192"),
        ("Müller", "", "ISO_IR 999", "ISO_IR 192"),
    ],
)
def test_the_set_of_an_answer(name, requested, own, expected):
    found = read(answer(name, requested, own))
    assert declared(found) == expected
    assert str(found.PatientName) == name


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", EXPLICIT, "1.2.840.10008.1.2.2"])
@pytest.mark.parametrize(("meaning", "expected"), [("Kopf", None), ("Schädel", "ISO_IR 100")])
def test_text_inside_items_counts_as_well(meaning, expected, syntax):
    codes = [[(0x00080100, "SH", "T-1"), (0x00080104, "LO", meaning), (0x00081199, "SQ", [])]]
    plan = Plan(
        fields=[(0x00081032, "SQ"), (0x00081110, "SQ"), (0x00280010, "US")],
        fixed=[],
        transfer_syntax=syntax,
        requested_set=character_set("ISO_IR 100"),
        items={0x00081032: lambda value: codes if value else []},
    )
    found = decode(plan.encode(["[...]", "[...]", "512"]), syntax)
    assert declared(found) == expected
    assert [item.CodeMeaning for item in found.ProcedureCodeSequence] == [meaning]
    assert found.ReferencedStudySequence == []
    assert found.Rows == 512


def test_other_representations_stay_ascii():
    """PS3.5 6.1.2.3: Specific Character Set does not apply to CS."""
    plan = Plan(fields=[(0x00180015, "CS")], fixed=[], transfer_syntax=EXPLICIT)
    found = read(plan.encode(["SCHÄDEL"]))
    assert declared(found) is None
    assert found.BodyPartExamined == "SCH?DEL"


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("ISO_IR 192", "é山😀" * 20_000),
        ("\\ISO 2022 IR 87", "山A" * 30_000),
        ("GBK", "山" * 40_000),
    ],
)
def test_a_value_too_long_for_its_length_is_cut_between_characters(charset, text):
    raw = read(answer(text, charset, vr="LO")).get_item(DESCRIPTION).value
    assert 65_520 < len(raw) < 65_536
    found, odd = charsets.decode(raw, "LO", character_set(charset))
    assert text.startswith(found.rstrip(" "))
    assert not odd


@pytest.mark.parametrize("vr", ["PN", "LO", "LT"])
def test_every_value_has_an_even_length(vr):
    for charset, name in product(SETS, ("A", "Aé", "é", "é山", "ﾔ", "김A")):
        if known_to_pydicom(charset):
            found = read(answer(name, charset, vr=vr))
            assert all(len(each.value) % 2 == 0 for each in found.values())


# -- any name in any set --------------------------------------------------------------------------

# What a name cannot have: delimiters, controls, what stands for the unknown.
characters = st.one_of(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\\^=\ufffd"),
    st.sampled_from("".join(name for _, name in NAMES).replace("^", "").replace("=", "")),
)
words = st.text(characters, min_size=1, max_size=6).map(lambda text: text.strip(" "))
names = st.builds(
    lambda groups: "=".join("^".join(group) for group in groups).strip("=^ "),
    st.lists(st.lists(words, min_size=1, max_size=3), min_size=1, max_size=3),
)
any_set = st.sampled_from([charset for charset in SETS if known_to_pydicom(charset)])


@given(names, any_set, st.sampled_from(["", *SETS]))
@example("é~山\u00a0", "ISO 2022 IR 13\\ISO 2022 IR 87", "")
def test_any_name_in_any_set_reads_the_same(name, requested, own):
    found = read(answer(name, requested, own))
    assert unread_by_pydicom(requested, str(found.PatientName or "")) == name


texts = st.text(
    st.one_of(characters, st.sampled_from("\\^=\r\n\t\f")), min_size=1, max_size=12
).map(lambda text: text.strip(" "))


@given(texts, st.sampled_from(SETS), st.sampled_from(["PN", "LO", "LT", "UT"]))
def test_what_a_set_carries_is_decoded_again(text, charset, vr):
    raw = charsets.encode(text, vr, character_set(charset))
    if raw is not None:
        assert charsets.decode(raw, vr, character_set(charset)) == (text, False)
