"""Data elements as text of which each character is one byte, PS3.5 7.1: the parts of identifiers.

Law: a value is spelled in the character set it is given, or not at all; it is even, and no longer
than its length field can tell.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydicom.uid import UID

from archive import charsets
from archive.charsets import CharacterSet

USUAL = 512  # bytes; the lengths of values below are ready made

_LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UC", "UN", "UR", "UT", "SV", "UV"})
_NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "SV": "q", "UV": "Q"}
# OB is not among them: record keys are, PS3.4 C.6.4, and ours are ASCII.
_BULK = frozenset({"OW", "OD", "OF", "OL", "OV", "UN"})  # never in an answer
_LONGEST = 0xFFFE  # bytes of a value whose length has 16 bits

Item = Sequence[tuple[int, str, Any]]
"""Tag, VR and value of each element in order; the value of a sequence are its items."""


@dataclass(frozen=True, slots=True)
class Form:
    """How values of a VR are spelled: their lengths, and what makes them even (PS3.5 6.2)."""

    size: str  # the length field, as struct has it
    most: int  # bytes
    pad: str
    lengths: tuple[str, ...]  # those of usual values

    def length(self, value: str) -> str:
        """The length field of a value that is yet to be made even."""
        return struct.pack(self.size, len(value) + len(value) % 2).decode("latin_1")

    def whole(self, value: str) -> str:
        """Length field and value."""
        return self.length(value) + value + self.pad * (len(value) % 2)


@lru_cache(maxsize=256)
def form(syntax: UID, vr: str) -> Form:
    """The form of a VR in a transfer syntax."""
    size = _order(syntax) + ("I" if syntax.is_implicit_VR or vr in _LONG else "H")
    usual = (struct.pack(size, n + n % 2).decode("latin_1") for n in range(USUAL))
    most = 1 << 31 if vr in _LONG else _LONGEST
    return Form(size, most, "\0" if vr in ("UI", "OB") else " ", tuple(usual))


@lru_cache(maxsize=1024)
def begin(syntax: UID, tag: int, vr: str) -> str:
    """Tag and VR, PS3.5 7.1.2 and 7.1.3."""
    raw = struct.pack(f"{_order(syntax)}HH", tag >> 16, tag & 0xFFFF)
    if not syntax.is_implicit_VR:
        raw += vr.encode() + (b"\0\0" if vr in _LONG else b"")
    return raw.decode("latin_1")


def is_special(vr: str) -> bool:
    """Whether values are not spelled as they are, though ASCII."""
    return vr in _NUMBERS


def has_value(vr: str) -> bool:
    """Whether an answer tells values of this VR; sequences need to be made."""
    return vr not in _BULK and vr != "SQ"


def spelled(syntax: UID, vr: str, value: Any, charset: CharacterSet) -> str | None:
    """A value, or None if the set lacks a character of it; what is no value is empty."""
    if vr == "SQ":
        return "" if isinstance(value, str) else _items(syntax, value, charset)
    if vr in _NUMBERS:
        return _packed(_order(syntax) + _NUMBERS[vr], value)
    return "" if vr in _BULK else _text(value, vr, charset)


def _text(value: str, vr: str, charset: CharacterSet) -> str | None:
    if value.isascii() and "\x1b" not in value:
        return value
    raw = charsets.encode(value, vr, charset)
    # Never cut within a character, nor before an escape that has to follow.
    while raw is not None and vr not in _LONG and len(raw) > _LONGEST:
        value = value[: min(len(value) - 1, len(value) * _LONGEST // len(raw))]
        raw = charsets.encode(value, vr, charset)
    return None if raw is None else raw.decode("latin_1")


def _items(syntax: UID, items: Sequence[Item], charset: CharacterSet) -> str | None:
    """PS3.5 7.5.1, with explicit lengths."""
    size = f"{_order(syntax)}HHI"
    parts = []
    for item in items:
        found = [_element(syntax, element, charset) for element in item]
        within = [each for each in found if each is not None]
        if len(within) < len(found):
            return None
        content = "".join(within)
        parts.append(struct.pack(size, 0xFFFE, 0xE000, len(content)).decode("latin_1") + content)
    return "".join(parts)


def _element(syntax: UID, element: tuple[int, str, Any], charset: CharacterSet) -> str | None:
    tag, vr, value = element
    text = spelled(syntax, vr, value, charset)
    if text is None:
        return None
    as_form = form(syntax, vr)
    return begin(syntax, tag, vr) + as_form.whole(text[: as_form.most])


def _order(syntax: UID) -> str:
    return "<" if syntax.is_little_endian else ">"


def _packed(form: str, value: str) -> str:
    convert: Callable[[str], float] = float if form[-1] in "fd" else int
    try:
        numbers = [convert(part) for part in value.split("\\")] if value else []
        return b"".join(struct.pack(form, number) for number in numbers).decode("latin_1")
    except (ValueError, OverflowError, struct.error):
        return ""
