"""A query as one SELECT at its level. Knows tables and columns; judges neither keys nor values.

Law: one row per entity, in a stable order, its columns aligned with `query.returns`, all text.
Counts and sets of what lies below are subqueries, written only when asked for or matched. A table
above the level is joined only when a key or an answer needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import and_, or_

from peewee import SQL, ColumnBase, Entity, NodeList, Select

from archive import conditions, matching
from archive.amounts import balanced
from archive.attributes import BY_TAG, LEVELS, Attribute, Level, rank
from archive.below import COUNTS, EXPRESSIONS, ITEMS, OWNERS, REFERENCES, SETS
from archive.dialect import Dialect, compiled
from archive.query import Key, Query

Statement = tuple[str, list[object]]

# Level, columns, the tables they need above it, order
What = tuple[Level, list[ColumnBase], set[str], list[ColumnBase]]

TABLES: Mapping[Level, str] = {
    "PATIENT": "patient",
    "STUDY": "study",
    "SERIES": "series",
    "IMAGE": "instance",
}
# Each table is joined to the one below it; patients above the PATIENT level are read from study.
_JOINS = {
    "series": "JOIN series ON series.id = instance.series_id",
    "study": "JOIN study ON study.id = series.study_id",
}

# And the other way round, for what lies below.
_DOWN: Mapping[Level, str] = {
    "SERIES": "JOIN series ON series.study_id = study.id",
    "IMAGE": "JOIN instance ON instance.series_id = series.id",
}
_LINKS: Mapping[Level, str] = {
    "STUDY": "study.patient_id = patient.id",
    "SERIES": "series.study_id = study.id",
    "IMAGE": "instance.series_id = series.id",
}

# What a level's subqueries hang on, by the level of the query.
_PATIENT_ID: Mapping[Level, str] = {"PATIENT": "patient.id"}
_STUDY_ID: Mapping[Level, str] = {"STUDY": "study.id"}
_SERIES_ID: Mapping[Level, str] = {"IMAGE": "instance.series_id"}

_ITEMS = "series AS e JOIN {items} ON e.study_id = {study}"

# Keys that leave few rows: what the items of sequences hold need then not be looked up.
_SHARP = frozenset(
    (
        *("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID", "PatientName"),
        *("AccessionNumber", "StudyDate"),
    )
)

_HELD = frozenset({"PatientID", "PatientName", "AccessionNumber"})


def answers(query: Query, dialect: Dialect, most: int | None = None) -> Statement:
    """The first answers of a C-FIND; behind the columns stands the number of the row."""
    return _select(query, dialect, _answered(query, dialect), most)


def numbers(query: Query, dialect: Dialect, most: int) -> Statement:
    """The numbers of the rows that a C-FIND answers."""
    number = SQL(f"{TABLES[query.level]}.id")
    return _select(query, dialect, (query.level, [number], set(), [number]), most)


def newest(query: Query) -> Statement:
    """The number of the newest row of the query's level."""
    return f"SELECT coalesce(max(id), 0) FROM {TABLES[query.level]}", []


def chosen(query: Query, dialect: Dialect, rows: Sequence[int]) -> Statement:
    """The answers that these rows make, as `answers` has them; the last parameter is the rows."""
    plain = replace(query, keys=(), after=0)
    return _select(plain, dialect, _answered(query, dialect), rows=rows)


def _answered(query: Query, dialect: Dialect) -> What:
    asked = [BY_TAG[answer.tag] for answer in query.returns if answer.supported]
    needed = {_home(attribute, query.level) for attribute in asked}
    columns = [
        _answer(BY_TAG[answer.tag], query, dialect) if answer.supported else SQL("''")
        for answer in query.returns
    ]
    number = SQL(f"{TABLES[query.level]}.id")
    return query.level, [*columns, number], needed, [number]


def instances(query: Query, dialect: Dialect) -> Statement:
    """What a C-MOVE or C-GET sends: series, number and kind of each, series by series."""
    names = ("series_id", "id", "SOPClassUID", "transfer_syntax_uid")
    columns: list[ColumnBase] = [Entity("instance", name) for name in names]
    return _select(query, dialect, ("IMAGE", columns, set(), columns[:2]))


