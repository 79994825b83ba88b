"""One association from its first byte to its last, in one thread."""

from __future__ import annotations

import logging
import socket
from collections import Counter
from dataclasses import replace
from functools import partial

from config import catalogue, contexts
from scp import audit, dispatch, policy
from scp.exchange import Exchange, House
from scp.guests import Visit
from scp.outbox import Outbox
from scp.policy import Entry
from wire import establish
from wire.association import Association
from wire.channel import Channel
from wire.errors import Ended, Unsecured
from wire.items import Identity, Request
from wire.negotiation import Decision, Negotiated, Rejection

_log = logging.getLogger("anode.association")

# PS3.8 Table 9-21: transient, of the presentation layer, temporary congestion
_CONGESTED = 3
_UNRECORDED = Rejection(2, _CONGESTED, 1, "the audit trail is full")


_SHOWN = 3  # SOP classes in a line of the log


def run(sock: socket.socket, entry: Entry, house: House) -> None:
    """Serve an association until it ends; never raises."""
    if _exhausted(entry, house) and not policy.expects(entry.address, house.settings):
        return
    try:
        channel = establish.acceptor(sock, house.settings.limits)
    except Unsecured as failed:
        _refused(entry, house, f"connection from {entry.address} refused: {failed}")
        house.trail.record(audit.tls_failed(entry.address, str(failed)))
        return
    except OSError as error:  # it went before it was looked at
        _log.info("connection from %s broke: %s", entry.address, error.strerror)
        return
    try:
        shown = contexts.shown_by(sock)
        known = replace(entry, certificate=shown)
        with Visit(house.guests) as visit:
            _attend(channel, known, house, visit)
    except Ended as end:
        _log.info("association from %s ended: %s", entry.address, end)
    except Exception:  # noqa: BLE001 - one association's fault never takes the node with it
        _log.exception("association from %s ended by an error of ours", entry.address)
        channel.abort()
    finally:
        channel.close()


def _attend(channel: Channel, entry: Entry, house: House, visit: Visit) -> None:
    entered: Negotiated | None = None

    def negotiate(pdu: bytes) -> Negotiated | tuple[Request, Rejection]:
        nonlocal entered
        # Asked now, not when it connected: who connects ahead has no more tries, either.
        known = replace(entry, exhausted=True) if _exhausted(entry, house) else entry
        limits, decide = house.settings.limits, partial(_decide, known, house)
        made = house.cache.accept(pdu, known, limits, decide)
        if isinstance(made, Negotiated):
            entered = made
            why = _no_room(made.request, house, visit)
            made = made if why is None else (made.request, why)
        if not isinstance(made, Negotiated):
            # Before its answer: who leaves connections open has no tries that do not count yet.
            _rejected(*made, entry, house)
        return made

    made = establish.accept(channel, negotiate)
    if isinstance(made, establish.Established) and entered is not None:
        _entered(entered, entry, house)
        _serve(made.association, made.request, entry, house)


def _exhausted(entry: Entry, house: House) -> bool:
    return house.refusals.exhausted(entry.address)


def _no_room(request: Request, house: House, visit: Visit) -> Rejection | None:
    """Why who has the right to an association has none now, if so; else it has entered."""
    if house.trail.full:
        return _UNRECORDED
    title = request.calling_ae_title
    room = visit.enter(title, policy.most_of(title, house.settings))
    return None if room else policy.CROWDED


def _entered(entered: Negotiated, entry: Entry, house: House) -> None:
    """Record who said it is whom, and what was asked for without a right to it."""
    request, refused = entered.request, entered.refused
    title, given = request.calling_ae_title, request.identity
    if entry.user_identity != "none" and given is not None:
        note = "" if given.type == policy.USERNAME_AND_PASSCODE else "believed without a passcode"
        house.trail.record(audit.identity(entry.address, named(given), title, note=note))
    if not refused:
        return
    what = _some(refused)
    if entered.contexts:  # many peers propose all they know, and are content with some of it
        _log.info("%r at %s has no right to %s", title, entry.address, what)
        return
    _log.warning("%r at %s has no right to %s", title, entry.address, what)
    caller = audit.Node(title, str(entry.address))
    house.trail.record(audit.restricted(caller, f"presentation contexts refused: {what}"))


def _some(abstract_syntaxes: frozenset[str]) -> str:
    """How many SOP classes, and the first of them."""
    names = sorted(map(catalogue.name_of, abstract_syntaxes))
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


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
    caller, ours = audit.Node(title, str(entry.address)), request.called_ae_title
    with (
        audit.Transfers(house.trail.record, caller, ours) as transfers,
        Outbox(house, association, title) as outbox,
    ):
        while (message := outbox.next()) is not None:
            asked = Exchange(house, association, message, request, rights, transfers, outbox)
            served[dispatch.serve(asked)] += 1
            if not association.alive:
                return
    # Told once it is over: a line at its start would delay every first answer. Who only echoes
    # is a monitor, and not worth a line each time.
    told = logging.DEBUG if served.keys() <= {"echo"} else logging.INFO
    if _log.isEnabledFor(told):
        what = ", ".join(f"{count} {kind}" for kind, count in served.items()) or "nothing"
        _log.log(told, "association from %r at %s released: %s", title, entry.address, what)


def _rejected(request: Request, why: Rejection, entry: Entry, house: House) -> None:
    calling, called = request.calling_ae_title, request.called_ae_title
    who = f"association from {calling!r} at {entry.address} to {called!r}"
    if entry.user_identity != "none" and request.identity and (name := named(request.identity)):
        who = f"{who} for user {name!r}"
    _refused(entry, house, f"{who} rejected: {why.cause}")
    if why.source == _CONGESTED:  # a limit of ours, and no doubt about the caller
        return
    if policy.misidentified(why, entry) and request.identity is not None:
        name = named(request.identity)
        house.trail.record(audit.identity(entry.address, name, calling, why.cause))
    else:
        house.trail.record(audit.rejected(entry.address, calling, called, why.cause))


def named(given: Identity) -> str:
    """The user in a user identity; of tickets and tokens nothing is told."""
    if given.type in (policy.USERNAME, policy.USERNAME_AND_PASSCODE):
        return given.primary.decode("utf-8", "replace")
    return ""


def _refused(entry: Entry, house: House, what: str) -> None:
    """Tell who was turned away, as long as it is news."""
    limits = house.settings.limits
    number = house.refusals.count(entry.address)
    _log.log(logging.WARNING if number <= limits.refusals else logging.DEBUG, "%s", what)
    if number == limits.refusals:
        _log.warning(
            "%s was refused %d times: for up to %g s %s",
            entry.address,
            number,
            limits.refusal_seconds,
            "its refusals are not told any more"
            if policy.expects(entry.address, house.settings)
            else "it is not heard any more",
        )
