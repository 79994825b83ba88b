"""One C-STORE, with the N-th call of the system killed or failed, by strace. Suite C4.

Law: for each kind of call N counts up until the object is stored untouched, so no point is missed.
strace counts in each thread by itself; the association's own thread does all the work of a store
that is alone.
"""

from __future__ import annotations

import select
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scu.associate import associate
from tests.committing import eventually
from tests.crash.oracle import Findings, Judge, rows
from tests.crash.senders import CALLER, Ledger, made, new_study, new_uid, sent
from tests.crash.serving import Cradle, Serving, Site
from tests.datasets import CT, EXPLICIT
from wire.association import Association
from wire.errors import Ended

WRITING = ("write", "writev", "pwrite64", "pwritev")
SYNCING = ("fsync", "fdatasync", "syncfs")
NAMING = ("link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdirat")
CALLS = ("openat", "ftruncate", "fallocate", *WRITING, *SYNCING, *NAMING)
HOW = ("SIGKILL", "EIO", "ENOSPC", "EDQUOT")
OUT_OF_RESOURCES, PROCESSING_FAILURE = 0xA700, 0x0110
ATTACHING_SECONDS = 60.0
DYING_SECONDS = 10.0
SIZE = 20_000


@dataclass(frozen=True)
class Fault:
    """What happens at the N-th of these calls, or from it on: an error, or SIGKILL."""

    call: str
    number: int
    how: str
    lasting: bool = False

    @property
    def expression(self) -> str:
        """As strace is told."""
        what = f"signal={self.how}" if self.how.startswith("SIG") else f"error={self.how}"
        return f"inject=?{self.call}:{what}:when={self.number}{'+' if self.lasting else ''}"


@dataclass
class Trial:
    """What came of one fault in one C-STORE."""

    fault: Fault
    touched: bool = False  # the store got as far as this call
    status: int | None = None  # None: the association ended
    alive: bool = True
    next: int | None = None  # the status of another store on the same association
    read_only: bool = False
    findings: Findings = field(default_factory=Findings)

    @property
    def wrong(self) -> str:
        """Why this must not be; empty: it is well."""
        if self.findings:
            return str(self.findings)
        if self.fault.how == "SIGKILL":
            return ""
        if not self.alive or self.status is None:
            return "an error of the system ended the process or the association"
        if self.status not in (0, OUT_OF_RESOURCES, PROCESSING_FAILURE):
            return f"status {self.status:04X}"
        if self.next != 0 and not self.read_only:
            return f"the next store was answered {self.next}, and nothing says why"
        return ""


@contextmanager
def traced(serving: Serving, fault: Fault) -> Iterator[list[str]]:
    """The fault waits in every thread of the node; what strace wrote is there after the block."""
    with tempfile.TemporaryDirectory(prefix="anode-strace-") as folder:
        output, lines = Path(folder) / "output", []
        options = ["-f", "-o", str(output), "-e", f"trace=?{fault.call}", "-e", fault.expression]
        tracer = subprocess.Popen(
            ["strace", *options, "-p", str(serving.process)], stderr=subprocess.PIPE
        )
        try:
            _attached(tracer)
            yield lines
        finally:
            if serving.alive:  # else it ends by itself, and would hang if it were told to
                tracer.terminate()
            try:
                tracer.communicate(timeout=ATTACHING_SECONDS)
            except subprocess.TimeoutExpired:
                tracer.kill()
                tracer.communicate()
            lines += output.read_text().splitlines()


def _attached(tracer: subprocess.Popen[bytes]) -> None:
    assert tracer.stderr is not None
    said = b""
    while b"attached" not in said:
        if not select.select([tracer.stderr], [], [], ATTACHING_SECONDS)[0]:
            raise RuntimeError("strace did not attach")
        if not (line := tracer.stderr.readline()):
            raise RuntimeError(f"strace: {said.decode()}")
        said = line


def attempt(cradle: Cradle, home: Path, fault: Fault, *, first: bool) -> Trial:
    """One store with this fault in an archive of its own: the `first` one there, or a later one."""
    home.mkdir()
    site, ledger, trial = Site.within(home), Ledger(), Trial(fault)
    judge, study = Judge(site.data, ledger), new_study()
    serving = cradle.start(site)
    with associate(serving.target(), CALLER, [(CT, (EXPLICIT,))]) as association:
        if not first:
            assert _stored(association, ledger, study) == 0
        _suffer(serving, association, trial, lambda: _stored(association, ledger, study))
    serving.kill()
    if trial.touched:
        trial.findings.add(judge.fallen())
        serving = cradle.start(site)
        trial.findings.add(judge.risen(serving.target(), study))
        refused = {uid for uid, status in ledger.refused.items() if status == OUT_OF_RESOURCES}
        trial.findings.unaccounted += refused & rows(site.data).keys()
        with associate(serving.target(), CALLER, [(CT, (EXPLICIT,))]) as association:
            assert _stored(association, ledger, study) == 0
        serving.kill()
    return trial


def _stored(association: Association, ledger: Ledger, study: str) -> int | None:
    uid = new_uid(study)
    return sent(ledger, association, uid, made(uid, SIZE))


def _suffer(
    serving: Serving, association: Association, trial: Trial, store: Callable[[], int | None]
) -> None:
    with traced(serving, trial.fault) as lines:
        try:
            trial.status = store()
        except Ended:
            serving.gone(DYING_SECONDS)
        trial.alive = serving.alive
    trial.touched = any("(INJECTED)" in line or "killed by" in line for line in lines)
    if trial.alive and association.alive:
        trial.next = store()
    # What it wrote before it answered may still be on its way to us.
    trial.read_only = (trial.alive and trial.next != 0) and eventually(
        lambda: "read-only" in serving.said
    )


def exhausted(cradle: Cradle, home: Path, call: str, how: str, *, first: bool) -> Iterator[Trial]:
    """N = 1, 2, ... until the store is untouched."""
    number = 0
    while True:
        number += 1
        fault = Fault(call, number, how)
        trial = attempt(cradle, home / f"{call}-{number}-{how}", fault, first=first)
        if not trial.touched:
            return
        yield trial
