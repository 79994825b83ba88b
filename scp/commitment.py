"""Storage commitment, Push Model, PS3.4 Annex J: we answer for what we hold.

Law: a request is accepted once its result is on the disk; where reading takes longer than a peer
should wait, once the request is, and its result before it is reported (durability P3).
"""

from __future__ import annotations

import logging

from archive import errors
from archive.commitments import Result
from archive.filemeta import is_uid
from scp import judging, statuses
from scp.exchange import Exchange
from scp.judging import Late
from scp.statuses import Status
from scu import references
from scu.commit import NOBODYS, fault
from scu.references import INSTANCE, MODEL, REQUEST, Information, Reason, TooMany
from wire.command import Command

_log = logging.getLogger("anode.commitment")


def act(exchange: Exchange) -> None:
    """Answer N-ACTION, PS3.4 J.3.2."""
    try:
        asked = _asked(exchange)
        _crowded(exchange)
        _accept(exchange, asked)
    except _Refusal as no:
        _log.warning("storage commitment of %r refused: %s", exchange.calling_ae_title, no)
        exchange.answer(no.status, str(no))
    except errors.ArchiveError as error:
        _log.error("storage commitment of %r failed: %s", exchange.calling_ae_title, error)
        exchange.answer(statuses.status_of(error, statuses.COMMIT), str(error))


def hear(exchange: Exchange) -> None:
    """Answer N-EVENT-REPORT, PS3.4 J.3.3: a node asks nobody itself, `anode commit` does."""
    status, why = fault(exchange.command) or NOBODYS
    _log.warning("report of %r refused: %s", exchange.calling_ae_title, why)
    exchange.answer(status, why)


class _Refusal(Exception):
    """A request that is not processed; its transaction is none."""

    def __init__(self, status: Status, why: str) -> None:
        super().__init__(why)
        self.status = status


def _asked(exchange: Exchange) -> Information:
    """The request, when it is one by PS3.4 Table J.3-1; raises _Refusal."""
    command, limits = exchange.command, exchange.house.settings.limits
    _check_command(command)
    raw = exchange.message.identifier(exchange.most_bytes)
    most = limits.commitment_instances
    try:
        asked = references.decode(raw, exchange.context.transfer_syntax, most)
    except TooMany:
        why = f"more than {most} instances in one request"
        raise _Refusal(Status.RESOURCE_LIMITATION, why) from None
    except ValueError as error:
        raise _Refusal(Status.MISTYPED_ARGUMENT, str(error)) from None
    if why := _defect(asked):
        raise _Refusal(Status.INVALID_ARGUMENT, why)
    return asked


def _check_command(command: Command) -> None:
    """PS3.7 10.1.4.1.10."""
    if command.requested_sop_class_uid != MODEL:
        raise _Refusal(Status.NO_SUCH_CLASS, "another class than its context")
    if command.requested_sop_instance_uid != INSTANCE:
        raise _Refusal(Status.NO_SUCH_INSTANCE, "not the well-known instance")
    if command.action_type_id != REQUEST:
        raise _Refusal(Status.NO_SUCH_ACTION, "an action type other than 1")
    if not command.has_data_set:
        raise _Refusal(Status.INVALID_ARGUMENT, "no action information")


def _defect(asked: Information) -> str:
    """What is wrong with the action information; empty: nothing."""
    if not is_uid(asked.transaction_uid):
        return "no transaction UID that is one"
    if not asked.referenced:
        return "no instance is referenced"
    for number, one in enumerate(asked.referenced, 1):
        if not is_uid(one.sop_class_uid) or not is_uid(one.sop_instance_uid):
            return f"reference {number} has no class and instance UID"
    if len({one.sop_instance_uid for one in asked.referenced}) < len(asked.referenced):
        return "an instance is referenced twice"
    return ""


def _crowded(exchange: Exchange) -> None:
    """Refuse who lets too many reports wait; raises _Refusal."""
    house, title = exchange.house, exchange.calling_ae_title
    settings, waiting = house.settings, house.commitments.waiting()
    if settings.peer_named(title):
        number = waiting[title]
    else:
        number = sum(n for each, n in waiting.items() if not settings.peer_named(each))
    if number >= settings.limits.commitments:
        raise _Refusal(Status.RESOURCE_LIMITATION, f"{number} reports wait to be answered")


def _accept(exchange: Exchange, asked: Information) -> None:
    """Have the transaction on the disk, then answer; raises ArchiveError, Ended."""
    commitments = exchange.house.commitments
    title, called = exchange.calling_ae_title, exchange.request.called_ae_title.strip(" ")
    begun = commitments.begin(asked.transaction_uid, title, called, len(asked.referenced))
    try:
        if commitments.known(begun):
            raise FileExistsError
        made, judged = _judged(exchange, asked)
        transaction = commitments.accept(begun, made, judged=judged)
    except FileExistsError:
        # The first one goes on as if this had not been asked.
        made, judged = _all(asked, Reason.DUPLICATE_TRANSACTION), True
        transaction = commitments.accept(begun.file_of_another(), made, judged=True)
    # Before the answer: whatever becomes of that, there will be a report.
    if judged:
        judging.tell(transaction, made)
        exchange.outbox.put(exchange.context, transaction)
    else:
        _log.info("%s: %d objects, still being read", transaction, transaction.objects)
        exchange.outbox.judge(exchange.context, transaction)
    exchange.answer(Status.SUCCESS)


def _judged(exchange: Exchange, asked: Information) -> tuple[list[Result], bool]:
    """The results, or, when it takes too long, what there is to be judged."""
    house = exchange.house
    go_on = judging.before(house.settings.limits.commitment_seconds)
    try:
        return judging.results(house.archive, house.settings, asked.referenced, go_on), True
    except Late:
        return _all(asked, Reason.NONE), False


def _all(asked: Information, reason: Reason) -> list[Result]:
    return [(one.sop_class_uid, one.sop_instance_uid, int(reason)) for one in asked.referenced]
