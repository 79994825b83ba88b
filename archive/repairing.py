"""What is done about a finding of `check`.

Law: no byte is deleted but those of what a person has deleted. Files that are no good go into
quarantine before their rows go, so that no crash makes them sound; a row whose file is gone leaves
a report. What cannot be done for now leaves everything as it is, and the finding comes again.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict

from archive import filemeta, quarantine, tombstones
from archive.adopting import Kind as Related
from archive.adopting import adopt
from archive.archive import Archive
from archive.bounds import HELD
from archive.failures import storage
from archive.findings import Finding, Kind
from archive.record import StoredInstance
from archive.seals import seal, stamp


def repair(archive: Archive, finding: Finding, related: Related) -> str:
    """Do what can be done, and say what that was; empty for nothing. Raises ArchiveError."""
    return _REPAIRS[finding.kind](archive, finding, related)


def _leave(_archive: Archive, _finding: Finding, _related: Related) -> str:
    return ""


def _report(archive: Archive, finding: Finding, _related: Related) -> str:
    stored = _row(archive, finding)
    if stored is None or stored.path.exists():
        return "it is all right by now"
    path = quarantine.report(archive.objects.root, stored.path.stem, _reason(finding, stored))
    archive.index.drop([stored])
    return f"taken out of the index; reported in {quarantine.FOLDER}/{path.name}"


def _set_aside(archive: Archive, finding: Finding, _related: Related) -> str:
    stored = _row(archive, finding)
    path = archive.objects.path(finding.key)
    moved = quarantine.set_aside(archive.objects.root, path, _reason(finding, stored))
    if moved is None:
        return "it is gone by now"
    if stored is not None:
        archive.index.drop([stored])
    return f"moved to {quarantine.FOLDER}/{moved.name}"


def _write_header(archive: Archive, finding: Finding, related: Related) -> str:
    stored = _row(archive, finding)
    if stored is None:
        return "it is gone by now"
    header = _header(archive, stored)
    if header is None:
        return _set_aside(archive, finding, related)
    with storage():
        fd = os.open(stored.path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.pwrite(fd, header, 0)
            os.fsync(fd)
        finally:
            os.close(fd)
    return "its meta information was written anew"


def _header(archive: Archive, stored: StoredInstance) -> bytes | None:
    """The header that this file began with; None if it cannot be told."""
    said = stored.sop_class_uid, stored.sop_instance_uid, stored.transfer_syntax_uid
    source, sealed = archive.index.source_of(stored.sop_instance_uid), seal(stored.path)
    for version in filemeta.VERSION_NAMES:
        header = filemeta.header(*said, source, version=version)
        fits = len(header) == stored.offset
        if fits and (sealed is None or zlib.crc32(header) == sealed.header):
            return header
    return None


def _index(archive: Archive, finding: Finding, related: Related) -> str:
    added = archive.index.add(adopt(archive.objects, finding.key, HELD, related))
    return "added to the index" if added.new else "another file has come into the index meanwhile"


def _complete(archive: Archive, finding: Finding, _related: Related) -> str:
    tombstones.complete(archive.objects, archive.index)
    archive.objects.delete(finding.key)
    return "the deletion was completed"


_REPAIRS: Mapping[Kind, Callable[[Archive, Finding, Related], str]] = {
    "missing": _report,
    "size": _set_aside,
    "altered": _set_aside,
    "header": _write_header,
    "unreadable": _leave,
    "orphan": _index,
    "duplicate": _set_aside,
    "damaged": _set_aside,
    "deleted": _complete,
}


def _row(archive: Archive, finding: Finding) -> StoredInstance | None:
    """The row of the very file that was found."""
    held = archive.index.lookup(finding.sop_instance_uid) if finding.sop_instance_uid else None
    return held if held and held.path == archive.objects.path(finding.key) else None


def _reason(finding: Finding, stored: StoredInstance | None) -> dict[str, object]:
    made: dict[str, object] = {**asdict(finding), "found": stamp(time.time())}
    if stored is not None:
        made |= {
            "sop_class_uid": stored.sop_class_uid,
            "transfer_syntax_uid": stored.transfer_syntax_uid,
            "sha256": stored.sha256,
            "size": stored.size,
        }
    return made
