"""Listening: accept never waits for a peer, and never takes more than the limits allow."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from config.limits import Limits
from config.listeners import UserIdentity
from scp.policy import Address, Entry, address
from scp.tally import Local, Tally

_log = logging.getLogger("anode.listener")
_BACKLOG = 1024  # a burst of connections waits here instead of in the callers' retries
_STOP_SECONDS = 5.0
_LEAST_WAITING, MOST_WAITING = 2, 16
_PAUSE_SECONDS = 0.2  # when descriptors run out, until some are given back

Serve = Callable[[socket.socket, Entry], None]
Wrap = Callable[[socket.socket], socket.socket]
"""What makes of an accepted connection one that speaks TLS; its handshake is still to come."""


@dataclass(frozen=True, slots=True)
class Door:
    """What a caller meets: plain DICOM or TLS, and whether it has to say which user it is."""

    wrap: Wrap | None = None
    user_identity: UserIdentity = "none"


class Crowd:
    """Open connections, in all and by address; N3 of hostile-input.md.

    Up to twice the limit on associations connect, so that those over it can be told so by a
    rejection; whatever comes beyond is closed unheard.
    """

    def __init__(self, limits: Limits, tally: Tally | None = None) -> None:
        self.limits = limits
        self._tally: Tally = tally or Local()
        self._lock = threading.Lock()
        self._open: dict[socket.socket, Address] = {}
        self._empty = threading.Condition(self._lock)

    @property
    def most(self) -> int:
        """Connections that may be open at one time."""
        return 2 * self.limits.associations

    def enter(self, sock: socket.socket, caller: Address) -> Entry | None:
        """Count a connection; None when it is to be closed at once."""
        seen = self._tally.enter(str(caller), 2 * self.limits.per_peer, self.most)
        if seen is None:
            return None
        with self._lock:
            self._open[sock] = caller
        crowded = seen.total > self.limits.associations or seen.own > self.limits.per_peer
        return Entry(caller, crowded)

    def leave(self, sock: socket.socket) -> None:
        """Forget a connection that has ended."""
        with self._lock:
            caller = self._open.pop(sock, None)
            if caller is not None:
                self._tally.leave(str(caller))
            if not self._open:
                self._empty.notify_all()

    def drain(self, seconds: float) -> bool:
        """Wait until all connections have ended; False when some are left after `seconds`."""
        with self._empty:
            return self._empty.wait_for(lambda: not self._open, seconds)

    def disperse(self) -> None:
        """End every connection now."""
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    # Not the method of a TLS socket, which would leave its thread without TLS.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def __len__(self) -> int:
        return len(self._open)


class Listener:
    """A bound socket and the threads that wait on it.

    The thread that accepts a connection also serves it, and others are waiting by then: handing
    connections from one thread to another would cost more than answering an echo does.
    """

    def __init__(self, sock: socket.socket, crowd: Crowd, door: Door, serve: Serve) -> None:
        self.socket = sock
        self.spare = MOST_WAITING  # threads that wait at most
        self._crowd = crowd
        self.meet(door, serve)
        self._change = threading.Condition()
        self._waiting = 0
        self._stopped = threading.Event()
        self.host, self.port = sock.getsockname()[:2]

    def meet(self, door: Door, serve: Serve) -> None:
        """What the next connection meets: in one step, so never a new door with an old policy."""
        self._met = door, serve

    def start(self) -> None:
        """Begin to accept."""
        for _ in range(_LEAST_WAITING):
            self._enlist()

    def stop(self) -> None:
        """Accept no more; returns when nobody waits any longer. Associations go on."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            # Wakes every thread that waits in accept.
            self.socket.shutdown(socket.SHUT_RDWR)
        with self._change:
            self._change.wait_for(lambda: not self._waiting, _STOP_SECONDS)
        self.socket.close()

    def _enlist(self) -> None:
        """One more thread that waits. Raises RuntimeError when the system has none to give."""
        with self._change:
            self._waiting += 1
        try:
            threading.Thread(target=self._wait, name=f"port {self.port}", daemon=True).start()
        except RuntimeError:
            with self._change:
                self._waiting -= 1
            raise

    def _wait(self) -> None:
        waiting = True
        while waiting:
            accepted = self._accept()
            with self._change:
                self._waiting -= 1
                short = self._waiting < _LEAST_WAITING
                self._change.notify_all()
            if accepted is None:
                return
            if short:
                self._replace()
            self._admit(*accepted)
            waiting = self._wanted()

    def _replace(self) -> None:
        """See that somebody waits while this thread serves; if nobody can, it will once it has."""
        try:
            self._enlist()
        except RuntimeError as error:
            _log.warning("port %d: no further thread: %s", self.port, error)

    def _wanted(self) -> bool:
        """Whether a thread that has served goes back to waiting; it then counts as waiting."""
        with self._change:
            if self._waiting >= self.spare or self._stopped.is_set():
                return False
            self._waiting += 1
            return True

    def _accept(self) -> tuple[socket.socket, Address] | None:
        """The next connection; None once the listener has been stopped."""
        while not self._stopped.is_set():
            try:
                sock, peer = self.socket.accept()
            except OSError as error:
                # EINVAL: another process that shares the socket has ended it.
                if self._stopped.is_set() or error.errno == errno.EINVAL:
                    return None
                _log.warning("accept on port %d: %s", self.port, error.strerror)
                self._stopped.wait(_PAUSE_SECONDS)
            else:
                return sock, address(peer[0])
        return None

    def _admit(self, accepted: socket.socket, caller: Address) -> None:
        door, serve = self._met
        try:
            sock = door.wrap(accepted) if door.wrap else accepted
        except (OSError, ValueError) as error:  # gone already, or it spoke before its turn
            _log.info("connection from %s refused: %s", caller, error)
            accepted.close()
            return
        near = caller.is_loopback or caller == address(sock.getsockname()[0])
        entry = self._crowd.enter(sock, caller)
        try:
            if entry is not None:
                serve(sock, replace(entry, near=near, user_identity=door.user_identity))
        finally:
            self._crowd.leave(sock)
            sock.close()


def bound(host: str, port: int) -> socket.socket:
    """A listening socket; raises OSError with the address in its message."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # "::" is every address, whatever the system's default is
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from None
    return sock
