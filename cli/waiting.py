"""Who waits for a peer is told so, and for how long, before the silence gets long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cli import show
from config.limits import Limits
from scu.associate import Target

SILENT_SECONDS = 5.0
"""A peer that is well answers long before; the longest wait is mostly two minutes."""


@contextmanager
def told(target: Target, limits: Limits) -> Iterator[None]:
    """Tell on standard error when this takes longer than SILENT_SECONDS."""
    notice = threading.Timer(SILENT_SECONDS, _tell, (target, limits))
    notice.daemon = True
    notice.start()
    try:
        yield
    finally:
        notice.cancel()


def _tell(target: Target, limits: Limits) -> None:
    show.tell(
        f"no answer from {target} yet; waiting for up to {limits.response_seconds:g} s "
        "(--timeout SECONDS says how long)"
    )
