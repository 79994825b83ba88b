"""The serving process's side of examining: one process, its jobs, their deadlines.

Law: no byte of an object is looked at here. A process that hangs or crashes over an object is
killed and replaced, and the object is marked: nothing that is stored can stop a node.
"""

from __future__ import annotations

import errno
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iod.checks.findings import Finding

FILES: Final = 8  # in a job, as `worker` has it
_PACKET_BYTES: Final = (64 << 10) + 1
_PATIENCE_SECONDS: Final = 600.0  # it only runs when nobody else wants to
_OURS: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM))  # and no fault of a file
_ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class File:
    """An object file, and where in it the data set lies."""

    path: Path
    offset: int
    transfer_syntax_uid: str
    check: str = ""  # its SOP class, where it shall be checked, too


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an object: its references, or the cause why it could not be examined.

    `references` are (role, SOP Class UID, SOP Instance UID); `note` tells what was left out;
    `stopped` is whether it could not for a fault that may pass, and is none of the object's bytes.
    """

    references: tuple[tuple[str, str, str], ...] = ()
    note: str = ""
    cause: str = ""
    stopped: bool = False
    findings: tuple[Finding, ...] | None = None


_Running = tuple[subprocess.Popen[bytes], socket.socket]


class _Ended(Exception):
    """The process has ended, or was; `how` says why."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Process:
    """One process, started when first needed; by one thread at a time."""

    def __init__(self, *, seconds: int = 60, memory: int = 1 << 30) -> None:
        """`seconds` are of processor time, for a job; `memory` is address space."""
        self._seconds = seconds
        self._memory = memory
        self._asking = threading.Lock()  # who asks uses the socket, and so closes it
        self._lock = threading.Lock()  # guards the two below
        self._closed = False
        self._running: _Running | None = None

    def examine(self, files: Sequence[File]) -> list[Outcome]:
        """The outcome of each file. Raises OSError when none can be had now."""
        found = list[Outcome]()
        for start in range(0, len(files), FILES):
            batch = files[start : start + FILES]
            try:
                found += self._job(batch)
            except _Ended:  # which of them was it?
                found += [self._alone(each) for each in batch]
        return found

    def close(self) -> None:
        """End the process, at work or not, for good; any thread may."""
        with self._lock:
            self._closed = True
            if self._running is not None:
                process, ours = self._running
                process.kill()
                with suppress(OSError):
                    ours.shutdown(socket.SHUT_RDWR)  # ends the wait for an answer
        with self._asking:
            self._end()

    def _end(self) -> None:
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            process, ours = running
            ours.close()
            process.kill()
            process.wait()

    def _alone(self, file: File) -> Outcome:
        try:
            return self._job([file])[0]
        except _Ended as error:
            return Outcome(cause=error.how, stopped=True)

    def _job(self, files: Sequence[File]) -> list[Outcome]:
        """Send those that can be opened; a file that is gone needs no process."""
        outcomes = dict[int, Outcome]()
        with ExitStack() as held:
            descriptors, kinds, places = list[int](), list[tuple[str, str]](), list[int]()
            for place, each in enumerate(files):
                try:
                    file = held.enter_context(each.path.open("rb", buffering=0))
                except OSError as error:
                    if error.errno in _OURS:
                        raise
                    why = f"its file cannot be read: {error.strerror}"
                    outcomes[place] = Outcome(cause=why, stopped=True)
                    continue
                file.seek(each.offset)
                descriptors.append(file.fileno())
                kinds.append((each.transfer_syntax_uid, each.check))
                places.append(place)
            if places:
                answers = self._asked(json.dumps(kinds).encode("ascii"), descriptors)
                outcomes |= zip(places, map(_outcome, answers), strict=True)
        return [outcomes[place] for place in range(len(files))]

    def _asked(self, job: bytes, descriptors: list[int]) -> list[dict[str, object]]:
        with self._asking:
            return self._answered(job, descriptors)

    def _answered(self, job: bytes, descriptors: list[int]) -> list[dict[str, object]]:
        for fresh in (False, True):
            process, ours = self._started(fresh=fresh)
            try:
                socket.send_fds(ours, [job], descriptors)
                answer = self._answer(ours)
            except TimeoutError:  # it has had no processor, or no disk: that is no object's fault
                self._end()
                raise
            except OSError:
                answer = b""
            if answer:
                found: list[dict[str, object]] = json.loads(answer)
                return found
            how = self._how(process)
            self._end()
            if self._closed:
                raise InterruptedError("examining was ended")
            if how or fresh:
                raise _Ended(how or "the process that examines ends at once")
        raise AssertionError("unreachable")

    def _started(self, *, fresh: bool) -> _Running:
        if fresh:
            self._end()
        with self._lock:
            if self._closed:
                raise InterruptedError("examining was ended")
            if self._running is None:
                self._running = self._begun()
            return self._running

    def _begun(self) -> _Running:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = [str(self._memory), str(self._seconds)]
        with theirs:
            # A session of its own: the terminal's Ctrl-C is for us.
            process = subprocess.Popen(
                [sys.executable, "-I", "-m", "iod.examination.worker", *arguments],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        ours.settimeout(_PATIENCE_SECONDS)
        return process, ours

    def _answer(self, ours: socket.socket) -> bytes:
        """The packets of an answer; nothing when the process has ended."""
        parts = list[bytes]()
        while packet := ours.recv(_PACKET_BYTES):
            parts.append(packet[1:])
            if packet[:1] == b".":
                return b"".join(parts)
        return b""

    def _how(self, process: subprocess.Popen[bytes]) -> str:
        """How the process ended; empty when it had nothing to do and went."""
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_SECONDS)
        code = process.returncode
        if code == 0:
            return ""
        if code == -signal.SIGXCPU:
            return f"its examination took longer than {self._seconds} s"
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit {code}"
        return f"its examination crashed ({how})"


def _outcome(answer: dict[str, object]) -> Outcome:
    listed, findings = answer.get("references", ()), answer.get("findings")
    assert isinstance(listed, list | tuple)
    assert findings is None or isinstance(findings, list)
    return Outcome(
        references=tuple((str(role), str(kind), str(uid)) for role, kind, uid in listed),
        note=str(answer.get("note", "")),
        cause=str(answer.get("cause", "")),
        stopped=bool(answer.get("stopped", False)),
        findings=None if findings is None else tuple(Finding(*each) for each in findings),
    )
