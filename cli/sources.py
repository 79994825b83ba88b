"""The objects in files and folders, as they are to be sent, PS3.10.

Law: the data set's own UIDs say what it is, as in `archive.media`: in files that went through
other software the meta information's are often stale.  What is no DICOM is counted, what is
damaged is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from archive import filemeta, media
from archive.announced import SERIES, SOP_CLASS, SOP_INSTANCE, STUDY, uid_of
from archive.bounds import Bounds
from archive.errors import ArchiveError, BadFile, BadObject, NotDicom
from archive.heads import Head, reread
from archive.inflating import scanner

BOUNDS = Bounds()
_FIRST = frozenset({SOP_CLASS, SOP_INSTANCE})
_ALL = frozenset({*_FIRST, STUDY, SERIES})
_CHUNK = 64 << 10


@dataclass(frozen=True, slots=True)
class Source:
    """An object in a file (a `scu.instances.Instance`); study and series as far as asked for."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    path: Path
    offset: int
    size: int
    study: str = ""
    series: str = ""


@dataclass(slots=True)
class Collected:
    """What was found at the paths given."""

    sources: list[Source] = field(default_factory=list)
    damaged: list[tuple[Path, str]] = field(default_factory=list)
    not_dicom: int = 0


def collect(
    paths: Iterable[Path], note: Callable[[], None] = lambda: None, *, hierarchy: bool = False
) -> Collected:
    """Everything that can be sent; `note` is called for each file looked at.

    `hierarchy` also reads which study and series an object belongs to.
    """
    found = Collected()
    wanted = _ALL if hierarchy else _FIRST
    for top in paths:
        for path in _files(top, found):
            note()
            try:
                found.sources.append(read(path, wanted))
            except NotDicom as error:
                if path == top:
                    found.damaged.append((path, str(error)))
                else:
                    found.not_dicom += 1
            except (ArchiveError, OSError) as error:
                found.damaged.append((path, _words(error)))
    return found


def _files(top: Path, found: Collected) -> Iterator[Path]:
    try:
        yield from media.files(top, BOUNDS)
    except ArchiveError as error:
        found.damaged.append((top, str(error)))


def read(path: Path, wanted: frozenset[int] = _FIRST) -> Source:
    """The object in a file; raises ArchiveError, OSError."""
    if not path.is_file():
        raise BadFile("the file does not exist")
    with path.open("rb") as file:
        meta = filemeta.read(file)
        if meta.sop_class_uid == media.MEDIA_STORAGE_DIRECTORY:
            raise NotDicom("the file is a DICOMDIR")
        scan = scanner(meta.transfer_syntax_uid, wanted, BOUNDS)
        while not scan.odd and not scan.has(*wanted) and (chunk := file.read(_CHUNK)):
            scan.feed(chunk)
        if scan.odd and not scan.deflated:
            file.seek(meta.offset)
            head = reread(file, meta.transfer_syntax_uid, wanted, BOUNDS)
        else:
            head = scan.so_far()
        size = path.stat().st_size - meta.offset
    return Source(
        sop_class_uid=_needed(head, SOP_CLASS, "SOP Class UID"),
        sop_instance_uid=_needed(head, SOP_INSTANCE, "SOP Instance UID"),
        transfer_syntax_uid=meta.transfer_syntax_uid,
        path=path,
        offset=meta.offset,
        size=size,
        study=uid_of(head, STUDY, "Study Instance UID"),
        series=uid_of(head, SERIES, "Series Instance UID"),
    )


def _needed(head: Head, tag: int, name: str) -> str:
    uid = uid_of(head, tag, name)
    if not uid:
        raise BadObject(f"the data set has no {name}")
    return uid


def _words(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
