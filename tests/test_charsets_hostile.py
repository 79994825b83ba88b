"""Character sets that are not as they should be: nothing is lost, nothing raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from archive import charsets, identifiers
from archive.bounds import Bounds
from archive.charsets import DEFAULT, UTF8, character_set
from tests.scripts import (
    CHARACTER_SET,
    EXPLICIT,
    NAME,
    SETS,
    answer,
    declared,
    element,
    known_to_pydicom,
    read,
)

any_set = st.sampled_from([charset for charset in SETS if known_to_pydicom(charset)])


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        ("", "Jérôme".encode(), "Jérôme"),  # not declared: UTF-8 is what it hardly is by chance
        ("", "Jérôme".encode("latin_1"), "Jérôme"),
        ("ISO_IR 999", "Jérôme".encode(), "Jérôme"),
        ("ISO_IR 999", "Jérôme".encode("latin_1"), "J\ufffdr\ufffdme"),
        ("\\ISO 2022 IR 149", "홍".encode("euc_kr"), "홍"),  # declared, and not invoked
        ("ISO 2022 IR 149", "홍".encode("euc_kr"), "홍"),
        ("\\ISO 2022 IR 87", "ﾔﾏ".encode("shift_jis"), "ﾔﾏ"),
        ("\\ISO 2022 IR 149", b"\x1b$)C\xfb\xf3^\xd1\xce\xd4\xd7", "洪^吉洞"),  # not invoked again
        ("ISO_IR 100", b"\x1b$B;3ED\x1b(B", "山田"),  # invoked, and not declared
        ("ISO_IR 192", b"\xc0\xafA\xed\xa0\x80", "\ufffd\ufffdA\ufffd\ufffd\ufffd"),  # overlong
        ("ISO_IR 192", b"A\x1b$B", "A\ufffd$B"),
        ("ISO_IR 100", b"A\x1b", "A\ufffd"),
        ("ISO_IR 100", b"A\x1bX\xe9", "A\ufffdXé"),
        ("\\ISO 2022 IR 87", b"\x1b$B;3E", "山\ufffd"),
        ("\\ISO 2022 IR 87", b"\x1b$B;3\xe9\x1b(BA", "山\ufffdA"),
        ("GB18030", b"A\xff", "A\ufffd"),
    ],
)
def test_what_is_odd_is_read_as_well_as_can_be_and_flagged(charset, raw, text):
    assert charsets.decode(raw, "PN", character_set(charset)) == (text, True)


@given(st.binary(max_size=40), st.text(max_size=30), st.sampled_from(["PN", "LO", "LT", "CS"]))
def test_no_bytes_and_no_set_raise(raw, written, vr):
    charset = character_set(written)
    text, _ = charsets.decode(raw, vr, charset)
    assert "\x1b" not in text
    assert charset.value.isascii()


escapes = st.sampled_from([b"\x1b$B", b"\x1b(B", b"\x1b(J", b"\x1b$)C", b"\x1b-L", b"\x1b", b"\\"])
mixed = st.lists(st.one_of(st.binary(max_size=4), escapes), max_size=8).map(b"".join)


@given(mixed, st.sampled_from(SETS), any_set)
def test_whatever_was_stored_is_answered_so_that_pydicom_reads_it(raw, stored, requested):
    text, _ = charsets.decode(raw, "LO", character_set(stored))
    found = read(answer(text.strip(" \0"), requested, stored, vr="LO"))
    assert len(found) >= 2


def test_ten_megabytes_cost_no_more_than_their_size():
    many = ("é山^" * 2_500_000)[: 10 << 20]
    raw = many.encode()
    assert charsets.decode(raw, "PN", UTF8) == (many, False)
    for charset in ("ISO_IR 192", "ISO_IR 100", "\\ISO 2022 IR 87"):
        assert len(answer(many, charset)) < 66_000
    bad = b"\x1b" * (1 << 20)
    assert charsets.decode(bad, "PN", DEFAULT) == ("\ufffd" * len(bad), True)
    assert character_set("ISO_IR 100\\" * 1_000_000).terms == ("ISO_IR 100",)


def test_an_unknown_character_of_a_key_matches_any():
    """PS3.4 C.2.2.2; a run of bytes may be any number of characters."""
    assert charsets.unknown_as_wildcards("M\ufffdller") == "M?ller"
    assert charsets.unknown_as_wildcards("\ufffd\ufffd\ufffd^A") == "*^A"


@pytest.mark.parametrize(
    ("requested", "own", "name", "expected"),
    [
        ("ISO_IR 192", "", "M\ufffdller", "M\ufffdller"),
        ("GB18030", "", "M\ufffdller", "M\ufffdller"),
        ("", "", "M\ufffdller", "M\ufffdller"),
        ("ISO_IR 100", "", "M\ufffdller", "M?ller"),
        ("ISO_IR 100", "", "M\ufffdllér", "M?llér"),
        ("", "\\ISO 2022 IR 87", "山\ufffd田", "山?田"),
    ],
)
def test_what_was_unknown_stays_so_and_changes_no_set(requested, own, name, expected):
    found = read(answer(name, requested, own))
    assert str(found.PatientName) == expected
    wanted = requested or own or "ISO_IR 192"
    assert declared(found) == (None if expected.isascii() else wanted)


@pytest.mark.parametrize("charset", [b"ISO_IR 999", b"ISO_IR 203", b"\\ISO_IR 192", b"\xff"])
def test_an_identifier_in_a_set_that_pydicom_does_not_know_is_read_where_warnings_are_errors(
    charset,
):
    data = element(CHARACTER_SET, "CS", charset) + element(NAME, "PN", b"J\xe9r\xf4me")
    found = identifiers.read(data, EXPLICIT, Bounds())
    assert found.get_item(NAME).value == b"J\xe9r\xf4me"


def test_an_item_has_its_own_set_or_inherits_it():
    """PS3.5 7.5.3; PS3.3 C.12.1.1.2."""
    outer = read(element(CHARACTER_SET, "CS", b"ISO_IR 100"))
    inner = read(element(CHARACTER_SET, "CS", b"\\ISO 2022 IR 87"))
    assert charsets.of(Dataset()) == DEFAULT
    above = charsets.of(outer)
    assert charsets.of(Dataset(), above).terms == ("ISO_IR 100",)
    assert charsets.of(inner, above).terms == ("", "ISO 2022 IR 87")
    outer.SpecificCharacterSet = ["", "ISO 2022 IR 149"]
    assert charsets.of(outer).terms == ("", "ISO 2022 IR 149")
