"""What the machine's disk allows: the same bytes, written and made safe by nobody's server.

`bare` writes, renames and syncs file and folder for each object, one process a sender; `grouped`
has threads share one syncfs among whoever waits, as a group commit does.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from archive import kernel
from benchmarks import framed
from benchmarks.storing import looped


def bare(folder: Path, side: int, count: int, senders: int) -> float:
    """Objects per second of a loop for each sender."""
    folder.mkdir(exist_ok=True)
    return looped(folder, side, count, senders)


class _Group:
    """One syncfs for whoever came before it began."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._condition = threading.Condition()
        self._begun = self._done = 0
        self._busy = False

    def pass_(self) -> None:
        with self._condition:
            mine = self._begun + 1
            while self._done < mine:
                if self._busy:
                    self._condition.wait()
                    continue
                self._busy, self._begun = True, self._begun + 1
                number = self._begun
                self._condition.release()
                try:
                    kernel.syncfs(self._descriptor)
                finally:
                    self._condition.acquire()
                    self._busy, self._done = False, number
                    self._condition.notify_all()


def grouped(folder: Path, side: int, count: int, senders: int) -> float:
    """Objects per second of threads that share syncs."""
    folder.mkdir(exist_ok=True)
    content = framed.data_set(side, *(framed.new_uid() for _ in range(3)))
    each = max(1, count // senders)
    home = os.open(folder, os.O_RDONLY)
    group = _Group(home)

    def write(number: int) -> None:
        for index in range(each):
            name = folder / f"{framed.new_uid()}.{number}.{index}"
            part = name.with_suffix(".part")
            with part.open("wb", buffering=0) as file:
                file.write(content)
            part.rename(name)
            group.pass_()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(senders)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    os.close(home)
    return each * senders / took
