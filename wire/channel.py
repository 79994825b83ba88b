"""A socket with deadlines around `wire.core`: blocking, one thread, nothing polls.

Law: every wait has an end. A whole PDU has its deadline from its first byte, so a peer that drips
bytes is as dead as a silent one (hostile-input.md N1, N2).
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time

from wire import core, handshake
from wire.core import Core, Indication
from wire.errors import Aborted, Closed, DeadlineExceeded, Ended, ProtocolError
from wire.limits import Limits
from wire.patience import Patience
from wire.states import Event, State

_QUICKACK = getattr(socket, "TCP_QUICKACK", None)
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 4 * 1024 * 1024


class Channel:
    """One transport connection; not for use by several threads."""

    def __init__(self, sock: socket.socket, protocol: Core, limits: Limits) -> None:
        self.socket = sock
        self.core = protocol
        self.limits = limits
        self._patience = Patience(sock)
        self._unanswered = False
        self._quick = _QUICKACK is not None and sock.family != socket.AF_UNIX
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def next(self, seconds: float) -> Indication:
        """The peer's next indication, awaited for `seconds`.

        A PDU that has begun then has `limits.pdu_seconds` to be complete, except before the
        association, where `seconds` is all there is. Raises Ended: Aborted when the peer aborts,
        Closed, DeadlineExceeded, ProtocolError; an A-ABORT that is due has then been sent.
        """
        try:
            indication = self._next(seconds)
        except ProtocolError as error:
            self.abort(error.source, error.reason)
            raise
        except DeadlineExceeded:
            self.abort(2, 0)
            raise
        if isinstance(indication, core.AbortReceived):
            self.close()
            raise Aborted(indication.source, indication.reason)
        return indication

    def _next(self, seconds: float) -> Indication:
        deadline = time.monotonic() + seconds
        extended = self.core.artim
        while (indication := self.core.indication()) is None:
            if self.core.partial and not extended:
                deadline, extended = time.monotonic() + self.limits.pdu_seconds, True
            self._fill(deadline)
        return indication

    def _fill(self, deadline: float) -> None:
        """Receive something, or all the rest of what has begun: TLS brings 16 KiB at a time."""
        missing = self.core.missing if self.core.partial else 1
        while missing > 0:
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not (count := self._receive(remaining)):
                raise DeadlineExceeded(self._late())
            missing -= count

    def _receive(self, seconds: float) -> int:
        """Receive what is there, in one read; 0 when nothing came within `seconds`."""
        self._must_be_open()
        if seconds > 0:
            self._acknowledge()
        try:
            flags = self._patience.receiving(seconds)
            count = self.socket.recv_into(self.core.space(), 0, flags)
        except Patience.EXPIRED:
            return 0
        except OSError as error:
            self.close()
            raise Closed(f"the connection broke: {handshake.reason(error)}") from None
        if count == 0:
            self.close()
            raise Closed("the peer closed the connection without a release")
        self.core.received(count)
        self._unanswered = True
        return count

    def _acknowledge(self) -> None:
        """Acknowledge what came, before waiting, unless an answer already has.

        DCMTK-based senders stall 40 ms per object on delayed acknowledgements.
        """
        if self._quick and self._unanswered:
            with contextlib.suppress(OSError):
                self.socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK or 0, 1)

    def _must_be_open(self) -> None:
        if self.core.state is State.IDLE:
            raise Closed("the association is over")

    def _late(self) -> str:
        if self.core.partial:
            return "the peer began a PDU and did not finish it in time"
        return "the peer sent nothing for too long"

    def send(self, event: Event, pdu: bytes) -> None:
        """Send the PDU that belongs to a request of the local user."""
        self.write(self.core.request(event, pdu))

    def write(self, data: bytes | bytearray | memoryview, seconds: float | None = None) -> None:
        """Send bytes whole within `seconds` (default: `pdu_seconds`); raises Ended."""
        self._must_be_open()
        deadline = time.monotonic() + (seconds or self.limits.pdu_seconds)
        rest = memoryview(data)
        self._unanswered = False
        try:
            while rest:
                if (left := deadline - time.monotonic()) <= 0:
                    raise TimeoutError
                flags = self._patience.sending(left)
                rest = rest[self.socket.send(rest, flags) :]
        except Patience.EXPIRED:
            # Part of a PDU may have left: nothing sensible can follow it.
            self.close()
            raise DeadlineExceeded("the peer did not take what was sent in time") from None
        except OSError as error:
            raise self._last_word(error) from None

    def _last_word(self, error: OSError) -> Ended:
        """Why nothing can be sent: the peer's A-ABORT or TLS alert, if it had a last word."""
        ended: Ended = Closed(f"the connection broke: {handshake.reason(error)}")
        try:
            while (indication := self.core.indication()) is not None or self._receive(0):
                if isinstance(indication, core.AbortReceived):
                    ended = Aborted(indication.source, indication.reason)
                    break
        except Ended as last:
            # A server of TLS 1.3 judges our certificate after we have begun to send.
            ended = last if isinstance(error, ssl.SSLError) else ended
        self.close()
        return ended

    def readable(self) -> bool:
        """Whether a whole PDU is at hand; takes in what has arrived and never waits.

        Asks the protocol, not the socket: a TLS record may carry nothing for us.
        """
        while not self.core.ready and self._receive(0):
            pass
        return self.core.ready

    def arrives(self, seconds: float, wake: int | None = None) -> bool:
        """Whether a PDU has begun to arrive within `seconds`; False too once `wake` is readable.

        Asks the protocol as `readable` does. Raises Closed.
        """
        deadline = time.monotonic() + seconds
        watched = select.poll()
        watched.register(self.socket, select.POLLIN)
        if wake is not None:
            watched.register(wake, select.POLLIN)
        while not self.core.partial:
            if self._receive(0):
                continue
            self._acknowledge()
            left = deadline - time.monotonic()
            found = watched.poll(left * 1000) if left > 0 else []
            if not found or any(descriptor == wake for descriptor, _ in found):
                return False
        return True

    def abort(self, source: int = 0, reason: int = 0) -> None:
        """Send A-ABORT if one is due and close; never raises."""
        pdu = self.core.abort(source, reason)
        if pdu:
            with contextlib.suppress(Ended):
                self.write(pdu, self._last_seconds)
                self._linger()
        self.close()

    @property
    def _last_seconds(self) -> float:
        """The ARTIM timer, PS3.8 9.1.5, cut short: nobody is waiting for this peer any more."""
        return min(self.limits.request_seconds, _LINGER_SECONDS)

    def await_close(self) -> None:
        """Wait for the peer, whose part it is, to close, under the ARTIM timer (Sta13)."""
        self._linger(hurry=False)
        self.close()

    def _linger(self, *, hurry: bool = True) -> None:
        """Read and drop what is under way, so that our last PDU is not lost to a reset.

        `hurry` tells the peer at once that nothing more will come.
        """
        deadline = time.monotonic() + self._last_seconds
        dropped = 0
        with contextlib.suppress(OSError, ValueError):
            if hurry and not isinstance(self.socket, ssl.SSLSocket):
                self.socket.shutdown(socket.SHUT_WR)
            while dropped < _LINGER_BYTES and (left := deadline - time.monotonic()) > 0:
                piece = self.socket.recv(4096, self._patience.receiving(left))
                if not piece:
                    return
                dropped += len(piece)

    def close(self) -> None:
        """Close the transport connection; never raises."""
        self.core.closed()
        # unwrap says close_notify, and without a timeout does not wait for the peer's
        with contextlib.suppress(OSError, ValueError):
            if isinstance(self.socket, ssl.SSLSocket):
                self.socket.settimeout(0)
                self.socket.unwrap()
        with contextlib.suppress(OSError):
            self.socket.close()
