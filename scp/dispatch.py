"""Which function answers what: (command, kind of SOP class) → service."""

from __future__ import annotations

import logging
from collections.abc import Callable

from config import catalogue
from config.rights import allows
from scp import audit, commitment, instance_root, policy, query, retrieve, storage, verification
from scp.exchange import Exchange
from scp.statuses import Status
from wire.command import Field

_log = logging.getLogger("anode.dispatch")

SERVICES: dict[tuple[int, str], Callable[[Exchange], None]] = {
    (Field.C_ECHO, "echo"): verification.echo,
    (Field.C_STORE, "store"): storage.store,
    (Field.C_FIND, "find"): query.find,
    (Field.C_MOVE, "move"): retrieve.move,
    (Field.C_GET, "get"): retrieve.get,
    (Field.N_ACTION, "commit"): commitment.act,
    (Field.N_EVENT_REPORT, "commit"): commitment.hear,
}
# What an SCP asks of its SCU
OF_SCP = frozenset({Field.N_EVENT_REPORT})
# Models of a root that has functions of its own
ROOTS: dict[tuple[int, str], Callable[[Exchange], None]] = {
    (Field.C_MOVE, "composite"): instance_root.move,
    (Field.C_GET, "composite"): instance_root.get,
    (Field.C_GET, "without-bulk-data"): instance_root.get_without_bulk_data,
}


def serve(exchange: Exchange) -> str:
    """Answer one request; returns what kind it was. Raises Ended when the association is over."""
    if exchange.command.is_response:
        raise exchange.association.violated("a response, although nothing was asked", 2, 2)
    kind = _kind(exchange.context.abstract_syntax)
    service = _service(exchange, kind)
    if service is None or not _in_role(exchange):
        # PS3.7 C.5.24
        _refuse(exchange, Status.UNRECOGNISED_OPERATION, "not an operation of this SOP class")
    elif not allows(exchange.rights, kind, exchange.context.abstract_syntax):
        # Storage contexts are also accepted for C-GET: they give no right to store.
        why = "this caller may not do this"
        asked = f"{_operation(exchange)} refused: no right to {kind}"
        exchange.house.trail.record(audit.restricted(exchange.transfers.caller, asked))
        _refuse(exchange, Status.NOT_AUTHORISED, why)
    else:
        service(exchange)
    return kind


def _in_role(exchange: Exchange) -> bool:
    """Whether we are in this context what the request takes us for, PS3.7 D.3.3.4."""
    asks = exchange.command.command_field in OF_SCP
    return exchange.context.scu if asks else exchange.context.scp


def _refuse(exchange: Exchange, status: Status, why: str) -> None:
    _log.warning("%s of %s refused: %s", _operation(exchange), exchange.calling_ae_title, why)
    exchange.answer(status, why)


def _operation(exchange: Exchange) -> str:
    """What was asked for, in words."""
    field = exchange.command.command_field
    known = field in Field._value2member_map_
    name = Field(field).name.replace("_", "-") if known else f"request 0x{field:04X}"
    return f"{name} ({catalogue.name_of(exchange.context.abstract_syntax)})"


def _service(exchange: Exchange, kind: str) -> Callable[[Exchange], None] | None:
    field = exchange.command.command_field
    model = catalogue.SERVED_MODELS.get(exchange.context.abstract_syntax)
    own = ROOTS.get((field, model.root)) if model else None
    return own or SERVICES.get((field, kind))


def _kind(abstract_syntax: str) -> str:
    """Every abstract syntax we accept and do not name otherwise is storage."""
    if abstract_syntax == policy.VERIFICATION:
        return "echo"
    model = catalogue.SERVED_MODELS.get(abstract_syntax)
    return model.service if model else "store"
