"""Having a peer answer for objects (storage commitment), and what came of it, for people."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated

import typer
from rich.table import Table

from cli import calls, show
from cli.calls import Call, Way
from cli.explaining import explained
from cli.failures import Code, Failure
from cli.hearing import Bell, Ear, hearing, place
from cli.sources import Source
from config import catalogue, contexts
from scu import commit, references, statuses
from scu.associate import associate
from scu.commit import UNNAMED, Commitment, CommitRefused
from scu.references import MODEL, Reference
from wire.errors import Closed, Ended

WAIT_SECONDS = 60.0
HELD_SECONDS = 5.0  # our own association, when reports can come on another

WaitOption = Annotated[
    float,
    typer.Option("--wait", metavar="SECONDS", min=0.001, help="The longest wait for reports."),
]
ListenOption = Annotated[
    str | None,
    typer.Option(
        "--listen",
        metavar="[HOST:]PORT",
        help="Also take reports that the peer brings on an association of its own, here.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class OfClass:
    """What became of the objects of one SOP class."""

    sop_class_uid: str
    committed: int
    failed: int
    unreported: int


@dataclass(frozen=True, slots=True)
class Patience:
    """How long reports are waited for, and where, besides on the association that asks."""

    seconds: float
    ear: Ear | None = None


def patience(peer: str, way: Way, seconds: float, listen: str | None) -> Patience:
    """What --wait and --listen say; raises Failure, ConfigError."""
    if listen is None:
        return Patience(seconds)
    context, bindings = calls.answering(peer, way)
    wrap = None if context is None else partial(contexts.accepted, context)
    return Patience(seconds, Ear(*place(listen), wrap, bindings))


@dataclass(frozen=True, slots=True)
class Committed:
    """Everything that was asked for, and what the peer said."""

    peer: str
    sources: Sequence[Source]
    commitment: Commitment
    seconds: float
    ended: str = ""  # how the peer ended the association before its report

    def reason(self, one: Source) -> int | None:
        """Why it is not committed; 0: it is, None: nobody has said."""
        return self.commitment.reasons.get(one.sop_instance_uid)

    @property
    def number(self) -> int:
        """How many are committed."""
        return sum(self.reason(one) == 0 for one in self.sources)

    @property
    def failures(self) -> list[tuple[Source, str]]:
        """What is not committed, and why."""
        found = ((one, self.reason(one)) for one in self.sources)
        return [(one, _words(reason)) for one, reason in found if reason != 0]

    @property
    def code(self) -> Code:
        """0 when all are committed."""
        if self.number == len(self.sources):
            return Code.DONE
        return Code.PARTIAL if self.commitment.reported else Code.ENDED


def _words(reason: int | None) -> str:
    if reason is None:
        return "no report"
    if reason == UNNAMED:
        return "the report does not name it"
    words = references.WORDS.get(reason, "a reason of its own")
    return f"0x{reason:04X} ({words})"


def ask(call: Call, sources: Sequence[Source], waiting: Patience) -> Committed:
    """Have the peer commit these; raises Failure."""
    begun = time.monotonic()
    wanted = Commitment(Reference(one.sop_class_uid, one.sop_instance_uid) for one in sources)
    with (
        show.spinner() as progress,
        explained(call),
        hearing(waiting.ear, call, wanted) as bell,
    ):
        progress.add_task("Waiting for the report", total=None)
        try:
            ended = _ask(call, wanted, waiting.seconds, bell)
        except CommitRefused as refused:
            raise Failure(Code.PARTIAL, f"{call.target} answered {refused}") from None
    return Committed(str(call.target), sources, wanted, time.monotonic() - begun, ended)


def _ask(call: Call, wanted: Commitment, seconds: float, bell: Bell | None) -> str:
    """How the peer ended the association, if nothing can come after that and something is due."""
    with associate(call.target, call.caller, [(MODEL, commit.SYNTAXES)]) as association:
        commit.request(association, wanted)
        deadline = time.monotonic() + seconds
        held = deadline if bell is None else min(deadline, time.monotonic() + HELD_SECONDS)
        try:
            while not wanted.reported and (left := held - time.monotonic()) > 0:
                commit.listen(association, wanted, left, bell.fd if bell else None)
                if not association.alive:
                    raise Closed("the peer released the association")
                if bell:
                    bell.hush()
        except Ended as error:  # it has accepted all the same
            if bell is None and not wanted.reported:
                return str(error)
    while bell and not wanted.reported and (left := deadline - time.monotonic()) > 0:
        bell.wait(left)
    return ""


def report(result: Committed) -> None:
    """For people."""
    show.put(_by_class(result))
    show.causes("not committed", [(one.path, cause) for one, cause in result.failures])
    said = f"{result.number} of {show.count(len(result.sources), 'object')} committed"
    show.say(f"{said} by {result.peer} in {result.seconds:.1f} s")
    if not result.commitment.reported:
        show.tell(_unreported(result))


def _unreported(result: Committed) -> str:
    """What to do where the peer took the request, and its report did not come."""
    came, more = "No report came in time.", "; or wait longer: --wait SECONDS."
    if result.ended:
        came, more = f"No report came: {result.ended}, after it took the request.", "."
    listen = "say --listen PORT, the port the peer knows for us"
    return f"{came} It may come on an association of the peer's own: {listen}{more}"


def _by_class(result: Committed) -> Table:
    numbers = ("Committed", "Failed", "Unreported")
    made = show.table("SOP class", *numbers, right=numbers, whole=("SOP class",))
    for each in _classes(result):
        cells = (each.committed, each.failed, each.unreported)
        show.row(made, catalogue.name_of(each.sop_class_uid), *cells)
    return made


def _classes(result: Committed) -> list[OfClass]:
    counts: Counter[tuple[str, str]] = Counter()
    for one in result.sources:
        reason = result.reason(one)
        kind = statuses.PENDING if reason is None else "failed" if reason else "committed"
        counts[one.sop_class_uid, kind] += 1
    return [
        OfClass(uid, counts[uid, "committed"], counts[uid, "failed"], counts[uid, statuses.PENDING])
        for uid in sorted({uid for uid, _ in counts}, key=catalogue.name_of)
    ]


def document(result: Committed) -> dict[str, object]:
    """For scripts."""
    failures = [
        {
            "path": str(one.path),
            "sop_instance_uid": one.sop_instance_uid,
            "reason": result.reason(one),
            "cause": cause,
        }
        for one, cause in result.failures
    ]
    return {
        "peer": result.peer,
        "transactions": list(result.commitment.transactions),
        "committed": result.number,
        "failed": sum(1 for one in result.sources if result.reason(one)),
        "unreported": sum(result.reason(one) is None for one in result.sources),
        "seconds": round(result.seconds, 6),
        "classes": [asdict(each) for each in _classes(result)],
        "failures": failures,
    }
