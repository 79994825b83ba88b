"""Specific Character Set, PS3.3 C.12.1.1.2: which terms there are, text out of bytes and back.

Law: nothing raises for what a peer sent. What cannot be decoded becomes U+FFFD, and is reported as
odd; `encode` says None instead of losing a character. Term by term the codecs are Python's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from archive import iso2022
from archive.iso2022 import SETS, UNKNOWN, CodedSet, Reader

# PS3.5 6.1.2.3: only these are written in Specific Character Set; all others are ASCII.
IN_CHARACTER_SET = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})

# Table C.12-5: neither code extension nor other sets beside them.
STAND_ALONE: Mapping[str, str] = {"ISO_IR 192": "utf-8", "GB18030": "gb18030", "GBK": "gbk"}

# What other software writes where it means a defined term. CP-1234 named the first two.
_ALIASES = {
    "ISO 2022 GBK": "GBK",
    "ISO 2022 58": "ISO 2022 IR 58",
    "UTF-8": "ISO_IR 192",
    "UTF8": "ISO_IR 192",
    "GB2312": "GBK",
}
_TERM = re.compile(r"ISO.?(?P<extended>2022)?.{0,2}IR.{0,2}?(?P<number>[0-9]+)")
_SPECIFIC_CHARACTER_SET = BaseTag(0x00080005)
_ESCAPE = "\x1b"
_LONGEST = 1024  # characters of (0008,0005) that are looked at


class CharacterSet(NamedTuple):
    """Specific Character Set as defined terms; the default repertoire is the empty one."""

    terms: tuple[str, ...]
    odd: bool  # something was written that is no defined term, or not where it may be

    @property
    def default(self) -> bool:
        """Nothing but the default repertoire, ISO_IR 6."""
        return self.terms == ("",)

    @property
    def has_unknown(self) -> bool:
        """U+FFFD is a character of this set."""
        return self.terms[0] in ("ISO_IR 192", "GB18030")

    @property
    def value(self) -> str:
        """The value of (0008,0005)."""
        return "\\".join(self.terms)

    @property
    def sets(self) -> tuple[CodedSet, ...]:
        """The coded sets of these terms, which must not stand alone."""
        return tuple(SETS[_number(term)] for term in self.terms)


DEFAULT = CharacterSet(("",), odd=False)
UTF8 = CharacterSet(("ISO_IR 192",), odd=False)


# -- the terms ------------------------------------------------------------------------------------


def character_set(value: bytes | str) -> CharacterSet:
    """Read (0008,0005); common misspellings ("ISO-IR 100") are understood."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    return _character_set(text[:_LONGEST])


@lru_cache(maxsize=256)
def _character_set(value: str) -> CharacterSet:
    found = [_term(term.strip(" \0")) for term in value.split("\\")]
    known = [term for term in found if term is not None]
    alone = [term for term in known if term in STAND_ALONE]
    # Beside other sets it is not allowed; after an empty or unknown value it must be meant.
    if alone and found[0] in (alone[0], "", None):
        return CharacterSet((alone[0],), odd=len(found) > 1)
    terms = [term for term in known if term not in STAND_ALONE]
    odd = None in found or bool(alone)
    if found[0] is None or SETS[_number(terms[0])].width == 2:
        terms.insert(0, "")  # value 1 is of one byte, Table C.12-4
    several = len(dict.fromkeys(map(_number, terms))) > 1
    return CharacterSet(tuple(dict.fromkeys(map(_extending if several else str, terms))), odd)


def of(identifier: Dataset, inherited: CharacterSet = DEFAULT) -> CharacterSet:
    """The set of a data set or a sequence item, which inherits its parent's (PS3.5 7.5.3)."""
    if _SPECIFIC_CHARACTER_SET not in identifier:
        return inherited
    element: object = identifier.get_item(_SPECIFIC_CHARACTER_SET, keep_deferred=True)
    value = getattr(element, "value", None)
    if isinstance(element, RawDataElement) or value is None:
        return character_set(value or b"")
    values = value if isinstance(value, MultiValue | list | tuple) else [value]
    return character_set("\\".join(map(str, values)))


