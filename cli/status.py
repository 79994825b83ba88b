"""`anode status`: what the archive holds, how much room is left, whether the node answers."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

import scu.echo
from archive import Counts, commitments, locks, marks
from archive.judgements import Judged, OfClass
from archive.references import Progress
from cli import calls, fixity, options, show
from cli.failures import Code
from cli.store import opened
from config import catalogue, contexts
from config.errors import ConfigError
from config.expiry import SOON_DAYS, Expiry, expiries
from config.listeners import Listener
from config.settings import Settings
from iod import checks
from scp import audit
from scu.associate import Caller, Target
from wire.errors import Rejected, Unreachable, WireError

EXAMPLES = options.examples(
    "anode status", "anode status --classes", "anode status -c /etc/anode.toml --json"
)
SECONDS = 3.0
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where we listen, told as such


@dataclass(frozen=True, slots=True)
class Reached:
    """A listener of the configuration, and what came of an echo to it, whoever answers there."""

    host: str
    port: int
    answers: bool
    said: str


def status(
    *,
    config: options.ConfigOption = None,
    timeout: options.TimeoutOption = SECONDS,
    classes: Annotated[
        bool, typer.Option("--classes", help="Also how much of each SOP class, and with errors.")
    ] = False,
    as_json: options.JsonOption = False,
) -> int:
    """Tell what is stored, what room is left, if the node answers.

    Exit code 3 when a listener does not answer, or no node serves the data folder.
    """
    settings, source = calls.settings(config), calls.configuration(config)
    named = f" -c {shlex.quote(str(config))}" if config else ""
    held = _look(settings, classes=classes)
    reached = [_reach(each, settings, timeout, named) for each in settings.listener]
    served = locks.served(settings.node.data)  # after the echo: who starts has its lock before
    reached = reached if served else [_of_another(each) for each in reached]
    where = str(source.absolute()) if source else None
    if as_json:
        beginning = {"configuration": where, "ae_title": settings.node.ae_title, "served": served}
        listeners = {"listeners": [asdict(each) for each in reached]}
        show.document({**beginning, **_document(settings, held), **listeners})
    else:
        title = ("AE title", settings.node.ae_title)
        _report([("Configuration", where or "none (defaults)"), title], reached)
        _tell(settings, held, named)
    return Code.DONE if served and all(one.answers for one in reached) else Code.UNREACHABLE


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the archive says of itself."""

    counts: Counts
    fixity: fixity.Seen
    progress: Progress
    judged: Judged
    free: int  # bytes
    classes: list[OfClass] | None  # not asked


def _look(settings: Settings, *, classes: bool) -> _Seen:
    data = settings.node.data
    with opened(settings) as archive:
        read, index = fixity.seen(data, archive), archive.index
        judgements = index.judgements
        return _Seen(
            archive.counts(),
            read,
            index.references.progress(),
            judgements.counts(checks.rules()),
            shutil.disk_usage(data).free,
            judgements.classes() if classes else None,
        )


def _document(settings: Settings, seen: _Seen) -> dict[str, object]:
    data = settings.node.data
    stopped = marks.reason(data, "unexamined") or None
    told: dict[str, object] = {
        "data": str(data),
        "free_bytes": seen.free,
        "read_only": marks.reason(data, "read-only") or None,
        **asdict(seen.counts),
        "audit_sinks": dict(_sinks(settings)),
        "reports_waiting": commitments.waiting(data),
        "fixity": fixity.document(seen.fixity),
        "examination": {**asdict(seen.progress), "stopped": stopped},
        "checks": asdict(seen.judged),
        "quarantined": seen.fixity.quarantined,
        "certificates": [_lasting(each) for each in _ending(settings)],
    }
    if seen.classes is not None:
        told["classes"] = [{"sop_class": _name(each), **each._asdict()} for each in seen.classes]
    return told


def _tell(settings: Settings, seen: _Seen, named: str) -> None:
    data = settings.node.data
    _report(_held(seen.counts, data, seen.free) + fixity.rows(seen.fixity), [])
    _report(_standing(data), [])
    stopped = marks.reason(data, "unexamined")
    _report(_examination(seen.progress, stopped, named) + _findings(seen.judged, named), [])
    _report([("Audit sink", _yet(*each)) for each in _sinks(settings)], [])
    _report([(each.kind.capitalize(), _until(each)) for each in _ending(settings)], [])
    if seen.classes:
        numbers = ("Instances", "Size", "With errors")
        made = show.table("SOP class", *numbers, right=numbers, whole=("SOP class",))
        for each in seen.classes:
            show.row(made, _name(each), each.instances, show.size(each.bytes), each.invalid or "")
        show.say("")
        show.put(made)


def _name(each: OfClass) -> str:
    return catalogue.name_of(each.sop_class_uid)


