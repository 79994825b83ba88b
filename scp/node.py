"""The node's life: open the archive, listen, drain, close."""

from __future__ import annotations

import logging
import socket
from contextlib import ExitStack

from archive import Archive, Bounds, claim
from config.settings import Settings
from iod import transcoding
from scp import outgoing, session
from scp.exchange import House
from scp.listener import Crowd, Listener, bound
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
        """Open the archive and listen; raises OSError, ArchiveError (InUse), RuntimeError."""
        settings = self.settings
        with ExitStack() as undone:
            undone.enter_context(claim(settings.node.data))
            undone.callback(transcoding.close)
            outgoing.sweep(settings.node.data)
            self._archive = undone.enter_context(_opened(settings))
            house = House(settings, self._archive, Moves(settings.limits.moves))

            def serve(sock: socket.socket, entry: Entry) -> None:
                session.run(sock, entry, house, self._cache)

            for each in settings.listener:
                listener = Listener(bound(each.host, each.port), self._crowd, serve)
                undone.callback(listener.stop)
                self.listeners.append(listener)
            for listener in self.listeners:
                listener.start()
            self._held = undone.pop_all()
        for listener in self.listeners:
            _log.info("%s listens on %s:%d", settings.node.ae_title, listener.host, listener.port)

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
