"""How many associations each calling AE title has open: a peer's own limit, if it has one."""

from __future__ import annotations

import threading
from collections import Counter


class Guests:
    """Open associations by calling AE title; shared by all threads of a node."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()

    def enter(self, ae_title: str, most: int | None) -> bool:
        """Count one more unless there are `most` already; None: as many as want."""
        with self._lock:
            if most is not None and self._open[ae_title] >= most:
                return False
            self._open[ae_title] += 1
            return True

    def leave(self, ae_title: str) -> None:
        """Forget one."""
        with self._lock:
            self._open[ae_title] -= 1
            if not self._open[ae_title]:
                del self._open[ae_title]


class Visit:
    """One connection's stay: whatever it was counted as is forgotten at its end."""

    def __init__(self, guests: Guests) -> None:
        self._guests = guests
        self._ae_title: str | None = None

    def enter(self, ae_title: str, most: int | None) -> bool:
        """Count it under this AE title, if there is room."""
        entered = self._guests.enter(ae_title, most)
        if entered:
            self._ae_title = ae_title
        return entered

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        if self._ae_title is not None:
            self._guests.leave(self._ae_title)
