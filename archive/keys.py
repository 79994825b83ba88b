"""Keys and returns: what the elements of an identifier ask for, PS3.4 C.2.2.2 and C.4.1.1.3.

Law: knows one element and its attribute; which of them a level allows is `query`'s to judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from archive import charsets, matching, text
from archive.attributes import (
    BY_KEYWORD,
    BY_TAG,
    PAIRS,
    QUERY_RETRIEVE_LEVEL,
    SPECIFIC_CHARACTER_SET,
    Attribute,
)
from archive.charsets import CharacterSet
from archive.errors import BadIdentifier
from archive.options import Options


@dataclass(frozen=True, slots=True)
class Return:
    """One attribute of every answer."""

    tag: int
    vr: str
    supported: bool  # False: answered empty, with the warning FF01
    keyword: str
    items: tuple[Return, ...] = ()  # of a sequence: what to answer of its items; (): all known
    matched: bool = True  # False: its value was not matched, with FF01 as well

    @property
    def complete(self) -> bool:
        """Whether existence and matching are supported, and all that is asked of its items."""
        return self.supported and self.matched and all(item.complete for item in self.items)


@dataclass(frozen=True, slots=True)
class Key:
    """One attribute that entities must match, by any of its tests; or one item, by all its keys."""

    attribute: Attribute
    tests: tuple[matching.Test, ...]
    items: tuple[Key, ...] = ()
    time: Attribute | None = None  # the attribute is a date, and one moment with this time
    zone: tuple[str, str] | None = None  # of a DT: the query's offset, the table that tells others

    @property
    def paths(self) -> Iterator[tuple[str, tuple[matching.Test, ...]]]:
        """The elements asked for in items, by their keywords from the sequence down."""
        for key in self.items:
            if key.tests and key.zone is None:  # what was stored is not told in UTC
                yield f"{self.attribute.keyword}.{key.attribute.keyword}", key.tests
            for path, tests in key.paths:
                yield f"{self.attribute.keyword}.{path}", tests


@dataclass(frozen=True, slots=True)
class Value:
    """One element of an identifier: its VR, its text, of a sequence its items."""

    vr: str
    text: str
    items: tuple[Mapping[int, Value], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text or self.items)


Values = Mapping[int, Value]

# What says how the other values are meant: it is no key itself.
_ABOUT_VALUES = frozenset({SPECIFIC_CHARACTER_SET, BY_KEYWORD["TimezoneOffsetFromUTC"].tag})

# -- what is asked --------------------------------------------------------------------------------


# What people write otherwise, PS3.5 6.2; short, since an Error Comment has 64 characters.
_WRITE: Final[Mapping[str, str]] = {
    "DA": "no date as 20240101[-20241231]",
    "TM": "no time as 0930[-1200]",
    "DT": "no date as 20240101[0930]",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms keys are read: what was negotiated, and the offset of the query's times."""

    options: Options
    offset: str
    home: str = ""  # where the offsets of moments within items are told; empty: nowhere


def key(attribute: Attribute, value: Value, terms: Terms) -> Key | None:
    """The key in a value; None is universal matching. Raises BadIdentifier."""
    if not attribute.matched or not value:
        return None
    if attribute.vr == "SQ":
        return _sequence(attribute, value, terms)
    try:
        # PS3.4 C.2.2.2: what of a key is unknown matches anything; but a unique key stays itself.
        known = attribute.key == "U"
        sought = value.text if known else charsets.unknown_as_wildcards(value.text)
        tests = matching.read(attribute, sought, terms.options, terms.offset)
    except matching.BadKey:
        # Without the value: it may be a patient's, and this is for logs and comments.
        why = _WRITE.get(attribute.vr, f"no value that {attribute.vr} can be matched with")
        raise BadIdentifier(f"{attribute.keyword}: {why}", (attribute.tag,)) from None
    moves = terms.offset and terms.home and attribute.vr == "DT"
    zone = (terms.offset, terms.home) if moves else None
    return Key(attribute, tests, zone=zone) if tests else None


def _sequence(attribute: Attribute, value: Value, terms: Terms) -> Key | None:
    """C.2.2.2.6: one item, all of whose keys must match within one item; empty is universal."""
    if len(value.items) > 1:
        raise BadIdentifier(
            f"{attribute.keyword} has {len(value.items)} items: a key has one", (attribute.tag,)
        )
    asked = [(known, value.items[0].get(known.tag)) for known in attribute.items]
    found = [key(known, within, terms) for known, within in asked if within]
    within = tuple(each for each in found if each)
    return Key(attribute, (), within) if within else None


