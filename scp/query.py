"""Query, PS3.4 C.4.1: identifier → one SELECT at the asked level → pending responses, streamed."""

from __future__ import annotations

import logging
from contextlib import closing
from functools import partial

from pydicom import Dataset

from archive import charsets, errors, items
from archive.query import Query, Single, parse, parse_single, with_character_set
from config import catalogue
from iod.errors import IodError
from scp import statuses
from scp.exchange import Exchange
from scp.identifiers import Plan
from scp.statuses import Status, Table
from wire import command as commands

_log = logging.getLogger("anode.query")

_QUERY_RETRIEVE_LEVEL = 0x00080052
_RETRIEVE_AE_TITLE = 0x00080054
_BATCH_BYTES = 32 * 1024


def find(exchange: Exchange) -> None:
    """Answer C-FIND."""
    try:
        query, plan = _understood(exchange)
        status = _answer(exchange, query, plan)
    except errors.ArchiveError as error:
        exchange.association.flush()
        refuse(exchange, error, statuses.FIND)
        return
    exchange.answer(status)


def refuse(exchange: Exchange, error: errors.ArchiveError | IodError, table: Table) -> None:
    """The final response for a query or retrieve that cannot be done, with its cause."""
    offending = error.offending if isinstance(error, errors.BadIdentifier) else ()
    _log.warning("request of %s refused: %s", exchange.calling_ae_title, error)
    exchange.answer(statuses.status_of(error, table), str(error), offending)


def _understood(exchange: Exchange) -> tuple[Query, Plan]:
    model = catalogue.MODELS[exchange.context.abstract_syntax]
    raw = exchange.message.identifier()
    syntax = exchange.context.transfer_syntax
    exchange.transfers.asked(exchange.context.abstract_syntax, raw, syntax)
    identifier = exchange.understood(raw)
    query = _query(exchange, model, identifier)
    requested_set = charsets.of(identifier)
    if requested_set.default:
        query = with_character_set(query)
    own = (_RETRIEVE_AE_TITLE, "AE", exchange.house.settings.node.ae_title)
    if query.single:  # PS3.4 K.4.1.1.3.2: nothing that was not asked for
        fixed = [own] if _RETRIEVE_AE_TITLE in identifier else []
    else:
        fixed = [(_QUERY_RETRIEVE_LEVEL, "CS", query.level), own]
    plan = Plan(
        fields=[(key.tag, key.vr) for key in query.returns],
        fixed=fixed,
        transfer_syntax=syntax,
        requested_set=requested_set,
        items={key.tag: partial(items.answer, key) for key in query.returns if key.vr == "SQ"},
    )
    return query, plan


def _query(exchange: Exchange, model: catalogue.InformationModel, identifier: Dataset) -> Query:
    if model.classes:
        single = Single(model.root, model.classes)
        return parse_single(identifier, single, options=exchange.options)
    repository = model.root == "repository"
    return parse(identifier, model.levels, repository=repository, options=exchange.options)


def _answer(exchange: Exchange, query: Query, plan: Plan) -> Status:
    """Send a pending response per match, as many as were asked for; the final status."""
    pending = Status.PENDING if query.complete else Status.PENDING_KEYS_UNSUPPORTED
    raw = commands.encode(exchange.command.response(pending, data_set=True))
    association, message_id = exchange.association, exchange.command.message_id
    with closing(exchange.house.archive.find(query)) as rows:
        for number, row in enumerate(rows):
            if number == query.limit:
                return Status.RECORD_LIMIT_REACHED
            if association.queue(exchange.context, raw, plan.encode(row)) >= _BATCH_BYTES:
                association.flush()
                if association.cancelled(message_id):
                    return Status.CANCELLED
    return Status.CANCELLED if association.cancelled(message_id) else Status.SUCCESS
