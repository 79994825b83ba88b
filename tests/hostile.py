"""A node under attack in a process of its own, and what must hold while it is and afterwards.

    with victim(tmp_path) as node:
        with attacked(node, lines=1) as seen:
            ...                               # the attack
        assert "what it was" in seen.lines[0]

The five assertions of reliability/hostile-input.md section 2 are made at the end of the block: a
bystander's echoes stayed below a second, memory below 64 MiB over what it was, threads and
descriptors came back, nothing was written where it should not be and nothing of it is left, and
the log says it in as many lines as expected, each of them whole and printable.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from scu.associate import Target
from tests.commands import ROOT, process
from tests.lines import HERE, Line
from tests.pairs import ECHO, data_pdu, request_pdu

BYSTANDER = "127.0.0.2"
ECHO_SECONDS = 1.0
GROWTH = 64 << 20
CALM_SECONDS = 30.0
READY_SECONDS = 60.0
WAITING = 24  # as many at once as make a listener keep all the threads it ever keeps waiting

# Short, so that nobody waits in tests; refusals are all told.
LIMITS = """
[limits]
handshake_seconds = 1
request_seconds = 1
pdu_seconds = 2
idle_seconds = 20
refusals = 1000000
"""

_LISTENS = re.compile(r" listens on [^ ]+:(\d+)")
_LINE = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z (DEBUG|INFO|WARNING|ERROR) anode[a-z.]*: [^\n]+")
# What an association that went on says at its end, whatever was refused on it.
_ROUTINE = re.compile(r" released: |retrieve for .* completed")


# -- the node -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Usage:
    """What the process holds; descriptors of the index are bounded and counted apart."""

    threads: int
    descriptors: int
    links: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Held:
    """What is in the data folder, and what is beside it."""

    rows: dict[str, int]
    objects: frozenset[str]
    drafts: frozenset[str]
    beside: frozenset[str]


@dataclass
class Victim:
    """The process, its folders, its ports and all it has said."""

    folder: Path
    process: psutil.Process
    ports: list[int]
    title: str = "ANODE"
    tls: ssl.SSLContext | None = None
    lines: list[str] = field(default_factory=list)
    heard: threading.Condition = field(default_factory=threading.Condition)

    @property
    def data(self) -> Path:
        return self.folder / "in" / "anode-data"

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def target(self) -> Target:
        return Target(self.title, HERE, self.port)

    def line(self, source: str = HERE) -> Line:
        """A connection to it."""
        return Line(self.port, source, self.tls)

    def echo(self, source: str = BYSTANDER) -> float:
        """A whole association with one C-ECHO; how long it took, but for what both sides waited
        for a processor: a busy machine is no attack."""
        begun, queued = time.monotonic(), self._queued()
        with self.line(source) as line:
            line.say(request_pdu(called=self.title.encode(), calling=b"BYSTANDER"))
            assert line.hear()[:1] == b"\x02"
            line.say(data_pdu((1, 3, ECHO)))
            assert line.hear()[:1] == b"\x04"
            line.release()
        took, before = time.monotonic() - begun, Counter(queued)
        return max(took - (Counter(self._queued()) - before).total() / 1e9, 0.0)

    def _queued(self) -> dict[str, int]:
        """Nanoseconds that each thread of it, and of us, was ready to run and did not."""
        queued = {}
        for who in (str(self.process.pid), "self"):
            for thread in Path("/proc", who, "task").iterdir():
                with contextlib.suppress(OSError, IndexError):
                    queued[thread.name] = int((thread / "schedstat").read_text("ascii").split()[1])
        return queued

    def usage(self) -> Usage:
        own = Path("/proc", str(self.process.pid))
        examining = self.examining()
        links = []
        for each in (own / "fd").iterdir():
            with contextlib.suppress(OSError):
                links.append(str(each.readlink()))
        folders = f"{self.data}/objects"  # of which it holds the newest open
        kept = [link for link in links if "index.sqlite3" in link or link.startswith(folders)]
        if not (examining or self.examining()):  # that reads what is stored, in its own time
            kept = [link for link in kept if not link.endswith(".dcm")]
        descriptors = Counter(links) - Counter(kept)
        threads = len(list((own / "task").iterdir()))
        workers = len(self.process.children())  # that change encodings, with a socket to each
        return Usage(threads, descriptors.total() - workers, tuple(sorted(descriptors)))

    def memory(self, *, peak: bool = False) -> int:
        """Bytes resident, now or at most since `forget_peak`."""
        name = "VmHWM" if peak else "VmRSS"
        status = Path("/proc", str(self.process.pid), "status").read_text("ascii")
        found = re.search(rf"{name}:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def forget_peak(self) -> None:
        Path("/proc", str(self.process.pid), "clear_refs").write_text("5", "ascii")

    def settled(self, before: Usage) -> bool:
        """Whether it comes back to what it held before, in time."""
        return _within(_calm(self, lambda now: _within(now, before)), before)

    def held(self) -> Held:
        inside = [path for path in self.data.rglob("*") if not path.is_dir()]
        beside = (path for path in self.folder.rglob("*") if not path.is_relative_to(self.data))
        names = {path: path.relative_to(self.data).as_posix() for path in inside}
        return Held(
            self.rows(),
            frozenset(name for name in names.values() if name.startswith("objects/")),
            frozenset(n for n in names.values() if n.endswith(".part") or "outgoing" in n),
            frozenset(path.relative_to(self.folder).as_posix() for path in beside),
        )

    def _asked(self, sql: str, *values: str) -> Any:
        where = f"file:{self.data / 'index.sqlite3'}?mode=ro"
        with contextlib.closing(sqlite3.connect(where, uri=True)) as db:
            return db.execute(sql, values).fetchone()[0]

    def rows(self) -> dict[str, int]:
        tables = ("patient", "study", "series", "instance", "term")
        return {table: self._asked(f"SELECT count(*) FROM {table}") for table in tables}

    def row(self, column: str, uid: str) -> object:
        """A column of the row of an instance."""
        return self._asked(f'SELECT {column} FROM instance WHERE "SOPInstanceUID" = ?', uid)

    def examining(self) -> bool:
        """Whether something stored waits to be examined, or is."""
        return bool(self._asked("SELECT EXISTS (SELECT 1 FROM instance WHERE examined = 0)"))

    def tripped(self) -> list[str]:
        """What the process opened for writing, called and ran, so far."""
        return (self.folder.parent / "tripwire").read_text("utf-8").splitlines()

    def said(self, since: int, count: int) -> list[str]:
        """Its lines since then but routine ones, once there are as many or time is up."""

        def lines() -> list[str]:
            return [line for line in self.lines[since:] if not _ROUTINE.search(line)]

        with self.heard:
            self.heard.wait_for(lambda: len(lines()) >= count, CALM_SECONDS)
            return lines()


@contextlib.contextmanager
def victim(
    folder: Path,
    configuration: str = LIMITS,
    *,
    prepare: Callable[[Path], None] = lambda _: None,
) -> Iterator[Victim]:
    """A serving node, warm: all that it keeps for ever it has. `prepare` gets its data folder."""
    inside = folder / "node" / "in"
    inside.mkdir(parents=True)
    prepare(inside / "anode-data")
    listener = "" if "[[listener]]" in configuration else "[[listener]]\nport = 0\n"
    (inside / "anode.toml").write_text(f"{listener}{configuration}", "utf-8")
    environ = {
        "PYTHONPATH": f"{ROOT / 'tests' / 'tripwire'}{os.pathsep}{ROOT}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TRIPWIRE": str(folder / "tripwire"),
        "HOME": str(inside),
        "TMPDIR": str(inside),
    }
    with process(inside, "serve", "-c", "anode.toml", **environ) as started:
        node = Victim(folder / "node", psutil.Process(started.pid), [])
        ports = max(configuration.count("[[listener]]"), 1)

        def listen() -> None:
            assert started.stderr is not None
            # Who has ended the node closes this, maybe before its last line was read.
            with contextlib.suppress(ValueError):
                for line in started.stderr:
                    with node.heard:
                        node.lines.append(line.rstrip("\n"))
                        node.heard.notify_all()

        threading.Thread(target=listen, daemon=True).start()
        with node.heard:
            node.heard.wait_for(lambda: len(_ports(node)) == ports, READY_SECONDS)
        node.ports = _ports(node)
        assert len(node.ports) == ports, node.lines
        _warm(node)
        yield node


def _ports(node: Victim) -> list[int]:
    return [int(found[1]) for line in node.lines if (found := _LISTENS.search(line))]


def _warm(node: Victim) -> None:
    """Let it have the threads that each listener keeps."""
    for port in node.ports:
        many = [Line(port, BYSTANDER) for _ in range(WAITING)]
        _calm(node, lambda usage: usage.threads > WAITING)
        for line in many:
            line.socket.close()
    last, pause = node.usage(), threading.Event()
    while pause.wait(0.1) or (now := node.usage()) != last:
        last = now


def _calm(node: Victim, enough: Callable[[Usage], bool]) -> Usage:
    """What it holds, once that is enough or time is up."""
    deadline = time.monotonic() + CALM_SECONDS
    pause = threading.Event()
    pause.wait(0.02)
    while not enough(usage := node.usage()) and time.monotonic() < deadline:
        pause.wait(0.02)
    return usage


# -- the attack -----------------------------------------------------------------------------------


@dataclass
class Seen:
    """What was seen of an attack; whole once it is over."""

    lines: list[str] = field(default_factory=list)
    echoes: list[float] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    growth: int = 0


@contextlib.contextmanager
def attacked(node: Victim, *, lines: int | None = 1, stored: int | None = 0) -> Iterator[Seen]:
    """Assert the five of them around the attack in the block; `stored` objects are to stay.

    Where the number of `lines`, or of objects, is not known before, any will do.
    """
    seen = Seen()
    usage, held, since, before = node.usage(), node.held(), len(node.lines), len(node.tripped())
    node.forget_peak()
    memory = node.memory()
    with _bystander(node, seen):
        yield seen
    seen.growth = node.memory(peak=True) - memory
    after = _calm(node, lambda now: _within(now, usage))
    seen.lines = node.said(since, lines or 0)
    seen.calls = node.tripped()[before:]
    assert node.process.is_running(), node.lines[-20:]
    assert max(seen.echoes) < ECHO_SECONDS, f"a bystander waited: {seen.echoes}"
    assert seen.growth < GROWTH, f"{seen.growth >> 20} MiB more in memory"
    assert _within(after, usage), (usage, after)
    _check_held(held, node.held(), stored)
    _check_calls(node, seen.calls)
    assert lines in (None, len(seen.lines)), seen.lines
    assert all(_is_line(line) for line in seen.lines), seen.lines
    assert node.echo() < ECHO_SECONDS


def _is_line(line: str) -> bool:
    if line.startswith("{"):
        return line.isascii() and line.isprintable() and set(json.loads(line)) >= {"time", "level"}
    return line.isprintable() and _LINE.fullmatch(line) is not None


@contextlib.contextmanager
def _bystander(node: Victim, seen: Seen) -> Iterator[None]:
    """Somebody who echoes all the time: at least once before, while and after."""
    over, pause = threading.Event(), threading.Event()
    failed: list[BaseException] = []

    def echo_on() -> None:
        try:
            while not over.is_set():
                seen.echoes.append(node.echo())
                pause.wait(0.01)
        except BaseException as error:  # noqa: BLE001 - raised below
            failed.append(error)

    seen.echoes.append(node.echo())
    thread = threading.Thread(target=echo_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if failed:
        raise failed[0]


def _within(now: Usage, before: Usage) -> bool:
    return now.threads <= before.threads and now.descriptors <= before.descriptors


def _check_held(before: Held, after: Held, stored: int | None) -> None:
    new = after.objects - before.objects
    stored = len(new) if stored is None else stored
    assert before.objects <= after.objects
    assert len(new) == stored, f"{len(new)} objects more: {sorted(new)[:5]}"
    assert after.rows["instance"] == before.rows["instance"] + stored
    assert stored or after.rows == before.rows
    assert after.drafts <= before.drafts, f"left over: {sorted(after.drafts - before.drafts)}"
    assert after.beside == before.beside, f"beside: {sorted(after.beside ^ before.beside)}"


_PATH = re.compile(r"(\S+) (?:Posix)?(?:Path\()?b?(['\"])(.*)\2\)?$")


def _check_calls(node: Victim, calls: list[str]) -> None:
    """Each file written has a name of ours within the data folder; nothing was run."""
    ran = [call for call in calls if call.startswith(("subprocess", "os.exec", "os.sys", "os.po"))]
    assert {*ran} <= {f"subprocess.Popen {sys.executable!r}"}, ran  # iod.transcoding's, see A6
    calls = [call for call in calls if call not in ran]
    for call in calls:
        if call.startswith("socket.") or re.fullmatch(r"open \d+", call):
            continue  # told of by `calls`; a descriptor that was opened by name before
        found = _PATH.match(call)
        assert found is not None, call
        name = found[3]
        # Relative names are given beside the descriptor of a folder of ours.
        whole = Path(name).is_absolute() and ".." not in Path(name).parts
        inside = whole and Path(name).is_relative_to(node.data)
        assert inside or name == "/dev/null" or re.fullmatch(r"[0-9a-zA-Z.-]+", name), call


def calls(seen: Seen) -> list[str]:
    """The connections the node opened and names it looked up during an attack."""
    return [call for call in seen.calls if call.startswith("socket.")]
