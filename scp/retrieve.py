"""Retrieve, PS3.4 C.4.2 (C-MOVE) and C.4.3 (C-GET): stored objects go out as they were stored.

If the association of the request breaks, running sub-operations are stopped (PS3.4 leaves it open).
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from functools import partial

from archive import errors
from archive.query import parse
from config import catalogue
from config.settings import Peer
from scp import policy, statuses
from scp.exchange import Exchange
from scp.query import refuse
from scp.statuses import Status
from scp.suboperations import Tally
from scu.associate import Caller, Target
from scu.instances import Instance
from scu.statuses import FAILURE
from scu.store import Originator, Outcome, attempt, store_all

_log = logging.getLogger("anode.retrieve")


def move(exchange: Exchange) -> None:
    """Answer C-MOVE."""
    command, settings = exchange.command, exchange.house.settings
    destination = (command.move_destination or "").strip(" ")
    peer = policy.destinations(exchange.calling_ae_title, settings).get(destination)
    if peer is None:
        known = "is not one this caller may move to"
        _log.warning(
            "C-MOVE of %s: destination %r %s", exchange.calling_ae_title, destination, known
        )
        exchange.answer(Status.MOVE_DESTINATION_UNKNOWN, f"destination {destination} {known}")
        return
    try:
        instances = _matches(exchange)
    except errors.ArchiveError as error:
        refuse(exchange, error, statuses.RETRIEVE)
        return
    with exchange.house.moves.turn(destination, partial(_given_up, exchange)) as turn:
        outcomes = _sent_to(exchange, peer, instances) if turn else _nothing()
        perform(exchange, instances, outcomes)


def _given_up(exchange: Exchange) -> bool:
    return exchange.association.cancelled(exchange.command.message_id)


def _nothing() -> Generator[Outcome, None, None]:
    yield from ()


def get(exchange: Exchange) -> None:
    """Answer C-GET."""
    try:
        instances = _matches(exchange)
    except errors.ArchiveError as error:
        refuse(exchange, error, statuses.RETRIEVE)
        return
    perform(exchange, instances, _sent_back(exchange, instances))


def _matches(exchange: Exchange) -> list[Instance]:
    model = catalogue.MODELS[exchange.context.abstract_syntax]
    query = parse(exchange.identifier(), model.levels, retrieve=True, options=exchange.options)
    found = exchange.house.archive.instances(query)
    return [one for one in found if not model.classes or one.sop_class_uid in model.classes]


def _sent_to(
    exchange: Exchange, peer: Peer, instances: list[Instance]
) -> Generator[Outcome, None, None]:
    """Sub-operations of a C-MOVE: on associations of their own, PS3.4 C.4.2.2.1."""
    settings, command = exchange.house.settings, exchange.command
    return store_all(
        Target(peer.ae_title, peer.host, peer.port or 0),
        Caller(settings.node.ae_title, settings.limits),
        instances,
        priority=command.priority or 0,
        originator=Originator(exchange.calling_ae_title, command.message_id or 0),
    )


def _sent_back(exchange: Exchange, instances: Iterable[Instance]) -> Generator[Outcome, None, None]:
    """Sub-operations of a C-GET: on the association of the request, PS3.4 C.4.3.2.1."""
    for instance in instances:
        yield attempt(exchange.association, instance, priority=exchange.command.priority or 0)


def perform(
    exchange: Exchange, instances: Sequence[Instance], outcomes: Generator[Outcome, None, None]
) -> None:
    """Run the sub-operations, with a pending response after each but the last."""
    tally = Tally(len(instances))
    association, command = exchange.association, exchange.command
    with closing(outcomes):
        for outcome in outcomes:
            tally.count(outcome)
            _note(outcome, exchange)
            if _given_up(exchange):
                break
            if tally.remaining:
                association.send(exchange.context, tally.counts(command.response(Status.PENDING)))
    status = tally.status(cancelled=tally.remaining > 0)
    failed = tally.failed_list(exchange.context.transfer_syntax)
    response = tally.counts(command.response(status, data_set=failed is not None))
    association.send(exchange.context, response, failed)


def _note(outcome: Outcome, exchange: Exchange) -> None:
    """Failures and changes are for the log: a response has no place for either."""
    if outcome.category == FAILURE:
        why = outcome.comment or f"status {outcome.status or 0:#06x}"
        _log.warning("sub-operation for %s failed: %s", exchange.calling_ae_title, why)
    elif outcome.converted_to:
        stored, sent = outcome.instance.transfer_syntax_uid, outcome.converted_to
        names = catalogue.name_of(stored), catalogue.name_of(sent)
        _log.info("sub-operation for %s: %s sent as %s", exchange.calling_ae_title, *names)
