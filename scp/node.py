"""The node's life: open the archive, listen, drain, close."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from archive import Archive, claim
from archive.commitments import Commitments
from config import catalogue, contexts
from config.settings import Settings
from iod import transcoding
from scp import audit, checking, outgoing, session
from scp.doors import Doors, opening
from scp.examination import Examination
from scp.exchange import House
from scp.fixity import Scan
from scp.listener import MOST_WAITING, Crowd, Serve
from scp.moves import Moves
from scp.opened import opened
from scp.policy import Entry
from scp.refusals import Refusals
from scp.reloading import refuse_fixed, unbound
from scp.reporter import Reporter
from scp.watch import Watch, warn
from scp.workers import Workers
from wire.negotiation import Cache

_log = logging.getLogger("anode.node")
DRAIN_SECONDS = 30.0


class Node:
    """A serving node: `start` returns when it truly serves, or raises; usable with `with`.

    `command` begins a worker, where the settings want several; without it this process serves.
    """

    def __init__(self, settings: Settings, command: Sequence[str] = ()) -> None:
        self.settings = settings
        several = bool(command) and settings.node.workers > 1
        crowd = Crowd(settings.limits)
        self._doors: Doors = Doors(crowd, spare=0 if several else MOST_WAITING)
        self._workers = Workers(command, lambda: self._home, self._doors) if several else None
        self._house: House | None = None
        self._held = ExitStack()

    @property
    def archive(self) -> Archive:
        """The open archive; raises RuntimeError before `start`."""
        return self._home.archive

    @property
    def _home(self) -> House:
        if self._house is None:
            raise RuntimeError("the node has not been started")
        return self._house

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where the node listens."""
        return self._doors.addresses

    def start(self) -> None:
        """Open the archive and listen.

        Raises ConfigError, OSError, ArchiveError (InUse too), RuntimeError.
        """
        settings = self.settings
        calling, doors = contexts.calling(settings), opening(settings)
        with ExitStack() as undone:
            undone.enter_context(claim(settings.node.data))
            undone.callback(transcoding.close)
            outgoing.sweep(settings.node.data)
            trail = undone.enter_context(audit.Trail.open(settings))
            archive = undone.enter_context(opened(settings, self._refuse))
            archive.recover(catalogue.of_patient)
            self.examination = Examination(archive, self._is_checked)
            limits = settings.limits
            moves, refusals = Moves(limits.moves), Refusals(limits)
            reporter = Reporter(lambda: self._home)
            house = House(
                settings,
                archive,
                moves,
                Commitments(settings.node.data),
                reporter,
                calling,
                refusals=refusals,
                trail=trail,
                settle=self.examination.settle,
            )
            self._house = house
            undone.callback(reporter.stop)
            reporter.start()
            undone.callback(self._doors.close)
            self._doors.change(doors, limits, self._serving(house))
            watch = Watch(lambda: self.settings)
            watch.start()
            undone.callback(watch.stop)
            scan = Scan(archive, lambda: self.settings.limits.fixity_bytes_per_second)
            scan.start()
            undone.callback(scan.stop)
            self.examination.start()
            undone.callback(self.examination.stop)
            if self._workers is not None:
                undone.callback(self._workers.close)
                self._workers.start()
            self._held = undone.pop_all()
        self._tell()

    def reload(self, load: Callable[[], Settings]) -> None:
        """Go on by these settings; associations under way end by those they began with.

        Raises ConfigError, OSError; everything is then as it was.
        """
        trail = self._home.trail
        try:
            self._take_up(load())
        except Exception as error:
            trail.record(audit.reloaded("", False, str(error)))
            raise
        trail.record(audit.reloaded("", True))

    def _take_up(self, settings: Settings) -> None:
        house = self._home
        refuse_fixed(self.settings, settings)
        calling, doors = contexts.calling(settings), opening(settings)
        changed = replace(
            house,
            settings=settings,
            calling=calling,
            cache=Cache(),
            refusals=Refusals(settings.limits),
        )
        self._doors.change(doors, settings.limits, self._serving(changed))
        house.moves.most = settings.limits.moves
        self._house, self.settings = changed, settings
        if self._workers is not None:
            self._workers.take_up(settings)
        changed.reporter.wake()
        warn(settings)
        self._tell()

    def _serving(self, house: House) -> Serve:
        def serve(sock: socket.socket, entry: Entry) -> None:
            if self._house is not None:  # None: it came while the node stopped
                session.run(sock, entry, house)

        return serve

    def _refuse(self, why: str) -> None:
        if self._workers is not None:
            self._workers.refuse(why)

    def _is_checked(self, sop_class_uid: str) -> bool:
        return checking.is_checked(self.settings, sop_class_uid)

    def _tell(self) -> None:
        for table, (host, port) in zip(self.settings.listener, self.addresses, strict=True):
            place = self.settings.node.ae_title, host, port
            _log.info("%s listens on %s:%d%s", *place, f" (TLS, {table.tls})" if table.tls else "")
        if titles := ", ".join(unbound(self.settings)):
            _log.warning(
                "bound to no certificate, so that any of the CA may call itself so: %s; "
                "add `certificate` to the [[peer]]",
                titles,
            )

    def stop(self, seconds: float = DRAIN_SECONDS) -> None:
        """Accept no more, let associations finish for `seconds`, end the rest, close."""
        self._doors.close()
        if self._workers is not None:
            self._workers.drain(seconds)
        if not self._doors.crowd.drain(seconds):
            _log.warning("%d associations were ended unfinished", len(self._doors.crowd))
            self._doors.crowd.disperse()
            self._doors.crowd.drain(seconds=5.0)
        self._held.close()
        self._house = None

    def __enter__(self) -> Node:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(seconds=0.0)
