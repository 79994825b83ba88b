"""How many C-MOVEs send to one destination at a time: the others wait for their turn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scp.tally import Local, Tally

_LOOK_SECONDS = 0.5


class Moves:
    """Turns at destinations, by AE title; shared by all associations of a node."""

    def __init__(self, most: int, tally: Tally | None = None) -> None:
        self.most = most
        self._under_way: Tally = tally or Local()
        self._change = threading.Condition()

    @contextmanager
    def turn(self, destination: str, given_up: Callable[[], bool]) -> Iterator[bool]:
        """Wait for a turn; False when `given_up`, looked at now and then, said so first."""
        mine = self._await(destination, given_up)
        try:
            yield mine
        finally:
            if mine:
                with self._change:
                    self._under_way.leave(destination)
                    self._change.notify_all()

    def _await(self, destination: str, given_up: Callable[[], bool]) -> bool:
        while True:
            with self._change:
                # Those of other processes tell nobody when they are done: who waits looks again.
                if self._change.wait_for(
                    lambda: self._under_way.enter(destination, self.most) is not None, _LOOK_SECONDS
                ):
                    return True
            if given_up():
                return False
