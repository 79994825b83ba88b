"""Object files adopted by several processes, answers in the order of the keys.

Law: a process of ours ends when we do, however that goes: the end of its pipe tells it so.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from archive.adopting import Files, Kind, adopt
from archive.bounds import HELD
from archive.errors import BadObject, Mismatch, TooLarge, Unavailable
from archive.findings import Finding
from archive.record import Record

BATCH = 32  # keys sent at a time
AHEAD = 2  # batches each process has before it
FEW = 4 * BATCH  # files that are read sooner than a process has started

Answer = Record | Finding | None
"""What a file gave; None when it is gone by now."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read, and how; it travels to the processes, so `kind` is a function of a module."""

    root: Path
    kind: Kind
    processes: int = 1


def read(reading: Reading, keys: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    """Adopt these files, one after the other as far as anybody can see."""
    if reading.processes < 2 or len(keys) <= FEW:
        for key in keys:
            yield key, _one(reading, key)
        return
    batches = [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]
    with ExitStack() as held:
        pipes = [_begin(reading, held) for _ in range(min(reading.processes, len(batches)))]
        waiting: deque[tuple[Sequence[str], Connection]] = deque()
        for number, batch in enumerate(batches):
            pipe = pipes[number % len(pipes)]
            pipe.send(batch)
            waiting.append((batch, pipe))
            if len(waiting) >= AHEAD * len(pipes):
                yield from _answers(*waiting.popleft())
        while waiting:
            yield from _answers(*waiting.popleft())


def _answers(batch: Sequence[str], pipe: Connection) -> Iterator[tuple[str, Answer]]:
    try:
        answers: list[Answer] = pipe.recv()
    except EOFError:
        raise Unavailable("a process that read object files has died; run it again") from None
    yield from zip(batch, answers, strict=True)


def _begin(reading: Reading, held: ExitStack) -> Connection:
    # Not forked: a process must not hold the pipes of the others open.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, reading), daemon=True)
    process.start()
    theirs.close()
    held.callback(process.join)
    held.callback(ours.close)
    return ours


def _work(pipe: Connection, reading: Reading) -> None:
    """The life of one process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started us
    try:
        while True:
            pipe.send([_one(reading, key) for key in pipe.recv()])
    except (EOFError, BrokenPipeError):
        return


def _one(reading: Reading, key: str) -> Answer:
    files = Files(reading.root)
    try:
        return adopt(files, key, HELD, reading.kind)
    except (BadObject, Mismatch, TooLarge) as error:
        return Finding("damaged", key, "", str(error))
    except Unavailable as error:
        return Finding("unreadable", key, "", str(error)) if files.path(key).exists() else None
