"""A disk filled to the brim under load, and emptied again: 0xA700 in between, no restart. C7, P4.

Something else lies on the disk too: it is what goes when space is made.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scu.associate import associate
from tests.crash.senders import CALLER, Ledger, Load, Moment, Senders, made, new_uid, sent
from tests.crash.serving import Serving
from tests.datasets import CT, EXPLICIT

OUT_OF_RESOURCES = 0xA700
SIZE = 60_000
REFUSED_UNDER_LOAD = 20
IN_A_ROW = 6  # the first, and five more
MOST = 2000
SECONDS = 60.0
BALLAST = 4 << 20
_GIVEN_BACK = 20  # times at most that blocks may come back


@dataclass
class Filled:
    """What a full disk brought."""

    study: str
    refused: set[int | None]
    after: list[int | None]  # statuses once there was room again


def weigh(path: Path, leave: int = 0) -> None:
    """Put something else on the disk, that takes room: all but so many bytes, or some."""
    disk = os.statvfs(path.parent)
    room = disk.f_bavail * disk.f_frsize
    with path.open("wb") as file:
        file.write(os.urandom(max(room - leave, 0) if leave else BALLAST))
        os.fsync(file.fileno())


def brim(path: Path) -> None:
    """Take all the room that is left, to the last block.

    A file system gives blocks back a moment after it had none: those it held for delayed
    allocation and did not need.
    """
    with path.open("ab", buffering=0) as file:
        for _ in range(_GIVEN_BACK):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(1024))
            os.fsync(file)
            if not os.fstatvfs(file.fileno()).f_bavail:
                return


def fill(serving: Serving, ledger: Ledger, make_room: Callable[[], None]) -> Filled:
    """Four senders until they are refused, one more until it is; then room is made for it."""
    load = Load(serving.targets(4), sizes=(300, SIZE, SIZE))
    _until_refused(serving, ledger, load)
    with associate(serving.target(), CALLER, [(CT, (EXPLICIT,))]) as association:

        def store() -> int | None:
            uid = new_uid(load.study, 9)
            return sent(ledger, association, uid, made(uid, SIZE))

        refused = {status for status in _row(store) if status}
        make_room()
        after = [store() for _ in range(5)]
    return Filled(load.study, refused, after)


def _until_refused(serving: Serving, ledger: Ledger, load: Load) -> None:
    full = threading.Event()

    def told(_what: Moment, _status: int | None) -> None:
        if len(ledger.refused) >= REFUSED_UNDER_LOAD:
            full.set()

    with Senders(ledger, load, told) as senders:
        assert full.wait(SECONDS), (senders.broken, serving.said[-2000:])
    assert senders.broken == []


def _row(store: Callable[[], int | None]) -> list[int | None]:
    """Statuses until so many in a row are refusals."""
    told: list[int | None] = []
    while len(told) < IN_A_ROW or not all(told[-IN_A_ROW:]):
        told.append(store())
        assert len(told) < MOST, "the disk does not get full"
    return told
