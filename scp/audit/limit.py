"""How much a sink that is down may hold back, `spool_bytes`, and what happens beyond it.

Looked at when something was recorded, and when the sink has taken something.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from config.auditing import Audit, Sink
from scp.audit import reports
from scp.audit.events import Event
from scp.audit.sender import Sender
from scp.audit.spool import Dropped, Spool

_log = logging.getLogger("anode.audit")


class Limit:
    """The limit of one sink: it drops its oldest messages, or says that it is full."""

    def __init__(
        self, sink: Sink, spool: Spool, audit: Audit, record: Callable[[Event], None]
    ) -> None:
        self.sender = Sender(sink, spool, self.look)
        self.spool = spool
        self.over = False
        self._name = sink.name
        self._record = record
        self._lock = threading.Lock()
        self._most = audit.spool_bytes
        self._drops = audit.when_full == "drop"
        self._dropped = Dropped()

    def look(self) -> None:
        """Compare; what has changed is told, in the log and in the trail."""
        with self._lock:
            try:
                unsent = self.spool.unsent()
                if unsent > self._most and self._drops:
                    self._dropped += self.spool.drop(self._most)
            except OSError as error:
                _log.warning("audit sink %s: %s", self._name, error.strerror or error)
                return
            if unsent > self._most:
                self._began()
            elif unsent <= self._most * 3 // 4:  # not to and fro at the brim
                self._ended()

    def _began(self) -> None:
        if self.over:
            return
        self.over = True
        then = "its oldest messages are dropped" if self._drops else "new associations are refused"
        self._tell(f"over {self._most} bytes wait for it: {then}", stopped=True)

    def _ended(self) -> None:
        if not self.over:
            return
        self.over = False
        dropped, self._dropped = self._dropped, Dropped()
        self._tell(f"it has room again; {dropped}", stopped=False)

    def _tell(self, what: str, *, stopped: bool) -> None:
        _log.warning("audit sink %s: %s", self._name, what)
        if self._drops:
            uri = f"urn:anode:audit:{self._name}"
            self._record(reports.recording(uri, what, stopped=stopped))
