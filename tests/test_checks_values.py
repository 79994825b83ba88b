"""Values are what their representation takes, in the character set that the object names."""

import io
import struct

import pytest
from pydicom.datadict import dictionary_VR, tag_for_keyword

from iod.checks import Slice, check_in

NAME, ID, STUDY, DATE, MOMENT, NUMBER, SETS = (
    "PatientName", "PatientID", "StudyInstanceUID", "StudyDate", "AcquisitionDateTime",
    "InstanceNumber", "SpecificCharacterSet",
)  # fmt: skip


def found_in(**values):
    """What is found of a data set with these bytes for values: rules and paths."""
    raw = b""
    for keyword in sorted(values, key=lambda each: tag_for_keyword(each) or 0):
        tag, vr = tag_for_keyword(keyword), dictionary_VR(keyword).encode()
        value = values[keyword] + b" " * (len(values[keyword]) % 2)
        raw += struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value
    said = Slice("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1", 0, len(raw))
    return {(each.rule, each.path) for each in check_in(io.BytesIO(raw), said)}


WRONG = [
    ("vr.value", DATE, b"20230231"),
    ("vr.value", DATE, b"20230229"),
    ("vr.value", MOMENT, b"20230231120000"),
    ("vr.value", MOMENT, b"20230101120000+1500"),
    ("vr.value", MOMENT, b"20230101120000-0175"),
    ("vr.value", NUMBER, b"2147483648"),
    ("vr.value", STUDY, b"9.2.345"),
    ("vr.value", NAME, b"A=B=C=D"),
    ("vr.value", NAME, b"A^B^C^D^E^F"),
    ("vr.value", NAME, b"A" * 65),
    ("vr.value", NAME, b"A=" + b"B" * 65),
]
RIGHT = [
    (DATE, b"20240229"),
    (MOMENT, b"20230101120000+1400"),
    (MOMENT, b"20230101120000.5-0330"),
    (MOMENT, b"2023"),
    (NUMBER, b"-2147483648"),
    (STUDY, b"2.25.345"),
    (NAME, b"A^B^C^D^E=F^G=H"),
    (NAME, b"A" * 64 + b"=" + b"B" * 64 + b"=" + b"C" * 64),
]


@pytest.mark.parametrize(("rule", "keyword", "value"), WRONG, ids=[str(x[2][:24]) for x in WRONG])
def test_what_the_representation_does_not_take_is_found(rule, keyword, value):
    assert (rule, keyword) in found_in(**{keyword: value})


@pytest.mark.parametrize(("keyword", "value"), RIGHT, ids=[str(x[1][:24]) for x in RIGHT])
def test_what_it_takes_is_left_alone(keyword, value):
    found = found_in(**{keyword: value})
    assert keyword not in {path for _, path in found}


KANJI = b"\x1b$B;3ED\x1b(B"
WITH_BACKSLASH = b"\x1b$B0\\\x1b(B"  # the second byte of a character is 5CH
UNANNOUNCED = [
    (b"", b"A\xe9BC"),
    (b"ISO_IR 192", b"A\xe9BC"),
    (b"\\ISO 2022 IR 100", b"A\xe9BC"),
    (b"ISO_IR 100", KANJI),
    (b"\\ISO 2022 IR 149", KANJI),
    (b"\\ISO 2022 IR 87", b"\x1b$)C\xb1\xe8"),
    (b"\\ISO 2022 IR 87", b"\x1b$B;3ED"),
    (b"\\ISO 2022 IR 87", b"AB\x1b"),
]
ANNOUNCED = [
    (b"ISO_IR 100", b"A\xe9BC"),
    (b"ISO_IR 192", "\u00e9\u5c71".encode() * 20),
    (b"GB18030", "\u738b".encode("gb18030")),
    (b"\\ISO 2022 IR 87", KANJI),
    (b"\\ISO 2022 IR 87", WITH_BACKSLASH),
    (b"\\ISO 2022 IR 149", b"\x1b$)C\xb1\xe8"),
    (b"\\ISO 2022 IR 100", b"\x1b-AA\xe9"),
    (b"ISO_IR 999", b"A\xe9"),
]


@pytest.mark.parametrize(("sets", "value"), UNANNOUNCED)
def test_characters_of_no_announced_set_are_found(sets, value):
    found = found_in(SpecificCharacterSet=sets, PatientName=value, PatientID=value)
    assert {("vr.characters", NAME), ("vr.characters", ID)} <= found


@pytest.mark.parametrize(("sets", "value"), ANNOUNCED)
def test_characters_of_announced_sets_are_left_alone(sets, value):
    found = found_in(SpecificCharacterSet=sets, PatientName=value, PatientID=value)
    assert not {path for _, path in found} & {NAME, ID}


@pytest.mark.parametrize(
    ("sets", "wrong"),
    [(b"ISO_IR 100", False), (b"\\ISO 2022 IR 87", False), (b"ISO_IR 192", False),
     (b"ISO_IR 999", True), (b"ISO_IR 192\\ISO 2022 IR 87", True),
     (b"ISO_IR 100\\ISO_IR 101", True)],
)  # fmt: skip
def test_terms_of_character_sets_are_those_of_the_standard(sets, wrong):
    assert (("charset.term", SETS) in found_in(SpecificCharacterSet=sets)) == wrong
