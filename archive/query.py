"""From a C-FIND, C-MOVE or C-GET identifier to a query: levels and keys, PS3.4 C.4.1 to C.4.3.

Law: levels and keys are judged here, values in `matching`, SQL is written in `select`.

Hierarchical rules (C.4.1.2.2.1): one single value of the unique key of each level above; missing
or ambiguous ones are refused and named as Offending Element. Beyond the letter, because senders
rely on it: keys of higher levels are matched and returned as well, keys of lower levels are taken
as unsupported (returned empty, warning FF01), the unique key of the level is always returned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from archive import matching, text
from archive.attributes import (
    BY_TAG,
    QUERY_RETRIEVE_LEVEL,
    SPECIFIC_CHARACTER_SET,
    UNIQUE,
    Attribute,
    Level,
    rank,
)
from archive.errors import BadIdentifier
from archive.options import Options

# What an identifier says about itself: never matched, never answered by the archive.
_ABOUT = frozenset({SPECIFIC_CHARACTER_SET, QUERY_RETRIEVE_LEVEL, 0x00080053, 0x00080054})

# A value longer than any VR but the unlimited ones allows is no key anybody means.
LONGEST_KEY = 10_240


@dataclass(frozen=True, slots=True)
class Return:
    """One attribute of every answer."""

    tag: int
    vr: str
    supported: bool  # False: answered empty, with the warning FF01
    keyword: str


@dataclass(frozen=True, slots=True)
class Key:
    """One attribute that entities must match, by any of its tests."""

    attribute: Attribute
    tests: tuple[matching.Test, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for, at which level, and what to answer of it."""

    level: Level
    keys: tuple[Key, ...]
    returns: tuple[Return, ...]  # sorted by tag

    @property
    def complete(self) -> bool:
        """Whether every key asked for is supported."""
        return all(answer.supported for answer in self.returns)


def parse(
    identifier: Dataset,
    levels: tuple[str, ...],
    *,
    retrieve: bool = False,
    options: Options = Options(),  # noqa: B008 - frozen
) -> Query:
    """The query an identifier means in a model of these levels, or BadIdentifier."""
    values = dict(_values(identifier))
    level = _level(values, levels)
    above = [UNIQUE[name] for name in _known(levels) if rank(name) < rank(level)]
    for attribute in above:
        _check_single(attribute, values)
    own = UNIQUE[level]
    if retrieve:
        return _retrieval(level, (*above, own), values)
    within = range(rank(_top(levels)), rank(level) + 1)
    returns = {tag: _return(tag, vr, within) for tag, (vr, _) in values.items() if _asked(tag)}
    returns.setdefault(own.tag, Return(own.tag, own.vr, True, own.keyword))
    keys = [
        _key(BY_TAG[tag], value)
        for tag, (_, value) in values.items()
        if tag in returns and returns[tag].supported and BY_TAG[tag].matched and value
    ]
    return Query(
        level=level,
        keys=tuple(key for key in keys if key.tests),
        returns=tuple(returns[tag] for tag in sorted(returns)),
    )


def _retrieval(
    level: Level, unique: tuple[Attribute, ...], values: dict[int, tuple[str, str]]
) -> Query:
    """C.4.2.1.4, C.4.3.1.4: unique keys only. Others are ignored: common senders add some."""
    own = unique[-1]
    if own.vr == "UI":
        value = values.get(own.tag, ("", ""))[1]
        if not value.strip("\\"):
            raise BadIdentifier(f"{own.keyword} is missing: nothing to retrieve", (own.tag,))
    else:
        _check_single(own, values)
    return Query(level, tuple(_key(a, values[a.tag][1]) for a in unique), ())


def _known(levels: tuple[str, ...]) -> list[Level]:
    return [level for level in UNIQUE if level in levels]


