"""TLS whose records are made before they are sent: a sender that encrypts is a bottleneck.

Records are numbered (RFC 8446 5.3), so they leave in the order in which they were made.
"""

from __future__ import annotations

import socket
import ssl

_ROOM = 65_536


class Sealed:
    """The client's side of a TLS connection over a socket, its handshake done."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._socket = sock
        self._came, self._leaves = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._came, self._leaves)
        while not self._shaken():
            self._fill()
        sock.sendall(self._leaves.read())

    def _shaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._socket.sendall(self._leaves.read())
            return False
        return True

    def _fill(self) -> None:
        piece = self._socket.recv(_ROOM)
        self._came.write(piece)
        if not piece:
            self._came.write_eof()

    def sealed(self, data: bytes) -> bytes:
        """The records of this, to be sent behind those made before."""
        self._tls.write(data)
        return self._leaves.read()

    def recv(self, count: int) -> bytes:
        """At most so many bytes; none at the end."""
        while True:
            try:
                return self._tls.read(count)
            except ssl.SSLWantReadError:
                self._fill()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
