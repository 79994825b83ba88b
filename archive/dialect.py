"""All SQL that differs between databases, and how each is opened: SQLite here, PostgreSQL beside.

Law: nothing outside this file and `archive.postgres` knows which database holds the index.
"""

from __future__ import annotations

import fcntl
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from peewee import (
    SQL,
    ColumnBase,
    Database,
    Expression,
    NodeList,
    SqliteDatabase,
)

from archive import memory, quota, sqlitefiles
from archive.errors import ArchiveError, Costly, NoSpace, Unavailable
from archive.postgres import Postgres

BUSY_SECONDS = 30
# KiB; of readers each has its own, which SQLite empties whenever somebody else has written. More
# was not faster with 200,000 rows (100 MiB): what is not here the system has.
_WRITERS_CACHE, _READERS_CACHE = -2048, -1024

Connection = sqlite3.Connection
Predicate = Callable[[ColumnBase], ColumnBase]


class Dialect(Protocol):
    """What the rest of the index asks of a database."""

    database: Database  # peewee's: writes SQL, runs migrations; connections of ours run the rest

    def connect(self, *, readonly: bool) -> Connection: ...
    def preparing(self) -> AbstractContextManager[None]: ...
    def like(self, subject: ColumnBase, pattern: str) -> ColumnBase: ...
    def one_of(self, subject: ColumnBase, values: Sequence[str | int]) -> ColumnBase: ...
    def listed(self, values: Sequence[str | int]) -> object: ...
    def any_form(self, forms: ColumnBase, predicate: Predicate) -> ColumnBase: ...
    def joined(self, values: str) -> str: ...
    def items(self, sequence: str, name: str) -> str: ...
    def part(self, name: str, keyword: str) -> str: ...
    def made(self, columns: Mapping[str, str]) -> str: ...
    def replaced(self, keyword: str) -> str: ...
    def gathered(self, item: str) -> str: ...
    def moved(self, moment: str, since: str, to: str) -> str: ...
    def beside(self, name: str) -> Dialect: ...
    def supersede(self, older: Dialect) -> None: ...
    def discard(self) -> None: ...
    def of_row(self, error: Exception) -> bool: ...
    def leaves_open(self, error: Exception) -> bool: ...
    def refusal(self, error: Exception) -> ArchiveError: ...


# DataError is also how TOOBIG arrives; plain DatabaseError is corruption.
_OF_ROW = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError)


