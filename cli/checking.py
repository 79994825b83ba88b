"""`anode check`: the index against the object files, both ways, and what to do about it.

Beside a running node nothing that comes or goes meanwhile is a finding.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from archive import Archive, ArchiveError
from archive.checking import READERS, Checked, Manner
from archive.checking import check as checked
from archive.findings import KINDS, Finding
from archive.record import StoredInstance
from archive.repairing import repair as repaired
from cli import calls, options, show
from cli.failures import Code
from cli.store import opened
from config import catalogue

EXAMPLES = options.examples(
    "anode check", "anode check --hash", "anode check --hash --repair", "anode check --json"
)
SHOWN = 100
MANY = 20

HashOption = Annotated[
    bool, typer.Option("--hash", help="Read every byte anew and compare SHA-256 digests.")
]
RepairOption = Annotated[
    bool,
    typer.Option("--repair", help="Index what is whole, put what is not into quarantine."),
]
JobsOption = Annotated[
    int, typer.Option("--jobs", "-j", min=1, max=64, help="Files read at the same time.")
]


@dataclass(frozen=True, slots=True)
class Done:
    """A finding, and what was done about it."""

    finding: Finding
    done: str


def check(
    *,
    every_byte: HashOption = False,
    repair: RepairOption = False,
    jobs: JobsOption = READERS,
    config: options.ConfigOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Compare the index with the object files, both ways.

    The node may run meanwhile. Exit code 1 when anything was found, repaired or not.
    """
    settings = calls.settings(config)
    with opened(settings) as archive:
        began = time.monotonic()
        result = _check(archive, hashed=every_byte, jobs=jobs)
        seconds = time.monotonic() - began
        given_up = _given_up(result) if repair else ""
        doing = repair and not given_up
        done = [Done(each, _repaired(archive, each) if doing else "") for each in result.findings]
    if given_up:
        show.complain(given_up)
    if as_json:
        show.document(_document(result, done, seconds if every_byte else None))
    else:
        _report(done, repair=repair)
        show.say(_summary(result, seconds if every_byte else None))
    return Code.PARTIAL if result.findings else Code.DONE


def _check(archive: Archive, *, hashed: bool, jobs: int) -> Checked:
    with show.bar() as progress:
        task = progress.add_task("Checking", total=archive.counts().instances)

        def note(_stored: StoredInstance) -> None:
            progress.advance(task)

        return checked(archive, Manner(hashed, jobs, note, catalogue.of_patient))


def _given_up(result: Checked) -> str:
    """Why nothing is repaired: a disk that is not there would cost the index all its rows."""
    gone = sum(each.kind == "missing" for each in result.findings)
    if gone < MANY or 2 * gone < result.objects:
        return ""
    return (
        f"{gone} of {result.objects} files are missing, so nothing is repaired: is the disk there?"
    )


def _repaired(archive: Archive, finding: Finding) -> str:
    try:
        return repaired(archive, finding, catalogue.of_patient)
    except ArchiveError as error:
        show.tell(f"not repaired: {finding.key}: {error}")
        return ""


def _report(done: Sequence[Done], *, repair: bool) -> None:
    for kind, number in Counter(each.finding.kind for each in done).items():
        what, remedy = KINDS[kind]
        show.tell(f"{kind}: {number}: {what}" + ("" if repair else f"; --repair: {remedy}"))
    rows = [_row(each) for each in done[:SHOWN]]
    if rows:
        show.listing(("Finding", "Instance", "File", "Cause"), rows, right=())
    if len(done) > SHOWN:
        show.tell(f"... and {len(done) - SHOWN} more; --json lists all")


def _row(each: Done) -> tuple[str, str, str, str]:
    found = each.finding
    cause = f"{found.cause}: {each.done}" if each.done else found.cause
    return found.kind, found.sop_instance_uid, found.key, cause


def _summary(result: Checked, seconds: float | None) -> str:
    size = show.size(result.bytes)
    told = f"{show.count(result.objects, 'object')} checked ({size})"
    if seconds is not None:
        told += f", every byte, {show.size(result.bytes / max(seconds, 1e-3))}/s"
    if result.young:
        told += f"; {show.count(result.young, 'file')} too new to be judged"
    return f"{told}; {show.count(len(result.findings), 'finding')}"


def _document(result: Checked, done: Sequence[Done], seconds: float | None) -> Mapping[str, object]:
    return {
        "objects": result.objects,
        "bytes": result.bytes,
        "too_new": result.young,
        "hashed": seconds is not None,
        "bytes_per_second": round(result.bytes / max(seconds, 1e-3)) if seconds else None,
        "findings": [{**asdict(each.finding), "done": each.done or None} for each in done],
    }
