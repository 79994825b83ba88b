"""From a C-FIND, C-MOVE or C-GET identifier to a query: levels and keys, PS3.4 C.4.1 to C.4.3.

Law: levels are judged here, single elements in `keys`, values in `matching`, SQL in `select`.

Hierarchical rules (C.4.1.2.2.1): one single value of the unique key of each level above; missing
or ambiguous ones are refused and named as Offending Element. Beyond the letter, because senders
rely on it: keys of higher levels are matched and returned as well, keys of lower levels are taken
as unsupported (returned empty, warning FF01), the unique key of the level is always returned.

Relational queries (C.4.1.2.2.2), when agreed: nothing is required above the level; an entity
matches keys of lower levels when one thing below it matches them all. What lies below is not
answered: such keys still come back empty, with FF01.

Repository Query (PS3.4 C.6.4): answers in the order of Record Key, from behind the prior one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from archive import keys as reading
from archive import nonpatient
from archive.attributes import (
    BY_KEYWORD,
    BY_TAG,
    LEVELS,
    PAIRS,
    QUERY_RETRIEVE_LEVEL,
    SPECIFIC_CHARACTER_SET,
    UNIQUE,
    Attribute,
    Level,
    rank,
)
from archive.errors import BadIdentifier, BadRecordKey
from archive.keys import Key, Return, Terms, Value, Values
from archive.options import Options

__all__ = [
    "Key",
    "Options",
    "Query",
    "Return",
    "Single",
    "parse",
    "parse_single",
    "with_character_set",
]

# What an identifier says about itself: never matched, never answered by the archive.
_ABOUT = frozenset({QUERY_RETRIEVE_LEVEL, 0x00080053, 0x00080054})
_NOTHING = Value("", "")
_TIMEZONE = BY_KEYWORD["TimezoneOffsetFromUTC"]
_RECORD_KEY = BY_KEYWORD["RecordKey"]
_TIMES = frozenset(each.tag for pair in PAIRS for each in pair)


@dataclass(frozen=True, slots=True)
class Single:
    """An information model of one level, PS3.4 K.2.1: of objects without a patient."""

    root: str  # its keys in `nonpatient`
    classes: tuple[str, ...]  # the storage classes it reaches

    @property
    def keys(self) -> Mapping[int, Attribute]:
        """Its keys by their tags."""
        return {each.tag: each for each in nonpatient.MODELS[self.root]}


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for, at which level, and what to answer of it."""

    level: Level
    keys: tuple[Key, ...]
    returns: tuple[Return, ...]  # sorted by tag
    offset: str = ""  # of the query's times, "+0100"; times compare in UTC (when agreed)
    limit: int | None = None  # `find` gives one answer more than this when there are more
    after: int = 0  # only rows behind this one
    single: Single | None = None  # a model without levels; `level` is then IMAGE

    @property
    def complete(self) -> bool:
        """Whether every key asked for is supported."""
        return all(answer.complete for answer in self.returns)


def parse(
    identifier: Dataset,
    levels: tuple[str, ...],
    *,
    retrieve: bool = False,
    repository: bool = False,
    options: Options = Options(),  # noqa: B008 - frozen
) -> Query:
    """The query an identifier means in a model of these levels, or BadIdentifier."""
    values = dict(reading.values(identifier))
    level = _level(values, levels)
    above = [UNIQUE[name] for name in _known(levels) if rank(name) < rank(level)]
    if options.relational:  # none is required; a retrieval uses those that are there
        above = [attribute for attribute in above if retrieve and values.get(attribute.tag)]
    for attribute in above:
        _check_single(attribute, values)
    if retrieve:
        return _retrieval(level, (*above, UNIQUE[level]), values)
    terms = Terms(options, _offset(values) if options.timezone else "")
    paging = _paging(values, level) if repository else (None, 0)
    top = rank(_top(levels))
    returns = _returns(values, range(top, rank(level) + 1), level)
    added = [_RECORD_KEY] if repository else []
    if options.timezone and not _TIMES.isdisjoint(returns):  # C.4.1.1.3.2: times tell their offset
        added.append(_TIMEZONE)
    returns |= {each.tag: reading.answer(each.tag, each, _NOTHING) for each in added}
    return Query(
        level=level,
        keys=_keys(
            values, terms, range(top, len(LEVELS) if options.relational else rank(level) + 1)
        ),
        returns=tuple(returns[tag] for tag in sorted(returns)),
        offset=terms.offset,
        limit=paging[0],
        after=paging[1],
    )


def parse_single(
    identifier: Dataset,
    model: Single,
    *,
    retrieve: bool = False,
    options: Options = Options(),  # noqa: B008 - frozen
) -> Query:
    """The same for a model without levels, PS3.4 K.4.1, U.4.2 and their like."""
    known = model.keys
    values = dict(reading.values(identifier, known))
    if said := values.get(QUERY_RETRIEVE_LEVEL, _NOTHING).text:
        raise BadIdentifier(
            f"QueryRetrieveLevel is {said[:16]!r}, and this model has no levels to name",
            (QUERY_RETRIEVE_LEVEL,),
        )
    if retrieve:
        return _retrieval("IMAGE", (UNIQUE["IMAGE"],), values)
    # Ranges of a date and its time are always one interval (HH.6.1.2, K.6.1.2.2).
    options = replace(options, relational=False, combined_datetime=True)
    terms = Terms(options, _offset(values) if options.timezone else "", "nonpatient")
    asked = {tag: each for tag, each in values.items() if tag not in _ABOUT and reading.is_key(tag)}
    returns = {tag: reading.answer(tag, known.get(tag), each) for tag, each in asked.items()}
    if options.timezone and not _TIMES.isdisjoint(returns):
        returns[_TIMEZONE.tag] = reading.answer(_TIMEZONE.tag, _TIMEZONE, _NOTHING)
    found = [reading.key(known[tag], each, terms) for tag, each in asked.items() if tag in known]
    keys = reading.combined([key for key in found if key is not None], values)
    return Query(
        level="IMAGE",
        keys=tuple(keys),
        returns=tuple(returns[tag] for tag in sorted(returns)),
        offset=terms.offset,
        single=model,
    )