def _select(
    query: Query,
    dialect: Dialect,
    what: What,
    most: int | None = None,
    *,
    rows: Sequence[int] | None = None,
) -> Statement:
    """At most so many; of certain rows only."""
    level, columns, needed, order = what
    own = [key for key in query.keys if rank(key.attribute.level) <= rank(level)]
    below = [key for key in query.keys if key not in own]
    needed |= {_home(key.attribute, level) for key in own}
    if query.offset and any(conditions.is_moved(key.attribute) for key in query.keys):
        needed.add("study")
    found = [condition for key in own for condition in _conditions(key, level, query, dialect)]
    if below:
        found.append(_something_below(below, query, dialect))
    if query.after:
        found.append(Entity(TABLES[level], "id") > query.after)
    if rows is not None:
        found.append(dialect.one_of(Entity(TABLES[level], "id"), rows))
    select = Select([_source(level, needed)], columns).order_by(*order)
    if found:
        select = select.where(balanced(and_, found))
    return compiled(dialect, select if most is None else select.limit(most))


def _source(level: Level, needed: set[str]) -> ColumnBase:
    """The level's table, and up to the highest one needed."""
    below = list(TABLES.values())[::-1]
    upwards = below[below.index(TABLES[level]) + 1 : 3]
    last = max((upwards.index(table) for table in needed if table in upwards), default=-1)
    return SQL(" ".join([TABLES[level], *(_JOINS[table] for table in upwards[: last + 1])]))


def _something_below(keys: Sequence[Key], query: Query, dialect: Dialect) -> ColumnBase:
    """Relational queries, C.4.1.3.2.2: one thing below the row matches all keys of lower levels."""
    lowest = max(rank(key.attribute.level) for key in keys)
    first, *others = LEVELS[rank(query.level) + 1 : lowest + 1]
    source = " ".join([TABLES[first], *(_DOWN[level] for level in others)])
    start = f"EXISTS (SELECT 1 FROM {source} WHERE {_LINKS[first]} AND"
    if _sharp(keys) and not _sharp([key for key in query.keys if key not in keys]):
        # What lies below leads to the row; otherwise every row would be asked what lies below it.
        parent, row = _LINKS[first].split(" = ")
        start = f"({row} IN (SELECT {parent} FROM {source} WHERE"
    found = [each for key in keys for each in _conditions(key, query.level, query, dialect)]
    end = SQL("))" if start.startswith("(") else ")")
    return NodeList((SQL(start), balanced(and_, found), end))


def _sharp(keys: Sequence[Key]) -> bool:
    return any(key.attribute.keyword in _SHARP for key in keys)


def _home(attribute: Attribute, level: Level) -> str:
    """The table a query at this level reads an attribute from."""
    own = attribute.level
    if attribute.keyword == "RecordKey":
        return TABLES[level]
    if attribute.computed and own != "IMAGE":
        return _ids(level)[TABLES[own]].partition(".")[0]
    return "study" if own == "PATIENT" and level != "PATIENT" else TABLES[own]


def _ids(level: Level) -> dict[str, str]:
    """The columns that name the entities above a row of the query, and the row's own names."""
    return {
        "patient": _PATIENT_ID.get(level, "study.patient_id"),
        "study": _STUDY_ID.get(level, "series.study_id"),
        "series": _SERIES_ID.get(level, "series.id"),
        "level": level,
        "own": TABLES[level],
    }


def _computed(attribute: Attribute, level: Level, dialect: Dialect) -> str:
    """SQL text of a computed attribute."""
    ids, keyword = _ids(level), attribute.keyword
    if keyword in COUNTS:
        return f"CAST((SELECT count(*) FROM {COUNTS[keyword].format(**ids)}) AS TEXT)"
    if keyword in SETS:
        return dialect.joined(SETS[keyword].format(**ids))
    return EXPRESSIONS[keyword].format(**ids)


def _items(attribute: Attribute, level: Level, dialect: Dialect) -> str:
    """SQL text of where the items of a sequence come from."""
    if attribute.keyword in ITEMS:
        items = dialect.items(f'e."{ITEMS[attribute.keyword]}"', "item0")
        return _ITEMS.format(items=items, **_ids(level))
    if attribute.keyword == REFERENCES:
        return conditions.referenced(dialect)
    return dialect.items(f'{_home(attribute, level)}."{attribute.keyword}"', "item0")


