"""The serving process's side of a change of encoding: workers, their jobs, their deadlines.

Law: no byte of an object is looked at here, and no codec is loaded. A worker that hangs or crashes
is killed and replaced, its job is Unconvertible, and the file it was writing is gone.
"""

from __future__ import annotations

import atexit
import json
import queue
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iod.errors import Unconvertible
from iod.transcoding import syntaxes

_ANSWER_BYTES: Final = 4096
# Nothing of our environment, which may hold secrets, and one thread per worker.
_ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the change of one object may cost."""

    workers: int = 2
    seconds: int = 120
    """From the job's beginning to its answer, and of processor time."""
    memory: int = 4 << 30
    """Address space of a worker."""


@dataclass(frozen=True, slots=True)
class Transcoded:
    """A bare data set in its new encoding; `note` says what was changed, for the log."""

    path: Path
    offset: int
    size: int
    transfer_syntax_uid: str
    note: str


class _Idle(Exception):
    """The worker had ended before it took the job."""


class _Worker:
    """One process and the socket to it."""

    __slots__ = ("_bounds", "_process", "_socket")

    def __init__(self, bounds: Bounds) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = [str(bounds.memory), str(bounds.seconds)]
        with theirs:
            # A session of its own: the terminal's Ctrl-C is for us, who then let jobs end.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-W", "ignore", "-m", "iod.transcoding.worker", *arguments],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        self._socket, self._bounds = ours, bounds

    def do(self, job: bytes, source: int, out: int) -> dict[str, str]:
        """The answer to a job. Raises Unconvertible when the process did not live to give one."""
        self._socket.settimeout(self._bounds.seconds)
        try:
            socket.send_fds(self._socket, [job], [source, out])
        except OSError:
            raise _Idle from None
        try:
            answer = self._socket.recv(_ANSWER_BYTES)
        except TimeoutError:
            raise self._late() from None
        except OSError:
            answer = b""
        if not answer:
            self._explain()
        found: dict[str, str] = json.loads(answer)
        return found

    def _explain(self) -> None:
        """Raise what the end of the process means."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(self._bounds.seconds)
        code = self._process.returncode
        if code == 0:
            raise _Idle
        if code == -signal.SIGXCPU:
            raise self._late()
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit {code}"
        raise Unconvertible(f"the decoder crashed ({how})")

    def _late(self) -> Unconvertible:
        return Unconvertible(f"it took longer than {self._bounds.seconds} s")

    def end(self) -> None:
        """Kill the process, if it still is there, and forget it."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


class Workers:
    """A few worker processes, started when first needed."""

    __slots__ = ("_bounds", "_closing", "_slots")

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._closing = threading.Lock()
        # Last in, first out: one warm worker does what one can do.
        self._slots: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(self._bounds.workers):
            self._slots.put(None)

    def transcode(
        self, source: Path, offset: int, transfer_syntax_uid: str, target: str, *, into: Path
    ) -> Transcoded:
        """Write the object's data set in another transfer syntax to `into`, or Unconvertible.

        `source` holds the data set from `offset` to its end. Waits for a free worker.
        """
        syntaxes.check(transfer_syntax_uid, target)
        job = json.dumps({"source": transfer_syntax_uid, "target": target}).encode("ascii")
        try:
            answer = self._performed(job, source, offset, into)
            if "cause" in answer:
                raise Unconvertible(answer["cause"])
        except BaseException:
            into.unlink(missing_ok=True)
            raise
        return Transcoded(into, 0, into.stat().st_size, target, answer["note"])

    def _performed(self, job: bytes, source: Path, offset: int, into: Path) -> dict[str, str]:
        with source.open("rb", buffering=0) as file, into.open("wb", buffering=0) as out:
            for _ in range(self._bounds.workers + 1):
                file.seek(offset)
                with suppress(_Idle):
                    return self._done(job, file.fileno(), out.fileno())
        raise Unconvertible("no worker process can be started")

    def _done(self, job: bytes, source: int, out: int) -> dict[str, str]:
        worker = self._slots.get()
        try:
            worker = worker or _Worker(self._bounds)
            answer = worker.do(job, source, out)
        except BaseException:
            if worker:
                worker.end()
            self._slots.put(None)
            raise
        self._slots.put(worker)
        return answer

    def close(self) -> None:
        """End the processes, once each has done its job; new jobs start new ones."""
        with self._closing:  # two at once would each wait for what the other has taken
            taken = [self._slots.get() for _ in range(self._bounds.workers)]
            for worker in taken:
                if worker:
                    worker.end()
                self._slots.put(None)


_WORKERS: Final = Workers()
atexit.register(_WORKERS.close)
transcode = _WORKERS.transcode
close = _WORKERS.close
