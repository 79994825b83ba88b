"""What is stored is examined after it was acknowledged: beside the service, and never in its way.

Law: an instance waits in the index until what was found of it is committed, so nothing is lost by
a crash, and what an import or a reindex brought is found too. While objects arrive this thread
works one part of its time in `YIELDING`; its process runs when nobody else wants the processor.
When nothing waits, what other rules have judged than those of today is judged anew; what cannot be
now keeps what is known of it, and is tried again.
An object that cannot be examined is marked so, and nothing here stops a node. What may have been a
passing fault is tried again, `TRIES` times in all, each time later. Why it stands still, and why
objects could not be examined, is told by `anode status`, too.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple

from archive import Archive, marks
from archive.errors import ArchiveError
from archive.judgements import Judgement
from archive.record import StoredInstance
from archive.references import TRIES, Examined, Waiting
from iod import checks
from iod.examination import File, Outcome, Process

BATCH = 64  # instances in one commit at most
ROWS = 2000  # in one commit, of more than one instance: who stores waits for it
LOOK_SECONDS = 60.0  # between two looks for what other processes have stored
YIELDING = 50  # times as long as a batch took is nothing done, while objects arrive
MOST_SECONDS = 60.0  # of doing nothing
AGAIN_SECONDS = 600.0  # until what could not be examined, or judged anew, is tried again
LATER = 4  # times as long until the next time, and the next...
LULL_SECONDS = 1.0  # without an object: nobody stores any more

_log = logging.getLogger("anode.examination")


def _never(_sop_class_uid: str) -> bool:
    return False


class Examination:
    """Examines what waits, until it is stopped."""

    def __init__(self, archive: Archive, checked: Callable[[str], bool] = _never) -> None:
        """`checked` says whether objects of a SOP class are checked, too."""
        self._index = archive.index
        self._root = archive.objects.root
        self._checked = checked
        self._process = Process()
        self._over = threading.Event()
        self._settling = threading.Condition()  # guards the four below
        self._asked = 0  # how often somebody asked to be told
        self._done = 0  # which of them can be told that nothing waits
        self._hurried = 0  # who waits for that
        self._renewed = False  # all was judged by the rules of today that can be now
        self._renewing = 0  # the row up to which that is so
        self._again = 0.0  # the time before which no other is tried
        self._anew = 0  # how many were judged anew
        self._due = dict[int, float]()  # when those are tried again that were stopped so many times
        self._note_stopped()
        self._thread = threading.Thread(target=self._run, name="examination", daemon=True)

    def start(self) -> None:
        """Begin with what waits by now."""
        marks.clear(self._root, "unexamined")  # of one that was killed
        self._index.arrived.set()
        self._thread.start()

    def stop(self) -> None:
        """Examine no more; what waits, waits."""
        self._over.set()
        self._index.arrived.set()
        with self._settling:
            self._settling.notify_all()
        self._process.close()
        if self._thread.is_alive():
            self._thread.join()
        marks.clear(self._root, "unexamined")

    def renew(self) -> int:
        """Wait until all was judged anew that older rules have judged and can be; how many were."""
        with self._settling:
            self._hurried += 1
            self._settling.wait_for(lambda: self._renewed or self._over.is_set())
            self._hurried -= 1
        return self._anew

    def settle(self, seconds: float | None = None) -> bool:
        """Wait until all that is stored by now has been examined; False when it takes longer."""
        with self._settling:
            self._asked += 1
            self._hurried += 1
            asked = self._asked
            self._settling.notify_all()
            self._index.arrived.set()
            try:
                return self._settling.wait_for(lambda: self._done >= asked, seconds)
            finally:
                self._hurried -= 1

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._examine_all()
                more = self._retry_some() or self._renew_some()
            except (ArchiveError, OSError) as error:
                if not self._over.is_set():
                    _log.error("what is stored is not examined now: %s", error)
                self._stand_still(str(error))
            except Exception as error:  # noqa: BLE001 - whatever it is, the node goes on
                _log.exception("what is stored is not examined now, by an error of ours")
                self._stand_still(f"an error of ours: {type(error).__name__}: {error}")
            else:
                marks.clear(self._root, "unexamined")
                # Asked behind the last `clear`, which may have taken the call of `stop`.
                if not more and not self._over.is_set():
                    self._index.arrived.wait(LOOK_SECONDS)

    def _stand_still(self, why: str) -> None:
        """Tell why, and wait before the next attempt."""
        marks.put(self._root, "unexamined", why)
        self._over.wait(LOOK_SECONDS)

    def _examine_all(self) -> None:
        """Batch by batch, until nothing waits."""
        while not self._over.is_set():
            self._index.arrived.clear()
            asked = self._asked
            waiting = self._index.waiting(BATCH)
            if not waiting:
                with self._settling:
                    self._done = asked
                    self._settling.notify_all()
                return
            self._examine(waiting)

    def _note_stopped(self) -> None:
        """There may be some that are to be tried again; those that wait for it wait no longer."""
        for times in range(1, TRIES):
            due = time.monotonic() + AGAIN_SECONDS * LATER ** (times - 1)
            self._due.setdefault(times, due)

    def _retry_some(self) -> bool:
        """Try again some of what a passing fault has stopped; whether there may be more."""
        for times, due in list(self._due.items()):
            if time.monotonic() < due or self._over.is_set():
                continue
            if stopped := self._index.stopped(times, BATCH):
                self._examine(stopped)
                return True
            del self._due[times]
        return False

    def _renew_some(self) -> bool:
        """Judge again some of what older rules have judged; whether there may be more."""
        if time.monotonic() < self._again or self._over.is_set():
            return False
        rules = checks.rules()
        if self._index.judgements.rules() == rules:
            self._again = math.inf
        elif older := self._index.older(self._renewing, rules, BATCH):
            self._anew += self._examine(older)
            self._renewing = older[-1].row
            return True
        elif self._index.older(0, rules, 1):  # those that could not be examined now
            self._renewing, self._again = 0, time.monotonic() + AGAIN_SECONDS
        else:
            self._index.note_rules(rules)
            self._again = math.inf
        with self._settling:
            self._renewed = True
            self._settling.notify_all()
        return False

    def _examine(self, some: list[Waiting]) -> int:
        began = time.monotonic()
        outcomes = examined(self._process, some, self._checked)
        written = sum(map(self._index.note, commits(outcomes)))
        if any(each.stopped for each in outcomes):
            self._note_stopped()
        if self._index.arrived.is_set():
            self._yield(min(YIELDING * (time.monotonic() - began), MOST_SECONDS))
        return written

    def _yield(self, seconds: float) -> None:
        """Leave processor and disk to who stores, while they do and nobody waits for this."""
        until = time.monotonic() + seconds
        while self._index.arrived.is_set() and time.monotonic() < until:
            self._index.arrived.clear()
            with self._settling:
                wanted = self._settling.wait_for(
                    lambda: self._hurried or self._over.is_set(), LULL_SECONDS
                )
            if wanted:
                return


def commits(found: Sequence[Examined]) -> Iterator[list[Examined]]:
    """What was found, in parts that are written fast; one instance's stays together."""
    some, rows = list[Examined](), 0
    for each in found:
        more = len(each.references) + len(each.findings or ())
        if some and rows + more > ROWS:
            yield some
            some, rows = [], 0
        some.append(each)
        rows += more
    if some:
        yield some


def examined(
    process: Process, waiting: list[Waiting], checked: Callable[[str], bool] = _never
) -> list[Examined]:
    """What examining these has found. Raises OSError."""
    files = [
        File(stored.path, stored.offset, stored.transfer_syntax_uid, _class(stored, checked))
        for stored in (each.stored for each in waiting)
    ]
    outcomes = process.examine(files)
    return [_told(each, outcome) for each, outcome in zip(waiting, outcomes, strict=True)]


def _told(each: Waiting, outcome: Outcome) -> Examined:
    uid, found = each.stored.sop_instance_uid, outcome.findings
    if outcome.cause:
        # Who sends damaged objects shall not write the log; `anode status` and `examine` tell.
        _log.debug("instance %s cannot be examined: %s", uid, outcome.cause)
    return Examined(
        each.row,
        uid,
        outcome.references,
        outcome.cause or outcome.note,
        failed=bool(outcome.cause),
        stopped=outcome.stopped,
        findings=None if found is None else [Judgement(*astuple(finding)) for finding in found],
        rules=checks.rules(),
    )


def _class(stored: StoredInstance, checked: Callable[[str], bool]) -> str:
    return stored.sop_class_uid if checked(stored.sop_class_uid) else ""
