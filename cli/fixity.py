"""The fixity scan as `anode status` shows it: where it is, what it found, what repair set aside."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from archive import Archive, quarantine
from archive.findings import Finding
from archive.rounds import Round, latest, open_findings
from archive.seals import stamp
from cli import show

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to show."""

    round: Round
    findings: tuple[Finding, ...]
    quarantined: int


def seen(data: Path, archive: Archive) -> Seen:
    """What the data folder tells. Raises ArchiveError."""
    findings = tuple(open_findings(data, archive.index))
    return Seen(latest(data), findings, quarantine.count(data))


def rows(told: Seen) -> list[tuple[str, str]]:
    """Lines for people; those of findings only where there are some."""
    found = f"; {show.count(len(told.findings), 'finding')}" if told.findings else ""
    made = [("Fixity", _round(told.round) + found)]
    some = told.findings[:SHOWN]
    made += [("", f"(!) {each.kind}: {each.sop_instance_uid}: {each.cause}") for each in some]
    if len(told.findings) > SHOWN:
        made.append(("", f"... and {len(told.findings) - SHOWN} more; --json lists all"))
    if told.quarantined:
        made.append(("Quarantine", show.count(told.quarantined, "entry", "entries")))
    return made


def document(told: Seen) -> dict[str, object]:
    """The same for scripts."""
    here = told.round
    return {
        "began": _moment(here.began),
        "ended": _moment(here.ended),
        "objects": here.objects,
        "bytes": here.bytes,
        "findings": [asdict(each) for each in told.findings],
    }


def _round(here: Round) -> str:
    if not here.objects:
        return "nothing read again yet"
    read = f"{show.count(here.objects, 'object')} ({show.size(here.bytes)})"
    if here.ended:
        return f"{read} read again by {stamp(here.ended)[:10]}"
    return f"{read} read again since {stamp(here.began)[:10]}"


def _moment(seconds: float) -> str | None:
    return stamp(seconds) if seconds else None
