"""C-FIND, PS3.4 C.4.1."""

from __future__ import annotations

from collections.abc import Generator

from pydicom import Dataset

from scu import requests, statuses
from scu.datasets import decode
from scu.requests import Asked
from wire.association import Association
from wire.command import Field


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
    return requests.begin(association, Field.C_FIND, model, identifier)


def matches(association: Association, asked: Asked) -> Generator[Dataset, None, None]:
    """What answers a C-FIND that was begun, to its end or until it was cancelled; as `find`.

    What else the answers say is in `asked.pending`, PS3.4 C.4.1.1.4.
    """
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
            asked.pending.add(status or 0)
            yield decode(data, context.transfer_syntax)
    finally:
        if not final and association.alive:
            _end(association, asked)
    if statuses.category(status) not in (statuses.SUCCESS, statuses.WARNING, statuses.CANCEL):
        raise QueryFailed(status, "find", message.command.error_comment)


def _end(association: Association, asked: Asked) -> None:
    """Cancel, and read on to the final response."""
    requests.cancel(association, asked)
    while True:
        message = association.response(asked.request)
        message.drain()
        if statuses.category(message.command.status) != statuses.PENDING:
            return
