"""One association from its first byte to its last, in one thread."""

from __future__ import annotations

import logging
import socket
from collections import Counter
from functools import partial

from scp import dispatch, policy
from scp.exchange import Exchange, House
from scp.policy import Entry
from wire import establish
from wire.association import Association
from wire.errors import Ended, Unsecured
from wire.items import Request
from wire.negotiation import Cache, Decision, Rejection

_log = logging.getLogger("anode.association")


def run(sock: socket.socket, entry: Entry, house: House, cache: Cache) -> None:
    """Serve an association until it ends; never raises."""
    try:
        channel = establish.acceptor(sock, house.settings.limits)
    except Unsecured as failed:
        _log.warning("connection from %s refused: %s", entry.address, failed)
        return
    except OSError as error:  # it went before it was looked at
        _log.info("connection from %s broke: %s", entry.address, error.strerror)
        return
    try:
        decide = partial(_decide, entry, house)
        caller = f"{entry.address} {entry.crowded}"
        limits = house.settings.limits
        made = establish.accept(channel, lambda pdu: cache.accept(pdu, caller, limits, decide))
        if isinstance(made, establish.Established):
            _serve(made.association, made.request, entry, house)
        else:
            _rejected(*made, entry)
    except Ended as end:
        _log.info("association from %s ended: %s", entry.address, end)
    except Exception:  # noqa: BLE001 - one association's fault never takes the node with it
        _log.exception("association from %s ended by an error of ours", entry.address)
        channel.abort()
    finally:
        channel.close()


def _decide(entry: Entry, house: House, request: Request) -> Decision:
    """The policy; an error inside it rejects (PS3.8 Table 9-21: no reason given)."""
    try:
        return policy.decide(entry, request, house.settings)
    except Exception:  # noqa: BLE001 - an error here rejects, it never lets in
        _log.exception("the policy failed, so the association is rejected")
        return Rejection(2, 2, 1, "the policy failed")


def _serve(association: Association, request: Request, entry: Entry, house: House) -> None:
    title, served = request.calling_ae_title, Counter[str]()
    rights = policy.rights_of(entry, title, house.settings) or ()
    while (message := association.receive()) is not None:
        served[dispatch.serve(Exchange(house, association, message, request, rights))] += 1
        if not association.alive:
            return
    # Told once it is over: a line at its start would delay every first answer. Who only echoes
    # is a monitor, and not worth a line each time.
    told = logging.DEBUG if served.keys() <= {"echo"} else logging.INFO
    if _log.isEnabledFor(told):
        what = ", ".join(f"{count} {kind}" for kind, count in served.items()) or "nothing"
        _log.log(told, "association from %r at %s released: %s", title, entry.address, what)


def _rejected(request: Request, why: Rejection, entry: Entry) -> None:
    _log.warning(
        "association from %r at %s to %r rejected: %s",
        request.calling_ae_title,
        entry.address,
        request.called_ae_title,
        why.cause,
    )
