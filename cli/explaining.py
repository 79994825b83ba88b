"""What went wrong with a peer, in words for who called it: the cause, the next step, whose side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from cli.calls import Call
from cli.failures import Code, Failure
from cli.hints import hint
from config import catalogue
from scu.find import QueryFailed
from wire.errors import (
    Aborted,
    DeadlineExceeded,
    NoContext,
    Rejected,
    Unreachable,
    WireError,
)

# PS3.8 Table 9-21, (source, reason): the cause and the next step, and on which side.
_REJECTIONS: Final[Mapping[tuple[int, int], str]] = {
    (1, 1): "the peer at {at} rejects us and gives no reason; its log should say why",
    (1, 2): "the peer at {at} does not know the application context of DICOM; is that its port?",
    (1, 3): "the peer at {at} does not know us as {us}: add us to its peers, or use --aet",
    (1, 7): "the peer at {at} does not know itself as {them}; check its AE title",
    (2, 1): "the peer at {at} rejects us and gives no reason; it may want a user's name, or its "
    "log should say why",
    (2, 2): "the peer at {at} does not speak version 1 of the upper layer; is that its port?",
    (3, 1): "the peer at {at} is busy for now; try again later, or with fewer --jobs",
    (3, 2): "the peer at {at} takes no more associations for now; try later, or fewer --jobs",
}
_UID: Final = re.compile(r"\b[0-9]+(?:\.[0-9]+){4,}\b")
_A_DICOM_PORT: Final = "is that a DICOM port, and is the peer well?"
_LONGER: Final = "--timeout SECONDS waits longer for an answer"
_IS_IT_RUNNING: Final = "is it running, and is that the right host and port?"


def explain(error: Exception, call: Call) -> Failure:
    """What went wrong with this peer, for the person who called it."""
    match error:
        case WireError() if said := hint(error, call.target, call.caller.limits):
            code = Code.UNREACHABLE if isinstance(error, Unreachable) else Code.ENDED
            return Failure(code, f"{error}; {said}")
        case Unreachable():
            return Failure(Code.UNREACHABLE, f"{error}; {_IS_IT_RUNNING}")
        case Rejected():
            return Failure(Code.REJECTED, _rejected(error, call))
        case NoContext():
            asked = "it may not serve this, or not to us"
            said = _UID.sub(lambda found: catalogue.name_of(found[0]), str(error))
            return Failure(Code.REJECTED, f"{said}; {asked} (we are {call.caller.ae_title})")
        case Aborted():
            return Failure(Code.ENDED, f"{error}; the log of {call.target} should say why")
        case DeadlineExceeded() if error.unanswered:
            seconds = call.caller.limits.response_seconds
            said = f"it took the connection and said nothing within {seconds:g} s"
            return Failure(Code.ENDED, f"{error} ({call.target}): {said}; {_A_DICOM_PORT}")
        case DeadlineExceeded():
            return Failure(Code.ENDED, f"{error} ({call.target}); {_LONGER}")
        case WireError():
            return Failure(Code.ENDED, f"{error} ({call.target})")
        case QueryFailed():
            return Failure(Code.PARTIAL, f"{call.target} answered {error}")
        case _:
            return Failure(Code.PARTIAL, f"{call.target}: {error}")


@contextmanager
def explained(call: Call) -> Iterator[None]:
    """Turn what goes wrong with a peer into a Failure."""
    try:
        yield
    except (WireError, QueryFailed) as error:
        raise explain(error, call) from error


def _rejected(error: Rejected, call: Call) -> str:
    sentence = _REJECTIONS.get((error.source, error.reason))
    if sentence is None:
        return f"{error}; the log of {call.target} should say why"
    target = call.target
    at = f"{target.host}:{target.port}"
    said = sentence.format(at=at, us=call.caller.ae_title, them=target.ae_title)
    bound = (error.source, error.reason) == (1, 3) and target.tls is not None
    return f"{said}; or it knows us by another certificate" if bound else said
