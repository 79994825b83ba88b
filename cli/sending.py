"""Objects to a peer, each with what became of it in the words and exit codes of a command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from cli import calls
from cli.calls import Call
from cli.explaining import explain
from cli.failures import Code
from cli.sources import Source
from iod import transcoding
from scp.conversion import Converter
from scu import statuses
from scu.conversion import AS_STORED, Conversion
from scu.outcomes import Outcome
from scu.store import Manner, store_all
from wire.errors import NoContext, Unreadable, WireError


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one object; `code` is what its failure says of the peer."""

    source: Source
    category: str
    cause: str = ""
    code: Code = Code.DONE
    converted_to: str = ""


@contextmanager
def conversion_to(call: Call, config: Path | None, *, convert: bool) -> Iterator[Conversion]:
    """As the node converts for this peer, which the configuration may let it compress for."""
    if not convert:
        yield AS_STORED
        return
    with TemporaryDirectory(prefix="anode-") as folder:
        known = calls.settings(config).peer_named(call.target.ae_title)
        yield Converter(Path(folder), known)


def send(
    call: Call, sources: Sequence[Source], jobs: int, conversion: Conversion = AS_STORED
) -> Iterator[Sent]:
    """Send every object; never raises for what a peer does."""
    outcomes = store_all(
        call.target, call.caller, sources, Manner(conversion=conversion), threads=max(jobs, 1)
    )
    for outcome in outcomes:
        # The instances are our sources; `scu` knows them by less.
        source = cast(Source, outcome.instance)
        if outcome.category == statuses.SUCCESS:
            yield Sent(source, statuses.SUCCESS, converted_to=outcome.converted_to)
        elif outcome.status is not None:
            yield Sent(source, outcome.category, outcome.cause, Code.PARTIAL, outcome.converted_to)
        else:
            cause, code = _unanswered(outcome, call, may_help=conversion is AS_STORED)
            yield Sent(source, statuses.FAILURE, cause, code)


def _unanswered(outcome: Outcome, call: Call, *, may_help: bool) -> tuple[str, Code]:
    """Why the peer never answered for an object, and the exit code for that."""
    match outcome.error:
        case NoContext(result=1):
            return f"{outcome.cause}; we are {call.caller.ae_title}", Code.REJECTED
        case NoContext(result=3):
            return outcome.cause, Code.REJECTED
        case NoContext():
            one = outcome.instance
            others = transcoding.targets(one.transfer_syntax_uid, one.sop_class_uid)
            hint = " (--convert may help)" if may_help and others else ""
            return f"{outcome.cause}{hint}", Code.REJECTED
        case WireError() as error if not isinstance(error, Unreadable):
            failure = explain(error, call)
            return str(failure), failure.code
        case _:
            return outcome.cause, Code.PARTIAL