class Sqlite:
    """SQLite 3.35 or later: one file in WAL mode."""

    def __init__(self, path: Path, sync: str) -> None:
        self._path = path
        # FULL: a commit is on the disk when it returns. NORMAL: it may be undone by a power cut.
        synchronous = "FULL" if sync == "each" else "NORMAL"
        self._pragmas = {
            "synchronous": synchronous,
            "foreign_keys": 1,
            "journal_size_limit": 64 << 20,
            "cache_size": _WRITERS_CACHE,
            "temp_store": "MEMORY",
        }
        self.database: Database = SqliteDatabase(
            str(path), pragmas=self._pragmas, timeout=BUSY_SECONDS
        )

    def connect(self, *, readonly: bool) -> Connection:
        """A connection that any one thread at a time may use; raises NoSpace."""
        memory.spare(self._path)
        connection = sqlite3.connect(
            self._path, BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        for pragma, value in self._pragmas.items():
            connection.execute(f"PRAGMA {pragma} = {value}")
        if readonly:
            connection.execute("PRAGMA query_only = 1")
            connection.execute(f"PRAGMA cache_size = {_READERS_CACHE}")
        return memory.held(connection, self._path)

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """While one process creates or migrates the index, others that open it wait.

        SQLite's own locks do not do that: switching to WAL fails at once when it is contended.
        """
        with (self._path.parent / "index.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file is closed
            with closing(self.connect(readonly=False)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")  # kept in the file
            yield

    def like(self, subject: ColumnBase, pattern: str) -> ColumnBase:
        """DICOM's `*` and `?` are GLOB's own; `[` is the only other special character of GLOB."""
        return Expression(subject, "GLOB", pattern.replace("[", "[[]"))

    def one_of(self, subject: ColumnBase, values: Sequence[str | int]) -> ColumnBase:
        """A list of any length as one parameter, so that one prepared statement serves all."""
        listed = SQL("(SELECT value FROM json_each(?))", [self.listed(values)])
        return Expression(subject, "IN", listed)

    def listed(self, values: Sequence[str | int]) -> object:
        """The parameter of `one_of`."""
        return json.dumps(list(values))

    def any_form(self, forms: ColumnBase, predicate: Predicate) -> ColumnBase:
        """Whether any text in a JSON array satisfies the predicate.

        Few rows have such an array: told so, SQLite uses an index for this branch of an OR too
        (for `> ''`; it does not for IS NOT NULL).
        """
        rare = NodeList((SQL("likelihood("), forms, SQL("> '', 0.001)")))
        start, end = SQL("AND EXISTS (SELECT 1 FROM json_each("), SQL(") AS form WHERE")
        inside = predicate(SQL("form.value"))
        return NodeList((SQL("("), rare, start, forms, end, inside, SQL("))")))

    def joined(self, values: str) -> str:
        """The rows of an ordered one-column SELECT as one multi-valued text."""
        return f"(SELECT coalesce(group_concat(v, '\\'), '') FROM ({values}))"

    def items(self, sequence: str, name: str) -> str:
        """The items of a sequence's column as rows, whose `value` is the item."""
        return f"json_each(nullif({sequence}, '')) AS {name}"

    def part(self, name: str, keyword: str) -> str:
        """A column of an item; of a sequence within it its items as JSON."""
        return f"coalesce(json_extract({name}.value, '$.{keyword}'), '')"

    def made(self, columns: Mapping[str, str]) -> str:
        """An item made of columns."""
        parts = ", ".join(f"'{key}', {column}" for key, column in columns.items())
        return f"json_object({parts})"

    def replaced(self, keyword: str) -> str:
        """A template: an item, with other items in a sequence of its own."""
        return f"json_set({{}}, '$.{keyword}', json({{}}))"

    def gathered(self, item: str) -> str:
        """The items of all rows as JSON."""
        return f"coalesce(json_group_array(json({item})), '[]')"

    def moved(self, moment: str, since: str, to: str) -> str:
        """A moment told at one offset from UTC, as it is told at another; left if it is odd."""
        year, month, day = (f"substr({moment}, {at})" for at in ("1, 4", "5, 2", "7, 2"))
        clock = f"substr({moment}, 9, 2) || ':' || substr({moment}, 11, 2)"
        back = f"CASE substr({since}, 1, 1) WHEN '-' THEN '+' ELSE '-' END || substr({since}, 2, 2)"
        there = f"{year} || '-' || {month} || '-' || {day} || ' ' || {clock}"
        shifts = f"{back} || ':' || substr({since}, 4, 2), '{to[:3]}:{to[3:]}'"
        # Offsets are whole minutes: seconds stay, a leap second too.
        minute = f"strftime('%Y%m%d%H%M', {there}, {shifts})"
        return f"coalesce({minute} || substr({moment}, 13), {moment})"

    def beside(self, name: str) -> Sqlite:
        """Another database in the same place."""
        return Sqlite(self._path.with_name(f"{name}.sqlite3"), "never")

    def supersede(self, older: Dialect) -> None:
        """Take the place of an older database; nobody has either of them open."""
        assert isinstance(older, Sqlite)
        sqlitefiles.supersede(self._files(), older._files())

    def discard(self) -> None:
        """Remove the database."""
        sqlitefiles.discard(self._path)

    def _files(self) -> tuple[Path, sqlitefiles.Connect]:
        return self._path, partial(self.connect, readonly=False)

    def of_row(self, error: Exception) -> bool:
        """Whether the row is to blame, and not the disk, the file or another process."""
        if isinstance(error, sqlite3.Error):
            return isinstance(error, _OF_ROW)
        return True

    def leaves_open(self, error: Exception) -> bool:
        """Whether a COMMIT that failed so may have been one; a full disk is none."""
        failed = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_IOERR
        return failed and not quota.full(error, self._path)

    def refusal(self, error: Exception) -> ArchiveError:
        """Our error for a database's."""
        if isinstance(error, ArchiveError):
            return error
        code = getattr(error, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_FULL or quota.full(error, self._path):
            return NoSpace(f"the index cannot grow: {error}")
        if code == sqlite3.SQLITE_INTERRUPT:
            return Costly("the query takes too long; ask for less at a time")
        return Unavailable(f"the index failed: {type(error).__name__}: {error}")


def of(root: Path, index: str, sync: str) -> Dialect:
    """The dialect a configuration names: "sqlite" or a PostgreSQL URL."""
    if index == "sqlite":
        return Sqlite(root / "index.sqlite3", sync)
    if re.match(r"postgres(ql)?://", index):
        return Postgres(index)
    raise Unavailable(f'index {index!r} is neither "sqlite" nor a postgresql:// URL')


def compiled(dialect: Dialect, query: Any) -> tuple[str, list[Any]]:
    """SQL and parameters of a peewee query."""
    context: Any = dialect.database.get_sql_context()  # untyped in the stubs
    sql, params = context.sql(query).query()
    return str(sql), list(params)
