"""One object on its way in: fragments -> temporary file -> checks -> object file -> index row.

Law: the data set's bytes are stored as they came; success is told only when file and row are
durable (durability P1); whatever goes wrong leaves nothing behind. The first object of a SOP
Instance UID stays: the same bytes again change nothing, other bytes are refused (P2).
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from archive import filemeta
from archive.announced import Announced, check_identity
from archive.bounds import Bounds
from archive.digests import Digest
from archive.errors import (
    ArchiveError,
    BadObject,
    Duplicate,
    Invalid,
    TooLarge,
    Unavailable,
    Uncertain,
)
from archive.failures import storage
from archive.heads import Head, reread
from archive.inflating import scanner
from archive.objects import Draft, Objects
from archive.record import NOBODY, Record, StoredInstance, Subject, record

GATHERED = min(1024, os.sysconf("SC_IOV_MAX"))  # buffers that one writev takes

Fragment = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the object; `new` is False when the archive held it already."""

    sop_instance_uid: str
    path: Path
    size: int
    sha256: str
    new: bool
    sop_class_uid: str = ""
    subject: Subject = field(default=NOBODY, repr=False)


class Added(Protocol):
    """The index's answer: a row of ours, or the one it had."""

    @property
    def new(self) -> bool: ...
    @property
    def existing(self) -> StoredInstance | None: ...