def _level(values: dict[int, tuple[str, str]], levels: tuple[str, ...]) -> Level:
    """C.6.1.1: the level must be one of the model's. Models of one level have none to name."""
    asked = values.get(QUERY_RETRIEVE_LEVEL, ("CS", ""))[1]
    if not asked and len(levels) == 1:
        asked = levels[0]
    for level in _known(levels):
        if asked == level:
            return level
    said = f"is {asked!r}" if asked else "is missing"
    raise BadIdentifier(
        f"QueryRetrieveLevel {said}, this model has {', '.join(levels)}", (QUERY_RETRIEVE_LEVEL,)
    )


def _check_single(attribute: Attribute, values: dict[int, tuple[str, str]]) -> None:
    """C.4.1.2.2.1: a unique key above the level has exactly one value, without wildcards."""
    value = values.get(attribute.tag, ("", ""))[1]
    if not value:
        why = "has no value"
    elif "\\" in value:
        why = "has several values"
    elif attribute.vr != "UI" and ("*" in value or "?" in value):
        why = "has a wildcard"
    else:
        return
    wanted = f"{attribute.level} level's unique key must be one single value"
    raise BadIdentifier(f"{attribute.keyword} {why}: the {wanted}", (attribute.tag,))


def _key(attribute: Attribute, value: str) -> Key:
    try:
        if len(value) > LONGEST_KEY and attribute.vr != "UI":
            raise matching.BadKey
        return Key(attribute, matching.read(attribute, value))
    except matching.BadKey:
        shown = value if len(value) <= 64 else f"{value[:64]}..."
        raise BadIdentifier(
            f"{attribute.keyword} ({attribute.vr}) cannot be matched with {shown!r}",
            (attribute.tag,),
        ) from None


def _asked(tag: int) -> bool:
    return tag not in _ABOUT and tag & 0xFFFF != 0  # group lengths are no keys


def _top(levels: tuple[str, ...]) -> str:
    """The highest level whose keys are known: Study Root knows the patient's too (C.6.2.1)."""
    return "PATIENT" if "STUDY" in levels else levels[0]


def _return(tag: int, vr: str, within: range) -> Return:
    attribute = BY_TAG.get(tag)
    if attribute is None:
        return Return(tag, vr, False, keyword_for_tag(tag))
    return Return(tag, attribute.vr, rank(attribute.level) in within, attribute.keyword)


def _values(identifier: Dataset) -> Iterator[tuple[int, tuple[str, str]]]:
    """Tag, VR and text of each element; raw ones are decoded as stored values are."""
    charset = text.character_set(_charset_bytes(identifier))
    for tag in identifier.keys():  # noqa: SIM118  # iterating a Dataset would convert its values
        element: object = identifier.get_item(tag)
        known = BY_TAG.get(int(tag))
        vr = known.vr if known else str(getattr(element, "VR", None) or _vr(tag))
        if isinstance(element, DataElement):
            yield int(tag), (vr, _text(element.value, vr))
        elif isinstance(element, RawDataElement):
            yield int(tag), (vr, _decoded(element, vr, charset))


def _decoded(element: RawDataElement, vr: str, charset: text.CharacterSet) -> str:
    value = element.value or b""
    if int(element.tag) not in BY_TAG and int(element.tag) != QUERY_RETRIEVE_LEVEL:
        return ""  # never looked at, whatever it holds
    if vr in text.BINARY:
        return text.numbers(value, vr, little_endian=element.is_little_endian)
    return text.decode(value, vr, charset)[0]


def _text(value: object, vr: str) -> str:
    """The text of a value that pydicom, or the caller, holds as an object."""
    if value is None or vr == "SQ" or isinstance(value, bytes):
        return ""
    values = value if isinstance(value, MultiValue | list | tuple) else [value]
    return text.trim("\\".join(map(str, values)), vr)


def _charset_bytes(identifier: Dataset) -> bytes:
    if SPECIFIC_CHARACTER_SET not in identifier:
        return b""
    element: object = identifier.get_item(BaseTag(SPECIFIC_CHARACTER_SET))
    if isinstance(element, RawDataElement):
        return element.value or b""
    return _text(getattr(element, "value", ""), "CS").encode("ascii", "replace")


def _vr(tag: int) -> str:
    try:
        return dictionary_VR(tag).split(" or ")[0]
    except KeyError:
        return "UN"
