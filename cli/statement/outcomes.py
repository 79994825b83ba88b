"""Chapter 7.3: what is answered and what is made of answers, and when an association fails.

Annex N.7.3.  Law: an operation answers what its code and its table of errors name, and no more;
`tests/test_conformance_statuses.py` reads it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from cli.failures import Code
from cli.statement.blocks import Block, Heading, Paragraph, grid
from config.limits import Limits
from config.settings import Settings
from scp import statuses
from scp.statuses import Status
from scu import statuses as statuses_of
from scu.commit import Answer

_MEANINGS: Final[Mapping[Status, str]] = {
    Status.SUCCESS: "done",
    Status.PROCESSING_FAILURE: "file system or index fail, or an error of ours",
    Status.DUPLICATE_INSTANCE: "the instance is held with other bytes",
    Status.NO_SUCH_INSTANCE: "not the well-known instance",
    Status.INVALID_ARGUMENT: "the request breaks the rules of the service",
    Status.NO_SUCH_CLASS: "not this SOP class",
    Status.SOP_CLASS_NOT_SUPPORTED: "not the SOP class of the presentation context",
    Status.NO_SUCH_ACTION: "an action type that is not known",
    Status.NOT_AUTHORISED: "the caller has no right to this",
    Status.UNRECOGNISED_OPERATION: "not an operation of this SOP class or role",
    Status.MISTYPED_ARGUMENT: "the data set cannot be read",
    Status.RESOURCE_LIMITATION: "a limit is reached, or the disk is full",
    Status.OUT_OF_RESOURCES: "no room on the disk, a limit is passed, or a query costs too much",
    Status.CANNOT_COUNT_MATCHES: "the index cannot answer",
    Status.CANNOT_PERFORM_SUBOPERATIONS: "nothing could be sent",
    Status.INVALID_PRIOR_RECORD_KEY: "the prior record key is none of ours",
    Status.MOVE_DESTINATION_UNKNOWN: "no configured peer, or none the caller may name",
    Status.FRAMES_NOT_FOUND: "none of the frames is there",
    Status.CANNOT_CREATE_OBJECT: "no valid object can be made of these frames",
    Status.CANNOT_EXTRACT_FRAMES: "the frames cannot be taken out",
    Status.NOT_TIME_BASED: "frames by time of an object that has none",
    Status.INVALID_FRAME_REQUEST: "the frame keys break their rules",
    Status.CLASS_MISMATCH: "of another SOP class, or a data set or identifier against its rules",
    Status.SUBOPERATIONS_FAILED: "some sub-operations failed or warned",
    Status.RECORD_LIMIT_REACHED: "as many records as were asked for; there are more",
    Status.CANNOT_UNDERSTAND: "the data set cannot be read, or lacks what it needs",
    Status.UNABLE_TO_PROCESS: "the index cannot answer",
    Status.CANCELLED: "cancelled",
    Status.PENDING: "an answer, or progress",
    Status.PENDING_KEYS_UNSUPPORTED: "an answer; some keys are not supported",
}
_ALWAYS: Final = (Status.SUCCESS, Status.NOT_AUTHORISED, Status.UNRECOGNISED_OPERATION)
_RETRIEVE: Final = (
    *statuses.RETRIEVE.values(),
    *(Status.PENDING, Status.CANCELLED, Status.SUBOPERATIONS_FAILED),
    *(Status.CANNOT_PERFORM_SUBOPERATIONS, Status.PROCESSING_FAILURE),
)
ANSWERS: Final[Mapping[str, tuple[Status, ...]]] = {
    "C-ECHO": _ALWAYS,
    "C-STORE": (
        *_ALWAYS,
        *statuses.STORE.values(),
        *(Status.SOP_CLASS_NOT_SUPPORTED, Status.PROCESSING_FAILURE),
    ),
    "C-FIND": (
        *(*_ALWAYS, *statuses.FIND.values(), Status.PENDING, Status.PENDING_KEYS_UNSUPPORTED),
        *(Status.CANCELLED, Status.RECORD_LIMIT_REACHED, Status.PROCESSING_FAILURE),
    ),
    "C-MOVE": (*_ALWAYS, *_RETRIEVE, Status.MOVE_DESTINATION_UNKNOWN),
    "C-GET": (*_ALWAYS, *_RETRIEVE),
    "N-ACTION": (
        *(*_ALWAYS, *statuses.COMMIT.values(), Status.NO_SUCH_CLASS, Status.NO_SUCH_INSTANCE),
        *(Status.NO_SUCH_ACTION, Status.INVALID_ARGUMENT, Status.MISTYPED_ARGUMENT),
    ),
}

# What an N-EVENT-REPORT is answered, by `anode commit`; the node itself asked for none.
_HEARD: Final[Mapping[Answer, str]] = {
    Answer.SUCCESS: "the report is heard",
    Answer.PROCESSING_FAILURE: "of a transaction nobody here asked for",
    Answer.NO_SUCH_INSTANCE: "not the well-known instance",
    Answer.NO_SUCH_EVENT: "an event type other than 1 and 2",
    Answer.NO_SUCH_CLASS: "another class than that of its context",
    Answer.MISTYPED_ARGUMENT: "the data set cannot be read",
    Answer.UNRECOGNISED_OPERATION: "not an operation of this SOP class or role",
}


_HEAD: Final = "Service status | Status | Meaning"


def outcomes(settings: Settings) -> Iterator[Block]:
    """7.3."""
    yield Heading("7.3", "Status Codes")
    yield Heading("7.3.1", "General Communication and Failure Behavior")
    yield from _failures(settings.limits)
    yield Heading("7.3.2", "DIMSE Services")
    yield Heading("7.3.2.1", "Answered as SCP")
    yield Paragraph(
        "Those Anode answers with, and no other. Error Comment (0000,0902) says why, Offending "
        "Element (0000,0901) where; the log has both. An operation that is not of the SOP class "
        "or role of its context is answered 0211."
    )
    for number, (operation, answers) in enumerate(ANSWERS.items(), 1):
        rows = [
            (statuses_of.category(code), f"{code:04X}", _MEANINGS[code])
            for code in sorted(set(answers))
        ]
        yield grid(f"Table 7.3-{number}. Statuses of {operation}", _HEAD, rows)
    heard = [(statuses_of.category(code), f"{code:04X}", _HEARD[code]) for code in sorted(_HEARD)]
    yield grid("Table 7.3-7. Statuses of N-EVENT-REPORT", _HEAD, heard)
    yield Heading("7.3.2.2", "Received as SCU")
    yield Paragraph(
        "Statuses are read by their category (PS3.7 Annex C), and told with their name, their "
        "code and the Error Comment; one of no known category counts as a failure, and so does "
        "none at all."
    )
    yield grid("Table 7.3-8. Behavior as SCU", "Operation | Service status | Behavior", _BEHAVIOR)


def _failures(limits: Limits) -> Iterator[Block]:
    yield Heading("7.3.1.1", "As Association Initiator")
    rows = _initiator(limits)
    yield grid("Table 7.3.1-1. Failures as initiator", "Failure | Behavior", rows)
    yield Heading("7.3.1.2", "As Association Acceptor")
    rows = _acceptor(limits)
    yield grid("Table 7.3.1-2. Failures as acceptor", "Failure | Behavior", rows)


def _initiator(limits: Limits) -> list[tuple[str, str]]:
    return [
        (
            "No connection, or none in time",
            (
                f"After {limits.connect_seconds:g} s. A command says so and ends with exit code "
                f"{Code.UNREACHABLE:d}; a C-MOVE fails what is left; a report of storage "
                f"commitment is tried again after {limits.report_seconds:g} s, twice that, up to "
                f"{limits.report_most_seconds:g} s, for {limits.report_days} days."
            ),
        ),
        (
            "The association is rejected",
            (
                f"As above, with exit code {Code.REJECTED:d}, and the words of result, source and "
                "reason."
            ),
        ),
        (
            "No context is accepted",
            (
                f"A command ends with exit code {Code.REJECTED:d}. Of objects those fail that have "
                "no context, and are told with the cause; the others go on."
            ),
        ),
        (
            "No answer in time, an abort, a lost connection",
            (
                f"After {limits.response_seconds:g} s (`--timeout` of a command). The association "
                f"is aborted, A-ABORT; a command ends with exit code {Code.ENDED:d}. "
                "Where objects are sent it costs that object; the others go on a new association, "
                "until three in a row ended with their first object."
            ),
        ),
    ]


def _acceptor(limits: Limits) -> list[tuple[str, str]]:
    return [
        (
            "No request in time",
            (
                f"A-ABORT after {limits.request_seconds:g} s, and the end of the connection (TLS: "
                f"{limits.handshake_seconds:g} s for the handshake before)."
            ),
        ),
        (
            "Silence between messages",
            (
                f"A-ABORT after {limits.idle_seconds:g} s; within a PDU after "
                f"{limits.pdu_seconds:g} s."
            ),
        ),
        (
            "An abort or a lost connection",
            (
                "What was acknowledged stays; an object that has not come whole is not kept. "
                "Sub-operations stop."
            ),
        ),
        (
            "A PDU, command set or identifier over its limit, a message against PS3.7 or PS3.8",
            "A-ABORT of the service provider with its reason. Nothing of that message is kept.",
        ),
        ("A second request before the first is answered", "A-ABORT: see asynchronous operations."),
    ]


_BEHAVIOR: Final = (
    ("C-ECHO", "other than Success", "Told; exit code 1."),
    ("C-STORE", "Success", "Stored."),
    ("C-STORE", "Warning", "Stored; told. In a C-MOVE counted as a warning."),
    ("C-STORE", "any other", "This object failed; told by UID with its cause; the rest goes on."),
    ("C-FIND", "Pending FF00", "One match more."),
    ("C-FIND", "Pending FF01", "The same; it is told which keys came back empty."),
    ("C-FIND", "Success, Cancel, Warning", "The end of the answers."),
    ("C-FIND", "any other", "Told; exit code 1."),
    ("C-MOVE, C-GET", "Pending", "The counts of sub-operations are shown."),
    ("C-MOVE, C-GET", "Success", "The end."),
    ("C-MOVE, C-GET", "Warning", "What failed is told by UID; exit code 1."),
    ("C-MOVE, C-GET", "any other", "Told, with the UIDs that failed; exit code 1."),
    ("N-ACTION", "Success", "The report is waited for, as long as `--wait` says."),
    ("N-ACTION", "any other", "The objects of this transaction are told not to be committed."),
    ("N-EVENT-REPORT (as SCP of commitment)", "any", "The report is over; it is not repeated."),
)
