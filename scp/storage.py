"""Storage, PS3.4 Annexes B and GG, level 2 (full): what is received is kept byte for byte.

Success is answered only once the archive holds the object durably and can find it.
"""

from __future__ import annotations

import logging

from archive import errors
from config import catalogue
from scp import checking, statuses
from scp.exchange import Exchange
from scp.statuses import Status

_log = logging.getLogger("anode.storage")


def store(exchange: Exchange) -> None:
    """Answer C-STORE."""
    command = exchange.command
    if not command.has_data_set:
        _refuse(exchange, Status.CANNOT_UNDERSTAND, "C-STORE-RQ without a data set")
        return
    if command.affected_sop_class_uid != exchange.context.abstract_syntax:
        _refuse(exchange, _of_another_class(exchange), "class differs from its context")
        return
    try:
        _keep(exchange)
    except errors.ArchiveError as error:
        if isinstance(error, errors.TooLarge) and not isinstance(error, errors.Inflated):
            # Draining gigabytes to answer politely would be the attack succeeding (N5).
            _tell(exchange, error)
            exchange.association.abort()
        else:
            _tell(exchange, error)
            exchange.answer(statuses.status_of(error, _table(exchange)), str(error))
        return
    exchange.answer(Status.SUCCESS)


def _keep(exchange: Exchange) -> None:
    command, house = exchange.command, exchange.house
    sop_class_uid = command.affected_sop_class_uid or ""
    syntax = exchange.context.transfer_syntax
    reception = house.archive.receive(
        sop_class_uid,
        command.affected_sop_instance_uid or "",
        syntax,
        source_ae=exchange.calling_ae_title,
        patient_related=catalogue.of_patient(sop_class_uid),
        judge=checking.judge(house.archive, house.settings, (sop_class_uid, syntax)),
    )
    with reception:
        for fragments in exchange.message.fragments():
            reception.write(fragments)
        receipt = reception.commit()
    exchange.transfers.received(receipt)


def _non_patient(exchange: Exchange) -> bool:
    return catalogue.is_non_patient(exchange.context.abstract_syntax)


def _table(exchange: Exchange) -> statuses.Table:
    return statuses.STORE_NON_PATIENT if _non_patient(exchange) else statuses.STORE


def _of_another_class(exchange: Exchange) -> Status:
    no_such_status = _non_patient(exchange)  # PS3.4 GG.4
    return Status.CLASS_MISMATCH if no_such_status else Status.SOP_CLASS_NOT_SUPPORTED


def _refuse(exchange: Exchange, status: Status, why: str) -> None:
    _tell(exchange, why)
    exchange.answer(status, why)


def _tell(exchange: Exchange, why: str | errors.ArchiveError) -> None:
    exchange.transfers.refused(exchange.context.abstract_syntax, str(why))
    _log.warning(
        "C-STORE of a %s from %s refused: %s; its SOP Instance UID is %s",
        catalogue.name_of(exchange.context.abstract_syntax),
        exchange.calling_ae_title,
        why.located if isinstance(why, errors.ArchiveError) else why,
        (exchange.command.affected_sop_instance_uid or "missing")[:64],
    )