def _answer(attribute: Attribute, query: Query, dialect: Dialect) -> ColumnBase:
    if attribute.vr == "SQ":
        wanted = next((key.items for key in query.keys if key.attribute is attribute), ())
        source = _items(attribute, query.level, dialect)
        if attribute.keyword in (*ITEMS, REFERENCES):
            return conditions.different_items(source, wanted, dialect)
        if wanted:
            return conditions.matching_items(source, wanted, dialect)
    if attribute.computed:
        return SQL(_computed(attribute, query.level, dialect))
    return Entity(_home(attribute, query.level), attribute.keyword)


def _conditions(key: Key, level: Level, query: Query, dialect: Dialect) -> list[ColumnBase]:
    attribute, home = key.attribute, _home(key.attribute, level)
    if key.items:
        return _sequence(key, level, query, dialect)
    if attribute.keyword in SETS:
        led = attribute.keyword in OWNERS and not _sharp(query.keys)
        return [_owner(key, level, dialect) if led else _member(key, level, dialect)]
    if attribute.computed:
        computed = SQL(_computed(attribute, level, dialect))
        return [matching.sql(key.tests, matching.Subject(computed, computed), dialect)]
    found = conditions.of_value(home, key, query.offset, dialect)
    # PS3.4 C.2.2.1.2: a required key that is unknown of an entity matches whatever is asked.
    unknown = conditions.column(home, attribute, dialect).form == ""
    found = found | unknown if attribute.key == "R" else found
    others = [each for each in query.keys if each is not key]
    return [_apart(home, found) if _leads_nowhere(key) and not _sharp(others) else found]


def _leads_nowhere(key: Key) -> bool:
    """Whether it begins with a wild card, and an index holds all that it is judged by."""
    patterns = [getattr(test, "pattern", "") for test in key.tests]
    return key.attribute.keyword in _HELD and any(each[:1] in ("*", "?") for each in patterns)


def _apart(home: str, condition: ColumnBase) -> ColumnBase:
    """The rows of a table that pass, found in an index alone: a fraction of reading the rows."""
    start = SQL(f"({home}.id IN (SELECT {home}.id FROM {home} WHERE")
    return NodeList((start, condition, SQL("))")))


def _member(key: Key, level: Level, dialect: Dialect) -> ColumnBase:
    """A key of a set: one of its members passes, or it has none."""
    members = SETS[key.attribute.keyword].format(**_ids(level))
    some = [test for test in key.tests if not isinstance(test, matching.Empty)]
    found: list[ColumnBase] = []
    if some:
        start = SQL(f"EXISTS (SELECT 1 FROM ({members}) AS member WHERE")
        subject = matching.Subject(SQL("member.v"), SQL("member.v"))
        found.append(NodeList((start, matching.sql(some, subject, dialect), SQL(")"))))
    if len(some) < len(key.tests):
        found.append(SQL(f"NOT EXISTS (SELECT 1 FROM ({members}) AS member)"))
    return reduce(or_, found)


def _owner(key: Key, level: Level, dialect: Dialect) -> ColumnBase:
    """As `_member`, where no other key leads to few rows: the members lead to theirs."""
    some = tuple(test for test in key.tests if not isinstance(test, matching.Empty))
    if len(some) < len(key.tests):
        return _member(key, level, dialect)
    start, member = OWNERS[key.attribute.keyword]
    passes = matching.sql(some, matching.Subject(SQL(member), SQL(member)), dialect)
    row = _ids(level)["study"]
    return NodeList((SQL(f"({row} IN ({start} {member} <> '' AND"), passes, SQL("))")))


def _sequence(key: Key, level: Level, query: Query, dialect: Dialect) -> list[ColumnBase]:
    attribute, home = key.attribute, _home(key.attribute, level)
    if attribute.keyword == REFERENCES:
        leads = [] if _sharp(query.keys) else conditions.referring(key.items, dialect)
        return [*leads, conditions.refers(key.items, dialect)]
    found = [conditions.any_item(_items(attribute, level, dialect), key.items, dialect)]
    if _sharp(query.keys):
        return found
    owner = "SELECT term.owner FROM term"
    if attribute.keyword in ITEMS:
        stored = replace(attribute, keyword=ITEMS[attribute.keyword])
        key, home = replace(key, attribute=stored), "series"
        owner = "SELECT e.study_id FROM term JOIN series AS e ON e.id = term.owner"
        row = _ids(level)["study"]
    else:
        row = f"{home}.id"
    return [*conditions.narrowing(key, home, f"{row} IN ({owner}", dialect), *found]
