"""`anode peers`: a self-test of every configured peer, all at once; who answers, and for what."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cli import calls, options, show
from cli.calls import Call
from cli.explaining import explain
from cli.failures import Code, Failure
from cli.hints import hint
from config import contexts, facts
from config.peers import Peer
from config.settings import Settings
from scu import statuses
from scu.associate import Caller, Target
from scu.selftest import RESULTS, SERVICES, Tested, selftest
from wire.errors import Aborted, Rejected, Unreachable, Untrusted, WireError

EXAMPLES = options.examples("anode peers", "anode peers -c /etc/anode.toml --json")
AT_ONCE = 16
# PS3.8 Table 9-18, as short as a column
ANSWERS: Mapping[int, str] = {0: "yes", 1: "not us", 2: "no", 3: "unknown", 4: "syntax"}
NOT_CALLED = "not called: no port is configured"


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one peer; None in `reachable` and `accepted`: it was not called."""

    ae_title: str
    address: str
    profile: str | None = None
    bound: bool = False
    reachable: bool | None = None
    accepted: bool | None = None
    seconds: float | None = None
    why: str = ""
    tested: Tested = field(default_factory=Tested)


def peers(
    *,
    config: options.ConfigOption = None,
    timeout: options.TimeoutOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Test every configured peer: TLS, echo, services it accepts."""
    settings = calls.settings(config)
    if not settings.peer:
        source = calls.configuration(config) or "the configuration"
        raise Failure(Code.PARTIAL, f"{source} names no [[peer]]; add one, or: anode echo PEER")
    found = _ask(settings, timeout)
    if as_json:
        show.document([_document(each) for each in found])
    else:
        _table(found)
    if all(each.reachable is None for each in found):
        show.complain("nothing was tested: no [[peer]] has a port to be called at")
        return Code.PARTIAL
    return Code.DONE if all(each.accepted is not False for each in found) else Code.PARTIAL


def _ask(settings: Settings, timeout: float | None) -> list[Found]:
    caller = calls.configured(settings, timeout)
    calling = contexts.calling(settings)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda peer: _one(peer, caller, calling), settings.peer))


def _one(peer: Peer, caller: Caller, calling: Mapping[contexts.Way, contexts.Context]) -> Found:
    if peer.port is None:
        return Found(peer.ae_title, peer.host, why=NOT_CALLED)
    target = Target(peer.ae_title, peer.host, peer.port, contexts.secure(calling, peer))
    tested = selftest(target, caller)
    echo = tested.echo
    good = echo is not None and statuses.category(echo.status) == statuses.SUCCESS
    return Found(
        peer.ae_title,
        f"{peer.host}:{peer.port}",
        profile=peer.tls,
        bound=bool(peer.certificate),
        reachable=not isinstance(tested.error, Unreachable),
        accepted=good,
        seconds=round(echo.associated + echo.answered, 6) if echo else None,
        why=_why(tested, Call(target, caller)),
        tested=tested,
    )


def _why(tested: Tested, call: Call) -> str:
    match tested.error:
        # An association that ends before its answer was neither accepted nor answered.
        case Rejected() | Aborted():
            return str(explain(tested.error, call))
        case WireError() as error:
            said = hint(error, call.target, call.caller.limits)
            return f"{error}; {said}" if said else str(error)
    status = tested.echo.status if tested.echo else None
    good = statuses.category(status) == statuses.SUCCESS
    return "" if good else statuses.describe(status, "echo")


# -- the table


def _table(found: Sequence[Found]) -> None:
    services = [name for name in SERVICES if name != "echo"]
    names = ("Peer", "Address", "TLS", "Certificate", "Association", "Echo")
    headings = (*names, *(name.capitalize() for name in services), "Classes", "Why not")
    rows = [
        (
            each.ae_title,
            each.address,
            _tls(each),
            _certificate(each),
            _association(each),
            _echo(each),
            *(_service(each, name) for name in services),
            _classes(each),
            each.why,
        )
        for each in found
    ]
    if show.fits(headings, rows):
        show.listing(headings, rows, ())
    else:
        # Who and where are never cut short for the rest, which has a line of its own.
        brief = [(each.ae_title, each.address, _echo(each), _in_a_line(each)) for each in found]
        show.listing(("Peer", "Address", "Echo", "Found"), brief, ())


def _in_a_line(found: Found) -> str:
    """All the other columns, and what services share an answer as one."""
    secured, shown, association = _tls(found), _certificate(found), _association(found)
    answers: dict[str, list[str]] = {}
    for name in SERVICES if found.tested.results else ():
        if name != "echo":
            answers.setdefault(_service(found, name), []).append(name)
    parts = [
        f"TLS {secured}" if secured == "no" else "" if secured == "-" else secured,
        f"certificate {shown}" if shown != "-" else "",
        association if association in ("rejected", "aborted") else "",
        *(f"{', '.join(names)}: {answer}" for answer, names in answers.items()),
        f"classes: {_classes(found)}" if found.tested.classes else "",
        found.why,
    ]
    return "; ".join(filter(None, parts))


def _tls(found: Found) -> str:
    session = found.tested.session
    if session is not None:
        return f"{session.version} {session.suite}"
    if found.reachable is None:
        return "-"
    return "no" if found.profile else "plain"


def _certificate(found: Found) -> str:
    shown = _shown(found)
    if shown is None:
        return "-"
    left = show.count(shown.days_left(datetime.now(UTC)), "day")
    return f"{left}, bound" if found.bound else left


def _shown(found: Found) -> facts.Certificate | None:
    session = found.tested.session
    if session is None or not session.certificate:
        return None
    with contextlib.suppress(ValueError):
        return facts.certificate(session.certificate)
    return None


def _association(found: Found) -> str:
    match found.tested.error:
        case Rejected():
            return "rejected"
        case Aborted():
            return "aborted"
        case _:
            known = found.tested.results is not None
    return "-" if found.reachable is None else "yes" if known else "no"


def _echo(found: Found) -> str:
    if found.seconds is not None and found.accepted:
        return f"{found.seconds * 1000:.1f} ms"
    return "-" if found.tested.results is None else "no"


def _service(found: Found, name: str) -> str:
    results = found.tested.results
    return "-" if results is None else ANSWERS.get(results[name], f"? {results[name]}")


def _classes(found: Found) -> str:
    return "/".join(map(str, found.tested.classes or ("-",)))


# -- the document


def _document(found: Found) -> dict[str, Any]:
    results = found.tested.results
    accepted, proposed = found.tested.classes or (None, None)
    return {
        "ae_title": found.ae_title,
        "address": found.address,
        "reachable": found.reachable,
        "accepted": found.accepted,
        "seconds": found.seconds,
        "why": found.why,
        "tls": _session(found) if found.profile else None,
        "services": results and {name: _said(result) for name, result in results.items()},
        "storage_classes": {"accepted": accepted, "proposed": proposed},
    }


def _session(found: Found) -> dict[str, Any]:
    session, shown = found.tested.session, _shown(found)
    return {
        "profile": found.profile,
        "version": session and session.version,
        "suite": session and session.suite,
        "subject": shown and shown.subject,
        "pin": shown.pin if shown else _refused_pin(found.tested.error),
        "days_left": shown and shown.days_left(datetime.now(UTC)),
        "bound": found.bound,
    }


def _refused_pin(error: WireError | None) -> str | None:
    """The pin of the certificate that is not the one of its [[peer]]."""
    cause = error.cause if isinstance(error, Untrusted) else None
    return cause.pin or None if isinstance(cause, contexts.NotBound) else None


def _said(result: int) -> str:
    return RESULTS.get(result, f"result {result}")
