"""How often callers of an address were turned away lately: who knocks on and on is not heard.

Law: an address where a peer lives is always heard, for one mistaken workstation must not lock out
the scanner beside it; only its refusals are not told one by one any more (access.md section 2).
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from config.limits import Limits
from scp.policy import Address

_MOST_ADDRESSES = 10_000


def _nobody(_caller: Address) -> None:
    """This process is the whole node."""


class Refusals:
    """Counted by address, from the first one on for `refusal_seconds`."""

    def __init__(
        self,
        limits: Limits,
        now: Callable[[], float] = time.monotonic,
        told: Callable[[Address], None] = _nobody,
    ) -> None:
        """`told` takes those that the other processes of the node are to count as well."""
        self._limits = limits
        self._now = now
        self._told = told
        self._lock = threading.Lock()
        self._lately: OrderedDict[Address, tuple[float, int]] = OrderedDict()

    def count(self, caller: Address) -> int:
        """One more; how many there were lately, with this one."""
        number = self.hear(caller)
        if number <= self._limits.refusals:
            self._told(caller)
        return number

    def hear(self, caller: Address) -> int:
        """The same, of another process."""
        with self._lock:
            since, number = self._of(caller)
            self._lately[caller] = since, number + 1
            while len(self._lately) > _MOST_ADDRESSES:
                self._lately.popitem(last=False)
            return number + 1

    def exhausted(self, caller: Address) -> bool:
        """Whether this address has had all the refusals it gets."""
        if not self._lately:
            return False
        with self._lock:
            return self._of(caller)[1] >= self._limits.refusals

    def _of(self, caller: Address) -> tuple[float, int]:
        now = self._now()
        since, number = self._lately.get(caller, (now, 0))
        return (since, number) if now - since < self._limits.refusal_seconds else (now, 0)
