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

from wire import core
from wire.core import Core, Indication
from wire.errors import Aborted, Closed, DeadlineExceeded, Ended, ProtocolError
from wire.limits import Limits
from wire.states import Event

_QUICKACK = getattr(socket, "TCP_QUICKACK", None)
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 4 * 1024 * 1024


class Channel:
    """One transport connection; not for use by several threads."""

    def __init__(self, sock: socket.socket, protocol: Core, limits: Limits) -> None:
        self.socket = sock
        self.core = protocol
        self.limits = limits
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
        """Receive what is there; one wait, one read."""
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise DeadlineExceeded(self._late())
        try:
            self.socket.settimeout(remaining)
            count = self.socket.recv_into(self.core.space())
            if self._quick:
                # DCMTK-based senders stall 40 ms per object on delayed acknowledgements.
                self.socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK or 0, 1)
        except TimeoutError:
            raise DeadlineExceeded(self._late()) from None
        except (ssl.SSLError, OSError) as error:
            self.close()
            raise Closed(f"the connection broke: {error.strerror or error}") from None
        if count == 0:
            self.close()
            raise Closed("the peer closed the connection without a release")
        self.core.received(count)

    def _late(self) -> str:
        if self.core.partial:
            return "the peer began a PDU and did not finish it in time"
        return "the peer sent nothing for too long"

    def send(self, event: Event, pdu: bytes) -> None:
        """Send the PDU that belongs to a request of the local user."""
        self.write(self.core.request(event, pdu))

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes whole within `limits.pdu_seconds`; raises Closed or DeadlineExceeded."""
        try:
            self.socket.settimeout(self.limits.pdu_seconds)
            self.socket.sendall(data)
        except TimeoutError:
            # Part of a PDU may have left: nothing sensible can follow it.
            self.close()
            raise DeadlineExceeded("the peer did not take what was sent in time") from None
        except (ssl.SSLError, OSError) as error:
            self.close()
            raise Closed(f"the connection broke: {error.strerror or error}") from None

    def readable(self) -> bool:
        """Whether `next` would find something without waiting."""
        if self.core.partial:
            return True
        if isinstance(self.socket, ssl.SSLSocket) and self.socket.pending():
            return True
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return bool(poll.poll(0))

    def abort(self, source: int = 0, reason: int = 0) -> None:
        """Send A-ABORT if one is due and close; never raises."""
        pdu = self.core.abort(source, reason)
        if pdu:
            with contextlib.suppress(Ended):
                self.write(pdu)
            self._linger()
        self.close()

    def await_close(self) -> None:
        """Wait for the peer to close, under the ARTIM timer (Sta13), then close."""
        self._linger()
        self.close()

    def _linger(self) -> None:
        """Read and drop what is under way, so that our last PDU is not lost to a reset."""
        deadline = time.monotonic() + _LINGER_SECONDS
        dropped = 0
        with contextlib.suppress(OSError, ValueError):
            if not isinstance(self.socket, ssl.SSLSocket):
                self.socket.shutdown(socket.SHUT_WR)
            while dropped < _LINGER_BYTES and (left := deadline - time.monotonic()) > 0:
                self.socket.settimeout(left)
                piece = self.socket.recv(65536)
                if not piece:
                    return
                dropped += len(piece)

    def close(self) -> None:
        """Close the transport connection; never raises."""
        self.core.closed()
        with contextlib.suppress(OSError):
            self.socket.close()
