"""A query as one SELECT at its level. Knows tables and columns; judges neither keys nor values.

Law: one row per entity, in a stable order, its columns aligned with `query.returns`, all text.
Counts and sets of what lies below are subqueries, written only when asked for or matched. A table
above the level is joined only when a key or an answer needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from peewee import SQL, ColumnBase, Entity, NodeList, Select

from archive import matching
from archive.attributes import BY_TAG, Attribute, Level
from archive.dialect import Dialect, compiled
from archive.query import Key, Query
from archive.writer import STORED_COLUMNS

Statement = tuple[str, list[object]]

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

# What a level's subqueries hang on, by the level of the query.
_PATIENT_ID: Mapping[Level, str] = {"PATIENT": "patient.id"}
_STUDY_ID: Mapping[Level, str] = {"STUDY": "study.id"}
_SERIES_ID: Mapping[Level, str] = {"IMAGE": "instance.series_id"}

_SERIES_OF = "series AS e JOIN study AS s ON s.id = e.study_id WHERE s.patient_id = {patient}"
_INSTANCES = "series AS e JOIN instance AS i ON i.series_id = e.id"

COUNTS: Mapping[str, str] = {
    "NumberOfPatientRelatedStudies": "study AS s WHERE s.patient_id = {patient}",
    "NumberOfPatientRelatedSeries": _SERIES_OF,
    "NumberOfPatientRelatedInstances": (
        f"study AS s JOIN {_INSTANCES} WHERE s.id = e.study_id AND s.patient_id = {{patient}}"
    ),
    "NumberOfStudyRelatedSeries": "series AS e WHERE e.study_id = {study}",
    "NumberOfStudyRelatedInstances": f"{_INSTANCES} WHERE e.study_id = {{study}}",
    "NumberOfSeriesRelatedInstances": "instance AS i WHERE i.series_id = {series}",
}
SETS: Mapping[str, str] = {
    "ModalitiesInStudy": (
        'SELECT DISTINCT e."Modality" AS v FROM series AS e'
        " WHERE e.study_id = {study} AND e.\"Modality\" <> '' ORDER BY v"
    ),
    "SOPClassesInStudy": (
        f'SELECT DISTINCT i."SOPClassUID" AS v FROM {_INSTANCES}'
        " WHERE e.study_id = {study} ORDER BY v"
    ),
}
EXPRESSIONS: Mapping[str, str] = {
    "InstanceAvailability": "'ONLINE'",
    "AvailableTransferSyntaxUID": "instance.transfer_syntax_uid",
}


def answers(query: Query, dialect: Dialect) -> Statement:
    """The SELECT of a C-FIND."""
    columns = [
        _answer(BY_TAG[answer.tag], query.level, dialect) if answer.supported else SQL("''")
        for answer in query.returns
    ]
    order = SQL(f"{TABLES[query.level]}.id")
    asked = [BY_TAG[answer.tag] for answer in query.returns if answer.supported]
    needed = {_home(attribute, query.level) for attribute in asked}
    return _select(query, dialect, (query.level, columns, needed, [order]))


def instances(query: Query, dialect: Dialect) -> Statement:
    """The SELECT of what a C-MOVE or C-GET sends."""
    columns: list[ColumnBase] = [Entity("instance", column) for column in STORED_COLUMNS]
    order: list[ColumnBase] = [SQL("instance.series_id"), SQL("instance.id")]
    return _select(query, dialect, ("IMAGE", columns, set(), order))


def _select(
    query: Query,
    dialect: Dialect,
    what: tuple[Level, list[ColumnBase], set[str], list[ColumnBase]],
) -> Statement:
    level, columns, needed, order = what
    needed |= {_home(key.attribute, level) for key in query.keys}
    select = Select([_source(level, needed)], columns).order_by(*order)
    conditions = [_condition(key, level, dialect) for key in query.keys]
    if conditions:
        select = select.where(reduce(lambda a, b: a & b, conditions))
    return compiled(dialect, select)


def _source(level: Level, needed: set[str]) -> ColumnBase:
    """The level's table, and up to the highest one needed."""
    below = list(TABLES.values())[::-1]
    upwards = below[below.index(TABLES[level]) + 1 : 3]
    last = max((upwards.index(table) for table in needed if table in upwards), default=-1)
    return SQL(" ".join([TABLES[level], *(_JOINS[table] for table in upwards[: last + 1])]))


def _home(attribute: Attribute, level: Level) -> str:
    """The table a query at this level reads an attribute from."""
    own = attribute.level
    if attribute.computed and own != "IMAGE":
        return _ids(level)[TABLES[own]].partition(".")[0]
    return "study" if own == "PATIENT" and level != "PATIENT" else TABLES[own]


def _ids(level: Level) -> dict[str, str]:
    """The columns that name the entities above a row of the query."""
    return {
        "patient": _PATIENT_ID.get(level, "study.patient_id"),
        "study": _STUDY_ID.get(level, "series.study_id"),
        "series": _SERIES_ID.get(level, "series.id"),
    }


def _computed(attribute: Attribute, level: Level, dialect: Dialect) -> str:
    """SQL text of a computed attribute."""
    ids, keyword = _ids(level), attribute.keyword
    if keyword in COUNTS:
        return f"CAST((SELECT count(*) FROM {COUNTS[keyword].format(**ids)}) AS TEXT)"
    if keyword in SETS:
        return dialect.joined(SETS[keyword].format(**ids))
    return EXPRESSIONS[keyword]


def _answer(attribute: Attribute, level: Level, dialect: Dialect) -> ColumnBase:
    if attribute.computed:
        return SQL(_computed(attribute, level, dialect))
    return Entity(_home(attribute, level), attribute.keyword)


def _condition(key: Key, level: Level, dialect: Dialect) -> ColumnBase:
    attribute, home = key.attribute, _home(key.attribute, level)

    def passes(subject: ColumnBase) -> ColumnBase:
        return matching.sql(key.tests, subject, dialect)

    if attribute.keyword in SETS:
        members = SETS[attribute.keyword].format(**_ids(level))
        start = SQL(f"EXISTS (SELECT 1 FROM ({members}) AS member WHERE")
        return NodeList((start, passes(SQL("member.v")), SQL(")")))
    if attribute.computed:
        return passes(SQL(_computed(attribute, level, dialect)))
    column = Entity(home, attribute.columns[1 if attribute.has_forms else 0])
    found = passes(column)
    if attribute.has_more:
        found |= dialect.any_form(Entity(home, f"{attribute.keyword}_more"), passes)
    # PS3.4 C.2.2.1.2: a required key that is unknown of an entity matches whatever is asked.
    return found | (column == "") if attribute.key == "R" else found
