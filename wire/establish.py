"""Associations come to be: as requestor (`request`) and as acceptor (`accept`), PS3.8 7.1."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from wire import core, framing, handshake, items, negotiation
from wire.association import Association
from wire.channel import Channel
from wire.core import Core
from wire.errors import Ended, ProtocolError, Rejected, Unreachable
from wire.handshake import Secure
from wire.items import Request
from wire.limits import Limits
from wire.negotiation import Decision, Negotiated, Rejection
from wire.states import Event, Role

Negotiate = Callable[[bytes], "Negotiated | tuple[Request, Rejection]"]


@dataclass(frozen=True, slots=True)
class Established:
    """An association and what was asked for on it."""

    association: Association
    request: Request


def accept(channel: Channel, negotiate: Negotiate) -> Established | tuple[Request, Rejection]:
    """Await an A-ASSOCIATE-RQ, decide, answer; a rejection has been sent when it is returned.

    Raises Ended; the ARTIM deadline `request_seconds` covers the whole request.
    """
    match channel.next(channel.limits.request_seconds):
        case core.AssociationRequested(pdu):
            pass
        case other:
            raise RuntimeError(f"{other} cannot begin an association")
    try:
        outcome = negotiate(pdu)
    except ProtocolError as error:
        channel.abort(error.source, error.reason)
        raise
    except BaseException:
        channel.abort(2, 0)  # a mistake in the policy never lets anybody in
        raise
    if not isinstance(outcome, Negotiated):
        _, no = outcome
        channel.send(Event.REJECT, framing.reject(no.result, no.source, no.reason))
        channel.await_close()
        return outcome
    channel.send(Event.ACCEPT, outcome.answer)
    length = outcome.request.maximum_length
    association = Association(channel, outcome.contexts, maximum_length=length)
    return Established(association, outcome.request)


def acceptor(sock: socket.socket, limits: Limits) -> Channel:
    """A channel for a transport connection that a peer opened, after its TLS handshake if any.

    Raises Unsecured; the socket is then closed.
    """
    if isinstance(sock, ssl.SSLSocket):
        try:
            handshake.await_client(sock, limits)
        except BaseException:
            sock.close()
            raise
    return Channel(sock, Core(Role.ACCEPTOR, limits), limits)


def request(
    address: tuple[str, int],
    wanted: Request,
    limits: Limits,
    *,
    tls: Secure | None = None,
) -> Association:
    """Connect and associate; raises Unreachable, Rejected, Ended.

    An association of which no context was accepted is returned all the same: what it lacks is
    said where it is missed (NoContext).
    """
    pdu = items.encode_request(wanted)
    sock = _connect(address, limits.connect_seconds)
    if tls is not None:
        sock = handshake.secured(sock, address, tls, limits)
    channel = requestor(sock, limits)
    match _answer(channel, pdu):
        case core.AssociationAccepted(answer):
            return _concluded(channel, wanted, answer)
        case core.AssociationRejected(result, source, reason):
            channel.close()
            raise Rejected(result, source, reason)
        case other:
            raise RuntimeError(f"{other} cannot answer an association request")


def _answer(channel: Channel, pdu: bytes) -> core.Indication:
    try:
        channel.send(Event.TRANSPORT_CONFIRMED, pdu)
        return channel.next(channel.limits.response_seconds)
    except Ended as error:
        error.unanswered = True
        raise


def requestor(sock: socket.socket, limits: Limits) -> Channel:
    """A channel for a transport connection that we opened."""
    return Channel(sock, Core(Role.REQUESTOR, limits), limits)


def _concluded(channel: Channel, wanted: Request, pdu: bytes) -> Association:
    try:
        accepted = negotiation.concluded(wanted, pdu)
    except ProtocolError as error:
        channel.abort(error.source, error.reason)
        raise
    return Association(
        channel,
        accepted.contexts,
        maximum_length=accepted.maximum_length,
        extended=accepted.extended,
        results=accepted.results,
    )


def _connect(address: tuple[str, int], seconds: float) -> socket.socket:
    host, port = address
    try:
        return socket.create_connection(address, timeout=seconds)
    except TimeoutError:
        raise Unreachable(f"{host}:{port} did not answer within {seconds:g} s") from None
    except OSError as error:
        why = error.strerror or str(error)
        raise Unreachable(f"no connection to {host}:{port}: {why}") from None


__all__ = ["Decision", "Established", "Secure", "accept", "acceptor", "request", "requestor"]
