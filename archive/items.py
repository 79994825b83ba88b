"""The items of sequences: from raw bytes to JSON in a column, and from there to an answer.

Law: an item holds the columns of the attributes that `attributes` knows of it, as a row of the
index does: text, form compared, further forms; sequences within it are lists. What cannot be read
is unknown, and never costs the object. PS3.5 7.5, PS3.4 C.2.2.2.6.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any, Protocol

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_sequence
from pydicom.tag import BaseTag

from archive import attributes, charsets, encodings, nonpatient, values
from archive.attributes import ATTRIBUTES, Attribute
from archive.charsets import CharacterSet
from archive.heads import Head

Stored = dict[str, Any]  # JSON: columns to texts, keywords of sequences to lists of the same
Item = tuple[tuple[int, str, Any], ...]
"""Tag, VR and value of each element, sorted by tag; a sequence's value is a tuple of items."""

_KNOWN: Mapping[int, Attribute] = {**nonpatient.BY_TAG, **attributes.BY_TAG}
_FILL: dict[int, values.Filler] = {}


def _learn(rows: Sequence[Attribute]) -> None:
    for attribute in rows:
        _FILL[attribute.tag] = values.filler(attribute)
        _learn(attribute.items)


_learn(ATTRIBUTES)
_learn(nonpatient.KEPT)

# -- from the object ------------------------------------------------------------------------------


def read(raw: bytes, attribute: Attribute, charset: CharacterSet, *, little: bool) -> str:
    """A sequence's value as JSON; empty when there are no items or they are damaged."""
    stored = _read(raw, attribute, charset, little=little)
    return _written(stored) if stored else ""


def whole(head: Head, charset: CharacterSet) -> tuple[str, bool]:
    """An object of no patient as one item, in JSON; whether something in it was not decoded."""
    little, odd = head.little_endian, False
    stored: Stored = {}
    for known in nonpatient.KEPT:
        raw = head.values.get(known.tag)
        if raw and known.vr == "SQ":
            within = _read(raw, known, charset, little=little)
            stored |= {known.keyword: within} if within else {}
        elif raw:
            value, strange = values.read(raw, known.vr, charset, little_endian=little)
            odd = odd or strange
            stored |= _filled(known, value)
    return _written(stored), odd


def _read(raw: bytes, attribute: Attribute, charset: CharacterSet, *, little: bool) -> list[Stored]:
    try:
        found = read_sequence(BytesIO(raw), _is_implicit(raw), little, len(raw), "ascii")
        return [_stored(item, attribute, charset) for item in found]
    except Exception:  # noqa: BLE001 - pydicom raises what its parsers happen to raise
        return []


def _written(stored: Stored | list[Stored]) -> str:
    return json.dumps(stored, ensure_ascii=False, separators=(",", ":"))


def _is_implicit(raw: bytes) -> bool:
    """A UN of PS3.5 6.2.2 is implicit whatever is around it: the first element tells."""
    at = 0
    while raw[at : at + 2] in (b"\xfe\xff", b"\xff\xfe"):  # items that are empty, and their ends
        at += 8
    vr = raw[at + 4 : at + 6]
    return vr not in encodings.SHORT and vr not in encodings.LONG


def _stored(item: Dataset, attribute: Attribute, charset: CharacterSet) -> Stored:
    charset = charsets.of(item, charset)  # PS3.5 7.5.3: an item may have its own
    stored: Stored = {}
    for known in attribute.items:
        if known.tag not in item:
            continue
        if known.vr == "SQ":
            within = [_stored(each, known, charset) for each in item[known.tag].value or ()]
            stored |= {known.keyword: within} if within else {}
            continue
        stored |= _filled(known, _text(item.get_item(BaseTag(known.tag)), known.vr, charset))
    return stored


def _filled(known: Attribute, value: str) -> Stored:
    filled = zip(known.columns, _FILL[known.tag](value), strict=True)
    return {column: part for column, part in filled if part}


def _text(element: object, vr: str, charset: CharacterSet) -> str:
    """The text of an element as it came: nothing here asked pydicom for its value."""
    if not isinstance(element, RawDataElement):
        return ""
    raw = element.value or b""
    return values.read(raw, vr, charset, little_endian=element.is_little_endian)[0]


# -- to the index ---------------------------------------------------------------------------------


def terms(attribute: Attribute, columns: Sequence[str | None]) -> set[tuple[str, str]]:
    """Path and form of what an index shall find: all that a sequence's items hold, and the further
    component groups of a name."""
    if attribute.vr == "PN":
        further = columns[attribute.columns.index(f"{attribute.keyword}_more")]
        return {(attribute.keyword, form) for form in json.loads(further or "[]")}
    return set(_terms(attribute, json.loads(columns[0] or "[]"), attribute.keyword))


def terms_of_whole(document: str) -> set[tuple[str, str]]:
    """The same of an object of no patient, for its sequences and names."""
    item: Stored = json.loads(document)
    found: set[tuple[str, str]] = set()
    for known in nonpatient.KEPT:
        if known.vr == "SQ":
            found.update(_terms(known, item.get(known.keyword, ()), known.keyword))
        elif known.vr == "PN":
            further = json.loads(item.get(f"{known.keyword}_more") or "[]")
            found.update((known.keyword, form) for form in further)
    return found


def _terms(attribute: Attribute, items: Sequence[Stored], path: str) -> Iterator[tuple[str, str]]:
    for item in items:
        for known in attribute.items:
            below = f"{path}.{known.keyword}"
            if known.vr == "SQ":
                yield from _terms(known, item.get(known.keyword, ()), below)
            elif known.keyword in item:
                form = known.columns[1 if known.has_forms else 0]
                more = json.loads(item.get(f"{known.keyword}_more") or "[]")
                yield from ((below, each) for each in (item.get(form), *more) if each)


# -- to an answer ---------------------------------------------------------------------------------


class Asked(Protocol):
    """What `query.Return` says of a sequence or of an element in it."""

    @property
    def tag(self) -> int: ...
    @property
    def vr(self) -> str: ...
    @property
    def items(self) -> Sequence[Asked]: ...


def answer(asked: Asked, value: str) -> tuple[Item, ...]:
    """The items in a row's value of a sequence: what was asked of them, or all that is known."""
    known = _KNOWN.get(asked.tag)
    if known is None or not value:
        return ()
    return tuple(_answer(known, asked.items, item) for item in json.loads(value))


def _answer(attribute: Attribute, asked: Sequence[Asked], item: Stored) -> Item:
    """PS3.4 C.2.2.2.6: the attributes of the key's item; those unknown are zero-length."""
    known: Mapping[int, Attribute] = {each.tag: each for each in attribute.items}
    if not asked:
        present = [each for each in attribute.items if each.keyword in item]
        return tuple((each.tag, each.vr, _value(each, (), item)) for each in present)
    return tuple(
        (each.tag, each.vr, _value(known.get(each.tag), each.items, item))
        for each in sorted(asked, key=lambda each: each.tag)
    )


def _value(
    attribute: Attribute | None, asked: Sequence[Asked], item: Stored
) -> str | tuple[Item, ...]:
    if attribute is None:
        return ""
    found = item.get(attribute.keyword)
    if attribute.vr == "SQ":
        return tuple(_answer(attribute, asked, within) for within in found or ())
    return str(found or "")
