"""PostgreSQL's spellings of what `archive.dialect` asks of a database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from peewee import SQL, ColumnBase, Database, Expression, NodeList, PostgresqlDatabase

from archive.errors import ArchiveError, NoSpace, Unavailable

if TYPE_CHECKING:
    from archive.dialect import Connection, Dialect, Predicate


class Postgres:
    """A dialect whose connections come with the issue that brings its driver."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.database: Database = PostgresqlDatabase(None)

    def connect(self, *, readonly: bool) -> Connection:  # noqa: ARG002
        """Not yet."""
        raise Unavailable(f"index {self._url!r}: this version keeps its index in SQLite only")

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """Comes with the driver; an advisory lock."""
        yield

    def like(self, subject: ColumnBase, pattern: str) -> ColumnBase:
        """`*` and `?` become `%` and `_`; what LIKE would take as special is escaped."""
        escaped = re.sub(r"([\\%_])", r"\\\1", pattern)
        return Expression(subject, "LIKE", escaped.replace("*", "%").replace("?", "_"))

    def one_of(self, subject: ColumnBase, values: Sequence[str | int]) -> ColumnBase:
        """A list of any length as one array parameter."""
        return NodeList((subject, SQL("= ANY(%s)", [self.listed(values)])))

    def listed(self, values: Sequence[str | int]) -> object:
        """The parameter of `one_of`."""
        return list(values)

    def any_form(self, forms: ColumnBase, predicate: Predicate) -> ColumnBase:
        """Whether any text in a JSON array satisfies the predicate."""
        start = SQL("EXISTS (SELECT 1 FROM json_array_elements_text(")  # of NULL: no rows
        end = SQL("::json) AS form(value) WHERE")
        return NodeList((start, forms, end, predicate(SQL("form.value")), SQL(")")))

    def joined(self, values: str) -> str:
        """The rows of an ordered one-column SELECT as one multi-valued text."""
        return f"(SELECT coalesce(string_agg(v, '\\'), '') FROM ({values}) AS ordered)"

    def items(self, sequence: str, name: str) -> str:
        """The items of a sequence's column as rows, whose `value` is the item."""
        return f"json_array_elements(nullif({sequence}, '')::json) AS {name}(value)"

    def part(self, name: str, keyword: str) -> str:
        """A column of an item; of a sequence within it its items as JSON."""
        return f"coalesce({name}.value::json ->> '{keyword}', '')"

    def made(self, columns: Mapping[str, str]) -> str:
        """An item made of columns."""
        parts = ", ".join(f"'{key}', {column}" for key, column in columns.items())
        return f"json_build_object({parts})"

    def replaced(self, keyword: str) -> str:
        """A template: an item, with other items in a sequence of its own."""
        return f"jsonb_set(({{}})::jsonb, ARRAY['{keyword}'], ({{}})::jsonb)::json"

    def gathered(self, item: str) -> str:
        """The items of all rows as JSON."""
        return f"coalesce(json_agg(({item})::json)::text, '[]')"

    def moved(self, moment: str, since: str, to: str) -> str:
        """A moment told at one offset from UTC, as it is told at another; left if it is odd."""
        at = f"to_timestamp(substr({moment}, 1, 12), 'YYYYMMDDHH24MI')::timestamp"
        back = f"(substr({since}, 1, 3) || ':' || substr({since}, 4, 2))::interval"
        there = f"{at} - {back} + interval '{to[:3]}:{to[3:]}'"
        minute = f"to_char({there}, 'YYYYMMDDHH24MI') || substr({moment}, 13)"
        sound = f"{since} ~ '^[+-][0-9]{{4}}$' AND {moment} ~ '^[0-9]{{14}}'"
        return f"CASE WHEN {sound} THEN {minute} ELSE {moment} END"

    def beside(self, name: str) -> Postgres:
        """Comes with the driver; a schema of its own."""
        raise Unavailable(f"{name}: this version keeps its index in SQLite only")

    def supersede(self, older: Dialect) -> None:
        """Comes with the driver."""

    def discard(self) -> None:
        """Comes with the driver."""

    def of_row(self, error: Exception) -> bool:
        """By SQLSTATE: class 22 data, class 23 integrity."""
        return str(getattr(error, "sqlstate", "22"))[:2] in ("22", "23")

    def leaves_open(self, error: Exception) -> bool:
        """A connection that broke: class 08, or an error without SQLSTATE."""
        return str(getattr(error, "sqlstate", "08"))[:2] == "08"

    def refusal(self, error: Exception) -> ArchiveError:
        """Our error for a database's: 53100 is disk full."""
        if getattr(error, "sqlstate", None) == "53100":
            return NoSpace(f"the index cannot grow: {error}")
        return Unavailable(f"the index failed: {type(error).__name__}: {error}")
