"""The index: what the archive holds, as rows. Group commit of what arrives, streamed answers.

Law: what is written goes through `commits`, what is read through connections that cannot write.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive import dialect, found
from archive.barrier import Barrier, Open
from archive.commits import Commits
from archive.deadlines import ending
from archive.dialect import Connection, Dialect
from archive.errors import ArchiveError, Unavailable
from archive.found import Found
from archive.judgements import Judgements
from archive.migrations import FIRST, KEYS, migrate
from archive.query import Query
from archive.record import Record, StoredInstance
from archive.references import Examined, References, State, Waiting
from archive.select import Statement
from archive.writer import (
    SELECT_HELD,
    SELECT_NEWEST,
    SELECT_OF_CLASSES,
    SELECT_OLDER,
    SELECT_STOPPED,
    SELECT_STORED,
    SELECT_UNREAD,
    SELECT_WAITING,
    Added,
    stored_instance,
)

__all__ = ["Added", "Counts", "Index"]

_log = logging.getLogger("anode.archive")

IDLE_READERS = 8
FETCHED = 256  # rows read at a time while an answer streams
AGAIN = 2000  # rows of one commit that wait again: who stores waits for it


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the archive holds."""

    patients: int
    studies: int
    series: int
    instances: int
    bytes: int


class Index:
    """The index of one archive in one process; every method may be called by any thread."""

    def __init__(
        self,
        root: Path,
        *,
        index: str = "sqlite",
        sync: str = "each",
        barrier: Barrier | None = None,
        seconds: float = 30.0,
    ) -> None:
        """`seconds` are what one statement of a query may take."""
        self._root = root
        self._seconds = seconds
        self._dialect: Dialect = dialect.of(root, index, sync)
        self._commits = Commits(root, self._dialect, barrier or Open())
        self.arrived = threading.Event()  # something may wait to be examined
        self.references = References(self._rows)
        self.judgements = Judgements(self._rows)
        self._lock = threading.Lock()  # guards the two below
        self._closed = False
        self._readers: deque[Connection] = deque()
        try:
            with self._dialect.preparing():
                applied = migrate(self._dialect.database)
            if FIRST not in applied and not KEYS.isdisjoint(applied):
                self._tell_of_keys()
        except ArchiveError:
            raise
        except Exception as error:
            raise self._dialect.refusal(error) from error

    def _tell_of_keys(self) -> None:
        """Whoever brings the index to a newer version is told what that does not bring."""
        if held := self.counts().instances:
            _log.warning(
                "this version has keys that %d instances stored by an older one do not match: "
                "`anode reindex` fills them",
                held,
            )

    def close(self) -> None:
        """Wait for the group being committed, then let go of the database."""
        self._commits.close()
        with self._lock:
            self._closed = True
        while self._readers:
            self._readers.pop().close()

    @property
    def newest_row(self) -> int:
        """The last row that this process knows to be committed."""
        return self._commits.newest

    def add(self, record: Record, after: int | None = None) -> Added:
        """Commit a record; the instance that was there before is told and left as it is.

        `after` is what `newest_row` was when its file had its name; None for a file not new.
        """
        added = self._commits.add(record, after)
        if not self.arrived.is_set():
            self.arrived.set()
        return added

    def complete(self, record: Record) -> bool:
        """Commit what was not known of an object without a patient; False if it was."""
        return self._commits.complete(record)

    def unread(self) -> Iterator[StoredInstance]:
        """Objects without a patient of which nothing is known yet but that they are there."""
        for row in self._rows(SELECT_UNREAD, []):
            yield stored_instance(self._root, row)

    def remove(self, sop_instance_uid: str) -> bool:
        """Delete an instance's row and what it leaves empty; False if there was none."""
        return self._commits.remove(sop_instance_uid)

    def drop(self, held: Sequence[StoredInstance]) -> int:
        """Delete the rows that still are of these very files; how many there were."""
        return self._commits.drop(held)

    def waiting(self, most: int) -> list[Waiting]:
        """The instances that wait to be examined, the first of them."""
        return self._to_examine(SELECT_WAITING, [most])

    def older(self, after: int, rules: int, most: int) -> list[Waiting]:
        """The next instances behind a row that were judged by other rules than these."""
        return self._to_examine(SELECT_OLDER, [after, rules, most])

    def stopped(self, times: int, most: int) -> list[Waiting]:
        """Instances of which a fault that may pass has stopped the examining so many times."""
        return self._to_examine(SELECT_STOPPED, [State.FAILED + times, most])

    def wait_again(self) -> None:
        """Have all those wait to be examined as if they were new."""
        while self._commits.wait_again(AGAIN) == AGAIN:
            pass

    def _to_examine(self, sql: str, params: list[object]) -> list[Waiting]:
        rows = self._rows(sql, params)
        return [Waiting(int(number), stored_instance(self._root, row)) for number, *row in rows]

    def note(self, found: Sequence[Examined]) -> int:
        """Commit what examining instances has found; of how many it was written."""
        return self._commits.note(found)

    def note_rules(self, rules: int) -> None:
        """Commit that all that is checked has been judged by these rules."""
        self._commits.note_rules(rules)

    def find(self, query: Query) -> Generator[tuple[str, ...], None, None]:
        """One tuple per entity at the query's level, aligned with `query.returns`."""
        return found.answers(query, self._dialect, self._within_time)

    def instances(self, query: Query) -> Found:
        """The instances a query covers, series by series."""
        return found.instances(query, self._dialect, self._within_time, self._root)

    def joined(self, first: Found, rows: Sequence[int]) -> Found:
        """What was found first, and the instances of these rows behind it."""
        return found.joined(first, rows, self._dialect, self._within_time, root=self._root)

    def lookup(self, sop_instance_uid: str) -> StoredInstance | None:
        """The instance with this UID."""
        for row in self._rows(SELECT_STORED, [sop_instance_uid]):
            return stored_instance(self._root, row)
        return None

    def newest(self, most: int) -> Iterator[StoredInstance]:
        """The instances added last, the newest first."""
        for row in self._rows(SELECT_NEWEST, [most]):
            yield stored_instance(self._root, row)

    def of_classes(self, sop_classes: Sequence[str]) -> Iterator[StoredInstance]:
        """The instances of these SOP classes, in the order they came."""
        marks = ", ".join("?" * len(sop_classes))
        for row in self._rows(SELECT_OF_CLASSES.format(marks=marks), list(sop_classes)):
            yield stored_instance(self._root, row)

    def paths(self, first: Path) -> Iterator[Path]:
        """The files of rows, from this one on in the order of their names; reads every row."""
        name = first.relative_to(self._root).as_posix()
        for (path,) in self._rows("SELECT path FROM instance WHERE path >= ?", [name]):
            yield self._root / path

    def held(self, after: int, most: int) -> list[tuple[int, StoredInstance]]:
        """The next instances behind a row, with their rows' numbers."""
        rows = self._rows(SELECT_HELD, [after, most])
        return [(int(number), stored_instance(self._root, row)) for number, *row in rows]

    def source_of(self, sop_instance_uid: str) -> str:
        """The AE title that an instance came from."""
        sql = 'SELECT source_ae FROM instance WHERE "SOPInstanceUID" = ?'
        return next((str(row[0]) for row in self._rows(sql, [sop_instance_uid])), "")

    def counts(self) -> Counts:
        """Entities by level, and the bytes of all data sets."""
        entities = ", ".join(f"(SELECT count(*) FROM {t})" for t in ("patient", "study", "series"))
        sql = f"SELECT {entities}, count(*), coalesce(sum(size), 0) FROM instance"
        (row,) = self._rows(sql, [])
        return Counts(*map(int, row))

    def _within_time(self, statement: Statement) -> Iterator[tuple[Any, ...]]:
        """Rows that are taken at once: the statement has a time within which to end."""
        return self._rows(*statement, seconds=self._seconds)

    def _rows(
        self, sql: str, params: list[object], *, seconds: float | None = None
    ) -> Generator[tuple[Any, ...], None, None]:
        with self._reader() as connection, ending(connection, seconds):
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
