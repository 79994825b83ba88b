"""A request with an identifier, begun and given up: what C-FIND, C-MOVE and C-GET share."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydicom import Dataset

from scu.datasets import encode
from wire.association import Association
from wire.command import Command, Field
from wire.negotiation import Context


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was sent and is being answered; `pending` are the statuses of answers."""

    context: Context
    request: Command
    pending: set[int] = field(default_factory=set, compare=False)


def begin(
    association: Association,
    command: Field,
    model: str,
    identifier: Dataset,
    *,
    destination: str | None = None,
) -> Asked:
    """Send a request to an information model. Raises NoContext, Ended, ValueError."""
    context = association.context_for(model)
    request = Command(
        command_field=command,
        affected_sop_class_uid=model,
        message_id=association.next_message_id(),
        priority=0,
        move_destination=destination,
        command_data_set_type=1,
    )
    association.send(context, request, encode(identifier, context.transfer_syntax))
    return Asked(context, request)


def cancel(association: Association, asked: Asked) -> None:
    """Send C-CANCEL, PS3.7 9.3.2.3; the final response still comes."""
    request = Command(
        command_field=Field.C_CANCEL, message_id_being_responded_to=asked.request.message_id
    )
    association.send(asked.context, request)
