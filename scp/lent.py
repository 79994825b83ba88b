"""What a worker has of its node: commitments, their reports and examining are the parent's.

Law: one process calls a peer and counts what waits for it. A worker writes what it accepts itself,
says so, and hands over what its association does not see answered (PS3.4 J.3.3).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from archive import commitments
from archive.commitments import Commitments, End, Result, Transaction
from scp.line import Line
from scp.reporter import Deliver, Reporter


class Lent(Commitments):
    """The transactions of a data folder that another process serves."""

    def __init__(self, data: Path, line: Line) -> None:
        self._root = data.absolute() / "commitments"
        self._lock = threading.Lock()
        self._waiting = Counter()
        self._line = line

    def waiting(self) -> Counter[str]:
        """How many are open in the whole node, by requestor."""
        return Counter(self._line.ask("waiting"))

    def accept(
        self, transaction: Transaction, results: Sequence[Result], *, judged: bool
    ) -> Transaction:
        """Put it on the disk, and let the parent know."""
        made = super().accept(transaction, results, judged=judged)
        self._line.tell("opened", made)
        return made

    def end(self, transaction: Transaction, end: End) -> None:
        """It is over."""
        super().end(transaction, end)
        self._line.tell("ended", transaction)

    def set_aside(self, transaction: Transaction) -> None:
        """Its file cannot be read."""
        super().set_aside(transaction)
        self._line.tell("ended", transaction)


class Relay(Reporter):
    """The parent's reporter, asked over the line."""

    def __init__(self, data: Path, line: Line) -> None:
        self._data = data
        self._line = line
        self._numbers = count(1)
        self._expected: dict[int, Deliver] = {}

    def start(self) -> None:
        """The parent's runs already."""

    def stop(self) -> None:
        """The parent's goes on."""

    def wake(self) -> None:
        """The parent's has been told."""

    def add(self, transaction: Transaction, deliver: Deliver | None = None) -> None:
        """Have it judged and reported; `deliver` is called here."""
        number = 0
        if deliver is not None:
            number = next(self._numbers)
            self._expected[number] = deliver
        self._line.tell("add", transaction, number)

    def take(self, requestor: str) -> list[Transaction]:
        """What waits for a peer that cannot be called, now that it is here."""
        if not commitments.waiting(self._data):  # as nearly always: nothing to ask for
            return []
        taken: list[Transaction] = self._line.ask("take", requestor)
        return taken

    def deliver(self, number: int, transaction: Transaction) -> bool:
        """From the parent, which has judged it."""
        return self._expected.pop(number)(transaction)
