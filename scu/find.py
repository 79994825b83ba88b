"""C-FIND, PS3.4 C.4.1."""

from __future__ import annotations

from collections.abc import Generator

from pydicom import Dataset

from scu import statuses
from scu.datasets import decode, encode
from scu.retrieve import Asked
from wire.association import Association
from wire.command import Command, Field


class QueryFailed(Exception):
    """The peer refused or failed a C-FIND, C-MOVE or C-GET; `status` is what it said."""

    def __init__(self, status: int | None, service: str, comment: str | None) -> None:
        self.status = status
        super().__init__(statuses.describe(status, service, comment))


def find(
    association: Association, model: str, identifier: Dataset
) -> Generator[Dataset, None, None]:
    """The matches, as they arrive. Raises QueryFailed, NoContext, Ended.

    Closing the iterator early sends C-CANCEL, PS3.7 9.3.2.3, and awaits the final response.
    """
    yield from matches(association, begin(association, model, identifier))


def begin(association: Association, model: str, identifier: Dataset) -> Asked:
    """Send a C-FIND request; its answers are for `matches`."""
    context = association.context_for(model)
    request = Command(
        command_field=Field.C_FIND,
        affected_sop_class_uid=model,
        message_id=association.next_message_id(),
        priority=0,
        command_data_set_type=1,
    )
    association.send(context, request, encode(identifier, context.transfer_syntax))
    return Asked(context, request)


def matches(association: Association, asked: Asked) -> Generator[Dataset, None, None]:
    """What answers a C-FIND that was begun, to its end or until it was cancelled; as `find`."""
    context, request = asked.context, asked.request
    final = False
    try:
        while True:
            message = association.response(request)
            data = message.identifier()
            status = message.command.status
            if statuses.category(status) != statuses.PENDING:
                final = True
                break
            yield decode(data, context.transfer_syntax)
    finally:
        if not final and association.alive:
            cancel(association, request, context_id=context.id)
    if statuses.category(status) not in (statuses.SUCCESS, statuses.WARNING, statuses.CANCEL):
        raise QueryFailed(status, "find", message.command.error_comment)


def cancel(association: Association, request: Command, *, context_id: int) -> Command:
    """Send C-CANCEL for `request` and read on to its final response, which is returned."""
    context = association.contexts[context_id]
    association.send(
        context,
        Command(
            command_field=Field.C_CANCEL,
            message_id_being_responded_to=request.message_id,
        ),
    )
    while True:
        message = association.response(request)
        message.drain()
        if statuses.category(message.command.status) != statuses.PENDING:
            return message.command
