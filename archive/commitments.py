"""What was promised by storage commitment, as files: one for each transaction, PS3.4 J.3.2.

Law: a transaction is on the disk before it is accepted, its result before it is reported, and both
outlive `reindex`. A file appears whole or not at all, and its name is ours: no text of a peer ever
becomes a path (hostile input D1). Of processes that are asked the same at once one accepts it.

`commitments/open/` are those whose report nobody has answered; it ends in `reported/` or
`given-up/`. A file is lines: a head in JSON, then class, instance and reason of each object.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from archive.errors import ArchiveError
from archive.failures import storage
from archive.locks import FILE_MODE, FOLDER_MODE
from archive.objects import CREATE, FOLDER


class Damaged(ArchiveError):
    """The file of a transaction is not what was written."""


Result: TypeAlias = tuple[str, str, int]
"""SOP class, SOP instance, failure reason (0: committed)."""

End = Literal["reported", "given-up"]
_OPEN, _DAMAGED = "open", "damaged"
_FOLDERS = (_OPEN, "reported", "given-up", _DAMAGED)
_LOCK = "accepting.lock"
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Transaction:
    """The head of a transaction; `judged`: its result is in the file, not only its request."""

    uid: str
    requestor: str  # AE titles: who asked
    called: str  # and whom: reports come from the same
    objects: int
    judged: bool
    accepted: float  # seconds since the epoch
    key: str = ""  # the name of its file

    def __str__(self) -> str:
        """For the log."""
        return f"storage commitment {self.uid} of {self.requestor!r}"

    def file_of_another(self) -> Transaction:
        """The same under another name, for what was asked once more."""
        return replace(self, key=f"{self.key}-{secrets.token_hex(8)}")


class Commitments:
    """The transactions of one data folder, for who serves it; any thread may use it."""

    def __init__(self, data: Path) -> None:
        self._root = data.absolute() / "commitments"
        self._lock = threading.Lock()
        with storage():
            for name in _FOLDERS:
                (self._root / name).mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            for folder in (self._root, self._root.parent):
                _sync(folder)
            self._sweep()
        self._waiting = Counter(each.requestor for each in self.unreported())

    def begin(self, uid: str, requestor: str, called: str, objects: int) -> Transaction:
        """A transaction that is not on the disk yet."""
        key = hashlib.sha256(f"{requestor}\0{uid}".encode()).hexdigest()[:32]
        return Transaction(uid, requestor, called, objects, False, time.time(), key)

    def opened(self, transaction: Transaction) -> None:
        """Another process of this node has accepted it."""
        with self._lock:
            self._waiting[transaction.requestor] += 1

    def ended(self, transaction: Transaction) -> None:
        """Another process of this node has ended it."""
        with self._lock:
            self._waiting[transaction.requestor] -= 1

    def known(self, transaction: Transaction) -> bool:
        """Whether its requestor has used this UID already."""
        return any((self._root / folder / transaction.key).exists() for folder in _FOLDERS)

    def waiting(self) -> Counter[str]:
        """How many transactions are open, by requestor."""
        with self._lock:
            return +self._waiting

    def accept(
        self, transaction: Transaction, results: Sequence[Result], *, judged: bool
    ) -> Transaction:
        """Put a transaction on the disk; raises FileExistsError, ArchiveError."""
        made = replace(transaction, judged=judged)
        with self._lock, self._alone():
            if self.known(made):
                raise FileExistsError(made.key)
            with storage():
                self._write(made, results)
            self._waiting[made.requestor] += 1
        return made

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other process of this node accepts; the lock dies with its holder.

        Raises ArchiveError.
        """
        with storage():
            fd = os.open(self._root / _LOCK, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, FILE_MODE)
        try:
            with storage():
                fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def judge(self, transaction: Transaction, results: Sequence[Result]) -> Transaction:
        """Put the result in the place of the request; raises ArchiveError."""
        made = replace(transaction, judged=True)
        with storage():
            self._write(made, results)
        return made

    def results(self, transaction: Transaction) -> list[Result]:
        """Its objects as they are on the disk; raises ArchiveError."""
        with storage():
            _, *lines = self._path(transaction).read_bytes().splitlines() or [b""]
        try:
            found = [_result(line) for line in lines]
        except ValueError:
            found = []
        if len(found) != transaction.objects:
            raise Damaged(f"the file of transaction {transaction.uid} is damaged")
        return found

    def end(self, transaction: Transaction, end: End) -> None:
        """It is over; raises ArchiveError."""
        with self._lock, storage():
            with suppress(FileNotFoundError):
                self._path(transaction).rename(self._root / end / transaction.key)
                self._waiting[transaction.requestor] -= 1
            for folder in (end, _OPEN):
                _sync(self._root / folder)

    def set_aside(self, transaction: Transaction) -> None:
        """Its file cannot be read: keep it for a person to look at. Raises ArchiveError."""
        with self._lock, storage(), suppress(FileNotFoundError):
            self._path(transaction).rename(self._root / _DAMAGED / transaction.key)
            self._waiting[transaction.requestor] -= 1

    def unreported(self) -> Iterator[Transaction]:
        """Those whose report nobody has answered; what cannot be read is set aside."""
        for path in sorted((self._root / _OPEN).iterdir()):
            try:
                with path.open(encoding="ascii") as file:
                    yield Transaction(**json.loads(next(file)), key=path.name)
            except (OSError, ValueError, TypeError, StopIteration):
                with suppress(OSError):
                    path.rename(self._root / _DAMAGED / path.name)

    def forget(self, days: float) -> None:
        """Remove what ended longer ago; its UIDs may then be used again."""
        oldest = time.time() - days * _DAY_SECONDS
        with storage():
            for folder in ("reported", "given-up"):
                for path in (self._root / folder).iterdir():
                    if path.stat().st_mtime < oldest:
                        path.unlink(missing_ok=True)

    def _path(self, transaction: Transaction) -> Path:
        return self._root / _OPEN / transaction.key

    def _write(self, transaction: Transaction, results: Sequence[Result]) -> None:
        """Whole or not at all: a new file takes the name once it is synced."""
        head = asdict(transaction)
        del head["key"]
        lines = [json.dumps(head), *(f"{one} {two} {reason:04X}" for one, two, reason in results)]
        draft = self._root / f"{secrets.token_hex(16)}.part"
        fd = os.open(draft, CREATE | os.O_WRONLY, FILE_MODE)
        try:
            with os.fdopen(fd, "w", encoding="ascii") as file:
                file.write("\n".join((*lines, "")))
                file.flush()
                os.fsync(fd)
            draft.replace(self._path(transaction))
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        _sync(self._root / _OPEN)

    def _sweep(self) -> None:
        for path in self._root.glob("*.part"):
            path.unlink(missing_ok=True)


def waiting(data: Path) -> int:
    """How many reports wait in a data folder, whoever serves it."""
    try:
        return sum(1 for _ in (data / "commitments" / _OPEN).iterdir())
    except OSError:
        return 0


def _result(line: bytes) -> Result:
    sop_class, instance, reason = line.decode("ascii").split()
    return sop_class, instance, int(reason, 16)


def _sync(folder: Path) -> None:
    fd = os.open(folder, FOLDER)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
