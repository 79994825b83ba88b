"""The index against the object files, both ways. Looks only; `repair` does.

Law: safe beside nodes and imports at work. Files are listed before rows are read, and what looks
wrong is looked at again, so that what comes or goes meanwhile is no finding; a file without a row
may still be on its way into the index while others have the folder open and it is young.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from archive import fixity, tombstones
from archive.adopting import Kind, adopt, of_patient
from archive.archive import Archive
from archive.bounds import HELD
from archive.errors import BadObject, Mismatch, TooLarge, Unavailable
from archive.failures import storage
from archive.findings import Finding
from archive.record import StoredInstance

READERS = min(4, os.cpu_count() or 1)
PAGE = 500  # rows read at a time: no long look at the index hinders those who write
YOUNG_SECONDS = 120.0  # longer than a row may wait for the index

Note = Callable[[StoredInstance], None]


def _unnoted(_stored: StoredInstance) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to check: every byte or sizes only, how many files at a time, who is told of each."""

    hashed: bool = False
    readers: int = 1
    note: Note = _unnoted
    kind: Kind = of_patient


@dataclass(slots=True)
class Checked:
    """What was looked at, and what is wrong."""

    objects: int = 0
    bytes: int = 0
    young: int = 0  # files without a row that may be on their way into the index
    findings: list[Finding] = field(default_factory=list)


def check(archive: Archive, manner: Manner) -> Checked:
    """Look at every row and every file. Raises Unavailable when index or folder cannot be read."""
    objects, made = archive.objects, Checked()
    with storage():
        files = set(objects.list())
    # Asked after the files were listed: whoever linked one of them has ended, or has it open.
    alone = objects.alone()
    unfinished = tombstones.keys(tombstones.unfinished(objects.root))
    for stored, judged in _rows(archive, manner):
        made.objects += 1
        made.bytes += stored.size
        key = fixity.key_of(stored, objects.root)
        files.discard(key)
        dying = Finding("deleted", key, stored.sop_instance_uid, _UNFINISHED)
        found = dying if key in unfinished else judged
        if found is not None and _still_held(archive, stored):
            made.findings.append(found)
        manner.note(stored)
    dead = tombstones.buried(objects.root)
    for key in sorted(files):
        if key in dead:
            made.findings += _dead(archive, key, unfinished)
        else:
            made.findings += _without_row(archive, key, manner.kind, made, alone=alone)
    return made


_UNFINISHED = "its deletion was not finished"


def _rows(archive: Archive, manner: Manner) -> Iterator[tuple[StoredInstance, Finding | None]]:
    look = fixity.examined if manner.hashed else fixity.measured
    judged = partial(look, root=archive.objects.root)
    readers, after = ThreadPoolExecutor(manner.readers, "check"), 0
    try:
        while page := archive.index.held(after, PAGE):
            after = page[-1][0]
            held = [stored for _, stored in page]
            yield from zip(held, readers.map(judged, held), strict=True)
    finally:
        readers.shutdown(cancel_futures=True)  # Ctrl-C does not wait for the page


def _still_held(archive: Archive, stored: StoredInstance) -> bool:
    """Deletion removes the row before the file: what is wrong and has no row is only gone."""
    row = archive.index.lookup(stored.sop_instance_uid)
    return row is not None and row.path == stored.path


def _dead(archive: Archive, key: str, unfinished: frozenset[str]) -> Iterator[Finding]:
    """A file on a tombstone: left by a crash, come back by a copy, or being deleted just now."""
    if archive.objects.path(key).exists():
        if key in unfinished:
            yield Finding("deleted", key, "", _UNFINISHED)
        elif key not in tombstones.keys(tombstones.pending(archive.objects.root)):
            yield Finding("deleted", key, "", "it was deleted, and is here again")


def _without_row(
    archive: Archive, key: str, kind: Kind, made: Checked, *, alone: bool
) -> Iterator[Finding]:
    try:
        age = time.time() - archive.objects.path(key).stat().st_ctime
    except FileNotFoundError:
        return
    except OSError as error:
        yield Finding("unreadable", key, "", f"the file cannot be read: {error.strerror}")
        return
    if not alone and age < YOUNG_SECONDS:
        made.young += 1
        return
    try:
        uid = adopt(archive.objects, key, HELD, kind).stored.sop_instance_uid
    except (BadObject, Mismatch, TooLarge) as error:
        yield Finding("damaged", key, "", str(error))
        return
    except Unavailable as error:
        if archive.objects.path(key).exists():
            yield Finding("unreadable", key, "", str(error))
        return
    held = archive.index.lookup(uid)
    if held is None:
        yield Finding("orphan", key, uid, "the index does not have it")
    elif held.path != archive.objects.path(key):
        yield Finding("duplicate", key, uid, "the index has this instance in another file")
