"""How messages get to a sink: UDP (RFC 5426), TCP (RFC 6587), TLS (RFC 5425).

Syslog acknowledges nothing. What can be known is whether the peer's TCP has taken what was sent,
and whether the peer closed in order after it, which it does once it has read all.
"""

from __future__ import annotations

import contextlib
import fcntl
import select
import socket
import struct
import termios
from collections.abc import Sequence

from config import contexts
from config.auditing import Sink
from config.profiles import PROFILES
from scp.audit import syslog

CONNECT_SECONDS = 10.0
SEND_SECONDS = 10.0  # a sink that takes nothing for so long is as good as down
_VANISHED_MS = 30_000
_CLOSED = "it closed the connection"


class Connection:
    """A way to one sink; every method raises OSError when it has come to its end."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._datagrams = sock.type == socket.SOCK_DGRAM
        self._tls = hasattr(sock, "unwrap")
        sock.settimeout(SEND_SECONDS)

    def send(self, messages: Sequence[bytes]) -> None:
        """Write messages, each framed."""
        if self._datagrams:
            for message in messages:
                self._socket.send(message)
        else:
            self._socket.sendall(syslog.octet_counted(messages))

    def check(self) -> None:
        """Raise if the peer has gone. What it says is of no interest: it has nothing to say."""
        watched = select.poll()
        watched.register(self._socket, select.POLLIN)
        if not watched.poll(0):
            return
        self._socket.settimeout(0.01)
        try:
            if not self._socket.recv(4096) and not self._datagrams:
                raise ConnectionResetError(_CLOSED)
        except TimeoutError:
            pass  # of TLS, and no data
        finally:
            self._socket.settimeout(SEND_SECONDS)

    def drained(self) -> bool:
        """Whether the peer's TCP has acknowledged everything."""
        if self._datagrams:
            return True
        raw = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        return not struct.unpack("i", raw)[0]

    def finish(self, seconds: float) -> bool:
        """Close in order; True when the peer did so too, so has read everything."""
        try:
            self._socket.settimeout(seconds)
            if self._datagrams:
                self.check()
            elif self._tls:
                self._socket.unwrap()  # type: ignore[attr-defined]  # `ssl` is not this room's
            else:
                self._socket.shutdown(socket.SHUT_WR)
                while self._socket.recv(4096):
                    pass
        except (OSError, ValueError):
            return False
        finally:
            self.close()
        return True

    def interrupt(self) -> None:
        """End what another thread does with it."""
        with contextlib.suppress(OSError):
            # Not the method of a TLS socket, which would leave its thread without TLS.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of it."""
        self._socket.close()


def connect(sink: Sink) -> Connection:
    """A connection to a sink; certificates are read anew each time. Raises OSError, ConfigError."""
    if sink.transport == "udp":
        return Connection(_datagrams(*sink.address))
    context = contexts.client(PROFILES[sink.tls], sink.credentials) if sink.ca else None
    sock = socket.create_connection(sink.address, CONNECT_SECONDS)
    try:
        # A peer that vanished is one that broke: what it did not acknowledge is sent again.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _VANISHED_MS)
        return Connection(contexts.to(context, sink.host)(sock) if context else sock)
    except BaseException:
        sock.close()
        raise


def _datagrams(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock
