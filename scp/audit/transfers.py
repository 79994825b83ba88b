"""What one association carries, gathered by study: PS3.15 A.5.3.3 and A.5.3.7.

Law: a message speaks of one patient and one study, so a study's transfer begins with its first
object and has ended when the association ends or goes on to another. Who comes back to a study it
had left sends them mixed: then several stay open at a time. It costs a C-STORE microseconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

from archive.reception import Receipt
from archive.record import NOBODY, StoredInstance, Subject
from scp.audit import codes, reports
from scp.audit.events import Event, Node, now, us
from scu.outcomes import Outcome
from scu.statuses import FAILURE

MOST_OPEN = 8  # studies, when they come mixed

Record = Callable[[Event], None]
Intended = Mapping[Subject, Mapping[str, int]]
"""How many objects of each SOP class, by whose they are."""


@dataclass(slots=True)
class _Transfer:
    """The objects of one study so far: how many of each SOP class, by what became of them."""

    last: datetime = field(default_factory=now)
    new: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    why: str = ""  # the first failure

    def add(self, sop_class: str, became: Literal["new", "held", "failed"], why: str = "") -> None:
        counts: Counter[str] = getattr(self, became)
        counts[sop_class] += 1
        self.last = now()
        self.why = self.why or why

    @property
    def crowded(self) -> bool:
        return len(self.new) + len(self.held) >= reports.MOST_CLASSES

    def events(self, parties: reports.Parties, subject: Subject) -> Iterator[Event]:
        """The messages: of what succeeded and what failed apart, Table A.5.2-1."""
        outcomes = (("C", self.new, ""), ("R", self.held, ""), ("R", self.failed, self.why))
        for action, counts, why in outcomes:
            for some in reports.portions(counts):
                things = reports.instances(subject, some)
                yield reports.transferred(
                    parties, things, action=action, when=self.last, failure=why
                )


class Transfers:
    """What has been received on one association; close it, or use it in a `with`."""

    def __init__(self, record: Record, caller: Node, ours: str) -> None:
        """`ours` is the AE title of ours that was called."""
        self.record = record
        self.caller = caller
        self.ours = ours
        self._open: dict[Subject, _Transfer] = {}
        self._left: set[Subject] = set()
        self._most = 1
        self._refused: _Transfer | None = None  # most associations have none

    @cached_property
    def _parties(self) -> reports.Parties:
        us_here = us(codes.DESTINATION, title=self.ours)
        return self.caller.taking(codes.SOURCE, requestor=True), us_here

    def received(self, receipt: Receipt) -> None:
        """An object was stored; or it was not, because the same is held already."""
        subject, sop_class = receipt.subject, receipt.sop_class_uid
        transfer = self._open.get(subject) or self._begin(subject, sop_class)
        transfer.add(sop_class, "new" if receipt.new else "held")
        if transfer.crowded:
            self._end(subject)

    def asked(self, model: str, identifier: bytes, transfer_syntax: str) -> None:
        """A query came."""
        self.record(reports.query(self._parties, model, identifier, transfer_syntax))

    def refused(self, sop_class: str, why: str) -> None:
        """An object was not stored; whose it was is not known, or not believed."""
        if self._refused is None:
            self._refused = _Transfer()
        self._refused.add(sop_class, "failed", why)

    def sending(self, to: Node, intended: Intended) -> Sending:
        """Objects are about to be sent for the caller, to itself or to another node."""
        own = to == self.caller
        third = () if own else (self.caller.taking(requestor=True),)
        parties = (
            us(codes.SOURCE, title=self.ours),
            to.taking(codes.DESTINATION, requestor=own),
            *third,
        )
        return Sending(self.record, parties, intended)

    def close(self) -> None:
        """The association is over."""
        for subject in list(self._open):
            self._end(subject)
        if self._refused is not None:
            self._tell(NOBODY, self._refused)

    def __enter__(self) -> Transfers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, subject: Subject, sop_class: str) -> _Transfer:
        if subject in self._left:
            self._most = MOST_OPEN
        while len(self._open) >= self._most:
            self._end(next(iter(self._open)))
        things = reports.instances(subject, {sop_class: 1})
        self.record(reports.begin(self._parties, things))
        self._open[subject] = transfer = _Transfer()
        return transfer

    def _end(self, subject: Subject) -> None:
        if len(self._left) < MOST_OPEN:
            self._left.add(subject)
        self._tell(subject, self._open.pop(subject))

    def _tell(self, subject: Subject, transfer: _Transfer) -> None:
        for event in transfer.events(self._parties, subject):
            self.record(event)


class Sending:
    """Objects that go out by one C-MOVE or C-GET; close it, or use it in a `with`."""

    def __init__(self, record: Record, parties: reports.Parties, intended: Intended) -> None:
        self._record = record
        self._parties = parties
        self._studies: dict[Subject, _Transfer] = {}
        for subject, counts in intended.items():
            for some in reports.portions(counts):
                record(reports.begin(parties, reports.instances(subject, some)))

    def sent(self, outcome: Outcome) -> None:
        """One of them has been sent, or has not been."""
        instance, failed = outcome.instance, outcome.category == FAILURE
        subject = instance.subject if isinstance(instance, StoredInstance) else NOBODY
        transfer = self._studies.get(subject)
        if transfer is None:
            transfer = self._studies[subject] = _Transfer()
        # A.5.3.7: R, since nobody told us what the receiver held before.
        why = outcome.cause or "failed" if failed else ""
        transfer.add(instance.sop_class_uid, "failed" if failed else "held", why)

    def close(self) -> None:
        """All have been sent that will be."""
        for subject, transfer in self._studies.items():
            for event in transfer.events(self._parties, subject):
                self._record(event)

    def __enter__(self) -> Sending:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
