"""What is found of stored objects: as the archive keeps it, or checked now where it does not.

Law: a node checks what it has stored and keeps the findings; references are not among those, since
they change with what else is held, so objects that have some to be looked for are read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archive import Archive, ArchiveError, StoredInstance
from archive.judgements import Judgement
from cli import exporting, questions, show
from cli.store import opened
from config.settings import Settings
from iod import checks
from iod.checks import Finding, Known
from iod.checks.findings import Severity

PAGE = 500


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
