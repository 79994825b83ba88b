"""Group commit: rows of all associations go to the database together.

Law: `add` returns when the row is committed, and either durable or one that a start after a crash
makes again from its file: then the file was named when no more than LAG of the rows before it were
missing, and a start looks for files as new as the newest rows (`archive.startup`). All else waits
for the barrier. Whoever comes first commits for all who wait; those who come meanwhile are the
next group. A row that cannot be written fails alone. What the barrier stopped is taken back, or
said to be uncertain: the next start finds out.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from archive.barrier import Barrier
from archive.dialect import Connection, Dialect
from archive.errors import ArchiveError, Unavailable, Uncertain
from archive.record import Record, StoredInstance
from archive.references import Examined
from archive.writer import Added, Writer

GROUP = 256  # rows in one commit at most
LAG = 2 * GROUP  # rows that may be committed between the naming of a file and its own row

T = TypeVar("T")


class _Ticket(Generic[T]):
    """One piece of work in a group, and what came of it; `uid` is the instance it may add.

    `after` is the newest row there was when the file it adds had its name; None for what only the
    barrier makes durable.
    """

    __slots__ = ("after", "done", "error", "result", "uid", "wake", "work")

    def __init__(
        self, work: Callable[[Writer], T], uid: str = "", after: int | None = None
    ) -> None:
        self.work = work
        self.uid = uid
        self.after = after
        self.wake = threading.Lock()  # free when done, or when it is this thread's turn to lead
        self.wake.acquire()
        self.done = False
        self.result: T | None = None
        # Until a commit says otherwise: nothing that goes wrong may look like success.
        self.error: ArchiveError | None = Unavailable("the index did not commit")

    @property
    def added(self) -> bool:
        """Whether it brought a row that was not there."""
        return isinstance(self.result, Added) and self.result.new

    @property
    def barred(self) -> bool:
        """Whether it waits for the barrier: no start would make it again."""
        if self.after is None:
            return True
        if not isinstance(self.result, Added):
            return False
        # A row that was there may be one for which another process still waits, and may take back.
        return not self.result.new or self.result.row > self.after + LAG


class Commits:
    """The writing side of an index; every method may be called by any thread."""

    def __init__(self, root: Path, dialect: Dialect, barrier: Barrier) -> None:
        self._root = root
        self._dialect = dialect
        self._barrier = barrier
        self._lock = threading.Lock()  # guards the three below
        self._waiting: deque[_Ticket[object]] = deque()
        self._led = False
        self._closed = False
        self._writer: tuple[Connection, Writer] | None = None  # the leader's
        self.newest = 0  # the last row that this process knows to be committed

    def close(self) -> None:
        """Wait for the group being committed, then let go of the database."""
        with self._lock:
            closed, self._closed = self._closed, True
        if not closed:
            with suppress(Unavailable):
                self._group(_Ticket(_nothing), last=True)
            self._drop_writer()

    def add(self, record: Record, after: int | None = None) -> Added:
        """Commit a record; the instance that was there before is told and left as it is.

        `after` is what `newest` was when its file had its name; None for a file that is not new.
        """
        return self._group(_Ticket(partial(_add, record), record.stored.sop_instance_uid, after))

    def complete(self, record: Record) -> bool:
        """Commit what was not known of an object without a patient; False if it was."""
        return self._group(_Ticket(lambda writer: writer.complete(record)))

    def remove(self, sop_instance_uid: str) -> bool:
        """Delete an instance's row and what it leaves empty; False if there was none."""
        return self._group(_Ticket(lambda writer: writer.remove(sop_instance_uid)))

    def drop(self, held: Sequence[StoredInstance]) -> int:
        """Delete the rows that still are of these very files; how many there were."""
        return self._group(_Ticket(partial(_drop, held)))

    def note(self, found: Sequence[Examined]) -> int:
        """Write what examining instances has found; how many of them are still there."""
        # What is lost of it is found again: the instance then still waits to be examined.
        return self._group(_Ticket(lambda writer: writer.note(found), after=self.newest))

    def wait_again(self, most: int) -> int:
        """Have instances wait that could not be examined for a fault that may pass; how many."""
        return self._group(_Ticket(lambda writer: writer.wait_again(most), after=self.newest))

    def note_rules(self, rules: int) -> None:
        """Write that all that is checked has been judged by these rules."""
        self._group(_Ticket(lambda writer: writer.note_rules(rules), after=self.newest))

    def _group(self, ticket: _Ticket[T], *, last: bool = False) -> T:
        with self._lock:
            if self._closed and not last:
                raise Unavailable("the index is closed")
            self._waiting.append(ticket)  # type: ignore[arg-type]  # results are only passed on
            leading, self._led = not self._led, True
        if not leading:
            ticket.wake.acquire()
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
                for ticket in group[1:]:  # the first is who leads
                    ticket.wake.release()
                self._led = bool(self._waiting)
                if self._led:
                    self._waiting[0].wake.release()

    def _commit(self, group: list[_Ticket[object]]) -> None:
        try:
            self._transaction(group)
        except Exception as error:  # noqa: BLE001 - each ticket gets it
            if not self._of_row(error):
                self._refuse(group, error)
                return
            # One row is to blame, or what was remembered of others was stale: one by one.
            group = [ticket for ticket in group if self._alone(ticket)]
        self._pass(group)

    def _alone(self, ticket: _Ticket[object]) -> bool:
        try:
            self._transaction([ticket])
        except Exception as error:  # noqa: BLE001
            self._refuse([ticket], error)
            return False
        return True

    def _of_row(self, error: Exception) -> bool:
        return not isinstance(error, ArchiveError) and self._dialect.of_row(error)

    def _refuse(self, group: list[_Ticket[object]], error: Exception) -> None:
        for ticket in group:
            if isinstance(error, ArchiveError):
                ticket.error = error
            else:
                ticket.error = self._dialect.refusal(error)
                ticket.error.__cause__ = error
        if not self._of_row(error):
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
        except BaseException:
            self._roll_back(connection, writer)
            raise
        try:
            connection.execute("COMMIT")
        except Exception as error:
            self._roll_back(connection, writer)
            if self._dialect.leaves_open(error):
                raise Uncertain("the index failed while it committed") from error
            raise
        for ticket in group:
            if isinstance(ticket.result, Added):  # rows that are removed leave no number to others
                self.newest = max(self.newest, ticket.result.row)

    def _roll_back(self, connection: Connection, writer: Writer) -> None:
        writer.forget()
        if connection.in_transaction:  # SQLite itself ends one that the disk has failed
            connection.execute("ROLLBACK")

    def _pass(self, group: list[_Ticket[object]]) -> None:
        """Acknowledge what needs no barrier or is let through; take back what is not."""
        if all(ticket.work is _nothing for ticket in group):
            return
        try:
            if any(ticket.barred for ticket in group):
                self._barrier.pass_()
        except ArchiveError as error:
            gone = self._taken_back([ticket for ticket in group if ticket.added])
            for ticket in group:
                ticket.error = error if gone or not ticket.added else Uncertain(str(error))
        else:
            for ticket in group:
                ticket.error = None

    def _taken_back(self, tickets: list[_Ticket[object]]) -> bool:
        """Whether nothing is left of what may not be durable."""
        backwards: list[_Ticket[object]] = [
            _Ticket(lambda writer, uid=ticket.uid: writer.remove(uid))  # type: ignore[misc]
            for ticket in tickets
        ]
        try:
            self._transaction(backwards)
        except Exception:  # noqa: BLE001 - the disk has failed: that this does too is no surprise
            self._drop_writer()
            return False
        return True

    def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(Exception):
                writer[0].close()


def _nothing(_writer: Writer) -> None:
    """To wait for whoever commits."""


def _add(record: Record, writer: Writer) -> Added:
    return writer.add(record)


def _drop(held: Sequence[StoredInstance], writer: Writer) -> int:
    return sum(writer.remove(each.sop_instance_uid, each.path) for each in held)
