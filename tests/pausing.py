"""pynetdicom's reactor, made to lose no answer: for tests in which pynetdicom is a peer.

A thread that sends clears the checkpoint and waits until the reactor says that it is paused. The
reactor (`Association._run_reactor`, pynetdicom 3.0.4) says so before it waits, even when it does
not have to wait: it may then take the answer away from who has sent, about once in a hundred times.

Who requests an association looks whether it is connected once it was told that it is. By then the
peer may have rejected it and gone (`ACSE._negotiate_as_requestor`): the rejection was never seen.

An N-EVENT-REPORT is served by a thread of its own, which says at its end that nobody is paused:
while the reactor waits that is not so, and who then releases would wait for ever.

A socket that cannot be shut down, as the peer has gone, is never closed: its warning comes whenever
garbage is collected, and fails whatever test runs then.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
import time

from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket

_SECONDS = 10.0  # in which a reactor that runs is in its wait, or past it, on any machine


class Checkpoint(threading.Event):
    """An event that tells whether somebody waits for it, who goes on only while it is set."""

    blocked = False

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is None
        with self._cond:  # nobody sets or clears it between a look and the wait
            while not self._flag:
                self.blocked = True
                self._cond.wait()
            self.blocked = False
        return True


def mend() -> None:
    """Let `_is_paused` be true only while the reactor waits, or where none runs; and let who asks
    for an association take what has come of it; and close what is shut down."""
    born = Association.__init__

    @functools.wraps(born)
    def init(self, *args, **keys):
        born(self, *args, **keys)
        self._reactor_checkpoint = Checkpoint()
        self._reactor_checkpoint.set()

    Association.__init__ = init
    Association._is_paused = property(_is_paused, _say)
    AssociationSocket._is_connected = property(_is_connected, _connect)
    AssociationSocket._shutdown_socket = _shutdown_socket


def _say(self, paused: bool) -> None:
    reactor = threading.current_thread() is self or not hasattr(self, "_says_paused")
    if paused or reactor:
        self._says_paused = paused


def _is_paused(self) -> bool:
    end = time.monotonic() + _SECONDS
    while self._says_paused and not self._reactor_checkpoint.is_set():
        # The reactor serves a request and asks this itself, or there is none any more.
        idle = threading.current_thread() is self or self._kill or not self.is_alive()
        if self._reactor_checkpoint.blocked or idle or time.monotonic() > end:
            return True
        time.sleep(0.0001)
    return self._says_paused


def _connect(self, connected: bool) -> None:
    self._connected = connected
    self._ever_connected = connected or getattr(self, "_ever_connected", False)


def _is_connected(self) -> bool:
    own = threading.current_thread() is self.assoc.dul  # the thread that reads and closes it
    return self._connected if own else self._ever_connected


def _shutdown_socket(self) -> None:
    if self.socket is not None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