def _term(written: str) -> str | None:
    """The defined term that is meant; the default repertoire as ""."""
    written = written.upper()
    written = _ALIASES.get(written, written)
    if not written or written in STAND_ALONE:
        return written
    found = _TERM.fullmatch(written)
    if found is None:
        return None
    number = found["number"]
    if f"ISO_IR {number}" in STAND_ALONE:
        return f"ISO_IR {number}"
    if number not in SETS:
        return None
    if number == "6":
        return ""
    plain = not found["extended"] and SETS[number].width == 1
    return f"ISO_IR {number}" if plain else f"ISO 2022 IR {number}"


def _number(term: str) -> str:
    return term.rpartition(" ")[2] or "6"


def _extending(term: str) -> str:
    """Several values are code extension, which has terms of its own (Table C.12-3)."""
    return term and f"ISO 2022 IR {_number(term)}"


# -- reading --------------------------------------------------------------------------------------


def decode(value: bytes, vr: str, charset: CharacterSet) -> tuple[str, bool]:
    """Text of a value, and whether something in it was not as it should be."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii"), False
    text, odd = _decoded(value, vr, charset)
    # Other VRs are ASCII; what breaks that ("SCHÄDEL" as a body part) meant the same set.
    return text, odd or charset.odd or vr not in IN_CHARACTER_SET


def _decoded(value: bytes, vr: str, charset: CharacterSet) -> tuple[str, bool]:
    codec = STAND_ALONE.get(charset.terms[0])
    if codec is None and b"\x1b" in value:
        reader = Reader(charset.sets, vr)
        text = reader.text(value)
        extends = charset.terms[0].startswith("ISO 2022") or len(charset.terms) > 1
        return text, reader.odd or not extends
    if codec is None and not charset.terms[0]:
        return _guessed(value, charset), True
    text = value.decode(codec or charset.sets[0].codec, "replace").replace(_ESCAPE, UNKNOWN)
    return text, UNKNOWN in text


def _guessed(value: bytes, charset: CharacterSet) -> str:
    """Bytes above 0x7F where the default repertoire has none: the likeliest reading.

    Two-byte sets that were declared and not invoked; UTF-8, which longer text hardly is by chance;
    then what any bytes can be taken for.
    """
    declared = charset.sets[1:]
    strict = [each.codec for each in declared if each.high and each.width == 2]
    lenient = ["shift_jis" if each.wide else each.codec for each in declared]
    for codec in (*strict, "utf-8", *lenient):
        try:
            return value.decode(codec).replace(_ESCAPE, UNKNOWN)
        except UnicodeError:
            continue
    return value.decode("ascii" if charset.odd else "latin_1", "replace").replace(_ESCAPE, UNKNOWN)


# -- writing --------------------------------------------------------------------------------------


def encode(text: str, vr: str, charset: CharacterSet) -> bytes | None:
    """The bytes of a value's text, or None if the set lacks a character of it."""
    text = text.replace(_ESCAPE, UNKNOWN)
    if vr not in IN_CHARACTER_SET:
        return text.encode("ascii", "replace")
    first = charset.terms[0]
    if text.isascii():
        return text.encode()
    if charset.default:
        return None
    if first.startswith("ISO 2022") or len(charset.terms) > 1:
        return iso2022.encode(text, charset.sets, vr)
    codec = STAND_ALONE.get(first)
    return _whole(text, codec or charset.sets[0].codec, single=codec is None)


def _whole(text: str, codec: str, *, single: bool) -> bytes | None:
    try:
        raw = text.encode(codec)
        # Some encoders take a character for a similar one: the yen sign for the backslash.
        same = raw.decode(codec) == text
    except UnicodeError:
        return None
    return raw if same and not (single and len(raw) != len(text)) else None


def unknown_as_wildcards(key: str) -> str:
    """A key that could not be decoded in full: what is unknown matches anything, PS3.4 C.2.2.2.

    One unknown character is "?"; a run of bytes may be any number of characters.
    """
    return re.sub(f"{UNKNOWN}+", lambda found: "?" if len(found[0]) == 1 else "*", key)
