"""Nodes to be killed: `anode serve` as processes, started anew as often as a round needs one.

    with Cradle() as cradle:                       # or Cradle(build), a sabotaged copy of ours
        serving = cradle.start(site)
        serving.kill()

`restart` is the time from the start of the process until it serves.  That of a `fresh` one has the
interpreter's start and all imports in it, as an operator sees it.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from scu.associate import Target
from tests.commands import ROOT
from wire.establish import Secure

SERVING_SECONDS = 60.0
LISTENS = re.compile(rb"(\w+) listens on 127\.0\.0\.1:(\d+)( \(TLS)?")


class NeverServed(Exception):
    """The node ended, or did not listen in time; the message is what it said."""


@dataclass(frozen=True)
class Site:
    """Where a node is put: its configuration, its data, how it is called over TLS."""

    home: Path
    data: Path
    secure: Secure | None = field(default=None, repr=False)
    tables: str = ""  # further TOML
    workers: int = 0  # 0: one process does all
    inside: tuple[str, ...] = ()  # the command that runs the node in namespaces of its own

    @classmethod
    def within(cls, home: Path, disk: Path | None = None) -> Site:
        """The data in a folder of its own, on a disk that may fall or fill without the rest."""
        return cls(home, (disk or home) / "data")

    def configuration(self) -> Path:
        """The configuration file, written anew."""
        path = self.home / "anode.toml"
        path.write_text(
            f'[node]\ndata = "{self.data}"\nworkers = {self.workers}\n'
            # The disks here are small, and to be filled.
            "[limits]\nper_peer = 100\nfree_bytes = 0\n"
            f"[[listener]]\nport = 0\n{self.tables}",
            encoding="utf-8",
        )
        return path


class Serving:
    """One node process, from its start to its end."""

    def __init__(self, process: int, output: int, site: Site, begun: float) -> None:
        self.process = process
        self.status: int | None = None  # of one that is not the cradle's, once it has ended
        self._site = site
        self._said: list[bytes] = []
        self._ports: dict[bool, int] = {}
        self._listening = threading.Event()
        self._end = os.pidfd_open(process)
        self._children: list[int] = []
        self._reader = threading.Thread(target=self._read, args=(output,), daemon=True)
        self._reader.start()
        self._listening.wait(SERVING_SECONDS)
        self.restart = time.monotonic() - begun
        if not self._listens():
            self.kill()
            raise NeverServed(f"{self.said} status {self.status}")

    def _listens(self) -> bool:
        return len(self._ports) == (1 if self._site.secure is None else 2)

    def _read(self, output: int) -> None:
        with open(output, "rb") as lines:
            for line in lines:
                self._said.append(line)
                if found := LISTENS.search(line):
                    self._ports[bool(found[3])] = int(found[2])
                if self._listens():
                    self._listening.set()
        self._listening.set()

    @property
    def said(self) -> str:
        """What it wrote so far."""
        return b"".join(self._said).decode(errors="backslashreplace")

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return not self.gone(0)

    def gone(self, seconds: float) -> bool:
        """Whether the process ends within this time, if it has not yet."""
        return bool(select.select([self._end], [], [], seconds)[0])

    def target(self, *, tls: bool = False) -> Target:
        """The node as an SCU calls it."""
        return Target("ANODE", "127.0.0.1", self._ports[tls], self._site.secure if tls else None)

    def targets(self, number: int) -> list[Target]:
        """For so many senders: every second one over TLS, where the node has it."""
        secure = self._site.secure is not None
        return [self.target(tls=secure and each % 2 == 1) for each in range(number)]

    def stop(self) -> None:
        """SIGSTOP: it does nothing any more, and does not know it.

        The processes it has begun go when it goes, as by a power cut; a kill leaves them alone.
        """
        signal.pidfd_send_signal(self._end, signal.SIGSTOP)
        children = psutil.Process(self.process).children(recursive=True)
        self._children = [os.pidfd_open(each.pid) for each in children]

    def kill(self) -> None:
        """SIGKILL, and wait until nothing is left of it."""
        self._finish(signal.SIGKILL)

    def end(self) -> None:
        """SIGTERM, and wait: it ends as it should."""
        self._finish(signal.SIGTERM)

    def _finish(self, number: signal.Signals) -> None:
        if self._end < 0:
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._end, number)
        if not self.gone(SERVING_SECONDS):
            raise RuntimeError(f"the node did not end by {number.name}: {self.said}")
        with contextlib.suppress(ChildProcessError):  # the cradle's children are not ours
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        while self._children:
            child = self._children.pop()
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(child, signal.SIGKILL)
            select.select([child], [], [], SERVING_SECONDS)
            os.close(child)
        self._reader.join(SERVING_SECONDS)
        os.close(self._end)
        self._end = -1


class Cradle:
    """Where nodes come from: the packages in `build`, our own ones unless it is said."""

    def __init__(self, build: Path = ROOT) -> None:
        self._environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (build, ROOT)))}
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.last: Serving | None = None
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.crash.cradle", str(theirs.fileno())],
                env=self._environment,
                pass_fds=[theirs.fileno()],
                cwd="/",
            )
        if self._ours.recv(16) != b"ready":
            raise NeverServed("the cradle did not start")

    def start(self, site: Site, *, fresh: bool = False) -> Serving:
        """A node that serves; raises NeverServed."""
        configuration = str(site.configuration())
        output, theirs = os.pipe()
        begun = time.monotonic()
        try:
            if fresh or site.inside:
                process = self._new(site, configuration, theirs)
            else:
                process = self._fork(configuration, theirs)
        finally:
            os.close(theirs)
        self.last = Serving(process, output, site, begun)
        return self.last

    def _fork(self, configuration: str, output: int) -> int:
        socket.send_fds(self._ours, [configuration.encode()], [output])
        return int(self._ours.recv(16))

    def _new(self, site: Site, configuration: str, output: int) -> int:
        command = [sys.executable, "-m", "cli.main", "serve", "-c", configuration]
        command = [*site.inside, *command]
        started = subprocess.Popen(
            command, env=self._environment, cwd="/", stdout=output, stderr=output
        )
        started.returncode = 0  # `Serving` waits for it
        return started.pid

    def close(self) -> None:
        """Kill what still runs."""
        if self.last is not None:
            self.last.kill()
        self._ours.close()
        self._process.wait(SERVING_SECONDS)

    def __enter__(self) -> Cradle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
