"""`anode peers`: echo every configured peer, all at once; a table of who answers."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import scu.echo
from cli import calls, options, show
from cli.calls import Call
from cli.failures import Code, Failure, explain
from config import contexts
from config.peers import Peer
from config.settings import Settings
from scu import statuses
from scu.associate import Caller, Target
from wire.errors import Rejected, Unreachable, WireError

EXAMPLES = options.examples("anode peers", "anode peers -c /etc/anode.toml --json")
AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Found:
    """What became of the echo to one peer; None: it was not tried, or did not get so far."""

    ae_title: str
    address: str
    reachable: bool | None
    accepted: bool | None
    seconds: float | None
    why: str = ""


def peers(
    *,
    config: options.ConfigOption = None,
    timeout: options.TimeoutOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Echo every configured peer and say who answers."""
    settings = calls.settings(config)
    if not settings.peer:
        source = calls.configuration(config) or "the configuration"
        raise Failure(Code.PARTIAL, f"{source} names no [[peer]]; add one, or: anode echo PEER")
    found = _ask(settings, timeout)
    if as_json:
        show.document([asdict(each) for each in found])
    else:
        _table(found)
    return Code.DONE if all(each.accepted is not False for each in found) else Code.PARTIAL


def _ask(settings: Settings, timeout: float | None) -> list[Found]:
    caller = calls.configured(settings, timeout)
    calling = contexts.calling(settings)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda peer: _one(peer, caller, calling), settings.peer))


def _one(peer: Peer, caller: Caller, calling: Mapping[contexts.Way, contexts.Context]) -> Found:
    if peer.port is None:
        why = "not called: no port is configured"
        return Found(peer.ae_title, peer.host, None, None, None, why)
    secure = contexts.secure(calling, peer)
    call = Call(Target(peer.ae_title, peer.host, peer.port, secure), caller)
    address = f"{peer.host}:{peer.port}"
    try:
        answer = scu.echo.echo(call.target, caller)
    except WireError as error:
        reachable = not isinstance(error, Unreachable)
        # An association that ends before its answer was neither accepted nor answered.
        why = str(error) if not isinstance(error, Rejected) else str(explain(error, call))
        return Found(peer.ae_title, address, reachable, False, None, why)
    took = round(answer.associated + answer.answered, 6)
    good = statuses.category(answer.status) == statuses.SUCCESS
    why = "" if good else statuses.describe(answer.status, "echo")
    return Found(peer.ae_title, address, True, good, took, why)


def _table(found: list[Found]) -> None:
    headings = ("Peer", "Address", "Reachable", "Accepted", "Round trip", "Why not")
    rows = [
        (
            each.ae_title,
            each.address,
            _word(each.reachable),
            _word(each.accepted),
            f"{each.seconds * 1000:.1f} ms" if each.seconds is not None else "",
            each.why,
        )
        for each in found
    ]
    show.listing(headings, rows, ("Round trip",))


def _word(value: bool | None) -> str:
    return {True: "yes", False: "no", None: "-"}[value]