def answer(tag: int, attribute: Attribute | None, value: Value) -> Return:
    """What an element asks to be answered; without an attribute it is not supported."""
    if attribute is None:
        return Return(tag, value.vr, False, keyword_for_tag(tag))
    known = {each.tag: each for each in attribute.items}
    asked = value.items[0] if value.items else {}
    within = (answer(t, known.get(t), v) for t, v in sorted(asked.items()) if is_key(t))
    matched = attribute.matched or tag in _ABOUT_VALUES or not _sought(value)
    return Return(tag, attribute.vr, True, attribute.keyword, tuple(within), matched)


def _sought(value: Value) -> bool:
    """Whether a key is more than universal matching, C.2.2.2.3 and C.2.2.2.4."""
    inner = (each for item in value.items for each in item.values())
    return value.text.strip("*") != "" or any(map(_sought, inner))


def is_key(tag: int) -> bool:
    """Group lengths and the character set say how an identifier is written, no more."""
    return tag & 0xFFFF != 0 and tag != SPECIFIC_CHARACTER_SET


def combined(keys: Sequence[Key], values: Values) -> list[Key]:
    """C.2.2.2.5 with combined matching agreed: ranges of a date and its time are one interval."""
    found = {each.attribute.tag: each for each in keys}
    for date, time in PAIRS:
        days, times = found.get(date.tag), found.get(time.tag)
        if days and times and "-" in values[time.tag].text:
            between = matching.combined(days.tests, times.tests)
            if between:
                found[date.tag] = Key(days.attribute, (between,), time=times.attribute)
                del found[time.tag]
    return list(found.values())


# -- what an identifier holds ---------------------------------------------------------------------


def values(identifier: Dataset, known: Mapping[int, Attribute] = BY_TAG) -> Values:
    """Its elements by tag; raw ones are decoded as stored values are."""
    return dict(_values(identifier, known, charsets.DEFAULT))


def _values(
    dataset: Dataset, known: Mapping[int, Attribute], inherited: CharacterSet
) -> Iterator[tuple[int, Value]]:
    charset = charsets.of(dataset, inherited)
    for tag in dataset.keys():  # noqa: SIM118  # iterating a Dataset would convert its values
        attribute = known.get(int(tag))
        element: object = dataset.get_item(tag)
        if attribute is not None and attribute.vr == "SQ":
            yield int(tag), _items(dataset, attribute, charset)
            continue
        vr = attribute.vr if attribute else str(getattr(element, "VR", None) or _vr(int(tag)))
        if isinstance(element, DataElement):
            yield int(tag), Value(vr, _text(element.value, vr))
        elif isinstance(element, RawDataElement):
            looked_at = attribute is not None or int(tag) in _LOOKED_AT
            yield int(tag), Value(vr, _decoded(element, vr, charset) if looked_at else "")


def _items(dataset: Dataset, attribute: Attribute, charset: CharacterSet) -> Value:
    known = {each.tag: each for each in attribute.items}
    try:
        found = [dict(_values(item, known, charset)) for item in dataset[attribute.tag].value or ()]
    except Exception as error:  # noqa: BLE001 - pydicom raises what its parsers happen to raise
        raise BadIdentifier(
            f"{attribute.keyword} cannot be read: {type(error).__name__}", (attribute.tag,)
        ) from None
    return Value("SQ", "", tuple(found))


MAXIMUM_NUMBER_OF_RECORDS, PRIOR_RECORD_KEY = 0x00080429, 0x0008041C
_LOOKED_AT = frozenset({QUERY_RETRIEVE_LEVEL, MAXIMUM_NUMBER_OF_RECORDS, PRIOR_RECORD_KEY})


def _decoded(element: RawDataElement, vr: str, charset: CharacterSet) -> str:
    value = element.value or b""
    if vr in text.BINARY:
        return text.numbers(value, vr, little_endian=element.is_little_endian)
    return text.decode(value, vr, charset)[0]


def _text(value: object, vr: str) -> str:
    """The text of a value that pydicom, or the caller, holds as an object."""
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if value is None or vr == "SQ":
        return ""
    several = value if isinstance(value, MultiValue | list | tuple) else [value]
    return text.trim("\\".join(map(str, several)), vr)


def _vr(tag: int) -> str:
    try:
        return dictionary_VR(tag).split(" or ")[0]
    except KeyError:
        return "UN"
