"""Counting C-STORE sub-operations, PS3.4 C.4.2.1.6 to C.4.2.3.1: the numbers always add up."""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field

from pydicom.uid import UID

from scp.statuses import Status
from scu import statuses
from scu.store import Outcome
from wire.command import Command
from wire.errors import Unreachable

_FAILED_LIST = (0x0008, 0x0058)
_MOST_EXPLICIT = 0xFFFE
_MOST_NAMED = 16_384  # failed instances: with their UIDs some 1 MiB, what others read of us, too
_MOST_CAUSES, _LONGEST_CAUSE = 100, 64  # characters, as an Error Comment holds


@dataclass(slots=True)
class Tally:
    """The sub-operations of one C-MOVE or C-GET."""

    remaining: int
    completed: int = 0
    failed: int = 0
    warning: int = 0
    failed_uids: list[str] = field(default_factory=list)
    converted: int = 0
    causes: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        """For the log."""
        done = f"{self.completed} completed, {self.converted} of them converted"
        return f"{done}, {self.failed} failed, {self.warning} with a warning"

    def count(self, outcome: Outcome) -> None:
        """One sub-operation is over."""
        self.remaining -= 1
        self.converted += bool(outcome.converted_to)
        match outcome.category:
            case statuses.SUCCESS:
                self.completed += 1
            case statuses.WARNING:
                self.warning += 1
            case _:
                self.failed += 1
                self._name(outcome)

    def _name(self, outcome: Outcome) -> None:
        """Which failed and why, within what memory and answer have room for."""
        if len(self.failed_uids) < _MOST_NAMED:
            self.failed_uids.append(outcome.instance.sop_instance_uid)
        # The words of a receiver may be others each time.
        cause = _tellable(outcome)
        if cause in self.causes or len(self.causes) < _MOST_CAUSES:
            self.causes[cause] += 1

    def close(self) -> None:
        """All is done: what was counted and is not there any more has failed."""
        if self.remaining:
            self.causes["no longer in the archive"] += self.remaining
            self.failed, self.remaining = self.failed + self.remaining, 0

    def status(self, *, cancelled: bool) -> Status:
        """The final status, PS3.4 C.4.2.3.1 and C.4.3.3.1."""
        if cancelled:
            return Status.CANCELLED
        if self.failed and not self.completed and not self.warning:
            return Status.CANNOT_PERFORM_SUBOPERATIONS
        if self.failed or self.warning:
            return Status.SUBOPERATIONS_FAILED
        return Status.SUCCESS

    def comment(self, status: Status) -> str:
        """Why most of what failed did so: Error Comment of B000 and A702, PS3.4 Table C.4-2."""
        if status not in (Status.SUBOPERATIONS_FAILED, Status.CANNOT_PERFORM_SUBOPERATIONS):
            return ""
        return next((cause for cause, _ in self.causes.most_common(1)), "")

    def counts(self, response: Command) -> Command:
        """The response with its counts; `remaining` only in pending and cancel responses."""
        shown = response.status in (Status.PENDING, Status.CANCELLED)
        remaining = self.remaining if shown else None
        return response.with_counts(remaining, self.completed, self.failed, self.warning)

    def failed_list(self, transfer_syntax: str) -> bytes | None:
        """The identifier of a final response that has failures; None when there are none."""
        if not self.failed_uids:
            return None
        syntax = UID(transfer_syntax)
        order = "<" if syntax.is_little_endian else ">"
        if syntax.is_implicit_VR:
            raw = _joined(self.failed_uids)
            return struct.pack(f"{order}HHI", *_FAILED_LIST, len(raw)) + raw
        raw = _joined(_fitting(self.failed_uids))
        return struct.pack(f"{order}HH2sH", *_FAILED_LIST, b"UI", len(raw)) + raw


def _tellable(outcome: Outcome) -> str:
    """The cause as the caller may know it: where a destination lives is for our log alone."""
    if isinstance(outcome.error, Unreachable):
        return "the destination cannot be reached"
    return outcome.cause[:_LONGEST_CAUSE]


def _joined(uids: list[str]) -> bytes:
    raw = "\\".join(uids).encode("ascii", "replace")
    return raw + b"\0" if len(raw) % 2 else raw


def _fitting(uids: list[str]) -> list[str]:
    """As many as the 16-bit length of an explicit UI can carry, PS3.5 7.1.2."""
    total = 0
    for number, uid in enumerate(uids):
        total += len(uid) + 1
        if total > _MOST_EXPLICIT:
            return uids[:number]
    return uids
