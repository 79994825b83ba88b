"""What became of one object that was to be stored at a peer."""

from __future__ import annotations

from dataclasses import dataclass

from scu import statuses
from scu.instances import Instance


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one C-STORE; `status` is None when the peer never answered for it."""

    instance: Instance
    status: int | None
    comment: str = ""
    converted_to: str = ""
    """The transfer syntax it was sent in, where that is not the stored one."""
    error: Exception | None = None
    """Why there is no status."""

    @property
    def category(self) -> str:
        """Success, Warning or Failure."""
        return statuses.category(self.status)

    @property
    def cause(self) -> str:
        """Why it is no plain success, for people."""
        if self.status is None:
            return self.comment
        return statuses.describe(self.status, "store", self.comment)
