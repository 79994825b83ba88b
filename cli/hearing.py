"""A door for as long as a command waits: reports that a peer brings on an association of its own.

Law: only the peer that was asked gets in, by its AE title and, where it is bound to one, its
certificate; and nothing but reports of storage commitment is taken, PS3.4 J.3.3.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from cli.calls import Call
from cli.failures import Code, Failure
from config import addresses, contexts
from scp.listener import Crowd, Door, Listener, Wrap, bound
from scp.policy import Entry
from scu.commit import SYNTAXES, Commitment
from scu.references import MODEL
from wire import establish, negotiation
from wire.channel import Channel
from wire.errors import Ended
from wire.items import Request
from wire.negotiation import Acceptance, Decision, Offer, Rejection

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - the peer calls from where it is
_CALLING_NOT_RECOGNISED, _CALLED_NOT_RECOGNISED = (1, 1, 3), (1, 1, 7)  # PS3.8 Table 9-21
_LAST_SECONDS = 1.0


class Bell:
    """Rung by another thread; a descriptor, so that it can be waited for beside a socket."""

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def ring(self) -> None:
        """Wake who waits."""
        os.eventfd_write(self.fd, 1)

    def hush(self) -> None:
        """Forget that it was rung."""
        with suppress(BlockingIOError):
            os.eventfd_read(self.fd)

    def wait(self, seconds: float) -> None:
        """Until it is rung, or the time is over."""
        watched = select.poll()
        watched.register(self.fd, select.POLLIN)
        watched.poll(max(0.0, seconds) * 1000)
        self.hush()


@dataclass(frozen=True, slots=True)
class Ear:
    """Where to listen, and how: `wrap` speaks TLS, `bindings` are the peer's certificates."""

    host: str
    port: int
    wrap: Wrap | None = None
    bindings: tuple[str, ...] = ()


def place(text: str) -> tuple[str, int]:
    """Host and port of --listen [HOST:]PORT; raises Failure."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or _EVERYWHERE
    try:
        if not port.isdecimal():
            raise ValueError("is no port")
        return addresses.host(host), addresses.port(int(port))
    except ValueError as error:
        why = f"--listen takes PORT or HOST:PORT, not {text!r}: a part of it {error}"
        raise Failure(Code.USAGE, why) from None


@dataclass(frozen=True, slots=True)
class _Hearing:
    """What the threads of the listener share."""

    ear: Ear
    call: Call
    commitment: Commitment
    bell: Bell

    def serve(self, sock: socket.socket, _entry: Entry) -> None:
        """One association, whoever's it is."""
        with suppress(Ended, OSError):
            channel = establish.acceptor(sock, self.call.caller.limits)
            try:
                self._hear(channel, sock)
            finally:
                channel.close()

    def _hear(self, channel: Channel, sock: socket.socket) -> None:
        limits, decide = self.call.caller.limits, partial(self._decide, sock)
        made = establish.accept(channel, lambda pdu: negotiation.accept(pdu, limits, decide))
        if isinstance(made, establish.Established):
            while (message := made.association.receive()) is not None:
                self.commitment.hear(made.association, message)
                self.bell.ring()

    def _decide(self, sock: socket.socket, request: Request) -> Decision:
        call, bindings = self.call, self.ear.bindings
        if request.called_ae_title.strip(" ") != call.caller.ae_title:
            return Rejection(*_CALLED_NOT_RECOGNISED, "called by another AE title")
        shown = contexts.shown_by(sock)
        known = not bindings or (shown is not None and shown.is_one_of(bindings))
        if request.calling_ae_title.strip(" ") != call.target.ae_title or not known:
            return Rejection(*_CALLING_NOT_RECOGNISED, "not the peer that was asked")
        return Acceptance({MODEL: Offer(SYNTAXES, scu=True)})


def _bound(ear: Ear) -> socket.socket:
    try:
        return bound(ear.host, ear.port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        step = "if our node is there, stop it meanwhile, or ask by another --aet and its port"
        raise Failure(Code.PARTIAL, f"{error.strerror}; {step}") from None


@contextmanager
def hearing(ear: Ear | None, call: Call, commitment: Commitment) -> Iterator[Bell | None]:
    """Take reports there; the bell rings for each. Without an ear, none.

    Raises OSError, Failure.
    """
    if ear is None:
        yield None
        return
    bell, crowd = Bell(), Crowd(call.caller.limits)
    serve = _Hearing(ear, call, commitment, bell).serve
    listener = Listener(_bound(ear), crowd, Door(ear.wrap), serve)
    listener.start()
    try:
        yield bell
    finally:
        listener.stop()
        crowd.disperse()
        crowd.drain(_LAST_SECONDS)
