"""Specific Character Set, PS3.3 C.12.1.1.2 and PS3.5 6.1: what a text may be made of.

Law: the terms that are known and the escape sequence of each are a table; whatever the bytes are,
the answer is texts, or a sentence about them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from iod.checks.items import Element, Item, texts

# Tables C.12-2 to C.12-5: the registration of a set, and what designates it.
_ESCAPES: Final = {
    "6": (b"(B",), "100": (b"-A",), "101": (b"-B",), "109": (b"-C",), "110": (b"-D",),
    "144": (b"-L",), "127": (b"-G",), "126": (b"-F",), "138": (b"-H",), "148": (b"-M",),
    "203": (b"-b",), "13": (b")I", b"(J"), "166": (b"-T",), "87": (b"$B",), "159": (b"$(D",),
    "149": (b"$)C",), "58": (b"$)A",),
}  # fmt: skip
_ALONE: Final = {"ISO_IR 192": "utf-8", "GB18030": "gb18030", "GBK": "gbk"}
_TERM: Final = re.compile(r"ISO(?: 2022 |_)IR (\d+)")
_ESCAPE: Final = re.compile(rb"\x1b((?:\$[()]?|[()\-])[0-~])")
_TWO_BYTES: Final = (b"$B", b"$(D")  # in G0: what follows looks like ASCII and is not
_UNKNOWN: Final = "has characters that Specific Character Set does not announce"


def sets_of(item: Item) -> list[str]:
    """The terms that hold for an item: its own, or those of what it stands in."""
    return next((x.texts("SpecificCharacterSet") for x in item.outward()
                 if x.element("SpecificCharacterSet")), [])  # fmt: skip


def is_known(term: str) -> bool:
    """Whether it is one of the Defined Terms."""
    found = _TERM.fullmatch(term)
    return not term or term in _ALONE or (found is not None and found[1] in _ESCAPES)


def terms(item: Item) -> str:
    """What is wrong with the terms that an item has itself."""
    found = item.texts("SpecificCharacterSet")
    unknown = next((term for term in found if not is_known(term)), "")
    if unknown:
        return f"is {unknown[:16]!a}, no character set that the standard has"
    alone = next((term for term in found if term in _ALONE), "")
    if len(found) > 1 and alone:
        return f"has {alone} beside others; it stands alone"
    if len(found) > 1 and any(term.startswith("ISO_IR") for term in found):
        return "has several sets, one of them without extension: ISO 2022 is what goes together"
    return ""


def decoded(element: Element, item: Item) -> tuple[list[str], str]:
    """The values, as many characters long as they are; and what is wrong with the bytes."""
    raw = element.value
    if raw.isascii() and b"\x1b" not in raw:
        return texts(element), ""
    sets = sets_of(item)
    codec = _ALONE.get(sets[0] if sets else "")
    if codec is None:
        return _split(element), _wrong(raw, sets)
    try:
        told = raw.decode(codec)
    except UnicodeDecodeError:
        return [], _UNKNOWN
    return [part.strip(" \0") for part in told.split("\\")], ""


def _split(element: Element) -> list[str]:
    """The values: within a set of two bytes, 5CH is half a character and no backslash."""
    raw = element.value
    if b"\x1b" not in raw or b"\\" not in raw:
        return texts(element)
    head, *parts = raw.split(b"\x1b")
    kept = [part.replace(b"\\", b"/") if part.startswith(_TWO_BYTES) else part for part in parts]
    return texts(replace(element, value=b"\x1b".join((head, *kept))))


def _wrong(raw: bytes, sets: list[str]) -> str:
    """PS3.5 6.1.2.5: single bytes of the first set, or what an escape sequence designates."""
    terms = [term for term in sets if term]
    if not all(map(is_known, terms)):
        return ""  # nobody knows
    first = raw.partition(b"\x1b")[0]
    if not first.isascii() and (not sets or not sets[0]):
        return _UNKNOWN
    found = [match[1] for match in _ESCAPE.finditer(raw)]
    numbers = {match[1] for match in map(_TERM.fullmatch, terms) if match}
    announced = {escape for number in (*numbers, "6") for escape in _ESCAPES.get(number, ())}
    extended = any(term.startswith("ISO 2022") for term in terms)
    if (
        raw.count(b"\x1b") > len(found)
        or not announced.issuperset(found)
        or (found and not extended)
    ):
        return "has an escape sequence that Specific Character Set does not announce"
    designated = [escape for escape in found if not escape.startswith((b"-", b")", b"$)"))]
    if designated and designated[-1] in _TWO_BYTES:
        return "ends in a set of two bytes: each value goes back to the first set"
    return ""
