"""The workers of a node: begun, watched, replaced when they die, drained with it.

Law: the parent binds the listeners and serves nobody; workers accept from the same sockets, and
what limits count they count together (`tally`). One that dies ends its own associations and nothing
else: what it had counted is given back, what it had promised is reported by the parent, and files
that it may have left without a row are noted for the next start (durability P6).
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from archive.commitments import Transaction
from archive.errors import ArchiveError
from archive.locks import employed
from config.settings import Settings
from scp.doors import Doors
from scp.line import Line
from scp.tally import Shared
from scp.worker import Beginning

if TYPE_CHECKING:
    from scp.exchange import House

_log = logging.getLogger("anode.workers")
_BEGIN_SECONDS = 60.0
_END_SECONDS = 15.0  # beyond what draining may take
_PAUSE_SECONDS = 1.0  # before one that ended at once is replaced
_LOOK_SECONDS = 0.5  # between two looks whether the audit trail is full
_UNCERTAIN_SECONDS = 60.0  # how old a file may be that a dead worker has not given a row


class Workers:
    """All of them; `command` begins one, with the number of its socket as a further argument."""

    def __init__(self, command: Sequence[str], house: Callable[[], House], doors: Doors) -> None:
        self.command = command
        self.house = house
        self.broken = ""  # why the store is read-only
        self.over = threading.Event()
        self._doors = doors
        self._members: list[_Member] = []
        self.tallies: list[Shared] = []
        self.employed = -1

    def start(self) -> None:
        """Return when all serve; raises OSError."""
        settings = self.house().settings
        slots = 2 * settings.limits.associations
        self.tallies = [Shared.made(slots) for _ in range(3)]
        self.employed = employed(settings.node.data)
        self._members = [_Member(number, self) for number in range(1, settings.node.workers + 1)]
        for member in self._members:
            member.thread.start()
        end = time.monotonic() + _BEGIN_SECONDS
        for member in self._members:
            if not member.serves.wait(end - time.monotonic()) or member.failed:
                raise OSError(f"a worker process did not begin to serve: {member.failed}")
        self._watch = threading.Thread(target=self._look, name="workers", daemon=True)
        self._watch.start()

    def beginning(self, number: int) -> tuple[Beginning, list[int]]:
        """What a worker is told first."""
        house, sockets = self.house(), self._doors.sockets
        places = [place for place, _ in sockets]
        told = Beginning(house.settings, places, number, self.broken, house.trail.full)
        memory = [each.memory for each in self.tallies]
        return told, [*memory, *(sock.fileno() for _, sock in sockets)]

    def take_up(self, settings: Settings) -> None:
        """Hand on settings that the parent has taken up; who cannot is replaced."""
        sockets = self._doors.sockets
        places = [place for place, _ in sockets]
        for member in self._members:
            member.take_up(settings, places, [sock.fileno() for _, sock in sockets])

    def refuse(self, why: str, but: _Member | None = None) -> None:
        """The store is read-only: for all of them."""
        self.broken = why
        if but is not None:
            self.house().archive.refuse(why)
        self.pass_on("refuse", (why,), but)

    def pass_on(self, name: str, args: Sequence[object], but: _Member | None) -> None:
        """What one of them, or the parent, says to the others."""
        for member in self._members:
            if member is not but:
                member.tell(name, *args)

    def drain(self, seconds: float) -> None:
        """Let associations finish, end the rest; returns when all processes have ended."""
        self.over.set()
        for member in self._members:
            member.drain(seconds)
        end = time.monotonic() + seconds + _END_SECONDS
        for member in self._members:
            member.join(end - time.monotonic())
        self._members = []

    def close(self) -> None:
        """End what still runs, and let go of what all shared."""
        self.drain(0.0)
        for tally in self.tallies:
            tally.close()
        self.tallies = []
        if self.employed >= 0:
            os.close(self.employed)
            self.employed = -1

    def _look(self) -> None:
        """Tell them when the audit trail is full, and when it is no more."""
        before = False
        while not self.over.wait(_LOOK_SECONDS):
            if (full := self.house().trail.full) != before:
                before = full
                for member in self._members:
                    member.tell("full", full)


class _Member:
    """One worker's place, whichever process has it; its thread begins them, and lives as long.

    The system ends a worker with the thread that has begun it.
    """

    def __init__(self, number: int, team: Workers) -> None:
        self.number = number
        self.serves = threading.Event()
        self.failed = ""
        self.thread = threading.Thread(target=self._keep, name=f"worker {number}", daemon=True)
        self._team = team
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Line | None = None
        self._promised: dict[str, Transaction] = {}  # in the hands of its associations

    # -- said to it

    def tell(self, name: str, *args: object) -> None:
        """Say it, if somebody is there."""
        if (line := self._line) is not None:
            with suppress(OSError):
                line.tell(name, *args)

    def take_up(self, settings: Settings, places: Sequence[object], sockets: list[int]) -> None:
        """Hand on new settings."""
        line, process = self._line, self._process
        try:
            if line is not None:
                line.hand("settings", settings, places, descriptors=sockets)
        except (OSError, RuntimeError) as error:
            _log.error("worker %d did not take up the configuration: %s", self.number, error)
            if process is not None:
                process.kill()

    def drain(self, seconds: float) -> None:
        """Let it end."""
        self.tell("drain", seconds)

    def join(self, seconds: float) -> None:
        """Wait for its end, or end it."""
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(max(0.0, seconds))
            self._process.kill()
        if self.thread.is_alive():
            self.thread.join()

    # -- its life

    def _keep(self) -> None:
        while not self._team.over.is_set():
            begun = time.monotonic()
            try:
                self._live()
            except Exception as error:  # noqa: BLE001 - the next one may fare better
                _log.error("worker %d: %s", self.number, error)
                self.failed = str(error) or type(error).__name__
            if not self.serves.is_set():
                self.failed = self.failed or "it ended at once"
                self.serves.set()
                return
            if time.monotonic() - begun < _PAUSE_SECONDS:
                self._team.over.wait(_PAUSE_SECONDS)

    def _live(self) -> None:
        """One process from its start to its end."""
        team = self._team
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [*team.command, str(theirs.fileno())],
                pass_fds=[theirs.fileno(), team.employed],
                stdin=subprocess.DEVNULL,
            )
        self._process = process
        line = Line(ours, self._hear, gone=lambda: None)
        line.start()
        try:
            told, descriptors = team.beginning(self.number)
            line.hand("begin", told, descriptors=descriptors)
            self._line = line
            if team.over.is_set():
                self.drain(0.0)
            self.serves.set()
            status = process.wait()
        finally:
            process.kill()
            process.wait()
            self._line = None
            line.close()
            self._bury()
        if not team.over.is_set() or status:
            self._mourn(process.pid, status)

    def _mourn(self, process: int, status: int) -> None:
        how = f"status {status}" if status >= 0 else signal.Signals(-status).name
        _log.error(
            "worker %d (process %d) ended by %s, and its associations with it%s",
            self.number,
            process,
            how,
            "" if self._team.over.is_set() else "; another one takes its place",
        )
        try:
            number = self._team.house().archive.doubt_since(time.time() - _UNCERTAIN_SECONDS)
        except (ArchiveError, OSError) as error:
            _log.error("files without a row could not be noted, run anode check: %s", error)
        else:
            if number:
                _log.warning("%d files may have no row: the next start looks at them", number)

    def _bury(self) -> None:
        for tally in self._team.tallies:
            tally.bury(self.number)
        promised, self._promised = self._promised, {}
        for transaction in promised.values():
            self._team.house().reporter.add(transaction)

    # -- said by it

    def _hear(self, name: str, args: Sequence[Any], _descriptors: list[int]) -> object:
        house = self._team.house()
        match name:
            case "arrived":
                house.archive.index.arrived.set()
            case "settle":
                return house.settle(*args)
            case "refuse":
                self._team.refuse(str(args[0]), but=self)
            case "refused":
                self._team.pass_on(name, args, but=self)
            case "opened":
                house.commitments.opened(*args)
                self._promised[args[0].key] = args[0]
            case "ended":
                house.commitments.ended(*args)
                self._promised.pop(args[0].key, None)
            case "waiting":
                return house.commitments.waiting()
            case "take":
                taken = house.reporter.take(*args)
                self._promised.update({each.key: each for each in taken})
                return taken
            case "add":
                self._add(house, *args)
        return None

    def _add(self, house: House, transaction: Transaction, number: int) -> None:
        self._promised.pop(transaction.key, None)
        deliver = partial(self._deliver, number) if number else None
        house.reporter.add(transaction, deliver)

    def _deliver(self, number: int, transaction: Transaction) -> bool:
        """To the association that waits for it, if it still does."""
        line = self._line
        if line is None:
            return False
        self._promised[transaction.key] = transaction
        try:
            taken = bool(line.ask("deliver", number, transaction))
        except (OSError, RuntimeError):
            taken = False
        if not taken:
            self._promised.pop(transaction.key, None)
        return taken
