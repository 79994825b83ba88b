"""A node of several processes is one node: to its peers, to its limits, and when one is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from scp.line import Line
from scp.tally import Local, Shared
from scu.associate import Target, associate
from scu.echo import VERIFICATION, echo
from tests.clients import CALLER, send
from tests.commands import anode, process
from tests.committing import eventually
from tests.objects import instance, written
from tests.peers import free_port
from tests.test_refusals import silent
from wire.errors import Rejected, WireError

PROPOSALS = [(VERIFICATION, ("1.2.840.10008.1.2",))]
SECONDS = 20.0


class Serving:
    """A node of two workers, as `anode serve` starts it."""

    def __init__(self, folder: Path, started, port: int) -> None:
        self.folder, self.started, self.port = folder, started, port
        self.parent = psutil.Process(started.pid)
        self.errors = started.stderr
        self.target = Target("ANODE", "127.0.0.1", port)

    @property
    def workers(self) -> list[psutil.Process]:
        children = self.parent.children()
        return [each for each in children if "cli.worker" in each.cmdline()]

    def status(self) -> dict[str, object]:
        ran = anode("status", "-c", self.folder / "anode.toml", "--json")
        return json.loads(ran.out)

    def kill(self, worker: psutil.Process) -> None:
        """SIGKILL, and wait until the next one is begun."""
        before = set(self.workers)
        worker.kill()
        psutil.wait_procs([worker], SECONDS)
        assert any("another one takes its place" in line for line in self.errors)
        while not set(self.workers) - before:
            assert self.started.poll() is None
            os.sched_yield()


@contextmanager
def served(folder: Path, more: str = "") -> Iterator[Serving]:
    folder.mkdir(exist_ok=True)
    port = free_port()
    (folder / "anode.toml").write_text(
        f'[node]\ndata = "data"\nworkers = 2\n[[listener]]\nport = {port}\n{more}'
    )
    with process(folder, "serve", "-c", folder / "anode.toml") as started:
        # Workers answer before all of them do; this is said once they all do.
        assert any("listens on" in line for line in started.stderr)
        yield Serving(folder, started, port)


def stored(serving: Serving, folder: Path, count: int) -> None:
    """Objects, each sent on an association of its own, four at a time."""
    folder.mkdir()
    paths = [written(folder / str(number), instance(number))[0] for number in range(count)]
    with ThreadPoolExecutor(4) as senders:
        outcomes = list(senders.map(lambda path: send(serving.target, [path])[0], paths))
    assert [each.status for each in outcomes] == [0] * count


def test_processes_store_into_one_archive(tmp_path):
    with served(tmp_path / "node") as serving:
        stored(serving, tmp_path / "files", 24)
        assert len(serving.workers) == 2
        told = serving.status()
        assert told["instances"] == 24
        # Which of them a caller meets is the system's choice: both have opened a journal.
        assert told["listeners"][0]["answers"]
        serving.started.send_signal(signal.SIGTERM)
        assert serving.started.wait(SECONDS) == 0


def test_a_worker_that_is_killed_is_replaced_and_costs_no_place(tmp_path):
    with served(tmp_path / "node", "[limits]\nper_peer = 2\n") as serving, ExitStack() as stack:
        stored(serving, tmp_path / "files", 1)
        held = [associate(serving.target, CALLER, PROPOSALS) for _ in range(2)]
        with pytest.raises(Rejected):  # whichever worker it meets
            associate(serving.target, CALLER, PROPOSALS).release()
        for worker in serving.workers:
            serving.kill(worker)
        for association in held:
            with suppress(WireError, OSError):
                association.abort()
        for _ in range(2):
            stack.enter_context(associate(serving.target, CALLER, PROPOSALS))
        with pytest.raises(Rejected):
            associate(serving.target, CALLER, PROPOSALS).release()
        assert serving.status()["instances"] == 1


def test_workers_end_with_their_parent_and_the_next_node_serves(tmp_path):
    with served(tmp_path / "node") as serving:
        stored(serving, tmp_path / "files", 2)
        workers = serving.workers
        serving.parent.kill()
        assert not psutil.wait_procs(workers, SECONDS)[1]
    with served(tmp_path / "node") as serving:
        assert serving.status()["instances"] == 2


def test_a_reload_is_taken_up_by_all(tmp_path):
    with served(tmp_path / "node") as serving:
        more = free_port()
        file = serving.folder / "anode.toml"
        file.write_text(f"{file.read_text()}[[listener]]\nport = {more}\n")
        serving.parent.send_signal(signal.SIGHUP)
        assert any("read anew" in line for line in serving.errors)
        for port in (more, serving.port) * 4:
            echo(Target("ANODE", "127.0.0.1", port), CALLER)


def test_refusals_are_counted_over_all(tmp_path):
    more = '[limits]\nrefusals = 4\n[[peer]]\nae_title = "FAR"\nhost = "10.0.0.9"\n'
    with served(tmp_path / "node", more) as serving:
        for _ in range(4):
            with pytest.raises(Rejected):
                echo(serving.target, CALLER)
        # The others hear of it a moment later.
        place = (serving.target.host, serving.target.port)
        assert eventually(lambda: all(silent(place, 2.0) for _ in range(16)))


def test_commitment_is_answered_by_the_node(tmp_path):
    with served(tmp_path / "node") as serving:
        files = tmp_path / "files"
        (path,) = written(files, instance(1))
        assert send(serving.target, [path])[0].status == 0
        assert anode("commit", str(serving.target), path).code == 0
        assert serving.status()["reports_waiting"] == 0


@pytest.fixture(params=["local", "shared"])
def tally(request):
    return Local() if request.param == "local" else Shared.made(8)


def test_no_more_enter_than_may(tally):
    assert tally.enter("a", 2, 3) == (1, 1)
    assert tally.enter("a", 2, 3) == (2, 2)
    assert tally.enter("a", 2, 3) is None
    assert tally.enter("b", 2, 3) == (3, 1)
    assert tally.enter("c", 2, 3) is None
    tally.leave("a")
    assert tally.enter("c", 2, 3) == (3, 1)


def test_what_the_dead_had_counted_is_given_back():
    parent = Shared.made(8)
    one, two = (Shared(os.dup(parent.memory), owner) for owner in (1, 2))
    one.enter("a")
    one.enter("b")
    assert two.enter("a") == (3, 2)
    parent.bury(1)
    assert parent.enter("a") == (2, 2)


def test_a_line_that_is_closed_ends_at_both_ends_and_only_then_lets_go_of_its_number():
    """Whoever hears waits on that number, which would else be another file's at once."""
    ours, theirs = socket.socketpair()
    gone, also, numbers = threading.Event(), threading.Event(), list[int]()

    def ended() -> None:
        numbers.append(ours.fileno())
        gone.set()

    here = Line(ours, lambda *_: None, gone=ended)
    there = Line(theirs, lambda *_: None, gone=also.set)
    here.start()
    there.start()
    here.close()
    assert gone.wait(SECONDS)
    assert also.wait(SECONDS)
    assert numbers == [-1]
    with pytest.raises(OSError, match="Bad file descriptor"):
        here.tell("anything")
