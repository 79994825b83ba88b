"""The index: what the archive holds, as rows. Group commit of what arrives, streamed answers.

Law: `add` returns when the row is committed, and durable when the index syncs always. Whoever
comes first commits for all who wait; those who come meanwhile are the next group. A row that
cannot be written fails alone.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from archive import dialect
from archive.dialect import Connection, Dialect
from archive.errors import ArchiveError, Unavailable
from archive.migrations import migrate
from archive.query import Query
from archive.record import Record, StoredInstance
from archive.select import answers, instances
from archive.writer import SELECT_STORED, Added, Writer, stored_instance

__all__ = ["Added", "Counts", "Index"]

GROUP = 256  # rows in one commit at most
IDLE_READERS = 8
FETCHED = 256  # rows read at a time while an answer streams

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the archive holds."""

    patients: int
    studies: int
    series: int
    instances: int
    bytes: int


class _Ticket(Generic[T]):
    """One piece of work in a group, and what came of it."""

    __slots__ = ("done", "error", "result", "wake", "work")

    def __init__(self, work: Callable[[Writer], T]) -> None:
        self.work = work
        self.wake = threading.Event()  # set when done, or when it is this thread's turn to lead
        self.done = False
        self.result: T | None = None
        # Until a commit says otherwise: nothing that goes wrong may look like success.
        self.error: ArchiveError | None = Unavailable("the index did not commit")


class Index:
    """The index of one archive in one process; every method may be called by any thread."""

    def __init__(self, root: Path, *, index: str = "sqlite", sync: str = "always") -> None:
        self._root = root
        self._dialect: Dialect = dialect.of(root, index, sync)
        self._lock = threading.Lock()  # guards the three below
        self._waiting: deque[_Ticket[object]] = deque()
        self._led = False
        self._closed = False
        self._writer: tuple[Connection, Writer] | None = None  # the leader's
        self._readers: deque[Connection] = deque()
        try:
            with self._dialect.preparing():
                migrate(self._dialect.database)
        except ArchiveError:
            raise
        except Exception as error:
            raise self._dialect.refusal(error) from error

    def close(self) -> None:
        """Wait for the group being committed, then let go of the database."""
        with self._lock:
            closed, self._closed = self._closed, True
        if closed:
            return
        with suppress(Unavailable):
            self._group(lambda writer: None, last=True)
        self._drop_writer()
        while self._readers:
            self._readers.pop().close()

    # -- writing ----------------------------------------------------------------------------------

    def add(self, record: Record) -> Added:
        """Commit a record; the instance that was there before is told and left as it is."""
        return self._group(partial(_add, record))

    def remove(self, sop_instance_uid: str) -> bool:
        """Delete an instance's row and what it leaves empty; False if there was none."""
        return self._group(lambda writer: writer.remove(sop_instance_uid))

    def _group(self, work: Callable[[Writer], T], *, last: bool = False) -> T:
        ticket = _Ticket(work)
        with self._lock:
            if self._closed and not last:
                raise Unavailable("the index is closed")
            self._waiting.append(ticket)  # type: ignore[arg-type]  # results are only passed on
            leading, self._led = not self._led, True
        if not leading:
            ticket.wake.wait()
        if not ticket.done:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.result  # type: ignore[return-value]  # set by whoever led

    def _lead(self) -> None:
        """Commit everything that waits, release it, and hand the lead to who came meanwhile."""
        with self._lock:
            group = [self._waiting.popleft() for _ in range(min(GROUP, len(self._waiting)))]
        try:
            self._commit(group)
        finally:
            with self._lock:
                for ticket in group:
                    ticket.done = True
                    ticket.wake.set()
                self._led = bool(self._waiting)
                if self._led:
                    self._waiting[0].wake.set()

    def _commit(self, group: list[_Ticket[object]]) -> None:
        try:
            self._transaction(group)
        except Exception as error:  # noqa: BLE001 - each ticket gets it
            if not self._dialect.of_row(error):
                self._refuse(group, error)
                return
            # One row is to blame, or what was remembered of others was stale: one by one.
            for ticket in group:
                try:
                    self._transaction([ticket])
                except Exception as own:  # noqa: BLE001
                    self._refuse([ticket], own)

    def _refuse(self, group: list[_Ticket[object]], error: Exception) -> None:
        for ticket in group:
            ticket.error = self._dialect.refusal(error)
            ticket.error.__cause__ = error
        if not self._dialect.of_row(error):
            # After a failed sync a second one may lie: never commit on this connection again.
            self._drop_writer()

    def _transaction(self, group: list[_Ticket[object]]) -> None:
        if self._writer is None:
            connection = self._dialect.connect(readonly=False)
            self._writer = connection, Writer(connection, self._root)
        connection, writer = self._writer
        connection.execute("BEGIN IMMEDIATE")
        try:
            for ticket in group:
                ticket.result = ticket.work(writer)
            connection.execute("COMMIT")
        except BaseException:
            writer.forget()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        for ticket in group:
            ticket.error = None

    def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(Exception):
                writer[0].close()

    # -- reading ----------------------------------------------------------------------------------

    def find(self, query: Query) -> Generator[tuple[str, ...], None, None]:
        """One tuple per entity at the query's level, aligned with `query.returns`."""
        return self._rows(*answers(query, self._dialect))

    def instances(self, query: Query) -> Iterator[StoredInstance]:
        """The instances a query covers, series by series."""
        for row in self._rows(*instances(query, self._dialect)):
            yield stored_instance(self._root, row)

    def lookup(self, sop_instance_uid: str) -> StoredInstance | None:
        """The instance with this UID."""
        for row in self._rows(SELECT_STORED, [sop_instance_uid]):
            return stored_instance(self._root, row)
        return None

    def counts(self) -> Counts:
        """Entities by level, and the bytes of all data sets."""
        entities = ", ".join(f"(SELECT count(*) FROM {t})" for t in ("patient", "study", "series"))
        sql = f"SELECT {entities}, count(*), coalesce(sum(size), 0) FROM instance"
        (row,) = self._rows(sql, [])
        return Counts(*map(int, row))

    def _rows(self, sql: str, params: list[object]) -> Generator[tuple[str, ...], None, None]:
        with self._reader() as connection:
            cursor = connection.execute(sql, params)
            try:
                while rows := cursor.fetchmany(FETCHED):
                    yield from rows
            finally:
                cursor.close()

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        """A connection nobody else uses meanwhile; a broken one is not used again."""
        with self._lock:
            if self._closed:
                raise Unavailable("the index is closed")
            idle = self._readers.pop() if self._readers else None
        try:
            connection = idle or self._dialect.connect(readonly=True)
        except Exception as error:
            raise self._dialect.refusal(error) from error
        try:
            yield connection
        except GeneratorExit:  # the answer is not wanted to its end
            self._return(connection)
            raise
        except Exception as error:
            connection.close()
            raise self._dialect.refusal(error) from error
        self._return(connection)

    def _return(self, connection: Connection) -> None:
        with self._lock:
            keep = not self._closed and len(self._readers) < IDLE_READERS
            if keep:
                self._readers.append(connection)
        if not keep:
            connection.close()


def _add(record: Record, writer: Writer) -> Added:
    return writer.add(record)
