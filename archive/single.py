"""A query of a model without levels as one SELECT, PS3.4 K.4.1.3.1: objects that have no patient.

Law: as in `select`, one row per object, in a stable order, its columns aligned with
`query.returns`. Each object is one item in JSON, of which the columns asked for make a table, so
that `conditions` finds there what it finds in others. A value that is unknown matches no key
(K.2.2.1.1.1), unlike in models with levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import and_

from peewee import SQL, ColumnBase, Entity, NodeList, Select

from archive import conditions, nonpatient
from archive.amounts import balanced
from archive.attributes import Attribute
from archive.dialect import Dialect, compiled
from archive.query import Key, Query
from archive.select import Statement

_TABLE = "nonpatient"
_NUMBER = f"{_TABLE}.id"
_OWNERS = f"{_NUMBER} IN (SELECT term.owner FROM term"
_OFFSET = "TimezoneOffsetFromUTC"


def answers(query: Query, dialect: Dialect, most: int | None = None) -> Statement:
    """The first answers of a C-FIND; behind the columns stands the number of the row."""
    return _select(query, dialect, _answered(query, dialect), most)


def numbers(query: Query, dialect: Dialect, most: int) -> Statement:
    """The numbers of the rows that a C-FIND answers."""
    return _select(query, dialect, [SQL(_NUMBER)], most)


def newest(_query: Query) -> Statement:
    """The number of the newest row."""
    return f"SELECT coalesce(max(id), 0) FROM {_TABLE}", []


def chosen(query: Query, dialect: Dialect, rows: Sequence[int]) -> Statement:
    """The answers that these rows make, as `answers` has them; the last parameter is the rows."""
    plain = replace(query, keys=(), after=0)
    return _select(plain, dialect, _answered(query, dialect), rows=rows)


def _select(
    query: Query,
    dialect: Dialect,
    columns: Sequence[ColumnBase],
    most: int | None = None,
    *,
    rows: Sequence[int] | None = None,
) -> Statement:
    """At most so many; of certain rows only."""
    found = [each for key in query.keys for each in _conditions(key, query, dialect)]
    if query.after:
        found.append(SQL(_NUMBER) > query.after)
    if rows is not None:
        found.append(dialect.one_of(SQL(_NUMBER), rows))
    select = Select([_source(query, dialect)], columns).order_by(SQL(_NUMBER))
    if found:
        select = select.where(balanced(and_, found))
    return compiled(dialect, select if most is None else select.limit(most))


def _source(query: Query, dialect: Dialect) -> ColumnBase:
    """The model's objects, with a column for all that the query looks at."""
    assert query.single is not None, "of a model without levels"
    told = [answer.keyword for answer in query.returns if answer.supported]
    keys = [each for key in query.keys for each in conditions.read_for(key.attribute)]
    matched = [column for each in keys for column in each.columns]
    made = ", ".join(
        f'{dialect.part(_TABLE, name)} AS "{name}"'
        for name in dict.fromkeys((*told, *matched, _OFFSET))
    )
    inside = f"(SELECT id, {made} FROM {_TABLE} WHERE "
    within = dialect.one_of(Entity(_TABLE, "SOPClassUID"), query.single.classes)
    return NodeList((SQL(inside), within, SQL(f") AS {_TABLE}")))


def _answered(query: Query, dialect: Dialect) -> list[ColumnBase]:
    columns = [
        _answer(nonpatient.BY_TAG[answer.tag], query, dialect) if answer.supported else SQL("''")
        for answer in query.returns
    ]
    return [*columns, SQL(_NUMBER)]


def _answer(attribute: Attribute, query: Query, dialect: Dialect) -> ColumnBase:
    tag = attribute.tag
    wanted = next((key.items for key in query.keys if key.attribute.tag == tag), ())
    if wanted:
        return conditions.matching_items(_items(attribute, dialect), wanted, dialect)
    return Entity(_TABLE, attribute.keyword)


def _items(attribute: Attribute, dialect: Dialect) -> str:
    return dialect.items(f'{_TABLE}."{attribute.keyword}"', "item0")


def _conditions(key: Key, query: Query, dialect: Dialect) -> list[ColumnBase]:
    if not key.items:
        return [conditions.of_value(_TABLE, key, query.offset, dialect)]
    some = conditions.any_item(_items(key.attribute, dialect), key.items, dialect)
    return [*conditions.narrowing(key, _TABLE, _OWNERS, dialect), some]
