"""C-FIND response identifiers as bytes, PS3.4 C.4.1.1.3.2: made from index rows, by a plan.

Law: whatever can be known before the first row is laid down in the plan; each row then costs
microseconds (performance.md, point 3). An identifier is put together as text of which each
character is one byte, and becomes bytes at the end: most rows are ASCII, and need nothing else.

The character set of an answer is the one asked for, if that has every character of it. Otherwise it
is ISO_IR 192: who names any set is used to being told by (0008,0005). Who names none may be older
than that, and gets the set of the object, if that has every character. An answer that is all ASCII
names no set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pydicom.uid import UID

from archive.charsets import DEFAULT, UTF8, CharacterSet, character_set
from archive.iso2022 import UNKNOWN
from scp.elements import USUAL, Form, Item, begin, form, has_value, is_special, spelled

SPECIFIC_CHARACTER_SET = 0x00080005

Field = tuple[int, str]
"""Tag and VR."""

_Slot = tuple[str, int, Form]
"""What comes before a value, its place in the row, how it is spelled."""

_Template = tuple[tuple[_Slot, ...], str]
"""The values of a row, and what comes after the last of them."""


class Plan:
    """How the rows of one query become identifiers in one transfer syntax.

    `fixed` are elements that are the same in each; `items` make what is answered of a sequence from
    the row's text, by tag, and other sequences are empty. A field for (0008,0005) is not answered:
    there the row tells the set of the object.
    """

    __slots__ = (
        "_declared", "_fields", "_own", "_plain", "_requested", "_special", "_syntax",
    )  # fmt: skip

    def __init__(
        self,
        *,
        fields: Sequence[Field],
        fixed: Sequence[tuple[int, str, str]],
        transfer_syntax: str,
        requested_set: CharacterSet = DEFAULT,
        items: Mapping[int, Callable[[str], Sequence[Item]]] | None = None,
    ) -> None:
        self._requested = requested_set
        self._syntax = UID(transfer_syntax)
        tags = [tag for tag, _ in fields]
        self._own = tags.index(SPECIFIC_CHARACTER_SET) if SPECIFIC_CHARACTER_SET in tags else None
        self._fields = [(vr, (items or {}).get(tag)) for tag, vr in fields]
        self._special = any(is_special(vr) or make for vr, make in self._fields)
        known: list[tuple[int, str, int | str]] = [
            (tag, vr, place if has_value(vr) or self._fields[place][1] else "")
            for place, (tag, vr) in enumerate(fields)
            if place != self._own
        ]
        self._plain = _template(self._syntax, [*known, *fixed])
        # Its value stands behind those of the row.
        declared = (SPECIFIC_CHARACTER_SET, "CS", len(fields))
        self._declared = _template(self._syntax, [*known, *fixed, declared])

    def encode(self, row: Sequence[str]) -> bytes:
        """One identifier; `row` holds a value for each of `fields`."""
        text = "".join(row)
        if self._special or not text.isascii() or "\x1b" in text:
            return self._encode_declared(row)
        return _written(self._plain, row)

    def _encode_declared(self, row: Sequence[str]) -> bytes:
        own = DEFAULT if self._own is None else character_set(row[self._own])
        wanted = own if self._requested.default else self._requested
        if not wanted.default and not wanted.has_unknown:
            # What stands for a character that nobody knows is no reason to change the set.
            row = [value.replace(UNKNOWN, "?").replace("\x1b", "?") for value in row]
        for charset in (DEFAULT, wanted, UTF8):
            values = self._values(row, charset)
            if values is not None:
                break
        else:  # UTF-8 lacks half surrogates, which no index can hold
            charset, values = DEFAULT, [""] * len(row)
        if charset.default:
            return _written(self._plain, values)
        return _written(self._declared, [*values, charset.value])

    def _values(self, row: Sequence[str], charset: CharacterSet) -> list[str] | None:
        """The row with a character for each byte, or None if the set cannot carry it."""
        values = []
        for value, (vr, make) in zip(row, self._fields, strict=True):
            if make is None and value.isascii() and "\x1b" not in value and not is_special(vr):
                values.append(value)
                continue
            found = spelled(self._syntax, vr, make(value) if make else value, charset)
            if found is None:
                return None
            values.append(found)
        return values


def _template(syntax: UID, elements: Sequence[tuple[int, str, int | str]]) -> _Template:
    """Elements in the order of their tags; a value is a text, or its place in the row."""
    slots: list[_Slot] = []
    before = ""
    for tag, vr, value in sorted(elements, key=lambda element: element[0]):
        before += begin(syntax, tag, vr)
        if isinstance(value, int):
            slots.append((before, value, form(syntax, vr)))
            before = ""
        else:
            before += form(syntax, vr).whole(value)
    return tuple(slots), before


def _written(template: _Template, row: Sequence[str]) -> bytes:
    slots, after = template
    out: list[str] = []
    for before, place, how in slots:
        value = row[place]
        size = len(value)
        if size < USUAL:
            out += before, how.lengths[size], value
        else:
            value = value[: how.most]
            size = len(value)
            out += before, how.length(value), value
        if size & 1:
            out.append(how.pad)
    out.append(after)
    return "".join(out).encode("latin_1")
