"""Reports on the association they were asked for, as long as its peer keeps it: PS3.4 J.3.3.

Law: the thread of the association sends them, while its peer says nothing, so that who releases at
once never meets one. What is not answered when the association ends is the reporter's.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from archive.commitments import Damaged, Transaction
from archive.errors import ArchiveError
from scp import reporting
from scp.exchange import House
from scu.references import MODEL
from wire.association import Association, Message
from wire.command import Command
from wire.negotiation import Context

_log = logging.getLogger("anode.commitment")
SILENCE_SECONDS = 0.5  # of the peer, before it is told anything
LONGEST_SECONDS = 5.0  # that a report waits for silence


class _Due(NamedTuple):
    context: Context
    transaction: Transaction
    since: float


class _Asked(NamedTuple):
    request: Command
    transaction: Transaction
    until: float


class Outbox:
    """The reports of one association; without any it costs nothing."""

    def __init__(self, house: House, association: Association, requestor: str) -> None:
        self._house = house
        self._association = association
        self._due: deque[_Due] = deque()
        self._asked: _Asked | None = None
        self._deaf = False  # the peer does not answer reports here
        self._lock = threading.Lock()  # guards what is used by who judges, in another thread
        self._over = False
        self._expected = 0
        self._bell: int | None = None
        for each in house.reporter.take(requestor):
            self._adopt(each)

    def _adopt(self, transaction: Transaction) -> None:
        """It waited for this peer to show itself."""
        for context in self._association.contexts.values():
            if context.abstract_syntax == MODEL and context.scp:
                self.put(context, transaction)
                return
        self._house.reporter.add(transaction)

    def put(self, context: Context, transaction: Transaction) -> None:
        """Have a result reported, here if the peer answers reports here."""
        if self._deaf:
            self._house.reporter.add(transaction)
            return
        self._due.append(_Due(context, transaction, time.monotonic()))

    def judge(self, context: Context, transaction: Transaction) -> None:
        """Have a transaction judged, and then reported here."""
        if self._bell is None:
            self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._expected += 1
        self._house.reporter.add(transaction, partial(self._deliver, context))

    def _deliver(self, context: Context, transaction: Transaction) -> bool:
        """From the thread that judged it; False when the association is over."""
        with self._lock:
            if self._over or self._deaf or self._bell is None:
                return False
            self.put(context, transaction)
            self._expected -= 1
            os.eventfd_write(self._bell, 1)
            return True

    def __enter__(self) -> Outbox:
        return self

    def __exit__(self, *_: object) -> None:
        """The association is over: what it did not see answered is the reporter's."""
        with self._lock:
            self._over = True
            if self._bell is not None:
                os.close(self._bell)
        self._hand_over()

    def _hand_over(self) -> None:
        if self._asked is not None and not self._deaf:
            self._house.reporter.add(self._asked.transaction)
        while self._due:
            self._house.reporter.add(self._due.popleft().transaction)

    # -- on the association

    def next(self) -> Message | None:
        """The peer's next request, with reports sent while it is silent. Raises Ended."""
        while True:
            message = self._association.receive(self._attend())
            asked = self._asked
            if message is None or asked is None or not message.command.answers(asked.request):
                return message
            message.drain(self._association.channel.limits.identifier_bytes)
            self._asked = None
            if not self._deaf:
                self._answered(asked.transaction, message.command.status)

    def _attend(self) -> float | None:
        """Do what is to be done here until the peer says something.

        Returns how long to wait for it then; None: as always.
        """
        if not self._busy():
            return None
        end = time.monotonic() + self._association.channel.limits.idle_seconds
        while self._busy() and (now := time.monotonic()) < end:
            wait = self._patience(now)
            if wait and self._association.arrives(min(wait, end - now), self._bell):
                return None
            self._hush()
            if time.monotonic() - now >= wait:
                self._act()
        return max(0.0, end - time.monotonic())

    def _busy(self) -> bool:
        return bool(self._due or self._expected or self._asked) and not self._deaf

    def _patience(self, now: float) -> float:
        """How long the peer may be silent before it is our turn."""
        if self._asked is not None:
            return max(0.0, self._asked.until - now)
        if self._due:
            return SILENCE_SECONDS if now - self._due[0].since < LONGEST_SECONDS else 0.0
        return self._association.channel.limits.idle_seconds

    def _act(self) -> None:
        """Send the next report; or, when the last one was not answered, send none any more."""
        if self._asked is not None:
            with self._lock:
                self._deaf, asked = True, self._asked
            _log.warning("%s: the report was not answered in time", asked.transaction)
            self._house.reporter.add(asked.transaction)
            self._hand_over()
        elif self._due:
            self._send(self._due.popleft())

    def _send(self, due: _Due) -> None:
        house, transaction = self._house, due.transaction
        try:
            request, data = reporting.report(house, self._association, due.context, transaction)
        except Damaged as error:
            reporting.lost(house, transaction, error)
            return
        except ArchiveError as error:
            _log.error("%s cannot be read: %s", transaction, error)
            house.reporter.add(transaction)
            return
        seconds = self._association.channel.limits.response_seconds
        self._asked = _Asked(request, transaction, time.monotonic() + seconds)
        self._association.ask(due.context, request, data)

    def _answered(self, transaction: Transaction, status: int | None) -> None:
        try:
            reporting.answered(self._house, transaction, status)
        except ArchiveError as error:
            _log.error("%s was reported, which cannot be noted: %s", transaction, error)
            self._house.reporter.add(transaction)

    def _hush(self) -> None:
        if self._bell is not None:
            with suppress(BlockingIOError):
                os.eventfd_read(self._bell)
