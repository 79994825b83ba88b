"""Code extension, PS3.5 6.1.2.5: several character sets in one value, told apart by escapes.

Law: a set is one row of the table (PS3.3 Tables C.12-3 and C.12-4). Reading follows ISO 2022: bytes
below 0x80 are of the set in G0, those above of the set in G1, each changed by escape sequences and
set back at delimiters (6.1.2.5.3). Writing is stricter than it need be: after any escape every
character is of the set that was named last, so that readers that know only one state understand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

UNKNOWN = "\ufffd"  # what could not be decoded


@dataclass(frozen=True, slots=True)
class CodedSet:
    """One coded character set."""

    codec: str
    escape: bytes  # the sequence that invokes it
    width: int = 1  # bytes of a character
    high: bool = True  # in G1, whose bytes have the high bit; else in G0

    @property
    def wide(self) -> bool:
        """In G0 with two bytes: until it is left, no byte is ASCII."""
        return self.width == 2 and not self.high


ASCII = CodedSet("ascii", b"\x1b(B", high=False)
# ISO-IR 14. Its yen sign and overline are read as the backslash and tilde they stand for.
ROMAN = CodedSet("ascii", b"\x1b(J", high=False)

# By registration number.
SETS: Mapping[str, CodedSet] = {
    "6": ASCII,
    "13": CodedSet("shift_jis", b"\x1b)I"),  # only the half-width katakana of it
    "100": CodedSet("latin_1", b"\x1b-A"),
    "101": CodedSet("iso8859_2", b"\x1b-B"),
    "109": CodedSet("iso8859_3", b"\x1b-C"),
    "110": CodedSet("iso8859_4", b"\x1b-D"),
    "126": CodedSet("iso8859_7", b"\x1b-F"),
    "127": CodedSet("iso8859_6", b"\x1b-G"),
    "138": CodedSet("iso8859_8", b"\x1b-H"),
    "144": CodedSet("iso8859_5", b"\x1b-L"),
    "148": CodedSet("iso8859_9", b"\x1b-M"),
    "166": CodedSet("tis_620", b"\x1b-T"),
    "203": CodedSet("iso8859_15", b"\x1b-b"),
    "87": CodedSet("iso2022_jp_2", b"\x1b$B", 2, high=False),
    "159": CodedSet("iso2022_jp_2", b"\x1b$(D", 2, high=False),
    "149": CodedSet("euc_kr", b"\x1b$)C", 2),
    "58": CodedSet("gb2312", b"\x1b$)A", 2),
}
_BY_ESCAPE: Mapping[bytes, CodedSet] = {
    each.escape: each
    for each in (*SETS.values(), ROMAN, CodedSet("iso2022_jp_2", b"\x1b$@", 2, high=False))
}

# Where the set of value 1 comes back, 6.1.2.5.3. A control character brings G0 back, too.
_CONTROLS = "\t\n\f\r"
_DELIMITERS: Mapping[str, str] = {
    "PN": "\\\\^=" + _CONTROLS,
    **dict.fromkeys(("LT", "ST", "UT"), _CONTROLS),  # there a backslash is text
}
_OTHER_DELIMITERS = "\\\\" + _CONTROLS


def _delimiters(vr: str) -> str:
    return _DELIMITERS.get(vr, _OTHER_DELIMITERS)


# -- reading --------------------------------------------------------------------------------------

_PIECES = re.compile(
    b"(?P<escape>"
    + b"|".join(map(re.escape, _BY_ESCAPE))
    + b")|(?P<lone>\x1b)|(?P<high>[\x80-\xff]+)|(?P<low>[\x21-\x7e]+)|(?P<control>[\x00-\x20\x7f])"
)


class Reader:
    """Reads one value; `odd` tells afterwards that something in it was not as it should be."""

    def __init__(self, declared: tuple[CodedSet, ...], vr: str) -> None:
        self.odd = self._stays = False
        self._declared = {ASCII.escape, ROMAN.escape, *(each.escape for each in declared)}
        self._first = declared[0] if declared[0].high else None
        self._low, self._high = ASCII, self._first
        self._delimiter = re.compile(f"[{_delimiters(vr)}]".encode())

    def text(self, value: bytes) -> str:
        """The value's text."""
        return "".join(self._piece(found.lastgroup, found[0]) for found in _PIECES.finditer(value))

    def _piece(self, kind: str | None, piece: bytes) -> str:
        if kind == "escape":
            self._invoke(_BY_ESCAPE[piece])
            return ""
        if kind == "high":
            self.odd = self.odd or self._stays
            return self._decoded(self._high, piece)
        if kind == "low" and self._low.wide:
            # Delimiters are bytes of characters here: no telling, so nothing is set back.
            return self._decoded(self._low, self._low.escape + piece)
        if kind == "lone":
            self.odd = True
            return UNKNOWN
        if self._delimiter.search(piece):
            # Where value 1 has nothing in G1, some writers expect what they invoked to stay.
            self._stays = self._first is None
            self._high = self._first or self._high
            self._low = ASCII
        return piece.decode("ascii")

    def _invoke(self, invoked: CodedSet) -> None:
        self.odd = self.odd or invoked.escape not in self._declared
        if invoked.high:
            self._high, self._stays = invoked, False
            if self._low.wide:  # as readers of one state have it, and pydicom writes it
                self._low = ASCII
        else:
            self._low = invoked

    def _decoded(self, using: CodedSet | None, piece: bytes) -> str:
        if using is None:
            self.odd = True
            return UNKNOWN * len(piece)
        text = piece.decode(using.codec, "replace")
        self.odd = self.odd or UNKNOWN in text
        return text


# -- writing --------------------------------------------------------------------------------------


@lru_cache(maxsize=1 << 14)
def _code(using: CodedSet, char: str) -> bytes | None:
    """The bytes of one character in a set, without the escape, if the set has it."""
    try:
        raw = char.encode(using.codec)
        if raw.decode(using.codec) != char:
            return None
    except UnicodeError:
        return None
    if using.high:
        return raw if len(raw) == using.width and min(raw) >= 0xA0 else None
    start = len(using.escape)
    return raw[start : start + 2] if using.wide and raw.startswith(using.escape) else None


def encode(text: str, sets: tuple[CodedSet, ...], vr: str) -> bytes | None:
    """A value's text in these sets, the first of them active at first; None if they lack any."""
    parts = []
    # Splitting by a group keeps the delimiters, between the components.
    for place, part in enumerate(re.split(f"([{_delimiters(vr)}])", text)):
        if part.isascii():
            parts.append(part.encode())
        elif place % 2 or (raw := _component(part, sets)) is None:
            return None
        else:
            parts.append(raw)
    return b"".join(parts)


def _component(text: str, sets: tuple[CodedSet, ...]) -> bytes | None:
    first = sets[0]
    base = ROMAN if first is SETS["13"] else ASCII
    out = bytearray()
    current = high = first
    for char in text:
        if char.isascii():
            using, code = (current if not current.wide else base), char.encode()
        elif (found := _having(char, (current, *sets))) is not None:
            using, code = found
        else:
            return None
        if using is not current:
            if current.wide and not using.wide:
                out += base.escape
            if using is not base:
                out += using.escape
        out += code
        current, high = using, (using if using.high else high)
    if current.wide:
        out += base.escape
    # Without this, readers that know no delimiters would go on in the other set.
    if first.high and high is not first:
        out += first.escape
    return bytes(out)


def _having(char: str, sets: tuple[CodedSet, ...]) -> tuple[CodedSet, bytes] | None:
    for each in sets:
        code = _code(each, char)
        if code is not None:
            return each, code
    return None
