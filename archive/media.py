"""Media and folders, PS3.10: which files hold instances, and one of them into the archive.

Law: a DICOMDIR's references are believed only inside of its own folder; symbolic links in folders
are not followed; a file goes through the same reception as an object from the network, its data
set's bytes unchanged. The data set's own UIDs say what it is: file meta information is rewritten,
and in old files it is often wrong.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from pydicom.dataset import Dataset

from archive import filemeta
from archive.announced import SOP_CLASS, SOP_INSTANCE, uid_of
from archive.bounds import Bounds
from archive.errors import BadFile, BadObject, NotDicom, Unavailable
from archive.filemeta import FileMeta
from archive.heads import Head, reread, whole
from archive.inflating import scanner
from archive.reception import Receipt, Reception

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"

IDENTITY = frozenset((SOP_CLASS, SOP_INSTANCE))
CHUNK = 1 << 20

Receive = Callable[[FileMeta], Reception]


def files(path: Path, bounds: Bounds) -> Iterator[Path]:
    """The files to import for this path: itself, what its DICOMDIR references, or a folder's."""
    if path.is_dir():
        yield from _folder(path)
        return
    with _opened(path) as file:
        try:
            meta = filemeta.read(file)
        except BadObject:
            meta = None  # the import of the file itself says why it is refused
        if meta is None or meta.sop_class_uid != MEDIA_STORAGE_DIRECTORY:
            listed = [path]
        else:
            listed = _referenced(path.parent, whole(file, meta.transfer_syntax_uid, bounds))
    yield from listed


def take(path: Path, receive: Receive, bounds: Bounds) -> Receipt:
    """Receive the instance a file holds."""
    with _opened(path) as file:
        meta = filemeta.read(file)
        if meta.sop_class_uid == MEDIA_STORAGE_DIRECTORY:
            raise NotDicom("the file is a DICOMDIR, which holds no instance itself")
        head = _identity(file, meta, bounds)
        found = FileMeta(
            sop_class_uid=_needed(head, SOP_CLASS, "SOP Class UID"),
            sop_instance_uid=_needed(head, SOP_INSTANCE, "SOP Instance UID"),
            transfer_syntax_uid=meta.transfer_syntax_uid,
            source_ae=meta.source_ae,
            offset=meta.offset,
        )
        file.seek(meta.offset)
        with receive(found) as reception:
            while chunk := file.read(CHUNK):
                reception.write((chunk,))
            return reception.commit()


def _needed(head: Head, tag: int, name: str) -> str:
    uid = uid_of(head, tag, name)
    if not uid:
        raise BadObject(f"the data set has no {name}")
    return uid


def _opened(path: Path) -> BinaryIO:
    """A regular file, or a clear refusal; never waits on a pipe or a device."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise BadFile("the file does not exist") from error
    except OSError as error:
        raise Unavailable(f"the file cannot be opened: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotDicom("not a regular file")
    return os.fdopen(fd, "rb")


def _identity(file: BinaryIO, meta: FileMeta, bounds: Bounds) -> Head:
    """The UIDs of the data set, read no further than needed."""
    scan = scanner(meta.transfer_syntax_uid, IDENTITY, bounds)
    while not scan.odd and (chunk := file.read(64 << 10)):
        scan.feed(chunk)
        if scan.has(*IDENTITY):
            return scan.so_far()
    if not scan.odd:
        return scan.finish()
    if scan.deflated:
        raise BadObject(f"the deflated data set is malformed: {scan.odd}")
    file.seek(meta.offset)
    return reread(file, meta.transfer_syntax_uid, IDENTITY, bounds)


def _folder(top: Path) -> Iterator[Path]:
    """Every regular file beneath, sorted, but for DICOMDIRs."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise Unavailable(f"{folder} cannot be read: {error.strerror}") from error
        for entry in entries:
            if entry.is_file(follow_symlinks=False) and entry.name.upper() != "DICOMDIR":
                yield Path(entry.path)
        folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        waiting.extend(Path(entry.path) for entry in reversed(folders))


def _referenced(base: Path, directory: Dataset) -> list[Path]:
    """The files of a DICOMDIR's records, PS3.3 F.3.2.2; all of them safe, or none."""
    found: dict[Path, None] = {}
    for record in directory.get("DirectoryRecordSequence") or ():
        value = record.get("ReferencedFileID")
        if not value:
            continue
        components = [value] if isinstance(value, str) else [str(part) for part in value]
        found[_located(base, components)] = None
    return list(found)


def _located(base: Path, components: list[str]) -> Path:
    """A File ID's path, PS3.10 8.2; media mounts may show its names in lower case."""
    path = base
    for name in components:
        if name in ("", ".", "..") or "/" in name or "\0" in name or len(name) > 255:
            raise BadFile("the DICOMDIR references a file outside of its own folder")
        path /= (
            name if (path / name).exists() or not (path / name.lower()).exists() else name.lower()
        )
    if not path.resolve().is_relative_to(base.resolve()):
        raise BadFile("the DICOMDIR references a file outside of its own folder")
    return path
