"""What a key demands of a row, as SQL: sequences by their items, times in UTC, names by groups.

Law: knows one key and the row it is read from, named by its table; joins nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial, reduce
from operator import and_, or_

from peewee import SQL, ColumnBase, Entity, NodeList

from archive import matching
from archive.amounts import balanced
from archive.attributes import PAIRS, Attribute
from archive.dialect import Dialect, Predicate
from archive.keys import Key
from archive.matching import Subject
from archive.text import UNREADABLE

# -- an attribute as matching sees it -------------------------------------------------------------


def column(home: str, attribute: Attribute, dialect: Dialect) -> Subject:
    """An attribute in a row of a table."""
    keyword = attribute.keyword
    text = Entity(home, keyword)
    form = Entity(home, f"{keyword}_match") if attribute.has_forms else text
    if not attribute.has_more:
        return Subject(text, form)
    more = partial(dialect.any_form, Entity(home, f"{keyword}_more"))
    if attribute.vr != "PN":
        return Subject(text, form, more)
    sound = Entity(home, f"{keyword}_sound")
    return Subject(text, form, _listed(home, keyword), sound, whole=more)


def _listed(home: str, path: str) -> matching.Further:
    """Rows by what `term` says of them, so that its index finds them."""

    def found(predicate: Predicate) -> ColumnBase:
        start = SQL(f"({home}.id IN (SELECT term.owner FROM term WHERE term.home = '{home}'")
        path_is = SQL(f"AND term.path = '{path}' AND (")
        return NodeList((start, path_is, predicate(SQL("term.form")), SQL(")))")))

    return found


def _part(item: str, attribute: Attribute, dialect: Dialect) -> Subject:
    """An attribute in an item of a sequence."""
    keyword = attribute.keyword
    text = SQL(dialect.part(item, keyword))
    form = SQL(dialect.part(item, f"{keyword}_match")) if attribute.has_forms else text
    if not attribute.has_more:
        return Subject(text, form)
    more = partial(dialect.any_form, SQL(dialect.part(item, f"{keyword}_more")))
    sound = SQL(dialect.part(item, f"{keyword}_sound")) if attribute.vr == "PN" else None
    return Subject(text, form, more, sound, whole=more)


# -- sequences, C.2.2.2.6 -------------------------------------------------------------------------


def any_item(source: str, keys: Sequence[Key], dialect: Dialect, depth: int = 0) -> ColumnBase:
    """Whether one item of the source passes all keys; the source names its items by depth."""
    start = SQL(f"EXISTS (SELECT 1 FROM {source} WHERE")
    return NodeList((start, _passes(keys, dialect, depth), SQL(")")))


def _passes(keys: Sequence[Key], dialect: Dialect, depth: int) -> ColumnBase:
    item = f"item{depth}"
    found = []
    for key in keys:
        if key.items:
            source = dialect.items(dialect.part(item, key.attribute.keyword), f"item{depth + 1}")
            found.append(any_item(source, key.items, dialect, depth + 1))
        else:
            subject = _part(item, key.attribute, dialect)
            if key.zone is not None:
                form = dialect.part(item, f"{key.attribute.keyword}_match")
                subject = _in_utc(subject.text, form, key.zone, dialect)
            found.append(matching.sql(key.tests, subject, dialect))
    return balanced(and_, found)


def matching_items(source: str, keys: Sequence[Key], dialect: Dialect) -> ColumnBase:
    """The items of a source that pass, as JSON."""
    return _gathered(f"SELECT {{}} AS v FROM {source} WHERE {{}}", keys, dialect)


def different_items(source: str, keys: Sequence[Key], dialect: Dialect) -> ColumnBase:
    """As `matching_items`, each once, for a source of several rows."""
    where = "WHERE {}" if keys else ""
    select = f"SELECT DISTINCT CAST({{}} AS TEXT) AS v FROM {source} {where} ORDER BY v"
    return _gathered(select, keys, dialect)


def _gathered(select: str, keys: Sequence[Key], dialect: Dialect, depth: int = 0) -> ColumnBase:
    nodes = [_chosen(keys, dialect, depth), *([_passes(keys, dialect, depth)] if keys else [])]
    inner = _woven(select, *nodes)
    return _woven(f"(SELECT {dialect.gathered('found.v')} FROM ({{}}) AS found)", inner)


def _chosen(keys: Sequence[Key], dialect: Dialect, depth: int) -> ColumnBase:
    """An item; in the sequences within it that are asked for, the items that pass."""
    item = f"item{depth}"
    chosen: ColumnBase = SQL(f"{item}.value")
    for key in keys:
        if key.items:
            keyword = key.attribute.keyword
            below = dialect.items(dialect.part(item, keyword), f"item{depth + 1}")
            select = f"SELECT {{}} AS v FROM {below} WHERE {{}}"
            found = _gathered(select, key.items, dialect, depth + 1)
            chosen = _woven(dialect.replaced(keyword), chosen, found)
    return chosen


def _woven(template: str, *nodes: ColumnBase) -> ColumnBase:
    """SQL with nodes, and so their parameters, where the template has {}."""
    first, *others = template.split("{}")
    parts: list[ColumnBase] = [SQL(first)]
    for node, text in zip(nodes, others, strict=True):
        parts += (node, SQL(text))
    return NodeList(parts)


def narrowing(key: Key, home: str, rows: str, dialect: Dialect) -> list[ColumnBase]:
    """What must be true of rows that may pass, by `term`: `rows` begins "id IN (SELECT ..."."""
    found = []
    for path, tests in key.paths:
        if not any(isinstance(test, matching.Empty | matching.Sounds) for test in tests):
            form = SQL("term.form")
            passes = matching.sql(tests, Subject(form, form), dialect)
            where = f"WHERE term.home = '{home}' AND term.path = '{path}' AND ({{}}))"
            found.append(_woven(f"({rows} {where})", passes))
    return found


# -- references, archive/references.py ------------------------------------------------------------

_REFERENCE = {
    "ReferencedSOPClassUID": "reference.to_class",
    "ReferencedSOPInstanceUID": "reference.to_uid",
}


def referenced(dialect: Dialect) -> str:
    """SQL text of what an instance refers to, as the items of a sequence; each once."""
    found = f"SELECT DISTINCT {dialect.made(_REFERENCE)} AS value FROM reference"
    return f"({found} WHERE reference.instance_id = instance.id) AS item0"


def refers(keys: Sequence[Key], dialect: Dialect) -> ColumnBase:
    """Whether one reference of an instance passes all keys: asked of its rows, no items made."""
    passes = balanced(and_, [_of_reference(key, dialect) for key in keys])
    rows = "EXISTS (SELECT 1 FROM reference WHERE reference.instance_id = instance.id AND"
    return _woven(f"({rows} {{}}))", passes)


def referring(keys: Sequence[Key], dialect: Dialect) -> list[ColumnBase]:
    """What must be true of instances that may pass, so that the index of references finds them."""
    rows = "SELECT reference.instance_id FROM reference WHERE"
    return [
        _woven(f"(instance.id IN ({rows} {{}}))", _of_reference(key, dialect))
        for key in keys
        if not any(isinstance(test, matching.Empty) for test in key.tests)
    ]


def _of_reference(key: Key, dialect: Dialect) -> ColumnBase:
    form = SQL(_REFERENCE[key.attribute.keyword])
    return matching.sql(key.tests, Subject(form, form), dialect)


def of_value(home: str, key: Key, offset: str, dialect: Dialect) -> ColumnBase:
    """What a key of one value, or of a date and its time, demands of a row."""
    attribute = key.attribute
    if key.time is not None:
        return combined(home, key, offset, dialect)
    if not offset or not is_moved(attribute):
        return matching.sql(key.tests, column(home, attribute, dialect), dialect)
    found = matching.sql(key.tests, moved(home, attribute, offset, dialect), dialect)
    return nearby(home, attribute, key.tests, dialect) & found if attribute.vr == "DA" else found


# -- dates and times ------------------------------------------------------------------------------

_TIME_OF = {date.tag: time for date, time in PAIRS}
_DATE_OF = {time.tag: date for date, time in PAIRS}


def _told_at(home: str) -> str:
    """The offset from UTC that an object's times are told at: its study's, or its own."""
    return f'{home if home == "nonpatient" else "study"}."TimezoneOffsetFromUTC"'


def read_for(attribute: Attribute) -> tuple[Attribute, ...]:
    """What of a row is read to judge a key: of a date its time too, and the other way round."""
    other = _TIME_OF.get(attribute.tag) or _DATE_OF.get(attribute.tag)
    return (attribute, other) if other else (attribute,)


def is_moved(attribute: Attribute) -> bool:
    """Whether an offset from UTC applies to it. A birthday is one wherever it is told."""
    if attribute.level == "PATIENT":
        return False
    return attribute.vr == "DT" or attribute.tag in _TIME_OF or attribute.tag in _DATE_OF


def moved(home: str, attribute: Attribute, offset: str, dialect: Dialect) -> Subject:
    """A date, time or moment as it is told at the query's offset; a DT, in UTC.

    A time without a date cannot be moved, nor a date without a time: they compare as written, as
    does what was stored without an offset.
    """
    text, form = Entity(home, attribute.keyword), f'{home}."{attribute.keyword}_match"'
    if attribute.vr == "DT":
        return _in_utc(text, form, (offset, home), dialect)
    date, time = _pair(attribute)
    known, there = _moment(home, (date, time), offset, dialect)
    part = "1, 8" if attribute.vr == "DA" else "9"
    return Subject(text, SQL(f"CASE WHEN {known} THEN substr({there}, {part}) ELSE {form} END"))


def _in_utc(text: ColumnBase, form: str, zone: tuple[str, str], dialect: Dialect) -> Subject:
    """A moment in UTC, by its own offset, its object's or the query's."""
    offset, home = zone
    since = f"coalesce(nullif({_told_at(home)}, ''), '{offset}')"
    own = reduce(or_, (dialect.like(text, f"*{sign}*") for sign in "+-"))  # is in UTC already
    there = dialect.moved(form, since, "+0000")
    case = f"CASE WHEN {{}} OR {form} IN ('', '{UNREADABLE}') THEN {form} ELSE {there} END"
    return Subject(text, _woven(case, own))


def _pair(attribute: Attribute) -> tuple[Attribute, Attribute]:
    date = _DATE_OF.get(attribute.tag, attribute)
    return date, _TIME_OF[date.tag]


def _moment(
    home: str, pair: tuple[Attribute, Attribute], offset: str, dialect: Dialect
) -> tuple[str, str]:
    """SQL that says whether a date and its time are readable, and the moment they make."""
    forms = [f'{home}."{attribute.keyword}_match"' for attribute in pair]
    known = " AND ".join(f"{form} NOT IN ('', '{UNREADABLE}')" for form in forms)
    written = " || ".join(forms)
    if not offset:
        return known, f"({written})"
    told_at = _told_at(home)
    there = dialect.moved(f"({written})", told_at, offset)
    return known, f"CASE WHEN {told_at} = '' THEN {written} ELSE {there} END"


def combined(home: str, key: Key, offset: str, dialect: Dialect) -> ColumnBase:
    """A date and its time within one interval; a date whose time is unknown, by its day."""
    date, time = key.attribute, key.time
    assert time is not None, "a combined key has a time"
    (between,) = key.tests
    assert isinstance(between, matching.Between), "and an interval"
    zone = "" if date.level == "PATIENT" else offset
    known, there = _moment(home, (date, time), zone, dialect)
    days = matching.Between(between.first[:8], between.last[:8])
    day = column(home, date, dialect)
    that_day = days.sql(day, dialect)
    within = between.sql(Subject(day.text, SQL(f"(CASE WHEN {known} THEN {there} END)")), dialect)
    near = nearby(home, date, [days], dialect) if zone else that_day
    return near & (within | ((Entity(home, time.keyword) == "") & that_day))


def nearby(
    home: str, date: Attribute, tests: Sequence[matching.Test], dialect: Dialect
) -> ColumnBase:
    """Days that a change of offset may reach, which an index finds. No other days match."""
    wider = [
        matching.Between(
            _shifted(test.first, -2, "0"), _shifted(test.last, 2, f"{test.last[:4]}99")
        )
        for test in tests
        if isinstance(test, matching.Between)
    ]
    return matching.sql(wider or tests, column(home, date, dialect), dialect)


def _shifted(day: str, days: int, otherwise: str) -> str:
    try:
        return f"{datetime.strptime(day[:8], '%Y%m%d') + timedelta(days):%Y%m%d}"
    except (ValueError, OverflowError):  # an open end, or the 31st of a shorter month
        return otherwise
