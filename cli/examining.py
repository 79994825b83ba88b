"""`anode examine`: what waits to be examined, examined now; and what could not be.

A node does this by itself, after it has stored; this is for who does not want to wait, and for
archives that no node serves. Both may run at a time: what is found twice is written once.
What faults have stopped that may pass is examined again, too, given up by the node or not.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from cli import calls, options, show
from cli.failures import Code
from cli.store import opened
from iod import checks
from scp.checking import is_checked
from scp.examination import Examination

EXAMPLES = options.examples("anode examine", "anode examine -c /etc/anode.toml --json")
SHOWN = 20


def examine(
    *,
    config: options.ConfigOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Find what stored objects refer to, and check them.

    Until none waits for it; the node may run meanwhile. Exit code 1 when some could
    not be examined; they are listed with the reason. Those that a fault has stopped
    that may pass are tried again. Those that could not be checked by newer rules
    keep their findings, and are tried again.
    """
    settings = calls.settings(config)
    with opened(settings) as archive, show.spinner() as progress:
        progress.add_task("Examining", total=None)
        archive.index.wait_again()
        before = archive.index.references.progress()
        work = Examination(archive, partial(is_checked, settings))
        work.start()
        try:
            work.settle()
            renewed = work.renew()
        finally:
            work.stop()
        relations = archive.index.references
        after = relations.progress()
        failures = relations.failures(after.failed)
        older = archive.index.judgements.counts(checks.rules()).older
    if as_json:
        listed = [{"sop_instance_uid": uid, "cause": cause} for uid, cause in failures]
        counts = {"examined": before.waiting, "renewed": renewed, "older": older, **asdict(after)}
        show.document({**counts, "failures": listed})
    else:
        anew = f", {renewed} checked anew by newer rules" if renewed else ""
        show.say(f"{show.count(before.waiting, 'instance')} examined{anew}")
        if older:
            show.say(f"(!) {show.count(older, 'instance')} could not be checked anew now")
        for uid, cause in failures[:SHOWN]:
            show.say(f"(!) {uid}: {cause}")
        if len(failures) > SHOWN:
            show.say(f"... and {len(failures) - SHOWN} more; --json lists all")
    return Code.PARTIAL if failures or older else Code.DONE