def _standing(data: Path) -> list[tuple[str, str]]:
    """What the node does not do, or has not done yet; nothing where all is as it shall be."""
    rows = []
    if why := marks.reason(data, "read-only"):
        rows.append(("Read-only", why))
    if number := commitments.waiting(data):
        waiting = f"{show.count(number, 'report')} of storage commitment not answered yet"
        rows.append(("Waiting", waiting))
    return rows


def _sinks(settings: Settings) -> list[tuple[str, int | None]]:
    """What each sink of the audit trail has yet to get, in bytes."""
    folder = settings.node.data / audit.FOLDER
    return [(sink.name, audit.waiting(folder, sink.name)) for sink in settings.audit.sink]


def _yet(name: str, waiting: int | None) -> str:
    if waiting is None:
        return f"{name}: nothing sent yet"
    return f"{name}: {show.size(waiting)} waiting" if waiting else f"{name}: has everything"


def _ending(settings: Settings) -> list[Expiry]:
    try:
        return expiries(settings)
    except ConfigError:  # the listener that names the file has said so
        return []


def _lasting(each: Expiry) -> dict[str, object]:
    """One certificate or CRL for scripts; cert_days_left is what monitors look at."""
    return {
        "file": str(each.path),
        "kind": each.kind,
        "subject": each.subject,
        "until": each.until.isoformat(),
        "cert_days_left": each.days_left,
    }


def _until(each: Expiry) -> str:
    day, left = each.until.date().isoformat(), each.days_left
    words = f"until {day}, {left} days" if left >= 0 else f"ended on {day}: replace it"
    mark = "" if left >= SOON_DAYS else " (!)"
    return f"{each.path.name}: {words}{mark}"


def _examination(progress: Progress, stopped: str, named: str) -> list[tuple[str, str]]:
    """What is not known yet of what objects refer to, and why; nothing where all is."""
    rows = []
    if progress.waiting:
        rows.append(("Waiting", f"{show.count(progress.waiting, 'instance')} to be examined"))
    if stopped:
        rows.append(("Examination", f"(!) stands still: {stopped}"))
    if progress.failed:
        failed = show.count(progress.failed, "instance")
        again = f"; {progress.again} to be tried again" if progress.again else ""
        told = f"(!) {failed} could not be examined: anode examine{named}"
        rows += [("Examination", told), ("Cause", f"{progress.cause}{again}")]
    return rows


def _findings(judged: Judged, named: str) -> list[tuple[str, str]]:
    """What checks have found; nothing where they found nothing."""
    if not judged.errors and not judged.warnings:
        return []
    errors = f"(!) {show.count(judged.errors, 'error')} in {show.count(judged.invalid, 'instance')}"
    told = [errors] if judged.errors else []
    if judged.warnings:
        told.append(show.count(judged.warnings, "warning"))
    if judged.older:
        told.append(f"{show.count(judged.older, 'instance')} by older rules")
    return [("Checks", f"{', '.join(told)}: anode validate --stored{named}")]


def _reach(listener: Listener, settings: Settings, timeout: float | None, named: str) -> Reached:
    host = _ANYWHERE.get(listener.host, listener.host)
    title = settings.node.ae_title
    caller: Caller = calls.configured(settings, timeout)
    try:
        tls = contexts.to(contexts.itself(listener), host) if listener.tls else None
        scu.echo.echo(Target(title, host, listener.port, tls), caller)
    except Rejected:
        return Reached(listener.host, listener.port, True, f"listening ({_turned_away(listener)})")
    except ConfigError as error:
        return Reached(listener.host, listener.port, False, str(error))
    except Unreachable as error:
        if listener.tls:
            return Reached(listener.host, listener.port, False, str(error))
        said = f"not listening; start it: anode serve{named}"
        return Reached(listener.host, listener.port, False, said)
    except WireError as error:
        return Reached(listener.host, listener.port, False, str(error))
    return Reached(listener.host, listener.port, True, "listening")


def _turned_away(listener: Listener) -> str:
    """Why a node that is there takes no echo of ours."""
    if listener.user_identity == "required":
        return "it asks for a user, whom the commands of anode cannot name"
    return "we are none of its peers"


def _of_another(each: Reached) -> Reached:
    said = "answers, but no node serves this data folder"
    return replace(each, said=said) if each.answers else each


def _held(counts: Counts, data: Path, free: int) -> list[tuple[str, str]]:
    levels = ("patients", "studies", "series", "instances")
    rows = [(name.capitalize(), str(getattr(counts, name))) for name in levels]
    return [
        ("Data", str(data)), *rows,
        ("Stored", show.size(counts.bytes)), ("Free", show.size(free)),
    ]  # fmt: skip


def _report(rows: list[tuple[str, str]], reached: list[Reached]) -> None:
    for name, value in rows:
        show.say(f"{name:<14} {value}")
    for each in reached:
        show.say(f"{'Listener':<14} {each.host}:{each.port} {each.said}")
