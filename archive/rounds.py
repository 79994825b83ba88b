"""The fixity scan: every object file read again, round after round. Durability P7.

Law: where a round is, and what it found, is on the disk: `fixity.json` says how far it came, each
line of `fixity.jsonl` what was found of one file, the last line of a file what is so by now. A
round that is cut short goes on; the next one begins a day after the last one did, or later.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from archive import fixity
from archive.durable import save
from archive.failures import storage
from archive.findings import KINDS, Finding
from archive.fixity import Pause
from archive.index import Index
from archive.locks import FILE_MODE
from archive.record import StoredInstance
from archive.seals import stamp

CURSOR, FINDINGS = "fixity.json", "fixity.jsonl"
DAY_SECONDS = 86_400.0
PAGE = 100  # objects between two notes of how far it came
MOST = 1000  # findings; a round with more is over: the disk is gone, or another one is there
_SOUND = "sound"


@dataclass(frozen=True, slots=True)
class Round:
    """One round, under way or over."""

    began: float = 0.0  # seconds since 1970
    ended: float = 0.0  # 0: under way
    after: int = 0  # the row it came to
    objects: int = 0
    bytes: int = 0

    @property
    def due(self) -> float:
        """When there is something to do: at once, or when the next round begins."""
        return self.began + DAY_SECONDS if self.ended else 0.0


class Rounds:
    """The scan of one archive, by one thread."""

    def __init__(self, root: Path, index: Index) -> None:
        self._root = root
        self._index = index
        self.round = latest(root)
        self._known = {each.key: each for each in standing(root)}

    def page(self, pause: Pause) -> Iterator[Finding]:
        """Read the next objects, and tell what is newly found. Raises ArchiveError.

        What `pause` raises ends the page; what was read until then is not read again.
        """
        if self.round.ended:
            self.round = Round()
        if not self.round.began:
            self.round = Round(began=time.time())
        try:
            held = self._index.held(self.round.after, PAGE)
            for number, stored in held:
                yield from self._one(stored, pause)
                here = self.round
                self.round = replace(
                    here, after=number, objects=here.objects + 1, bytes=here.bytes + stored.size
                )
            if not held or len(self._known) >= MOST:
                self.round = replace(self.round, ended=time.time(), after=0)
        finally:
            with storage():
                save(self._root / CURSOR, json.dumps(asdict(self.round)) + "\n", durable=False)

    @property
    def swamped(self) -> bool:
        """Whether there are so many findings that no more are looked for."""
        return len(self._known) >= MOST

    def _one(self, stored: StoredInstance, pause: Pause) -> Iterator[Finding]:
        found = fixity.examined(stored, self._root, pause)
        key = fixity.key_of(stored, self._root)
        before = self._known.get(key)
        if found is None:
            if before is not None:
                self._note(key, stored.sop_instance_uid, _SOUND, "as it came")
                del self._known[key]
        elif (before is None or before.kind != found.kind) and self._is_held(found):
            self._note(key, found.sop_instance_uid, found.kind, found.cause)
            self._known[key] = found
            yield found

    def _is_held(self, found: Finding) -> bool:
        return is_held(self._root, self._index, found)

    def _note(self, key: str, uid: str, kind: str, cause: str) -> None:
        told = {"kind": kind, "key": key, "sop_instance_uid": uid, "cause": cause}
        line = json.dumps({"found": stamp(time.time()), **told})
        with storage():
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            fd = os.open(self._root / FINDINGS, flags, FILE_MODE)
            try:
                os.write(fd, f"{line}\n".encode())
                os.fsync(fd)
            finally:
                os.close(fd)


def open_findings(root: Path, index: Index) -> list[Finding]:
    """What stands, but for what was deleted or repaired since."""
    return [each for each in standing(root) if is_held(root, index, each)]


def is_held(root: Path, index: Index, found: Finding) -> bool:
    """Whether the index still has the very file."""
    row = index.lookup(found.sop_instance_uid)
    return row is not None and row.path == root / "objects" / found.key


def latest(root: Path) -> Round:
    """The round under way, or the last one; an empty one before the first."""
    with suppress(OSError, ValueError, TypeError):
        return Round(**json.loads((root / CURSOR).read_text(encoding="utf-8")))
    return Round()


def standing(root: Path) -> list[Finding]:
    """What was found and not found sound since."""
    found: dict[str, Finding] = {}
    try:
        lines = (root / FINDINGS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    for line in lines:
        with suppress(ValueError, KeyError, TypeError):  # a line that a crash cut short
            told = json.loads(line)
            kind, key = told["kind"], str(told["key"])
            found.pop(key, None)
            if kind in KINDS:
                found[key] = Finding(kind, key, told["sop_instance_uid"], told["cause"])
    return list(found.values())
