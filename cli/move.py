"""`anode move`: have a peer send objects elsewhere (C-MOVE), PS3.4 C.4.2.

Ctrl-C sends C-CANCEL and awaits the final response, which says how far it came.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from cli import calls, options, questions, show
from cli.calls import Call
from cli.explaining import explained
from cli.failures import Code, Failure
from cli.holdings import proposal
from cli.interrupts import cancellable
from cli.questions import Question
from scp.statuses import Status
from scu import statuses
from scu.associate import associate
from scu.retrieve import Progress, begin_move, responses

EXAMPLES = options.examples(
    "anode move PACS1 WS1 -k StudyInstanceUID=1.2.3",
    "anode move PACS1 WS1 -k PatientID=ABC                    (all studies of a patient)",
    "anode move PACS1 WS1 -k StudyInstanceUID=1.2 -k SeriesInstanceUID=1.2.3",
    "anode move PACS1 WS1 --model hanging -k SOPInstanceUID=1.2.3.4",
    "anode move PACS1 WS1 --model instance -k SOPInstanceUID=1.2.3.4",
)
SHOWN = 20

DestinationArgument = Annotated[
    str,
    typer.Argument(
        metavar="DEST", help="The AE title, known to PEER, that is to receive.", show_default=False
    ),
]


def move(
    peer: options.PeerArgument,
    destination: DestinationArgument,
    *,
    key: options.KeysOption = None,
    level: options.LevelOption = None,
    model: options.RetrieveModelOption = None,
    patient_root: options.PatientRootOption = False,
    config: options.ConfigOption = None,
    aet: options.AetOption = None,
    aec: options.AecOption = None,
    timeout: options.TimeoutOption = None,
    tls: options.TlsOption = None,
    cert: options.CertOption = None,
    tls_key: options.TlsKeyOption = None,
    ca: options.CaOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Have a peer send objects to a third node (C-MOVE)."""
    secured = calls.Secured(tls, cert, tls_key, ca)
    call = calls.resolve(peer, calls.Way(config, aet, aec, timeout, secured))
    destination = calls.titled("DEST", destination)
    root = questions.root_of(model, patient_root=patient_root)
    asked = questions.question(key or [], level=level, root=root, default=None)
    questions.to_retrieve(asked)
    last = follow(_responses(call, asked, destination), "Moving")
    way = f"{call.target} to {destination}"
    if as_json:
        show.document({"way": way, **document(last, "move")})
    else:
        _report(last, way)
    if nothing(last):
        show.complain(f"{call.target} has nothing that matches these keys")
        return Code.PARTIAL
    return code(last)


def _responses(call: Call, asked: Question, destination: str) -> Iterator[Progress]:
    model = asked.model("move")
    with explained(call), associate(call.target, call.caller, [proposal(model)]) as association:
        begin = partial(begin_move, association, model, asked.identifier, destination)
        try:
            with cancellable(association, begin) as under_way:
                yield from responses(association, under_way.asked)
        except ValueError as error:
            raise Failure(Code.PARTIAL, f"{call.target}: {error}") from None


def follow(responses: Iterator[Progress], what: str) -> Progress:
    """Show the counts while they come; the final response."""
    last: Progress | None = None
    with show.bar() as bar:
        task = bar.add_task(what, total=None)
        for last in responses:
            done = sum(filter(None, (last.completed, last.failed, last.warning)))
            total = None if last.remaining is None else done + last.remaining
            bar.update(task, completed=done, total=total)
    if last is None:
        raise Failure(Code.ENDED, "the peer did not answer")
    return last


def document(last: Progress, service: str) -> dict[str, object]:
    """The final response for --json; `failures` gives each UID the peer's one reason."""
    why = statuses.describe(last.status, service, last.comment)
    return {
        "said": why,
        **asdict(last),
        "failures": [
            {"sop_instance_uid": uid, "cause": last.comment or why} for uid in last.failed_uids
        ],
    }


def _report(last: Progress, way: str) -> None:
    made = show.table("Completed", "Warnings", "Failed", right=("Completed", "Warnings", "Failed"))
    show.row(made, *(number or 0 for number in (last.completed, last.warning, last.failed)))
    show.put(made)
    uids = last.failed_uids
    if uids:
        show.say("")
        failed = show.table("Failed SOP Instance UID", whole=("Failed SOP Instance UID",))
        for uid in uids[:SHOWN]:
            show.row(failed, uid)
        show.put(failed)
    if len(uids) > SHOWN:
        show.tell(f"... and {len(uids) - SHOWN} more; --json lists all")
    if (last.failed or 0) > len(uids):
        show.tell(f"{last.failed} failed, of which {way.partition(' ')[0]} names {len(uids)}")
    if last.category != statuses.SUCCESS:
        said = statuses.describe(last.status, "move", last.comment)
        show.complain(f"{way}: {said}{_next(last)}")


def nothing(last: Progress) -> bool:
    """Whether the peer says that nothing matched; one that gives no numbers does not say so."""
    tried = last.failed or last.warning or last.remaining
    return last.category == statuses.SUCCESS and last.completed == 0 and not tried


def code(last: Progress) -> Code:
    """0 only when every object arrived."""
    if last.category == statuses.CANCEL:
        return Code.INTERRUPTED
    return Code.DONE if last.category == statuses.SUCCESS and not last.failed else Code.PARTIAL


def _next(last: Progress) -> str:
    if last.status == Status.MOVE_DESTINATION_UNKNOWN:
        return "; it must be a peer with a port in that node's own configuration"
    return ""
