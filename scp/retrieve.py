"""Retrieve, PS3.4 C.4.2 (C-MOVE) and C.4.3 (C-GET): objects go out as they were stored.

What the receiver does not take so is changed without loss where that can be done.

If the association of the request breaks, running sub-operations are stopped (PS3.4 leaves it open).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import closing
from itertools import count

from archive import Found, StoredInstance, errors
from archive.query import Single, parse, parse_single
from archive.record import Subject
from config import catalogue, contexts
from config.peers import Peer
from scp import audit, policy, soundness, statuses
from scp.conversion import Converter
from scp.exchange import Exchange
from scp.query import refuse
from scp.statuses import Status
from scp.suboperations import Tally
from scp.wholes import whole
from scu.associate import Caller, Target
from scu.instances import Instance
from scu.loads import Waiting
from scu.statuses import FAILURE
from scu.store import Manner, Originator, Outcome, attempt, store_all
from wire import command as commands

_log = logging.getLogger("anode.retrieve")
_LOOKS_A_SIGN = 10
_TOLD = 10  # failures of one retrieve, one by one; all are counted


def move(exchange: Exchange) -> None:
    """Answer C-MOVE."""
    peer = destination(exchange)
    if peer is None:
        return
    try:
        instances = whole(exchange, _matches(exchange), peer, back=False)
    except errors.ArchiveError as error:
        refuse(exchange, error, statuses.RETRIEVE)
        return
    send_to(exchange, peer, instances)


def destination(exchange: Exchange) -> Peer | None:
    """Where a C-MOVE goes; None once it has been refused."""
    title = (exchange.command.move_destination or "").strip(" ")
    caller, settings = exchange.calling_ae_title, exchange.house.settings
    peer = policy.destinations(caller, settings).get(title)
    if peer is None:
        known = "is not one this caller may move to"
        _log.warning("C-MOVE of %s: destination %r %s", caller, title, known)
        asked = f"C-MOVE refused: destination {title!r} {known}"
        exchange.house.trail.record(audit.restricted(exchange.transfers.caller, asked))
        exchange.answer(Status.MOVE_DESTINATION_UNKNOWN, f"destination {title} {known}")
    return peer


def send_to(exchange: Exchange, peer: Peer, instances: Collection[StoredInstance]) -> None:
    """Do what a C-MOVE asks for, and answer it."""
    look = _impatient(exchange, Tally(len(instances)))
    with exchange.house.moves.turn(peer.ae_title, look) as turn:
        outcomes = _sent_to(exchange, peer, instances) if turn else _nothing()
        perform(exchange, instances, outcomes, to=audit.Node(peer.ae_title, peer.host))


def _impatient(exchange: Exchange, tally: Tally) -> Callable[[], bool]:
    """What is asked while a C-MOVE waits for its turn; now and then the caller gets a sign."""
    pending = tally.counts(exchange.command.response(Status.PENDING))
    looks = count(1)

    def look() -> bool:
        if next(looks) % _LOOKS_A_SIGN == 0:
            exchange.association.send(exchange.context, pending)
        return _given_up(exchange)

    return look


def _given_up(exchange: Exchange) -> bool:
    return exchange.association.cancelled(exchange.command.message_id)


def _nothing() -> Generator[Outcome, None, None]:
    yield from ()


def get(exchange: Exchange) -> None:
    """Answer C-GET."""
    try:
        peer = exchange.house.settings.peer_named(exchange.calling_ae_title)
        instances = whole(exchange, _matches(exchange), peer, back=True)
    except errors.ArchiveError as error:
        refuse(exchange, error, statuses.RETRIEVE)
        return
    send_back(exchange, instances)


def send_back(exchange: Exchange, instances: Collection[StoredInstance]) -> None:
    """Do what a C-GET asks for, and answer it."""
    perform(exchange, instances, sent_back(exchange, instances))


def _matches(exchange: Exchange) -> Found:
    model = catalogue.MODELS[exchange.context.abstract_syntax]
    if not model.classes:
        query = parse(exchange.identifier(), model.levels, retrieve=True, options=exchange.options)
        return exchange.house.archive.instances(query)
    single = Single(model.root, model.classes)
    query = parse_single(exchange.identifier(), single, retrieve=True)
    found = exchange.house.archive.instances(query)
    return found.of([kind for kind in found.kinds if kind[0] in model.classes])


def _sent_to(
    exchange: Exchange, peer: Peer, instances: Collection[Instance]
) -> Generator[Outcome, None, None]:
    """Sub-operations of a C-MOVE: on associations of their own, PS3.4 C.4.2.2.1."""
    settings, command = exchange.house.settings, exchange.command
    return store_all(
        Target(
            peer.ae_title, peer.host, peer.port or 0, contexts.secure(exchange.house.calling, peer)
        ),
        Caller(settings.node.ae_title, settings.limits),
        instances,
        Manner(
            priority=command.priority or 0,
            originator=Originator(exchange.calling_ae_title, command.message_id or 0),
            conversion=Converter(settings.node.data, peer),
            fault=soundness.fault(exchange.house),
            ahead=soundness.ahead(exchange.house),
        ),
    )


def sent_back(exchange: Exchange, instances: Iterable[Instance]) -> Generator[Outcome, None, None]:
    """Sub-operations of a C-GET: on the association of the request, PS3.4 C.4.3.2.1."""
    settings = exchange.house.settings
    peer = settings.peer_named(exchange.calling_ae_title)
    manner = Manner(
        priority=exchange.command.priority or 0,
        conversion=Converter(settings.node.data, peer),
        fault=soundness.fault(exchange.house),
        ahead=soundness.ahead(exchange.house),
    )
    waiting = Waiting(instances)
    if manner.ahead is not None:
        manner.ahead.following = waiting.following
    while instance := waiting.take():
        yield attempt(exchange.association, instance, manner)


def perform(
    exchange: Exchange,
    instances: Collection[StoredInstance],
    outcomes: Generator[Outcome, None, None],
    *,
    to: audit.Node | None = None,
) -> None:
    """Run the sub-operations, with a pending response after each but the last.

    They go `to` another node, or back to the caller.
    """
    tally, pending = Tally(len(instances)), _Pending(exchange, alone=to is not None)
    association, command = exchange.association, exchange.command
    transfers, intended = exchange.transfers, _intended(instances)
    with transfers.sending(to or transfers.caller, intended) as sending, closing(outcomes):
        for outcome in outcomes:
            tally.count(outcome)
            sending.sent(outcome)
            _note(outcome, exchange, tally)
            if _given_up(exchange):
                break
            if tally.remaining:
                pending.tell(tally, sent=outcome.status is not None)
        if not _given_up(exchange):
            tally.close()
    status = tally.status(cancelled=tally.remaining > 0)
    failed = tally.failed_list(exchange.context.transfer_syntax)
    response = command.response(status, data_set=failed is not None, comment=tally.comment(status))
    association.send(exchange.context, tally.counts(response), failed)
    _log.info("retrieve for %s: %s", exchange.calling_ae_title, tally)


class _Pending:
    """Pending responses, one for each sub-operation; PS3.4 C.4.2.3 leaves to us when they are told.

    Where objects go back on the same association one leaves in a write with the next object;
    `alone` on theirs, and after an object that was not sent, it leaves at once.
    """

    def __init__(self, exchange: Exchange, *, alone: bool) -> None:
        self._association, self._context = exchange.association, exchange.context
        response = exchange.command.response(Status.PENDING)
        self._response = commands.encode(response.with_counts(0, 0, 0, 0))
        self._alone = alone

    def tell(self, tally: Tally, *, sent: bool) -> None:
        counts = (tally.remaining, tally.completed, tally.failed, tally.warning)
        response = commands.recounted(self._response, counts)
        self._association.queue(self._context, response)
        if self._alone or not sent:
            self._association.flush()


def _intended(instances: Collection[StoredInstance]) -> audit.Intended:
    if isinstance(instances, Found):
        return instances.subjects
    counts: dict[Subject, Counter[str]] = {}
    for one in instances:
        counts.setdefault(one.subject, Counter())[one.sop_class_uid] += 1
    return counts


def _note(outcome: Outcome, exchange: Exchange, tally: Tally) -> None:
    """Failures and changes are for the log, the first of them: there may be a hundred thousand."""
    if outcome.category == FAILURE:
        uid = outcome.instance.sop_instance_uid
        told = logging.WARNING if tally.failed <= _TOLD else logging.DEBUG
        _log.log(
            told, "retrieve of %s for %s failed: %s", uid, exchange.calling_ae_title, outcome.cause
        )
    elif outcome.converted_to:
        stored, sent = outcome.instance.transfer_syntax_uid, outcome.converted_to
        uid = outcome.instance.sop_instance_uid
        names = catalogue.name_of(stored), catalogue.name_of(sent)
        _log.debug("%s: %s sent as %s", uid, *names)
