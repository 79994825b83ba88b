"""How long one socket operation may wait, told to whoever keeps the time best.

On a plain socket that is the kernel: Python's own timeouts cost two more system calls for each
operation and let go of the interpreter lock for one of them, which is half the time an echo takes.
"""

from __future__ import annotations

import math
import socket
import ssl
import struct
import sys

_TIMEVAL = struct.Struct("@ll")
_STEPS = 10  # of a second: the nearest longer tenth, so that it need seldom be told anew


class Patience:
    """The time limits of one socket; raises from its operations are in `EXPIRED`."""

    EXPIRED = (TimeoutError, BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._by_kernel = sys.platform == "linux" and not isinstance(sock, ssl.SSLSocket)
        self._told: dict[int, int] = {}
        if self._by_kernel:
            sock.settimeout(None)

    def receiving(self, seconds: float) -> int:
        """Let the next receive wait so long; returns the flags to receive with."""
        return self._allow(socket.SO_RCVTIMEO, seconds)

    def sending(self, seconds: float) -> int:
        """Let the next send wait so long; returns the flags to send with."""
        return self._allow(socket.SO_SNDTIMEO, seconds)

    def _allow(self, option: int, seconds: float) -> int:
        tenths = math.ceil(seconds * _STEPS)
        if not self._by_kernel:
            if self._told.get(0) != tenths:  # one for both ways
                self._socket.settimeout(max(tenths, 0) / _STEPS)
                self._told[0] = tenths
            return 0
        if seconds <= 0:
            return socket.MSG_DONTWAIT
        if self._told.get(option) != tenths:
            whole, rest = divmod(tenths, _STEPS)
            value = _TIMEVAL.pack(whole, rest * 1_000_000 // _STEPS)
            self._socket.setsockopt(socket.SOL_SOCKET, option, value)
            self._told[option] = tenths
        return 0
