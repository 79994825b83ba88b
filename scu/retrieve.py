"""C-MOVE and C-GET, PS3.4 C.4.2 and C.4.3, as their SCU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydicom import Dataset

from scu import statuses
from scu.datasets import decode, encode
from wire.association import Association, Message
from wire.command import Command, Field

Keep = Callable[[Message], int]
"""Takes a C-STORE sub-operation's message with its data set; returns the status to answer."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One response: counts of sub-operations, None where the peer gave none; final has a list."""

    status: int | None
    remaining: int | None
    completed: int | None
    failed: int | None
    warning: int | None
    comment: str = ""
    failed_uids: tuple[str, ...] = ()

    @property
    def category(self) -> str:
        """Success, Pending, Warning, Failure or Cancel."""
        return statuses.category(self.status)

    @property
    def final(self) -> bool:
        return self.category != statuses.PENDING


def move(
    association: Association, model: str, identifier: Dataset, destination: str
) -> Iterator[Progress]:
    """Responses as they arrive, the final one last. Raises NoContext, Ended, ValueError."""
    request = _request(association, Field.C_MOVE, model, destination)
    context = association.context_for(model)
    association.send(context, request, encode(identifier, context.transfer_syntax))
    while True:
        progress = _progress(association.response(request), context.transfer_syntax)
        yield progress
        if progress.final:
            return


def get(
    association: Association, model: str, identifier: Dataset, keep: Keep
) -> Iterator[Progress]:
    """As `move`; every object that arrives goes through `keep`, whose errors come out too."""
    request = _request(association, Field.C_GET, model, None)
    context = association.context_for(model)
    association.send(context, request, encode(identifier, context.transfer_syntax))
    while True:
        message = association.expect(association.channel.limits.response_seconds)
        if message.command.command_field == Field.C_STORE:
            status = keep(message)
            message.drain()
            association.send(message.context, message.command.response(status))
            continue
        association.answers(message, request)
        progress = _progress(message, context.transfer_syntax)
        yield progress
        if progress.final:
            return


def _request(
    association: Association, field: Field, model: str, destination: str | None
) -> Command:
    return Command(
        command_field=field,
        affected_sop_class_uid=model,
        message_id=association.next_message_id(),
        priority=0,
        move_destination=destination,
        command_data_set_type=1,
    )


def _progress(message: Message, transfer_syntax: str) -> Progress:
    data = message.identifier()
    command = message.command
    failed = decode(data, transfer_syntax).get("FailedSOPInstanceUIDList") if data else None
    uids = [failed] if isinstance(failed, str) else failed or []
    return Progress(
        status=command.status,
        remaining=command.number_of_remaining_suboperations,
        completed=command.number_of_completed_suboperations,
        failed=command.number_of_failed_suboperations,
        warning=command.number_of_warning_suboperations,
        comment=command.error_comment or "",
        failed_uids=tuple(str(uid) for uid in uids),
    )
