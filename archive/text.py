"""Values as text: without padding, PS3.5 6.2; in comparable forms, PS3.4 C.2.2.2.

Law: stored values and query keys pass through the same functions here, so that both sides of a
comparison are Unicode in the same form. Nothing raises for what a peer sent: what cannot be decoded
becomes U+FFFD and is reported as odd, what cannot be read as a date or number compares as text.
"""

from __future__ import annotations

import re
import struct
from datetime import datetime, timedelta
from decimal import Decimal
from unicodedata import normalize

from archive import charsets
from archive.charsets import CharacterSet, character_set

__all__ = ["CharacterSet", "character_set"]  # read here, defined there

# PS3.5 Table 6.2-1: leading spaces count in these, and a backslash is text; trailing ones never do.
FREE_TEXT = frozenset({"LT", "ST", "UT", "UR"})
BINARY = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "UV": "Q", "SV": "q"}


def decode(value: bytes, vr: str, charset: CharacterSet) -> tuple[str, bool]:
    """Text of a value without padding, and whether something in it could not be decoded."""
    text, odd = charsets.decode(value, vr, charset)
    return trim(text, vr), odd


def trim(text: str, vr: str) -> str:
    """Without the padding of PS3.5 6.2, around each value."""
    text = text.rstrip(" \0").replace("\0", "")
    if vr in FREE_TEXT:
        return text
    if "\\" in text:
        return "\\".join(value.strip(" \0") for value in text.split("\\"))
    return text.lstrip(" ")


def numbers(value: bytes, vr: str, *, little_endian: bool) -> str:
    """A binary value as the decimal text of its numbers, joined by backslashes."""
    code = BINARY[vr]
    size = struct.calcsize(code)
    count = len(value) // size
    order = "<" if little_endian else ">"
    found = struct.unpack(f"{order}{count}{code}", value[: count * size])
    return "\\".join(map(str, found))


# -- person names ---------------------------------------------------------------------------------

_ACCENTS = re.compile("[\u0300-\u036f]")
# NFKD would turn wide asterisks and question marks of a name into wildcards, wide delimiters too.
_WIDE = str.maketrans(
    {"\uff0a": "∗", "\ufe61": "∗", "\uff1f": "⸮", "\ufe56": "⸮", "\uff1d": "꞊", "\uff3e": "ˆ"}
)
GROUPS = 3  # PS3.5 6.2.1.2: alphabetic, ideographic, phonetic


def fold_name(name: str) -> str:
    """A name as it is compared: no case, accents, width, trailing delimiters or extra spaces."""
    return "=".join(_fold_group(group) for group in name.split("=")).rstrip("=")


def _fold_group(group: str) -> str:
    if group.isascii():
        group = group.lower()
    else:
        # Compatibility form: half-width katakana and wide letters equal the ordinary ones.
        folded = normalize("NFKD", group.translate(_WIDE)).casefold()
        group = normalize("NFC", _ACCENTS.sub("", normalize("NFD", folded)))
    return "^".join(" ".join(part.split()) for part in group.split("^")).rstrip("^")


def name_forms(name: str) -> tuple[str, ...]:
    """What a key may match: each component group by itself, and all of them together.

    Together they are always three, so that a pattern of three cannot reach across a "=".
    """
    folded = fold_name(name)
    if "=" not in folded:
        return (folded,)
    groups = folded.split("=")
    whole = "=".join([*groups, *[""] * (GROUPS - len(groups))])
    return tuple(dict.fromkeys([*(group for group in groups if group), whole]))


# -- dates, times, numbers ------------------------------------------------------------------------

Span = tuple[str, str]
UNREADABLE = "~"  # sorts behind every digit: no range holds it

_DATE = re.compile(r"([0-9]{4})(?:([.]?)(0[1-9]|1[0-2])(?:\2(0[1-9]|[12][0-9]|3[01]))?)?")
_HOURS, _SIXTY = "[01][0-9]|2[0-3]", "[0-5][0-9]"
_TIME = re.compile(
    rf"({_HOURS})(?:(:?)({_SIXTY})(?:\2({_SIXTY}|60)(?:[.]([0-9]{{1,6}}))?)?)?", re.ASCII
)
_MOMENT = re.compile(
    r"([0-9]{4,8})([0-9]{2,6}(?:[.][0-9]{1,6})?)?([+-](?:0[0-9]|1[0-4])[0-5][0-9])?"
)


def date_span(text: str) -> Span | None:
    """First and last day of a date; retired YYYY.MM.DD and shortened dates are understood."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, _, month, day = found.groups()
    return f"{year}{month or '01'}{day or '01'}", f"{year}{month or '12'}{day or '31'}"


def time_span(text: str) -> Span | None:
    """First and last moment of a time, HHMMSS.FFFFFF: a missing part stands for all it could be."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, _, minute, second, fraction = found.groups()
    fraction = fraction or ""
    # Second 60 is a leap second (PS3.5 Table 6.2-1, TM).
    first = f"{hour}{minute or '00'}{second or '00'}.{fraction:0<6}"
    return first, f"{hour}{minute or '59'}{second or '60'}.{fraction:9<6}"


def moment_span(text: str) -> Span | None:
    """First and last moment of a DT; with an offset it is brought to UTC, else left as written."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    day, clock, offset = found.groups()
    days = date_span(day)
    times = time_span(clock) if clock else ("000000.000000", "235960.999999")
    if days is None or times is None:
        return None
    if offset is None:
        return days[0] + times[0], days[1] + times[1]
    try:
        return _to_utc(days[0] + times[0], offset), _to_utc(days[1] + times[1], offset)
    except (ValueError, OverflowError):
        return None


def _to_utc(moment: str, offset: str) -> str:
    sign = -1 if offset[0] == "-" else 1
    shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5])) * sign
    whole = moment[:12] + ("59" if moment[12:14] == "60" else moment[12:14])
    at = datetime.strptime(whole, "%Y%m%d%H%M%S") - shift
    return f"{at.year:04}{at:%m%d%H%M}{moment[12:]}"


_NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,16}(?:[.][0-9]{0,16})?|[.][0-9]{1,16})(?:[eE][+-]?[0-9]{1,4})?"
)


def number(text: str) -> str:
    """One spelling for one value: "01", "+1", "1.0" and "1e0" are "1"; other text stays."""
    if text.isascii() and text.isdigit() and len(text) <= 16:
        return text.lstrip("0") or "0"
    if _NUMBER.fullmatch(text) is None:
        return text
    value = Decimal(text)
    if value == value.to_integral_value() and value.adjusted() < 30:
        return str(int(value))
    return str(value.normalize())
