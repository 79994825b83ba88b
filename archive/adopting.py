"""One of our own object files read back: the same rows that its reception made.

Law: the file is not believed. Its header must be one that we write, its data set whole and the one
that the header names, both as the file's name sealed them; then the record is that of its
reception. Files older than seals are believed when all else is right; they were received when
last written.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

from archive import filemeta
from archive.announced import Announced, check_identity
from archive.bounds import Bounds
from archive.errors import BadFile, BadObject
from archive.failures import storage
from archive.filemeta import FileMeta
from archive.heads import Head, reread
from archive.inflating import scanner
from archive.nonpatient import WANTED
from archive.record import Record, StoredInstance, record
from archive.seals import Seal, seal, stamp

CHUNK = 1 << 20

Kind = Callable[[str], bool]
"""Whether objects of a SOP Class UID belong to a patient, and so need a study and a series."""


def of_patient(_sop_class_uid: str) -> bool:
    """The kind of nearly all."""
    return True


class Shelf(Protocol):
    """Where object files lie."""

    def open(self, key: str) -> BinaryIO: ...
    def path(self, key: str) -> Path: ...


@dataclass(frozen=True, slots=True)
class Files:
    """Those of a data folder, for who reads nothing else."""

    root: Path

    def open(self, key: str) -> BinaryIO:
        """Read an object."""
        with storage():
            return self.path(key).open("rb")

    def path(self, key: str) -> Path:
        """Where the object lies."""
        return self.root / "objects" / key


def adopt(objects: Shelf, key: str, bounds: Bounds, kind: Kind = of_patient) -> Record:
    """The record of an object file.

    Raises BadObject when it is torn, truncated or none of ours, TooLarge for what `bounds` forbid
    by now (but for the object's bytes: it is here), Unavailable when it cannot be read.
    """
    with objects.open(key) as file, storage():
        sealed = seal(objects.path(key))
        meta = _header(file, sealed)
        head, digest, size = _data_set(file, meta, bounds)
        if sealed and digest != sealed.sha256:
            raise BadObject("the data set is not the one that was stored: its SHA-256 differs")
        told = Announced(
            sop_class_uid=meta.sop_class_uid,
            sop_instance_uid=meta.sop_instance_uid,
            transfer_syntax_uid=meta.transfer_syntax_uid,
            source_ae=meta.source_ae,
            patient_related=kind(meta.sop_class_uid),
        )
        check_identity(head, told)
        modified = os.fstat(file.fileno()).st_mtime
    stored = StoredInstance(
        sop_class_uid=meta.sop_class_uid,
        sop_instance_uid=meta.sop_instance_uid,
        transfer_syntax_uid=meta.transfer_syntax_uid,
        path=objects.path(key),
        offset=meta.offset,
        size=size,
        sha256=digest,
    )
    row = record(head, stored, meta.source_ae, patient_related=told.patient_related)
    return row if sealed else replace(row, received=stamp(modified))


def _header(file: BinaryIO, sealed: Seal | None) -> FileMeta:
    """The meta information, which must be to the byte what we write."""
    meta = filemeta.read(file)
    file.seek(0)
    start = file.read(meta.offset)
    if sealed and zlib.crc32(start) != sealed.header:
        raise BadFile("the file meta information is not the one that was stored: its CRC differs")
    if not filemeta.is_ours(start, meta):
        raise BadFile("the file meta information is not as this application writes it")
    return meta


def _data_set(file: BinaryIO, meta: FileMeta, bounds: Bounds) -> tuple[Head, str, int]:
    """Head, SHA-256 and size of the data set that begins where the file stands."""
    scan = scanner(meta.transfer_syntax_uid, WANTED, bounds)
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        scan.feed(chunk)
    if not size:
        raise BadObject("the data set is empty")
    if not scan.odd:
        return scan.finish(), digest.hexdigest(), size
    if scan.deflated:
        raise BadObject(f"the deflated data set is malformed: {scan.odd}")
    file.seek(meta.offset)
    head = reread(file, meta.transfer_syntax_uid, WANTED, bounds)
    return head, digest.hexdigest(), size
