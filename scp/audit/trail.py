"""The audit trail of a process, PS3.15 A.5: events in, messages on disk and towards the sinks.

Law: `record` never waits for disk or network and never raises. One thread writes, in batches, each
durable before the next; a disk that fails is told of once, and recording resumes by itself.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Iterable
from datetime import datetime

from config import contexts
from config.auditing import Audit
from config.profiles import PROFILES
from config.settings import Settings
from scp.audit import message, reports, syslog
from scp.audit.events import Event, now
from scp.audit.journal import FOLDER, Journal
from scp.audit.limit import Limit
from scp.audit.message import Reporter
from scp.audit.repeats import Repeats
from scp.audit.spool import Spool

MOST_WAITING = 20_000  # events in memory; more come only while the disk does not write
GATHER_SECONDS = 0.05  # for one batch
RETRY_SECONDS = 1.0
CLOSE_SECONDS = 10.0
EXPIRE_SECONDS = 3600.0

_log = logging.getLogger("anode.audit")


class Trail:
    """Where events are recorded; any thread may. Close it, or use it in a `with`."""

    def __init__(self, journal: Journal, reporter: Reporter, audit: Audit) -> None:
        self._journal = journal
        self._reporter = reporter
        self._header = syslog.Header(syslog.hostname(), reporter.process)
        self._audit = audit
        self._change = threading.Condition()
        self._waiting: list[Event] = []
        self._lost = 0  # events
        self._closing = False
        self.held = False  # who sends for this process says that it is full
        self._failing: datetime | None = None
        self._limits: list[Limit] = []
        self._repeats = Repeats()
        self._expiry: float | None = None  # a process beside the node removes nothing
        self._thread = threading.Thread(target=self._write, name="audit journal", daemon=True)

    @classmethod
    def open(cls, settings: Settings, *, sending: bool = True) -> Trail:
        """The trail of a node; without `sending`, of a process that runs beside one.

        Raises OSError, ConfigError.
        """
        audit, node = settings.audit, settings.node
        if not audit.enabled:
            return Silence()
        for sink in audit.sink:
            if sending and sink.transport == "tls":  # so that a wrong file is told at start
                contexts.client(PROFILES[sink.tls], sink.credentials)
        host = syslog.hostname()
        source = audit.source or f"{node.ae_title}@{host}"
        reporter = Reporter(str(os.getpid()), settings.ae_titles, host, source, audit.site or "")
        journal = Journal(node.data / FOLDER, sync=settings.archive.sync == "always")
        trail = cls(journal, reporter, audit)
        trail._begin(sending=sending)
        return trail

    def _begin(self, *, sending: bool) -> None:
        spools = [(sink, Spool(self._journal, sink.name)) for sink in self._audit.sink]
        if sending:
            self._journal.open()  # a folder that cannot be written is told at start
            self._limits = [Limit(*each, self._audit, self.record) for each in spools]
            self._expiry = 0.0
        self._thread.start()
        for limit in self._limits:
            limit.sender.start()

    @property
    def full(self) -> bool:
        """Whether a sink holds back more than it may, and new associations are to be refused."""
        refuses = self._audit.when_full == "refuse"
        return self.held or (refuses and any(limit.over for limit in self._limits))

    @property
    def failing(self) -> bool:
        """Whether the journal cannot be written at the moment."""
        return self._failing is not None

    def record(self, event: Event) -> None:
        """Take an event; it is on disk soon."""
        with self._change:
            if self._closing or len(self._waiting) >= MOST_WAITING:
                self._lost += 1
                return
            self._waiting.append(event)
            if len(self._waiting) == 1:
                self._change.notify()

    def close(self) -> None:
        """Write what was recorded, send what can be sent at once."""
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join(CLOSE_SECONDS)
        for limit in self._limits:
            limit.sender.stop()
        self._journal.close()

    def __enter__(self) -> Trail:
        self.record(reports.started())
        return self

    def __exit__(self, *_: object) -> None:
        self.record(reports.stopped())
        self.close()

    # -- the thread that writes -------------------------------------------------------------------

    def _write(self) -> None:
        pending: list[bytes] = []
        while True:
            hurry = pending or self._repeats.counting
            events, closing = self._gathered(RETRY_SECONDS if hurry else None)
            pending += self._rendered(self._repeats.sift(events, time.monotonic()))
            if closing:
                pending += self._rendered(self._repeats.over(math.inf))
            if pending:
                pending = self._kept(pending)
            self._tend()
            if closing:
                break
        if pending:
            _log.error("audit trail: %d messages could not be written", len(pending))

    def _gathered(self, seconds: float | None) -> tuple[list[Event], bool]:
        with self._change:
            self._change.wait_for(lambda: self._waiting or self._closing, seconds)
            self._change.wait_for(lambda: self._closing, GATHER_SECONDS)
            events, self._waiting = self._waiting, []
            return events, self._closing

    def _rendered(self, events: Iterable[Event]) -> list[bytes]:
        made = []
        for event in events:
            try:
                made.append(self._header.message(event, message.text(event, self._reporter)))
            except Exception as error:  # noqa: BLE001 - one event must not end the trail
                # Its words may hold a patient's name.
                _log.error("audit trail: %s lost: %s", event.what.words, type(error).__name__)
        return made

    def _kept(self, messages: list[bytes]) -> list[bytes]:
        """Write them; what could not be written is tried again."""
        try:
            self._journal.write(messages)
        except OSError as error:
            if self._failing is None:
                self._failing = now()
                why = error.strerror or error
                _log.error("audit trail: %s: %s; trying again", self._journal.folder, why)
            if over := max(0, len(messages) - MOST_WAITING):
                with self._change:
                    self._lost += over
            return messages[over:]
        if self._failing is not None or self._lost:
            self._resumed()
        return []

    def _resumed(self) -> None:
        """Say in the trail itself that something may be missing from it."""
        with self._change:
            lost, self._lost = self._lost, 0
        since, self._failing = self._failing, None
        _log.warning("audit trail: written again; %d events were lost", lost)
        uri = self._journal.folder.as_uri()
        what = f"the journal is written again; {lost} events were lost"
        self.record(
            reports.recording(uri, "the journal cannot be written", stopped=True, when=since)
        )
        self.record(reports.recording(uri, what, stopped=False))

    def _tend(self) -> None:
        for limit in self._limits:
            limit.sender.wake()
            limit.look()
        if self._expiry is not None and time.monotonic() > self._expiry:
            self._expiry = time.monotonic() + EXPIRE_SECONDS
            try:
                for limit in self._limits:
                    limit.spool.save()  # what was dropped is not needed, though nothing was sent
                needed = min((limit.spool.first for limit in self._limits), default="~")
                self._journal.expire(self._audit.keep_days, needed)
            except OSError as error:
                _log.warning("audit trail: %s", error.strerror or error)


class Silence(Trail):
    """No trail: `enabled = false`."""

    def __init__(self) -> None:
        self._audit, self._limits, self._failing = Audit(enabled=False), [], None
        self.held = False

    def record(self, event: Event) -> None:
        """Nothing is recorded."""

    def close(self) -> None:
        """There is nothing to close."""
