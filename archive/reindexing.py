"""The index made anew, from the object files alone. Durability P7.

Law: the old index serves until the new one is complete, and then the new one takes its place in one
step. What is committed of the new one is never done again: killed at any moment, the next run goes
on. Files are taken in the order they were received, so rows above the instances are filled as they
were; of two files of one instance the first stays. What was deleted does not come back.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from archive import adopters, dialect, tombstones
from archive.adopters import Answer, Reading
from archive.attributes import LEVELS
from archive.dialect import Connection, Dialect
from archive.errors import ArchiveError
from archive.findings import Finding
from archive.migrations import migrate
from archive.models import columns
from archive.objects import Folder
from archive.record import Record
from archive.writer import Writer

AT_ONCE = 500  # rows in one commit

Note = Callable[[int, int], None]
"""Told how many of how many files are done."""


@dataclass(slots=True)
class Rebuilt:
    """What came of it."""

    objects: int = 0  # rows of the new index
    resumed: int = 0  # of them those an earlier run had made
    deleted: int = 0  # files that are on tombstones
    findings: dict[str, Finding] = field(default_factory=dict)  # by key


def reindex(reading: Reading, note: Note, *, index: str = "sqlite") -> Rebuilt:
    """Only for who has claimed the data folder. Raises ArchiveError."""
    root = reading.root
    objects, made = Folder(root, sync=False), Rebuilt()
    older = dialect.of(root, index, "never")
    try:
        newer = _begun(older, made)
        work = _Work(newer, objects, reading, made, note)
        work.fill()
        with objects.undisturbed():
            work.fill()  # with what others have stored meanwhile
            newer.supersede(older)
            for left in root.glob("reindex-*"):  # what other versions began
                left.unlink(missing_ok=True)
    except ArchiveError:
        raise
    except Exception as error:
        raise older.refusal(error) from error
    finally:
        objects.close()
    return made


def _begun(older: Dialect, made: Rebuilt) -> Dialect:
    """The new index, as far as an earlier run of this version came."""
    # Rows of other columns are no beginning of ours.
    mark = zlib.crc32(repr([columns(level) for level in LEVELS]).encode())
    newer = older.beside(f"reindex-{mark:08x}")
    try:
        made.resumed = _count(newer)
    except Exception as error:
        if newer.of_row(error):
            raise
        newer.discard()  # a crash has left no database
        made.resumed = _count(newer)
    return newer


def _count(newer: Dialect) -> int:
    with newer.preparing():
        migrate(newer.database)
    with closing(newer.connect(readonly=True)) as db:
        return int(db.execute("SELECT count(*) FROM instance").fetchone()[0])


@dataclass(slots=True)
class _Work:
    newer: Dialect
    objects: Folder
    reading: Reading
    made: Rebuilt
    note: Note

    def fill(self) -> None:
        """Add a row for every file that has none yet and was not judged yet."""
        with closing(self.newer.connect(readonly=False)) as db:
            keys = self._missing(db)
            writer = Writer(db, self.reading.root)
            answers = adopters.read(self.reading, keys)
            before, end = self.made.objects, self.made.objects + len(keys)
            for number in _committed(db, self._rows(writer, answers)):
                self.note(before + number, end)
            (count,) = db.execute("SELECT count(*) FROM instance").fetchone()
            self.made.objects = int(count)

    def _missing(self, db: Connection) -> list[str]:
        dead = tombstones.buried(self.reading.root)
        top = Path("objects")
        rows = db.execute("SELECT path FROM instance")
        done = {Path(path).relative_to(top).as_posix() for (path,) in rows}
        self.made.objects = len(done)
        files = list(self.objects.list())
        self.made.deleted = sum(key in dead for key in files)
        known = done | dead | self.made.findings.keys()
        return [key for key in files if key not in known]

    def _rows(self, writer: Writer, answers: Iterator[tuple[str, Answer]]) -> Iterator[None]:
        for key, answer in answers:
            if isinstance(answer, Record):
                self._add(writer, key, answer)
            elif answer is not None:
                self.made.findings[key] = answer
            yield

    def _add(self, writer: Writer, key: str, row: Record) -> None:
        if not writer.add(row).new:
            uid = row.stored.sop_instance_uid
            why = "an earlier file of this instance is indexed"
            self.made.findings[key] = Finding("duplicate", key, uid, why)


def _committed(db: Connection, steps: Iterator[None]) -> Iterator[int]:
    """Take these steps in transactions of some; their numbers."""
    db.execute("BEGIN IMMEDIATE")
    for number, _ in enumerate(steps, 1):
        if number % AT_ONCE == 0:
            db.execute("COMMIT")
            db.execute("BEGIN IMMEDIATE")
        yield number
    db.execute("COMMIT")
