"""The node's life: open the archive, listen, drain, close."""

from __future__ import annotations

import logging
import socket
from contextlib import ExitStack
from functools import partial

from archive import Archive, Bounds, claim
from config import contexts
from config.settings import Listener as ListenerTable
from config.settings import Settings
from iod import transcoding
from scp import outgoing, session
from scp.exchange import House
from scp.listener import Crowd, Listener, Wrap, bound
from scp.moves import Moves
from scp.policy import Entry
from wire.negotiation import Cache

_log = logging.getLogger("anode.node")
DRAIN_SECONDS = 30.0


class Node:
    """A serving node: `start` returns when it truly serves, or raises; usable with `with`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.listeners: list[Listener] = []
        self._crowd = Crowd(settings.limits)
        self._cache = Cache()
        self._archive: Archive | None = None
        self._held = ExitStack()

    @property
    def archive(self) -> Archive:
        """The open archive; raises RuntimeError before `start`."""
        if self._archive is None:
            raise RuntimeError("the node has not been started")
        return self._archive

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where the node listens."""
        return [(listener.host, listener.port) for listener in self.listeners]

    def start(self) -> None:
        """Open the archive and listen.

        Raises ConfigError, OSError, ArchiveError (InUse too), RuntimeError.
        """
        settings = self.settings
        calling = contexts.calling(settings)
        wraps = [_wrap(each) for each in settings.listener]
        with ExitStack() as undone:
            undone.enter_context(claim(settings.node.data))
            undone.callback(transcoding.close)
            outgoing.sweep(settings.node.data)
            self._archive = undone.enter_context(_opened(settings))
            house = House(settings, self._archive, Moves(settings.limits.moves), calling)

            def serve(sock: socket.socket, entry: Entry) -> None:
                session.run(sock, entry, house, self._cache)

            for each, wrap in zip(settings.listener, wraps, strict=True):
                listener = Listener(bound(each.host, each.port), self._crowd, serve, wrap)
                undone.callback(listener.stop)
                self.listeners.append(listener)
            for listener in self.listeners:
                listener.start()
            self._held = undone.pop_all()
        for listener, each in zip(self.listeners, settings.listener, strict=True):
            place = settings.node.ae_title, listener.host, listener.port
            _log.info("%s listens on %s:%d%s", *place, f" (TLS, {each.tls})" if each.tls else "")

    def stop(self, seconds: float = DRAIN_SECONDS) -> None:
        """Accept no more, let associations finish for `seconds`, end the rest, close."""
        for listener in self.listeners:
            listener.stop()
        if not self._crowd.drain(seconds):
            _log.warning("%d associations were ended unfinished", len(self._crowd))
            self._crowd.disperse()
            self._crowd.drain(seconds=5.0)
        self._held.close()
        self._archive = None

    def __enter__(self) -> Node:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(seconds=0.0)


def _wrap(listener: ListenerTable) -> Wrap | None:
    """How this listener's connections come to speak TLS; raises ConfigError."""
    context = contexts.listening(listener)
    return None if context is None else partial(contexts.accepted, context)


def _opened(settings: Settings) -> Archive:
    limits = settings.limits
    bounds = Bounds(
        object_bytes=limits.object_bytes,
        elements=limits.elements,
        nesting=limits.nesting,
        inflated_bytes=limits.inflated_bytes,
    )
    return Archive.open(
        settings.node.data,
        index=settings.node.index,
        sync=settings.archive.sync,
        bounds=bounds,
    )
