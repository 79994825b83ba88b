"""Ctrl-C while a peer answers: the first one sends C-CANCEL (PS3.7 9.3.2.3), a second one ends it.

Law: between the request and its final response nothing is torn from the wire half read, so the
handler only sends; the answers go on to their end in the ordinary way.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from scu.requests import Asked, cancel
from wire.association import Association

_CTRL_C = (signal.SIGINT,)


@dataclass(slots=True)
class Cancellable:
    """A request that was sent; `cancelled` once Ctrl-C was typed."""

    asked: Asked
    cancelled: bool = False


@contextmanager
def cancellable(association: Association, begin: Callable[[], Asked]) -> Iterator[Cancellable]:
    """Begin a request, and have Ctrl-C cancel it until the block ends."""
    if threading.current_thread() is not threading.main_thread():
        yield Cancellable(begin())  # Ctrl-C is the main thread's
        return
    # Held back until there is something to cancel.
    signal.pthread_sigmask(signal.SIG_BLOCK, _CTRL_C)
    before = signal.getsignal(signal.SIGINT)
    try:
        under_way = Cancellable(begin())

        def interrupted(_number: int, _frame: FrameType | None) -> None:
            if under_way.cancelled:
                raise KeyboardInterrupt
            under_way.cancelled = True
            if association.alive:
                cancel(association, under_way.asked)

        if before is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, interrupted)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _CTRL_C)
        yield under_way
    finally:
        signal.signal(signal.SIGINT, before)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _CTRL_C)
