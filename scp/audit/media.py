"""Objects that come from media or go to them, PS3.15 A.5.3.4 and A.5.3.5, gathered by study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from archive.record import Subject
from scp.audit import reports
from scp.audit.events import Event

MOST_OPEN = 64  # studies


class Media:
    """What one command takes in or gives out; use it in a `with`.

    `told` makes the message: `audit.imported` or `audit.exported` for somebody and some place. A
    message may name many studies, and does not: it is to stay small.
    """

    def __init__(
        self, record: Callable[[Event], None], told: Callable[[reports.Things], Event]
    ) -> None:
        self._record = record
        self._told = told
        self._open: dict[Subject, Counter[str]] = {}

    def add(self, subject: Subject, sop_class: str) -> None:
        """One object more."""
        if subject not in self._open and len(self._open) >= MOST_OPEN:
            self._tell(next(iter(self._open)))
        self._open.setdefault(subject, Counter())[sop_class] += 1

    def __enter__(self) -> Media:
        return self

    def __exit__(self, *_: object) -> None:
        for subject in list(self._open):
            self._tell(subject)

    def _tell(self, subject: Subject) -> None:
        for some in reports.portions(self._open.pop(subject)):
            self._record(self._told(reports.instances(subject, some)))
