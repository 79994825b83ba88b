"""A worker: one of several processes that serve a node's associations; its parent is `workers`.

Law: it answers and stores, and nothing of a node that there may be only one of is done here. When
its parent is gone it ends at once: what was acknowledged is on the disk, and nobody may serve a
folder that the next node recovers.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from config import contexts
from config.settings import Log, Settings
from iod import transcoding
from scp import audit, session
from scp.doors import Doors, Place, opening
from scp.exchange import House
from scp.guests import Guests
from scp.lent import Lent, Relay
from scp.line import Line
from scp.listener import Crowd, Serve
from scp.moves import Moves
from scp.opened import opened
from scp.policy import Address, Entry
from scp.refusals import Refusals
from scp.tally import Shared
from wire.negotiation import Cache

_log = logging.getLogger("anode.workers")
_PDEATHSIG = 1  # linux/prctl.h
_SPARE = 2  # threads that wait: with more, one process would get the next callers all in a row
_TOLD_SECONDS = 0.25  # between two words to the parent that objects have arrived


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a worker is told first; three tallies and the listeners come along as descriptors."""

    settings: Settings
    places: Sequence[Place]
    number: int
    broken: str  # why the store is read-only
    full: bool  # the audit trail


class _Sockets:
    """The listeners' sockets, which the parent has bound."""

    def __init__(self) -> None:
        self._here: list[tuple[Place, socket.socket]] = []

    def take(self, places: Sequence[Place], descriptors: Sequence[int]) -> None:
        for place, descriptor in zip(places, descriptors, strict=True):
            self._here.append((place, socket.socket(fileno=descriptor)))

    def bind(self, host: str, port: int) -> socket.socket:
        found = next(each for each in self._here if each[0] == (host, port))
        self._here.remove(found)
        return found[1]

    def clear(self) -> None:
        """Those of listeners that are known already."""
        while self._here:
            self._here.pop()[1].close()


class Worker:
    """The life of one: `run` returns when it has drained."""

    def __init__(self, sock: socket.socket, log: Callable[[Log], None]) -> None:
        self._line = Line(sock, self._hear, gone=partial(os._exit, 1))
        self._log = log
        self._sockets = _Sockets()
        self._held = ExitStack()
        self._over = threading.Event()
        self._relay: Relay | None = None

    def run(self) -> None:
        """Do what the parent says until it says that it is over."""
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
        self._line.start()
        self._over.wait()
        self._held.close()

    def _hear(self, name: str, args: Sequence[Any], descriptors: list[int]) -> object:
        match name:
            case "begin":
                self._begin(args[0], descriptors)
            case "settings":
                self._sockets.take(args[1], descriptors)
                self._take_up(args[0])
            case "deliver":
                return self._relay is not None and self._relay.deliver(*args)
            case "refuse":
                self._house.archive.refuse(*args)
            case "full":
                (self._house.trail.held,) = args
            case "refused":
                self._house.refusals.hear(*args)
            case "drain":
                self._drain(*args)
        return None

    def _refusals(self, settings: Settings) -> Refusals:
        def tell(caller: Address) -> None:
            with suppress(OSError):  # the parent has ended, and so does this
                self._line.tell("refused", caller)

        return Refusals(settings.limits, told=tell)

    def _begin(self, told: Beginning, descriptors: Sequence[int]) -> None:
        settings, line = told.settings, self._line
        self._log(settings.log)
        crowd, guests, moves = (Shared(each, told.number) for each in descriptors[:3])
        self._sockets.take(told.places, descriptors[3:])
        self._held.callback(transcoding.close)
        trail = audit.Trail.open(settings, sending=False)
        self._held.callback(trail.close)
        trail.held = told.full
        archive = self._held.enter_context(opened(settings, partial(line.tell, "refuse")))
        if told.broken:
            archive.refuse(told.broken)
        self._relay = Relay(settings.node.data, line)
        self._house = House(
            settings,
            archive,
            Moves(settings.limits.moves, moves),
            Lent(settings.node.data, line),
            self._relay,
            contexts.calling(settings),
            guests=Guests(guests),
            refusals=self._refusals(settings),
            trail=trail,
            settle=partial(line.ask, "settle"),
        )
        threading.Thread(target=self._tell, name="arrivals", daemon=True).start()
        self._doors = Doors(Crowd(settings.limits, crowd), self._sockets.bind, _SPARE)
        self._open(settings)

    def _take_up(self, settings: Settings) -> None:
        """Go on by these settings, as `Node` does."""
        self._log(settings.log)
        self._house = replace(
            self._house,
            settings=settings,
            calling=contexts.calling(settings),
            cache=Cache(),
            refusals=self._refusals(settings),
        )
        self._house.moves.most = settings.limits.moves
        self._open(settings)

    def _open(self, settings: Settings) -> None:
        self._doors.change(opening(settings), settings.limits, _serving(self._house))
        self._sockets.clear()

    def _tell(self) -> None:
        """Let the parent know that there is something to examine."""
        arrived = self._house.archive.index.arrived
        while arrived.wait() and not self._over.wait(_TOLD_SECONDS):
            arrived.clear()
            self._line.tell("arrived")

    def _drain(self, seconds: float) -> None:
        crowd = self._doors.crowd
        self._doors.close()
        if not crowd.drain(seconds):
            _log.warning("%d associations were ended unfinished", len(crowd))
            crowd.disperse()
            crowd.drain(seconds=5.0)
        self._over.set()


def _serving(house: House) -> Serve:
    def serve(sock: socket.socket, entry: Entry) -> None:
        session.run(sock, entry, house)

    return serve
