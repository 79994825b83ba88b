"""`anode reindex`: the index made anew from the object files alone, while no node serves."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from typing import Annotated

import typer

from archive import claim
from archive.adopters import Reading
from archive.errors import InUse
from archive.reindexing import Rebuilt
from archive.reindexing import reindex as rebuilt
from cli import calls, options, show
from cli.failures import Code, Failure
from config import catalogue
from config.settings import Settings

EXAMPLES = options.examples("anode reindex", "anode reindex -c /etc/anode.toml --json")

PROCESSES = os.cpu_count() or 1

ProcessesOption = Annotated[
    int, typer.Option("--jobs", "-j", min=1, max=64, help="Processes that read files.")
]


def reindex(
    *,
    jobs: ProcessesOption = PROCESSES,
    config: options.ConfigOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Make the index anew, from the object files alone.

    The node must not run. Interrupted, the next run goes on where it was. Exit code 1 when there
    are files that cannot be indexed.
    """
    settings = calls.settings(config)
    if not (settings.node.data / "objects").is_dir():
        raise Failure(Code.PARTIAL, f"{settings.node.data} holds no object files")
    began = time.monotonic()
    made = _made(settings, jobs)
    seconds = time.monotonic() - began
    if as_json:
        show.document(
            {
                "objects": made.objects,
                "resumed": made.resumed,
                "deleted": made.deleted,
                "seconds": round(seconds, 3),
                "findings": [asdict(each) for each in made.findings.values()],
            }
        )
    else:
        _report(made, seconds)
    return Code.PARTIAL if made.findings else Code.DONE


def _made(settings: Settings, jobs: int) -> Rebuilt:
    data = settings.node.data.absolute()
    reading = Reading(data, catalogue.of_patient, jobs)
    with show.bar() as progress:
        task = progress.add_task("Reindexing", total=None)

        def note(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        try:
            with claim(data):
                return rebuilt(reading, note, index=settings.node.index)
        except InUse:
            why = f"a node serves {data}; stop it, reindex, and start it again"
            raise Failure(Code.PARTIAL, why) from None


def _report(made: Rebuilt, seconds: float) -> None:
    found = made.findings.values()
    rows = [(each.kind, each.sop_instance_uid, each.key, each.cause) for each in found]
    if rows:
        show.listing(("Finding", "Instance", "File", "Cause"), rows[:100], right=())
        show.tell("these files were left as they are; anode check --repair sets them aside")
    new = made.objects - made.resumed
    told = f"{show.count(made.objects, 'object')} in the new index"
    if made.resumed:
        told += f", {made.resumed} of them from the run before"
    if made.deleted:
        told += f"; {show.count(made.deleted, 'file')} deleted before stayed out"
    show.say(f"{told}; {new / max(seconds, 1e-3):.0f} objects/s")
