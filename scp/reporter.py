"""Who reports what was promised, however long it takes: PS3.4 J.3.3, on associations of our own.

Law: the files of `archive.commitments` are the truth, this only knows when who is to be called.
A peer is called by one thread at a time, `CALLS` peers at a time, with ever longer waits between;
a start, a reload and the peer showing itself each end a wait. Large requests are judged here too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archive.commitments import Damaged, Transaction
from archive.errors import ArchiveError
from scp import judging, reporting
from scp.reporting import Calls
from wire.errors import WireError

if TYPE_CHECKING:
    from scp.exchange import House

_log = logging.getLogger("anode.commitment")
CALLS = 4  # threads
_STOP_SECONDS = 5.0
_DAY_SECONDS, _HOUR_SECONDS = 86_400.0, 3600.0
_PAUSE_SECONDS = 1.0  # after an error of ours

Deliver = Callable[[Transaction], bool]
"""Takes what was judged for an association; False when that is over."""


@dataclass(slots=True)
class _Queue:
    """What waits for one requestor, and when it is its turn."""

    waiting: dict[str, tuple[Transaction, Deliver | None]] = field(default_factory=dict)
    moment: float = 0.0
    failures: int = 0
    busy: bool = False
    told: bool = False

    def at_once(self) -> None:
        self.moment, self.failures = 0.0, 0

    def put_off(self, first: float, most: float) -> float:
        """Try again after twice the last wait; returns how long that is."""
        wait = min(first * 2.0 ** min(self.failures, 40), most)
        self.failures += 1
        self.moment = time.monotonic() + wait
        return wait

    def unjudged(self) -> bool:
        return any(not each.judged for each, _ in self.waiting.values())


class Reporter:
    """All open transactions that are not in the hands of an association."""

    def __init__(self, house: Callable[[], House]) -> None:
        self._house = house
        self._change = threading.Condition()
        self._queues: dict[str, _Queue] = {}
        self._tidy_at = 0.0
        self._calls = Calls()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        """Go on with what a former process left open."""
        for transaction in self._house().commitments.unreported():
            self.add(transaction)
        self._thread.start()

    def stop(self) -> None:
        """Call nobody any more; what is open stays on the disk."""
        self._stopped.set()
        self._calls.hang_up()
        with self._change:
            self._change.notify_all()
            self._change.wait_for(lambda: not self._busy(), _STOP_SECONDS)
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def add(self, transaction: Transaction, deliver: Deliver | None = None) -> None:
        """Judge this one if it is not yet, and report it: now, for its requestor was just here."""
        with self._change:
            queue = self._queues.setdefault(transaction.requestor, _Queue())
            queue.waiting[transaction.key] = transaction, deliver
            queue.at_once()
            self._change.notify_all()

    def wake(self) -> None:
        """The configuration was read anew: who could not be called may be now."""
        with self._change:
            for queue in self._queues.values():
                queue.at_once()
                queue.told = False
            self._change.notify_all()

    def take(self, requestor: str) -> list[Transaction]:
        """What waits for a peer that has no address to be called at, now that it is here itself."""
        if requestor not in self._queues:
            return []
        settings = self._house().settings
        peer = settings.peer_named(requestor)
        if peer is None or peer.port is not None:
            return []
        with self._change:
            queue = self._queues[requestor]
            taken = [each for each, _ in queue.waiting.values() if each.judged]
            for each in taken:
                del queue.waiting[each.key]
        return taken

    # -- when

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                if time.monotonic() >= self._tidy_at:
                    self._tidy_at = time.monotonic() + _HOUR_SECONDS
                    self._tidy()
                with self._change:
                    self._begin()
                    if not self._stopped.is_set():  # else who stops has told it already
                        self._change.wait(self._pause())
            except Exception:  # noqa: BLE001 - reporting goes on
                _log.exception("an error of ours in reporting storage commitment")
                self._stopped.wait(_PAUSE_SECONDS)

    def _begin(self) -> None:
        """Start a thread for each peer whose turn it is, as many as may be."""
        now = time.monotonic()
        for title, queue in self._queues.items():
            if self._stopped.is_set() or self._busy() >= CALLS:
                return
            if queue.busy or queue.moment > now or not queue.waiting:
                continue
            if queue.unjudged() or self._has_address(title, queue):
                work = threading.Thread(
                    target=self._work, args=(title, queue), name=f"report {title}", daemon=True
                )
                work.start()
                queue.busy = True

    def _busy(self) -> int:
        return sum(queue.busy for queue in self._queues.values())

    def _has_address(self, title: str, queue: _Queue) -> bool:
        if reporting.callable_peer(self._house(), title) is not None:
            return True
        if not queue.told:
            queue.told = True
            why = "no [[peer]] of this AE title has a port to call"
            _log.warning("a report of storage commitment waits for %r: %s", title, why)
        queue.moment = time.monotonic() + _HOUR_SECONDS
        return False

    def _pause(self) -> float:
        """Until somebody's turn comes; whatever else changes is notified."""
        if self._busy() >= CALLS:
            return _HOUR_SECONDS
        queues = self._queues.values()
        moments = [each.moment for each in queues if each.waiting and not each.busy]
        left = min(moments, default=self._tidy_at) - time.monotonic()
        return max(0.0, min(left, _HOUR_SECONDS))

    def _tidy(self) -> None:
        """Give up what nobody wanted to hear for days, forget what ended long ago."""
        house = self._house()
        limits = house.settings.limits
        oldest = time.time() - limits.report_days * _DAY_SECONDS
        with self._change:
            for title in [each for each, queue in self._queues.items() if not queue.waiting]:
                if not self._queues[title].busy:
                    del self._queues[title]
            every = [each for queue in self._queues.values() for each, _ in queue.waiting.values()]
        for each in every:
            if each.accepted < oldest:
                _log.error("%s: the report is given up after %d days", each, limits.report_days)
                self._drop(each)
                house.commitments.end(each, "given-up")
        house.commitments.forget(limits.remember_days)

    def _drop(self, transaction: Transaction) -> None:
        with self._change:
            self._queues[transaction.requestor].waiting.pop(transaction.key, None)

    # -- what

    def _work(self, title: str, queue: _Queue) -> None:
        """Judge what is not judged, report what is, until nothing waits."""
        try:
            while not self._stopped.is_set() and self._step(title, queue):
                pass
        except judging.Stopped:
            pass
        except Exception as error:  # noqa: BLE001 - one peer's fault is not the others'
            if not self._stopped.is_set():
                self._put_off(title, queue, error)
        finally:
            with self._change:
                queue.busy = False
                self._change.notify_all()

    def _step(self, title: str, queue: _Queue) -> bool:
        with self._change:
            waiting = list(queue.waiting.values())
        for each, deliver in waiting:
            if not each.judged:
                self._judge(each, deliver)
                return True
        if not waiting or reporting.callable_peer(self._house(), title) is None:
            return False
        self._report([each for each, _ in waiting])
        return True

    def _report(self, waiting: list[Transaction]) -> None:
        """Call their requestor, once for each name it called us by. Raises WireError."""
        for called in dict.fromkeys(each.called for each in waiting):
            own = [each for each in waiting if each.called == called]
            for over in reporting.told(self._house(), own, self._calls):
                self._drop(over)

    def _judge(self, transaction: Transaction, deliver: Deliver | None) -> None:
        """Raises ArchiveError, Stopped."""
        house = self._house()
        try:
            judged = judging.judged(house, transaction, self._stopped.is_set)
        except Damaged as error:
            reporting.lost(house, transaction, error)
            self._drop(transaction)
            return
        with self._change:
            queue = self._queues[transaction.requestor]
            queue.waiting[judged.key] = judged, None
        if deliver is not None and deliver(judged):
            self._drop(judged)

    def _put_off(self, title: str, queue: _Queue, error: Exception) -> None:
        if not isinstance(error, WireError | ArchiveError):
            _log.error("reporting to %r: an error of ours", title, exc_info=error)
        limits = self._house().settings.limits
        with self._change:
            wait = queue.put_off(limits.report_seconds, limits.report_most_seconds)
            number = len(queue.waiting)
        what = "storage commitment: reports to"
        _log.warning("%s %r: %d wait for %g s: %s", what, title, number, wait, error)
