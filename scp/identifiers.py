"""C-FIND response identifiers as bytes, PS3.4 C.4.1.1.3.2: made from index rows, by a plan.

A plan is laid once a query; each row then costs microseconds (performance.md, point 3).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydicom.charset import python_encoding
from pydicom.uid import UID

_LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UC", "UN", "UR", "UT", "SV", "UV"})
_NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "SV": "q", "UV": "Q"}
_BINARY = frozenset({"SQ", "OB", "OW", "OD", "OF", "OL", "OV", "UN"})
_SPECIFIC_CHARACTER_SET = 0x00080005
UTF8 = "ISO_IR 192"
_CODECS = {"": "ascii", "ISO_IR 6": "ascii"}

Field = tuple[int, str]
"""Tag and VR."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the rows of one query become identifiers in one transfer syntax.

    `fixed` are elements that are the same in each; `requested_set` is the request's own
    SpecificCharacterSet, used where it can carry the text (PS3.4 C.2.2.2).
    """

    fields: Sequence[Field]
    fixed: Sequence[tuple[int, str, str]]
    transfer_syntax: str
    requested_set: str = ""

    def encode(self, row: Sequence[str]) -> bytes:
        """One identifier; `row` holds a value for each of `fields`."""
        text = "".join(row)
        term = "" if text.isascii() else self._term(text)
        codec = _codec(term)
        values = [(tag, vr, value) for (tag, vr), value in zip(self.fields, row, strict=True)]
        values += self.fixed
        if term:
            values.append((_SPECIFIC_CHARACTER_SET, "CS", term))
        values.sort()
        syntax = UID(self.transfer_syntax)
        return b"".join(_element(syntax, field, codec) for field in values)

    def _term(self, text: str) -> str:
        if self.requested_set and "\\" not in self.requested_set:
            try:
                text.encode(_codec(self.requested_set))
            except (UnicodeEncodeError, LookupError):
                return UTF8
            return self.requested_set
        return UTF8


def _codec(term: str) -> str:
    return _CODECS.get(term) or python_encoding.get(term, "utf-8")


def _head(syntax: UID, tag: int, vr: str, length: int) -> bytes:
    """Tag, VR and length, PS3.5 7.1.2 and 7.1.3."""
    order = "<" if syntax.is_little_endian else ">"
    group, element = tag >> 16, tag & 0xFFFF
    if syntax.is_implicit_VR:
        return struct.pack(f"{order}HHI", group, element, length)
    if vr in _LONG:
        return struct.pack(f"{order}HH2sHI", group, element, vr.encode(), 0, length)
    return struct.pack(f"{order}HH2sH", group, element, vr.encode(), length)


def _element(syntax: UID, field: tuple[int, str, str], codec: str) -> bytes:
    tag, vr, value = field
    raw = _value("<" if syntax.is_little_endian else ">", vr, value, codec)
    return _head(syntax, tag, vr, len(raw)) + raw


def _value(order: str, vr: str, value: str, codec: str) -> bytes:
    """PS3.5 6.2: padded to even length, NUL for UI, space for text."""
    if not value or vr in _BINARY:
        return b""
    if vr in _NUMBERS:
        return _numbers(order + _NUMBERS[vr], value)
    raw = value.encode(codec, "replace")
    if vr not in _LONG and len(raw) > 0xFFFE:
        raw = raw[:0xFFFE]
    return raw + (b"\0" if vr == "UI" else b" ") if len(raw) % 2 else raw


def _numbers(form: str, value: str) -> bytes:
    convert: Callable[[str], float] = float if form[-1] in "fd" else int
    try:
        return b"".join(struct.pack(form, convert(part)) for part in value.split("\\"))
    except (ValueError, struct.error):
        return b""
