"""The judge: what an archive holds against what its senders were told. Durability P1, P6, C6.

Law: what was acknowledged is found, got and whole. What was never answered may be there or not,
but if it is there, it is whole. Files and rows are read by means of our own, not the node's; that
they can be found and got is asked of the node, over the wire.
"""

from __future__ import annotations

import fcntl
import hashlib
import sqlite3
from collections import Counter
from collections.abc import Set
from contextlib import closing, suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import SimpleNamespace

from scu.associate import Target
from tests.clients import get, query
from tests.crash.senders import Ledger
from tests.datasets import CT, EXPLICIT
from tests.objects import identifier

# PS3.10 7.1: after the preamble the prefix, then (0002,0000), how long the meta information is.
GROUP_LENGTH = b"DICM\x02\x00\x00\x00UL\x04\x00"
ORPHANS_ARE_FOUND = True
REPORT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Row:
    """What the index says of an instance."""

    path: Path
    offset: int
    size: int
    sha256: str


@dataclass
class Findings:
    """What is wrong, by its kind: SOP Instance UIDs or paths. All empty: nothing is."""

    lost: list[str] = field(default_factory=list)  # acknowledged, and without a row or a file
    torn: list[str] = field(default_factory=list)  # there, and not what was sent
    unqueryable: list[str] = field(default_factory=list)  # has a row, and C-FIND does not tell it
    unretrieved: list[str] = field(default_factory=list)  # C-GET gave nothing, or other bytes
    dangling: list[str] = field(default_factory=list)  # a row without its file
    unaccounted: list[str] = field(default_factory=list)  # a file without a row
    left: list[str] = field(default_factory=list)  # temporary files
    broken: list[str] = field(default_factory=list)  # reported as committed, and not there
    denied: list[str] = field(default_factory=list)  # acknowledged, and reported as not committed
    unreported: list[str] = field(default_factory=list)  # accepted transactions without a report

    def __bool__(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self))

    def __str__(self) -> str:
        found = ((one.name, getattr(self, one.name)) for one in fields(self))
        return "; ".join(f"{len(those)} {name}: {those[:3]}" for name, those in found if those)

    def add(self, more: Findings) -> None:
        """Take what another look found."""
        for one in fields(self):
            getattr(self, one.name).extend(getattr(more, one.name))


def rows(data: Path) -> dict[str, Row]:
    """The rows of the index by SOP Instance UID, read beside the node."""
    select = 'SELECT "SOPInstanceUID", path, offset, size, sha256 FROM instance'
    with closing(sqlite3.connect(f"file:{data / 'index.sqlite3'}?mode=ro", uri=True)) as index:
        found = index.execute(select).fetchall()
    return {uid: Row(data / path, offset, size, sha) for uid, path, offset, size, sha in found}


def files(data: Path) -> set[Path]:
    """Every file under `objects/`."""
    return {path for path in (data / "objects").rglob("*") if path.is_file()}


def left(data: Path) -> list[str]:
    """Objects on their way in or out, and locks of the dead: none, while nobody sends or asks."""
    folders = (data / name for name in ("incoming", "outgoing"))
    paths = [path for each in folders if each.exists() for path in each.rglob("*")]
    locks = [path for path in paths if path.suffix == ".lock" and path.parent.name == "incoming"]
    found = [path for path in paths if path.is_file() and path.suffix not in ("", ".lock")]
    return list(map(str, found + [path for path in locks if _is_dead(path)]))


def _is_dead(lock: Path) -> bool:
    """Whether no process has it: a node of several has one for each."""
    with suppress(FileNotFoundError), lock.open() as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
    return False


