"""How many associations each calling AE title has open: a peer's own limit, if it has one."""

from __future__ import annotations

from scp.tally import Local, Tally


class Guests:
    """Open associations by calling AE title; shared by all threads and processes of a node."""

    def __init__(self, tally: Tally | None = None) -> None:
        self._tally: Tally = tally or Local()

    def enter(self, ae_title: str, most: int | None) -> bool:
        """Count one more unless there are `most` already; None: as many as want."""
        return self._tally.enter(ae_title, most) is not None

    def leave(self, ae_title: str) -> None:
        """Forget one."""
        self._tally.leave(ae_title)


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