class Rows(Protocol):
    """What a reception needs of the index; `add` returns when the row is safe."""

    @property
    def newest_row(self) -> int: ...
    def add(self, record: Record, after: int | None) -> Added: ...
    def lookup(self, sop_instance_uid: str) -> StoredInstance | None: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where receptions put things, and within which bounds."""

    objects: Objects
    rows: Rows
    wanted: frozenset[int]
    bounds: Bounds


class Reception:
    """A context manager; leaving it without `commit` forgets the object."""

    __slots__ = (
        "_announced",
        "_digest",
        "_draft",
        "_header",
        "_offset",
        "_place",
        "_scan",
        "_seal",
        "_size",
    )

    def __init__(self, place: Place, announced: Announced) -> None:
        for uid in (
            announced.sop_class_uid,
            announced.sop_instance_uid,
            announced.transfer_syntax_uid,
        ):
            if not filemeta.is_uid(uid):
                raise BadObject(f"no UID in the command: {uid[:80]!a}")
        self._place = place
        self._announced = announced
        self._header = filemeta.header(
            announced.sop_class_uid,
            announced.sop_instance_uid,
            announced.transfer_syntax_uid,
            announced.source_ae,
        )
        self._offset, self._seal = len(self._header), zlib.crc32(self._header)
        self._size = 0
        self._scan = scanner(announced.transfer_syntax_uid, place.wanted, place.bounds)
        self._draft: Draft | None = place.objects.begin()
        self._digest = Digest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._forget()

    def write(self, fragments: Sequence[Fragment]) -> None:
        """Take the next bytes of the data set. An error here is final: drain what still comes."""
        try:
            self._take(fragments)
        except BaseException:
            self._forget()
            raise

    def _forget(self) -> None:
        if self._draft is not None:
            self._digest.drop()
            self._draft.drop()
            self._draft = None

    def _take(self, fragments: Sequence[Fragment]) -> None:
        draft = self._open_draft()
        at, size = self._offset + self._size, sum(map(len, fragments))
        self._size += size
        if self._size > self._place.bounds.object_bytes:
            raise TooLarge(f"the object is over {self._place.bounds.object_bytes} bytes")
        for start in range(0, len(fragments), GATHERED - 1):
            some = fragments[start : start + GATHERED - 1]
            _store(draft.fd, [self._header, *some] if self._header else some)
            self._header = b""
        draft.written(at, size)
        self._digest.update(fragments, size)
        for fragment in fragments:
            self._scan.feed(fragment)

    def commit(self) -> Receipt:
        """Check the data set, make it durable, index it. Blocks until all of that is done."""
        draft = self._open_draft()
        if self._header:
            raise BadObject("the data set is empty")
        told, objects = self._announced, self._place.objects
        head = self._head(draft)
        check_identity(head, told)
        self._judge(draft)
        sha256 = self._digest.hexdigest()
        key = objects.new_key(self._seal, sha256)
        stored = StoredInstance(
            sop_class_uid=told.sop_class_uid,
            sop_instance_uid=told.sop_instance_uid,
            transfer_syntax_uid=told.transfer_syntax_uid,
            path=objects.path(key),
            offset=self._offset,
            size=self._size,
            sha256=sha256,
        )
        row = record(head, stored, told.source_ae, patient_related=told.patient_related)
        newest = self._place.rows.newest_row
        timely = objects.put(draft, key)
        self._draft = None
        existing = self._index(key, row, newest if timely else None)
        held = existing or stored
        return Receipt(
            sop_instance_uid=held.sop_instance_uid,
            path=held.path,
            size=held.size,
            sha256=held.sha256,
            new=existing is None,
            sop_class_uid=told.sop_class_uid,
            subject=row.subject,
        )

    def _open_draft(self) -> Draft:
        if self._draft is None:
            raise Unavailable("the reception is over")
        return self._draft

    def _head(self, draft: Draft) -> Head:
        told = self._announced
        if not self._scan.odd:
            return self._scan.finish()
        if self._scan.deflated:
            raise BadObject(f"the deflated data set is malformed: {self._scan.odd}")
        with storage(), draft.reader() as file:
            file.seek(self._offset)
            return reread(file, told.transfer_syntax_uid, self._place.wanted, self._place.bounds)

    def _judge(self, draft: Draft) -> None:
        if self._announced.judge is None:
            return
        with storage(), draft.reader() as file:
            why = self._announced.judge(file, self._offset, self._size)
        if why:
            raise Invalid(why)

    def _index(self, key: str, row: Record, after: int | None) -> StoredInstance | None:
        """Add the row; or find the instance held already, when it has these very bytes."""
        objects = self._place.objects
        try:
            added = self._place.rows.add(row, after)
        except Uncertain:
            self._look_again(key, row.stored)
            raise
        except ArchiveError:
            objects.delete(key)
            raise
        existing, stored = added.existing, row.stored
        # A node that started meanwhile may have found the file and added the row itself.
        if added.new or (existing is not None and existing.path == stored.path):
            return None
        objects.delete(key)
        if existing is None or not _same(existing, stored):
            raise Duplicate(f"held already, with other bytes: {stored.sop_instance_uid}")
        if not _is_there(existing):
            raise Unavailable(f"the file of instance {stored.sop_instance_uid} is missing or torn")
        return existing

    def _look_again(self, key: str, stored: StoredInstance) -> None:
        """P5, after a commit that may have been one. While nobody can tell, the file stays."""
        try:
            held = self._place.rows.lookup(stored.sop_instance_uid)
        except ArchiveError:
            self._place.objects.doubt(key)
            return
        if held is None or held.path != stored.path:
            self._place.objects.delete(key)


def _store(fd: int, buffers: Sequence[Fragment]) -> None:
    with storage():
        written = os.writev(fd, buffers)
        missing = sum(map(len, buffers)) - written
        if missing:  # a signal, or a disk that fills up: rare, so copying is no matter
            rest = memoryview(b"".join(buffers))[written:]
            while rest:
                rest = rest[os.write(fd, rest) :]


def _same(held: StoredInstance, new: StoredInstance) -> bool:
    return (held.sha256, held.size, held.transfer_syntax_uid) == (
        new.sha256,
        new.size,
        new.transfer_syntax_uid,
    )


def _is_there(held: StoredInstance) -> bool:
    """Success for a repeated object promises the bytes, not just the row."""
    try:
        return held.path.stat().st_size == held.offset + held.size
    except OSError:
        return False