class Judge:
    """One archive through all its rounds; what was judged whole once is read again at the end."""

    def __init__(self, data: Path, ledger: Ledger, patience: float = REPORT_SECONDS) -> None:
        self.data = data
        self.patience = patience  # for reports of what was accepted
        self.lazy = False  # a power cut may take all that no report called committed
        self._ledger = ledger
        self._seen: set[Path] = set()

    def fallen(self) -> Findings:
        """After a kill, before the restart: no file has its name before it has all its bytes.

        After a power cut it may: the name may last longer than the bytes.
        """
        digests = {one.sha256 for one in self._ledger.sent.values()}
        new = files(self.data) - self._seen
        return Findings(torn=[str(path) for path in new if digest(path) not in digests])

    def risen(self, target: Target, study: str = "") -> Findings:
        """After the restart: a study through files, rows and the wire, of others their names.

        No study: all there are, but for C-GET, by which each was got after its own round.
        """
        part = self._ledger.of(study) if study else self._ledger
        promises = self._ledger.promises
        if self.lazy:
            return Findings(broken=self._broken())
        found = Findings(unreported=promises.unreported(self.patience), denied=promises.denied())
        index, there = rows(self.data), files(self.data)
        found.left = left(self.data)
        found.dangling = [uid for uid, row in index.items() if row.path not in there]
        unaccounted = there - {row.path for row in index.values()}
        if ORPHANS_ARE_FOUND:
            found.unaccounted = list(map(str, unaccounted))
        found.lost = sorted(part.acknowledged - {uid for uid in index if index[uid].path in there})
        found.broken = self._broken()
        held = {uid: row for uid, row in index.items() if uid in part.sent and row.path in there}
        found.torn = [uid for uid, row in held.items() if not _as_sent(row, part, uid)]
        found.unqueryable = _counted(target, study, part, held.keys())
        if study and held:
            found.unqueryable += _found(target, study, part, held.keys())
            found.unretrieved = _got(target, study, part, held.keys())
        self._seen = there
        return found

    def _broken(self) -> list[str]:
        """What a report called committed, and is not there, or not as it was sent."""
        index, ledger = rows(self.data), self._ledger
        return sorted(
            uid
            for uid in ledger.promises.committed
            if uid not in index
            or not index[uid].path.exists()
            or not _as_sent(index[uid], ledger, uid)
        )


def digest(path: Path) -> str:
    """The SHA-256 of a Part 10 file's data set; empty when there is none."""
    content = path.read_bytes()
    if content[128:140] != GROUP_LENGTH or len(content) < 144:
        return ""
    begin = 144 + int.from_bytes(content[140:144], "little")
    return hashlib.sha256(memoryview(content)[begin:]).hexdigest() if begin < len(content) else ""


def _as_sent(row: Row, ledger: Ledger, uid: str) -> bool:
    sent = ledger.sent[uid]
    told = row.size, row.sha256
    return told == (sent.size, sent.sha256) and digest(row.path) == sent.sha256


def _counted(target: Target, study: str, ledger: Ledger, held: Set[str]) -> list[str]:
    """The studies of which C-FIND tells another number of instances than there are."""
    counted = Counter(ledger.sent[uid].study for uid in held)
    told = query(target, identifier(StudyInstanceUID=study, NumberOfStudyRelatedInstances=""))
    numbers = {str(one.StudyInstanceUID): int(one.NumberOfStudyRelatedInstances) for one in told}
    return [uid for uid in counted | numbers if counted[uid] != numbers.get(uid, 0)]


def _found(target: Target, study: str, part: Ledger, held: Set[str]) -> list[str]:
    """The instances of a study that C-FIND tells and that are not there, or the other way."""
    uids = set()
    for series in {part.sent[uid].series for uid in held}:
        keys = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "SOPInstanceUID": ""}
        uids |= {str(one.SOPInstanceUID) for one in query(target, identifier("IMAGE", **keys))}
    return sorted(uids ^ held)


def _got(target: Target, study: str, part: Ledger, held: Set[str]) -> list[str]:
    """The instances of a study that C-GET does not bring, or not as they were sent."""
    kind = SimpleNamespace(sop_class_uid=CT, transfer_syntax_uid=EXPLICIT)
    _, got = get(target, identifier(StudyInstanceUID=study), [kind])
    hashed = {uid: hashlib.sha256(data).hexdigest() for uid, data in got.items()}
    return [uid for uid in held | got.keys() if hashed.get(uid) != part.sent[uid].sha256]