def with_character_set(query: Query) -> Query:
    """The same query, whose answers begin with the character set of the object behind them."""
    own = BY_TAG[SPECIFIC_CHARACTER_SET]
    first = Return(own.tag, own.vr, True, own.keyword)
    return replace(query, returns=(first, *query.returns))


def _returns(values: Values, within: range, level: Level) -> dict[int, Return]:
    """What was asked for and the unique key of the level; unsupported where it is out of reach."""
    asked = {tag: value for tag, value in values.items() if tag not in _ABOUT}
    own = UNIQUE[level]
    returns = {own.tag: reading.answer(own.tag, own, _NOTHING)}
    for tag, value in asked.items():
        attribute = BY_TAG.get(tag)
        if reading.is_key(tag):
            reached = attribute if attribute and rank(attribute.level) in within else None
            returns[tag] = reading.answer(tag, reached, value)
    return returns


def _keys(values: Values, terms: Terms, within: range) -> tuple[Key, ...]:
    known = [(BY_TAG[tag], value) for tag, value in values.items() if tag in BY_TAG]
    found = [
        reading.key(attribute, value, terms)
        for attribute, value in known
        if rank(attribute.level) in within
    ]
    keys = [key for key in found if key is not None]
    return tuple(reading.combined(keys, values) if terms.options.combined_datetime else keys)


def _retrieval(level: Level, unique: tuple[Attribute, ...], values: Values) -> Query:
    """C.4.2.1.4, C.4.3.1.4: unique keys only. Others are ignored: common senders add some."""
    own = unique[-1]
    if own.vr == "UI":
        if not values.get(own.tag, _NOTHING).text.strip("\\"):
            raise BadIdentifier(f"{own.keyword} is missing: nothing to retrieve", (own.tag,))
    else:
        _check_single(own, values)
    plain = Terms(Options(), "")
    keys = [reading.key(attribute, values[attribute.tag], plain) for attribute in unique]
    return Query(level, tuple(key for key in keys if key is not None), ())


def _known(levels: tuple[str, ...]) -> list[Level]:
    return [level for level in UNIQUE if level in levels]


def _level(values: Values, levels: tuple[str, ...]) -> Level:
    """C.6.1.1: the level must be one of the model's. Models of one level have none to name."""
    asked = values.get(QUERY_RETRIEVE_LEVEL, _NOTHING).text
    if not asked and len(levels) == 1:
        asked = levels[0]
    for level in _known(levels):
        if asked == level:
            return level
    said = f"is {asked[:16]!r}" if asked else "is missing"
    raise BadIdentifier(
        f"QueryRetrieveLevel {said}, this model has {', '.join(levels)}", (QUERY_RETRIEVE_LEVEL,)
    )


def _check_single(attribute: Attribute, values: Values) -> None:
    """C.4.1.2.2.1: a unique key above the level has exactly one value, without wildcards."""
    value = values.get(attribute.tag, _NOTHING).text
    if not value:
        why = "has no value"
    elif "\\" in value:
        why = "has several values"
    elif attribute.vr != "UI" and ("*" in value or "?" in value):
        why = "has a wildcard"
    else:
        return
    raise BadIdentifier(f"{attribute.keyword} {why}, and needs one single", (attribute.tag,))


def _top(levels: tuple[str, ...]) -> str:
    """The highest level whose keys are known: Study Root knows the patient's too (C.6.2.1)."""
    return "PATIENT" if "STUDY" in levels else levels[0]


_OFFSET = re.compile("[+-](0[0-9]|1[0-4])[0-5][0-9]")


def _offset(values: Values) -> str:
    """C.4.1.1.3.1: how the times of the query are meant; empty when it does not say."""
    offset = values.get(_TIMEZONE.tag, _NOTHING).text
    if offset and _OFFSET.fullmatch(offset) is None:
        raise BadIdentifier(f"{offset[:16]!r} is no offset from UTC", (_TIMEZONE.tag,))
    return offset


def _paging(values: dict[int, Value], level: Level) -> tuple[int | None, int]:
    """Maximum Number of Records and Prior Record Key; neither is a key of the answer."""
    most = values.pop(reading.MAXIMUM_NUMBER_OF_RECORDS, _NOTHING).text
    if most and not re.fullmatch("[0-9]{1,10}", most, re.ASCII):
        why = "MaximumNumberOfRecords is no number that UL can tell"
        raise BadIdentifier(why, (reading.MAXIMUM_NUMBER_OF_RECORDS,))
    prior = values.pop(reading.PRIOR_RECORD_KEY, _NOTHING).text
    found = re.fullmatch(rf"{level}-([0-9]{{1,18}})", prior, re.ASCII)
    if prior and found is None:
        raise BadRecordKey(
            f"{prior[:64]!a} is no record key of the {level} level", (reading.PRIOR_RECORD_KEY,)
        )
    return int(most or 0) or None, int(found[1]) if found else 0
