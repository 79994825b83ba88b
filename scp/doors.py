"""All doors of a node: opened at start, changed by a reload without a caller noticing."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from functools import partial

from config import contexts
from config.limits import Limits
from config.settings import Settings
from scp.listener import MOST_WAITING, Crowd, Door, Listener, Serve, bound

Place = tuple[str, int]
Bind = Callable[[str, int], socket.socket]


def opening(settings: Settings) -> list[tuple[Place, Door]]:
    """What each listener of the configuration is to be; raises ConfigError."""
    found = []
    for table in settings.listener:
        context = contexts.listening(table)
        wrap = None if context is None else partial(contexts.accepted, context)
        found.append(((table.host, table.port), Door(wrap, table.user_identity)))
    return found


class Doors:
    """The listeners of a node, in the order of the configuration, and the crowd within."""

    def __init__(self, crowd: Crowd, bind: Bind = bound, spare: int = MOST_WAITING) -> None:
        """`spare` threads at most wait at each; 0: other processes answer, nobody does here."""
        self.crowd = crowd
        self._bind = bind
        self._spare = spare
        self._open: list[tuple[Place, Listener]] = []

    @property
    def sockets(self) -> list[tuple[Place, socket.socket]]:
        """What is listened on, by the places of the configuration."""
        return [(place, listener.socket) for place, listener in self._open]

    @property
    def addresses(self) -> list[Place]:
        """Where the node listens, in the order of the configuration."""
        return [(listener.host, listener.port) for _, listener in self._open]

    def change(self, wanted: Iterable[tuple[Place, Door]], limits: Limits, serve: Serve) -> None:
        """Open what is new, close what is gone, give the others their new door.

        Raises OSError; everything is then as it was.
        """
        before = list(self._open)
        after, new = [], []
        try:
            for place, door in wanted:
                kept = next((each for each in before if each[0] == place), None)
                if kept is not None:
                    before.remove(kept)
                else:
                    kept = place, Listener(self._bind(*place), self.crowd, door, serve)
                    kept[1].spare = self._spare
                    new.append(kept)
                after.append((kept, door))
            for _, listener in new if self._spare else ():
                listener.start()
        except BaseException:
            _stop(new)
            raise
        self.crowd.limits = limits
        for (_, listener), door in after:
            listener.meet(door, serve)
        self._open = [kept for kept, _ in after]
        _stop(before)

    def close(self) -> None:
        """Accept no more anywhere; associations go on."""
        _stop(self._open)


def _stop(listeners: Iterable[tuple[Place, Listener]]) -> None:
    for _, listener in listeners:
        listener.stop()
