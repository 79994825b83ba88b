"""The node's life: open the archive, listen, drain, close."""

from __future__ import annotations

import logging
import socket

from archive import Archive
from archive.bounds import Bounds
from config.settings import Settings
from scp import session
from scp.exchange import House
from scp.listener import Crowd, Listener, bound
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
        """Open the archive and listen; raises OSError, ArchiveError."""
        settings = self.settings
        sockets = [bound(each.host, each.port) for each in settings.listener]
        self._archive = Archive.open(
            settings.node.data,
            index=settings.node.index,
            sync=settings.archive.sync,
            bounds=_bounds(settings),
        )
        house = House(settings, self._archive)

        def serve(sock: socket.socket, entry: Entry) -> None:
            session.run(sock, entry, house, self._cache)

        self.listeners = [Listener(sock, self._crowd, serve) for sock in sockets]
        for listener in self.listeners:
            listener.start()
            _log.info("%s listens on %s:%d", settings.node.ae_title, listener.host, listener.port)

    def stop(self, seconds: float = DRAIN_SECONDS) -> None:
        """Accept no more, let associations finish for `seconds`, end the rest, close."""
        for listener in self.listeners:
            listener.stop()
        if not self._crowd.drain(seconds):
            _log.warning("%d associations were ended unfinished", len(self._crowd))
            self._crowd.disperse()
            self._crowd.drain(seconds=5.0)
        if self._archive is not None:
            self._archive.close()
            self._archive = None

    def __enter__(self) -> Node:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(seconds=0.0)


def _bounds(settings: Settings) -> Bounds:
    limits = settings.limits
    return Bounds(
        object_bytes=limits.object_bytes,
        elements=limits.elements,
        nesting=limits.nesting,
        inflated_bytes=limits.inflated_bytes,
    )
