"""One raw value to the columns of its attribute: its text, and the forms matching compares.

Law: text is decoded once, here; dates and times are filed under the first day or moment they may
stand for (`matching` spreads the key instead), numbers under one spelling, names by their groups.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from archive import sounds, text
from archive.attributes import Attribute

Columns = tuple[str | None, ...]
Filler = Callable[[str], Columns]


def _first_of(span: Callable[[str], text.Span | None]) -> Callable[[str], str]:
    def first(value: str) -> str:
        found = span(value)
        return found[0] if found else text.UNREADABLE

    return first


_NORMAL: Mapping[str, Callable[[str], str]] = {
    "DA": _first_of(text.date_span),
    "TM": _first_of(text.time_span),
    "DT": _first_of(text.moment_span),
    "IS": text.number,
    "DS": text.number,
}


def read(
    raw: bytes, vr: str, charset: text.CharacterSet, *, little_endian: bool
) -> tuple[str, bool]:
    """The text of a value that is no sequence, and whether something in it was not decoded."""
    if vr in text.BINARY:
        return text.numbers(raw, vr, little_endian=little_endian), False
    if raw.isascii() and b"\x1b" not in raw:  # nearly all of them, and the same in every set
        return text.trim(raw.decode("ascii"), vr), False
    return text.decode(raw, vr, charset)


def _forms(vr: str, values: Sequence[str]) -> list[str]:
    """The forms of a stored value that matching compares; any of them may match."""
    if vr == "PN":
        return list(dict.fromkeys(form for value in values for form in text.name_forms(value)))
    normal = _NORMAL.get(vr, str)
    return [normal(value) if value else "" for value in values]


def filler(attribute: Attribute) -> Filler:
    """How a text fills an attribute's columns."""
    vr, many = attribute.vr, attribute.many
    if not attribute.has_forms:
        return lambda value: (value,)
    if not attribute.has_more:
        normal = _NORMAL[vr]
        return lambda value: (value, normal(value))

    def several(value: str) -> Columns:
        first, *more = _forms(vr, value.split("\\") if many else [value])
        further = json.dumps(more, ensure_ascii=False) if more else None
        return (
            (value, first, further) if vr != "PN" else (value, first, further, sounds.heard(value))
        )

    return several


def empty(attribute: Attribute) -> Columns:
    """The columns of an attribute that the object does not tell."""
    return ("", "", None, "")[: len(attribute.columns)]
