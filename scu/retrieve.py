"""C-MOVE and C-GET, PS3.4 C.4.2 and C.4.3, as their SCU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydicom import Dataset

from scu import statuses
from scu.datasets import decode
from scu.requests import Asked, begin
from wire.association import Association, Message
from wire.command import Field

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
    yield from responses(association, begin_move(association, model, identifier, destination))


def begin_move(
    association: Association, model: str, identifier: Dataset, destination: str
) -> Asked:
    """Send a C-MOVE request; its answers are for `responses`."""
    return begin(association, Field.C_MOVE, model, identifier, destination=destination)


def responses(
    association: Association, asked: Asked, keep: Keep | None = None
) -> Iterator[Progress]:
    """What answers a request that was begun; sub-operations that arrive go through `keep`."""
    limits = association.channel.limits
    while True:
        message = association.expect(limits.response_seconds)
        if keep is not None and message.command.command_field == Field.C_STORE:
            status = keep(message)
            message.drain(limits.object_bytes)
            association.send(message.context, message.command.response(status))
            continue
        association.answers(message, asked.request)
        progress = _progress(message, asked.context.transfer_syntax)
        yield progress
        if progress.final:
            return


def get(
    association: Association, model: str, identifier: Dataset, keep: Keep
) -> Iterator[Progress]:
    """As `move`; every object that arrives goes through `keep`, whose errors come out too."""
    asked = begin(association, Field.C_GET, model, identifier)
    yield from responses(association, asked, keep)


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
