"""What comes in floods: of one kind about one node, so many a minute are told, others counted.

Law: who knocks a thousand times a second must not fill the disk, nor push other messages out of a
spool; how often it was is told all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from scp.audit import codes, reports
from scp.audit.events import Event, Outcome

MOST_TOLD = 60
WINDOW_SECONDS = 60.0
MOST_WATCHED = 4096  # nodes

_Key = tuple[str, str]


@dataclass(slots=True)
class _Window:
    """A minute of one kind of event about one node."""

    begun: float
    last: Event
    count: int = 0


class Repeats:
    """What has been told lately; used by the one thread that writes."""

    def __init__(self) -> None:
        self._windows: dict[_Key, _Window] = {}

    @property
    def counting(self) -> bool:
        """Whether something is left to be told when its minute is over."""
        return any(window.count > MOST_TOLD for window in self._windows.values())

    def sift(self, events: Iterable[Event], now: float) -> Iterator[Event]:
        """Those to be written, and the sums of minutes that are over."""
        yield from self.over(now - WINDOW_SECONDS)
        for event in events:
            if (key := _key(event)) is None:
                yield event
                continue
            if key not in self._windows and len(self._windows) >= MOST_WATCHED:
                yield from self._told(next(iter(self._windows)))
            window = self._windows.setdefault(key, _Window(now, event))
            window.last, window.count = event, window.count + 1
            if window.count <= MOST_TOLD:
                yield event

    def over(self, since: float) -> Iterator[Event]:
        """Sums of what began before."""
        for key in [key for key, window in self._windows.items() if window.begun <= since]:
            yield from self._told(key)

    def _told(self, key: _Key) -> Iterator[Event]:
        window = self._windows.pop(key)
        more = window.count - MOST_TOLD
        if more > 0:
            what = (
                f"{more} more of these within {WINDOW_SECONDS:.0f} s; the last: {window.last.why}"
            )
            yield replace(window.last, why=what, things=reports.described(window.last, what))


def _key(event: Event) -> _Key | None:
    """Kind and node of what a stranger can cause at will: alerts, and users that are refused."""
    if event.kind is None:
        return None
    if event.what is codes.SECURITY_ALERT and event.things:
        return event.kind.value, event.things[0].identifier
    if event.what is codes.USER_AUTHENTICATION and event.outcome is not Outcome.SUCCESS:
        return event.kind.value, event.participants[0].address
    return None
