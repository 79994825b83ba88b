"""The fixity scan beside the service: slow on purpose, for ever, and never in the way.

Law: it reads `fixity_bytes_per_second` and no more, in small pieces with a pause after each; small
objects count as larger ones, since each costs more than its bytes. Each finding is one error in the
log, with UIDs and nothing of patients.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from archive import Archive
from archive.errors import ArchiveError
from archive.rounds import Rounds

LEAST_BYTES = 128 << 10  # that an object, and each piece of one, counts as
LOOK_SECONDS = 60.0  # between two looks whether there is something to do

_log = logging.getLogger("anode.fixity")


class _Over(Exception):
    """The node stops."""


class Scan:
    """Scans until it is stopped."""

    def __init__(self, archive: Archive, rate: Callable[[], int]) -> None:
        self._rounds = Rounds(archive.objects.root, archive.index)
        self._rate = rate
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fixity scan", daemon=True)
        self._failing = False
        self.rested = threading.Event()  # set while there is nothing to do

    def start(self) -> None:
        """Go on where the last scan ended."""
        self._thread.start()

    def stop(self) -> None:
        """Scan no more; where it is stays on the disk."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._idle()):
            try:
                self._page()
            except _Over:
                return
            except ArchiveError as error:
                if not self._failing:
                    _log.error("the fixity scan waits: %s", error)
                self._failing = True
            except Exception:  # noqa: BLE001
                _log.exception("the fixity scan ends, by an error of ours")
                return

    def _idle(self) -> float:
        """Seconds until there may be something to do."""
        if self._failing or not self._rate():
            return LOOK_SECONDS
        left = max(self._rounds.round.due - time.time(), 0.0)
        if left:
            self.rested.set()
        return min(left, LOOK_SECONDS)

    def _page(self) -> None:
        if not self._rate() or self._rounds.round.due > time.time():
            return
        self.rested.clear()
        for found in self._rounds.page(self._pause):
            uid, kind, cause = found.sop_instance_uid, found.kind, found.cause
            _log.error("fixity: instance %s: %s: %s (%s)", uid, kind, cause, found.key)
        self._failing = False
        if self._rounds.swamped and self._rounds.round.ended:
            _log.error("fixity: so many findings that the round is over; run anode check --hash")

    def _pause(self, count: int) -> None:
        """Wait as long as these bytes may take."""
        if self._over.wait(max(count, LEAST_BYTES) / (self._rate() or LEAST_BYTES)):
            raise _Over
