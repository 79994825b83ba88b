"""What is found of objects in files, and of stored ones: as the archive keeps it, or checked now.

Law: a node checks what it has stored and keeps the findings; references are not among those, since
they change with what else is held, so objects that have some to be looked for are read again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive import Archive, ArchiveError, StoredInstance, filemeta
from archive.filemeta import FileMeta
from archive.judgements import Judgement
from cli import exporting, questions, show
from cli.sources import Source
from cli.store import opened
from config.settings import Settings
from iod import checks
from iod.checks import Finding, Known, Slice
from iod.checks.findings import Severity

PAGE = 500
FILE_META = "file.meta"


@dataclass(frozen=True, slots=True)
class Judged:
    """An object and what was found of it."""

    name: str  # its file, or its UID
    sop_class_uid: str
    sop_instance_uid: str
    findings: tuple[Finding, ...]

    def number(self, severity: str) -> int:
        """How many findings are that severe."""
        return sum(each.severity == severity for each in self.findings)


def unreadable(name: str, why: str, of: tuple[str, str] = ("", "")) -> Judged:
    """An object whose file cannot be read."""
    return Judged(name, *of, (Finding("error", "", "file.unreadable", why, "PS3.10 7"),))


def in_file(source: Source, known: Known, first: Source) -> Judged:
    """The object in a file, and what the file says of it before its data set.

    `first` is the first of the files of this instance, which may be itself.
    """
    told = source.sop_class_uid, source.sop_instance_uid
    try:
        with source.path.open("rb") as file:
            meta = filemeta.read(file)
        found = (*_meta(meta, source), *_twice(source, first), *checks.check(source, known))
    except (ArchiveError, OSError) as error:
        return unreadable(str(source.path), getattr(error, "strerror", None) or str(error), told)
    return Judged(str(source.path), *told, found)


def _meta(meta: FileMeta, source: Source) -> Iterator[Finding]:
    """PS3.10 7.1: the meta information is there, and says what the data set says."""
    if not meta.offset:
        message = "has neither DICM nor File Meta Information; its encoding was guessed"
        yield Finding("warning", "", FILE_META, message, "PS3.10 7.1")
        return
    for keyword, said, holds in (
        ("MediaStorageSOPClassUID", meta.sop_class_uid, source.sop_class_uid),
        ("MediaStorageSOPInstanceUID", meta.sop_instance_uid, source.sop_instance_uid),
    ):
        if said != holds:
            message = "is not what the data set says" if said else "is missing"
            yield Finding("error", keyword, FILE_META, message, "PS3.10 7.1")


def _twice(source: Source, first: Source) -> Iterator[Finding]:
    """PS3.5 9: a UID is that of one instance. Whoever has the first will not take the second."""
    if source is first:
        return
    if source.transfer_syntax_uid != first.transfer_syntax_uid:
        message = f"is that of {first.path} too, which has another transfer syntax"
        yield Finding("warning", "SOPInstanceUID", "file.twice", message, "PS3.5 9")
    elif _data_set(source) != _data_set(first):
        message = f"is that of {first.path} too, which is another object"
        yield Finding("error", "SOPInstanceUID", "file.twice", message, "PS3.5 9")


def _data_set(source: Source) -> tuple[int, str]:
    with source.path.open("rb") as file:
        file.seek(source.offset)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return source.size, digest


def damaged(path: Path, why: str) -> Judged:
    """A file whose object lacks what names it, or that cannot be read; as far as it can be."""
    try:
        with path.open("rb") as file:
            meta = filemeta.read(file)
            size = max(0, os.fstat(file.fileno()).st_size - meta.offset)
            said = Slice(meta.sop_class_uid, meta.transfer_syntax_uid, meta.offset, size)
            found = checks.check_in(file, said)
    except (ArchiveError, OSError):
        return unreadable(str(path), why)
    if not checks.errors(found):
        return unreadable(str(path), why)
    return Judged(str(path), meta.sop_class_uid, meta.sop_instance_uid, tuple(found))


def stored(settings: Settings, keys: list[str]) -> Iterator[Judged]:
    """Every stored object that the keys name, with its findings. Raises Failure, ArchiveError."""
    with opened(settings) as archive, show.bar() as progress:
        task = progress.add_task("Validating", total=None if keys else archive.counts().instances)
        known = Known(lambda uid: _class_of(archive, uid), complete=True)
        for each in _chosen(archive, keys):
            progress.advance(task)
            yield _judged(archive, each, known)


def _class_of(archive: Archive, uid: str) -> str | None:
    held = archive.lookup(uid)
    return held.sop_class_uid if held else None


def _chosen(archive: Archive, keys: list[str]) -> Iterator[StoredInstance]:
    if keys:
        wanted = exporting.by_level(questions.question(keys).identifier)
        yield from (each for _, each in exporting.selected(archive, wanted))
        return
    after = 0
    while page := archive.index.held(after, PAGE):
        yield from (each for _, each in page)
        after = page[-1][0]


def _judged(archive: Archive, stored: StoredInstance, known: Known) -> Judged:
    uid, told = stored.sop_instance_uid, (stored.sop_class_uid, stored.sop_instance_uid)
    kept = archive.index.judgements.of(uid, checks.rules())
    if kept is not None and not checks.refers(stored.sop_class_uid):
        return Judged(uid, *told, tuple(map(_finding, kept)))
    try:
        return Judged(uid, *told, tuple(checks.check(stored, known)))
    except (ArchiveError, OSError) as error:
        return unreadable(uid, getattr(error, "strerror", None) or str(error), told)


def _finding(kept: Judgement) -> Finding:
    severity: Severity = "error" if kept.severity == "error" else "warning"
    return Finding(severity, kept.path, kept.rule, kept.message, kept.clause)
