"""Value representation and multiplicity of every element, PS3.5 6.2 and 6.4, PS3.6.

Law: one row per VR says what its values are; private and unknown elements may be anything that
their own VR allows.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from pydicom.datadict import dictionary_VM

from iod.checks import charactersets
from iod.checks.charactersets import decoded
from iod.checks.findings import Finding
from iod.checks.items import Element, Item, name_of, texts, vr_of


@dataclass(frozen=True, slots=True)
class Form:
    """What values of a VR are: their size, or their most characters and their pattern."""

    size: int = 0
    most: int = 0
    pattern: re.Pattern[str] | None = None
    one: bool = False  # a backslash is a character of the value
    extended: bool = False  # Specific Character Set applies
    sound: Callable[[str], bool] | None = None  # what a pattern cannot say


def _texts(most: int, pattern: str = "", *, one: bool = False, extended: bool = False,
           sound: Callable[[str], bool] | None = None) -> Form:  # fmt: skip
    return Form(0, most, re.compile(pattern, re.S) if pattern else None, one, extended, sound)


def _is_day(value: str) -> bool:
    """Whether a date, or the date in a moment, is in the calendar."""
    if len(value) < 8 or not value[:8].isdigit():
        return True
    year, month, day = int(value[:4]), int(value[4:6]), int(value[6:8])
    return year > 0 and day <= calendar.monthrange(year, month)[1]


def _is_moment(value: str) -> bool:
    """PS3.5 6.2: the offset from UTC is from -1200 to +1400."""
    offset = value[-5:] if value[-5:-4] in ("+", "-") else "+0000"
    hours = int(offset[:3])
    return _is_day(value) and -12 <= hours <= 14 and int(offset[3:]) < 60


def _is_name(value: str) -> bool:
    """PS3.5 6.2.1: at most three groups, each of at most five components and 64 characters."""
    if "\x1b" in value:  # a delimiter may be half a character
        return True
    groups = value.split("=")
    return len(groups) <= 3 and all(len(group) <= 64 and group.count("^") <= 4 for group in groups)


_DATE = r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?"
_MOMENT = (
    r"\d{4}((0[1-9]|1[0-2])((0[1-9]|[12]\d|3[01])"
    r"(([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?)?)?)?([+-]\d{4})?"
)
FORMS: Final = {
    "AE": _texts(16, r"[ -\[\]-~]*"),
    "AS": _texts(4, r"\d{3}[DWMY]"),
    "AT": Form(4),
    "CS": _texts(16, r"[A-Z0-9 _]*"),
    "DA": _texts(10, rf"{_DATE}", sound=_is_day),
    "DS": _texts(16, r" *[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)? *"),
    "DT": _texts(26, _MOMENT, sound=_is_moment),
    "FD": Form(8),
    "FL": Form(4),
    "IS": _texts(12, r" *[+-]?\d+ *", sound=lambda value: -(1 << 31) <= int(value) < 1 << 31),
    "LO": _texts(64, r"[^\x00-\x1a\x1c-\x1f\x7f]*", extended=True),
    "LT": _texts(10240, one=True, extended=True),
    "OD": Form(8),
    "OF": Form(4),
    "OL": Form(4),
    "OV": Form(8),
    "OW": Form(2),
    "PN": _texts(0, r"[^\x00-\x1a\x1c-\x1f\x7f]*", extended=True, sound=_is_name),
    "SH": _texts(16, r"[^\x00-\x1a\x1c-\x1f\x7f]*", extended=True),
    "SL": Form(4),
    "SS": Form(2),
    "ST": _texts(1024, one=True, extended=True),
    "SV": Form(8),
    "TM": _texts(14, rf"{_TIME}"),
    "UC": _texts(1 << 32, extended=True),
    "UI": _texts(64, r"[0-2](\.(0|[1-9]\d*))+"),
    "UL": Form(4),
    "UR": _texts(1 << 32, one=True),
    "US": Form(2),
    "UT": _texts(1 << 32, one=True, extended=True),
    "UV": Form(8),
}
_BINARY: Final = frozenset(("OB", "UN", "OW", "OF", "OD", "OL", "OV"))
# Explicit VR may say what the dictionary leaves open; Retired groups and 32-bit LUTs vary.
_ALIKE: Final = (frozenset(("US", "SS", "OW")), frozenset(("OB", "OW", "UN")))
_PRIVATE_BITS: Final = 1 << 16
_CHARACTER_SET: Final = 0x00080005


def representation(item: Item, path: str) -> Iterator[Finding]:
    """What is wrong with the values of an item, at all levels below too."""
    for tag, element in item.elements.items():
        if tag & 0xFFFF == 0:  # group lengths, retired
            continue
        where = f"{path}{name_of(tag)}"
        yield from _element(element, item, where)
        for number, inside in enumerate(element.items or (), 1):
            yield from representation(inside, f"{where}[{number}].")


def _element(element: Element, item: Item, where: str) -> Iterator[Finding]:
    known = "" if element.tag & _PRIVATE_BITS else vr_of(element.tag)
    if known and not _agree(element, known):
        message = f"is encoded as {element.vr}; the dictionary says {known}"
        yield Finding("error", where, "vr.mismatch", message, "PS3.6 6")
        return
    form = FORMS.get(element.vr)
    if form is None or element.items is not None or element.fragments is not None:
        return
    if form.size:
        yield from _binary(element, form, known, where)
    elif element.kept and not element.empty:
        yield from _text(element, item, form, where)


def _agree(element: Element, known: str) -> bool:
    told = known.split(" or ")
    if element.vr in told or element.vr == "UN":
        return True
    if known == "SQ":  # items of a sequence are in sight, whatever it calls itself
        return element.items is not None
    return any(element.vr in alike and set(told) & alike for alike in _ALIKE)


def _binary(element: Element, form: Form, known: str, where: str) -> Iterator[Finding]:
    if element.length % form.size:
        message = f"has {element.length} bytes, no multiple of the {form.size} of {element.vr}"
        yield Finding("error", where, "vr.length", message, "PS3.5 6.2")
    elif known and element.vr not in _BINARY:
        yield from _multiplicity(element.tag, element.length // form.size, where)


def _text(element: Element, item: Item, form: Form, where: str) -> Iterator[Finding]:
    values = texts(element)
    if form.extended:
        values, wrong = decoded(element, item)
        if wrong:
            yield Finding("warning", where, "vr.characters", wrong, "PS3.5 6.1")
            return
    if element.tag == _CHARACTER_SET and (told := charactersets.terms(item)):
        yield Finding("warning", where, "charset.term", told, "PS3.3 C.12.1.1.2")
    yield from _values(values, element.vr, form, where)
    if vr_of(element.tag) and not form.one:
        yield from _multiplicity(element.tag, len(values), where)


def _values(values: list[str], vr: str, form: Form, where: str) -> Iterator[Finding]:
    """The first of them that is too long, and whether some other is none; there may be millions."""
    most = form.most or 1 << 32
    if long := [value for value in values if len(value) > most and "\x1b" not in value]:
        message = f"has {len(long[0])} characters; {vr} takes {form.most}"
        yield Finding("error", where, "vr.length", message, "PS3.5 6.2")
        values = [value for value in values if len(value) <= most or "\x1b" in value]
    match = form.pattern.fullmatch if form.pattern else bool
    sound = form.sound or bool
    if not all(match(value) and sound(value) for value in values if value):
        yield Finding("error", where, "vr.value", f"is not a value of {vr}", "PS3.5 6.2")


@cache
def _range(tag: int) -> tuple[int, int | None, int]:
    """Least, most and step of a number of values; 0-0 when the dictionary does not say."""
    try:
        told = dictionary_VM(tag)
    except KeyError:
        return 0, None, 1
    found = re.fullmatch(r"(\d+)(?:-(\d*)(n?))?", told)
    if found is None:
        return 0, None, 1
    least = int(found[1])
    if found[2] is None:
        return least, least, 1
    return least, None if found[3] else int(found[2]), int(found[2] or 1) if found[3] else 1


def _multiplicity(tag: int, count: int, where: str) -> Iterator[Finding]:
    least, most, step = _range(tag)
    if not count or (least <= count and (most is None or count <= most) and not count % step):
        return
    message = f"has {count} values; the dictionary says {dictionary_VM(tag)}"
    yield Finding("error", where, "vm.count", message, "PS3.6 6")
