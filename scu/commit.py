"""Storage commitment, Push Model, as its SCU: PS3.4 J.3.2 asks, J.3.3 is heard.

Law: an object is committed when a report says so for a transaction of ours, and not otherwise.
Reports come on the association that asked, even between its answers, or on any other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

from pydicom.uid import generate_uid

from scu import references, statuses
from scu.references import INSTANCE, MODEL, REQUEST, Information, Reason, Reference
from wire.association import Association, Message
from wire.command import RESPONSE, Command, Field

AT_A_TIME = 5000  # objects in one transaction
SYNTAXES = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
_MOST_BYTES = 256 * AT_A_TIME  # of a report; a reference has 150 or less
UNNAMED = -1
"""The reason of an object that the report on its transaction left out."""


class Answer(IntEnum):
    """What an N-EVENT-REPORT is answered, PS3.7 10.1.1.1.8."""

    SUCCESS = 0x0000
    PROCESSING_FAILURE = 0x0110
    NO_SUCH_INSTANCE = 0x0112
    NO_SUCH_EVENT = 0x0113
    NO_SUCH_CLASS = 0x0118
    MISTYPED_ARGUMENT = 0x0212
    UNRECOGNISED_OPERATION = 0x0211


NOBODYS = Answer.PROCESSING_FAILURE, "a transaction of nobody here"
"""What is answered for a transaction that was never asked for."""


class CommitRefused(Exception):
    """The peer does not process a request; `status` is what it said."""

    def __init__(self, status: int | None, comment: str | None) -> None:
        self.status = status
        super().__init__(statuses.describe(status, "commit", comment))


def fault(command: Command) -> tuple[Answer, str] | None:
    """Why a message is no report of this model; None: it is one."""
    if command.command_field != Field.N_EVENT_REPORT:
        return Answer.UNRECOGNISED_OPERATION, "not an operation of this SOP class"
    if command.affected_sop_class_uid != MODEL:
        return Answer.NO_SUCH_CLASS, "another class than its context"
    if command.affected_sop_instance_uid != INSTANCE:
        return Answer.NO_SUCH_INSTANCE, "not the well-known instance"
    if command.event_type_id not in (references.ALL_COMMITTED, references.FAILURES_EXIST):
        return Answer.NO_SUCH_EVENT, "an event type other than 1 and 2"
    return None


class Commitment:
    """Objects that a peer is to answer for, and what it has said; any thread may use it."""

    def __init__(self, objects: Iterable[Reference], at_a_time: int = AT_A_TIME) -> None:
        every = list({one.sop_instance_uid: one for one in objects}.values())
        self._lock = threading.Lock()
        self.transactions: Mapping[str, Sequence[Reference]] = {
            str(generate_uid(prefix=None)): every[start : start + at_a_time]
            for start in range(0, len(every), at_a_time)
        }
        self._open = dict.fromkeys(self.transactions)
        self.reasons: dict[str, int] = {}
        """By SOP Instance UID; 0 is committed. Who is not in it was not reported."""

    @property
    def reported(self) -> bool:
        """Whether every transaction has its report."""
        return not self._open

    def hear(self, association: Association, message: Message) -> None:
        """Take a report, and answer it. Raises Ended."""
        limits = association.channel.limits
        raw = message.identifier(max(limits.identifier_bytes, _MOST_BYTES))
        status, why = fault(message.command) or self._taken(message, raw)
        response = message.command.response(status, comment=why)
        association.send(message.context, response)

    def _taken(self, message: Message, raw: bytes) -> tuple[Answer, str]:
        try:
            told = references.decode(raw, message.context.transfer_syntax, AT_A_TIME)
        except ValueError as error:
            return Answer.MISTYPED_ARGUMENT, str(error)
        with self._lock:
            if told.transaction_uid not in self.transactions:
                return NOBODYS
            if told.transaction_uid in self._open:
                del self._open[told.transaction_uid]
                self.reasons |= _reasons(self.transactions[told.transaction_uid], told)
        return Answer.SUCCESS, ""

    def __len__(self) -> int:
        return sum(map(len, self.transactions.values()))


def _reasons(asked: Sequence[Reference], told: Information) -> dict[str, int]:
    """What a report says of each object that was asked for; who fails it in any way, fails."""
    said: dict[str, int] = {one.sop_instance_uid: Reason.NONE for one in told.referenced}
    for one in told.failed:
        said[one.sop_instance_uid] = one.reason or Reason.PROCESSING_FAILURE
    return {uid: said.get(uid, UNNAMED) for uid in (one.sop_instance_uid for one in asked)}


def request(association: Association, commitment: Commitment) -> None:
    """Ask for all of it, transaction by transaction. Raises CommitRefused, NoContext, Ended."""
    context = association.context_for(MODEL)
    for uid, objects in commitment.transactions.items():
        asked = Command(
            command_field=Field.N_ACTION,
            requested_sop_class_uid=MODEL,
            requested_sop_instance_uid=INSTANCE,
            message_id=association.next_message_id(),
            action_type_id=REQUEST,
            command_data_set_type=1,
        )
        data = references.encode(Information(uid, objects), context.transfer_syntax)
        association.send(context, asked, data)
        answer = _answer(association, commitment, asked)
        if statuses.category(answer.status) not in (statuses.SUCCESS, statuses.WARNING):
            raise CommitRefused(answer.status, answer.error_comment)


def _answer(association: Association, commitment: Commitment, asked: Command) -> Command:
    """The response; reports that overtake it are heard."""
    while True:
        message = association.expect(association.channel.limits.response_seconds)
        if message.command.command_field & RESPONSE:
            association.answers(message, asked)
            message.drain(association.channel.limits.identifier_bytes)
            return message.command
        commitment.hear(association, message)


def listen(
    association: Association, commitment: Commitment, seconds: float, wake: int | None = None
) -> None:
    """Hear reports until all are there, the time is over, or `wake` is readable. Raises Ended."""
    deadline = time.monotonic() + seconds
    while association.alive and not commitment.reported:
        left = deadline - time.monotonic()
        if left <= 0 or not association.arrives(left, wake):
            return
        message = association.receive()
        if message is None:
            return
        commitment.hear(association, message)
