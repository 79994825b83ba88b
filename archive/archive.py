"""The archive as the node sees it: receive, find, name the instances, count.

Law: this is the only door. Any thread may use it, and any number of processes may hold the same
folder open, but each opens it for itself, after a fork; who serves also takes `claim`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from typing import Literal, Self

from archive import marks, media
from archive.adopting import Kind, of_patient
from archive.announced import Announced, Judge
from archive.barrier import Barrier, FileSystems, Open, barrier, kind
from archive.bounds import Bounds
from archive.completing import complete
from archive.filemeta import FileMeta
from archive.findings import Finding
from archive.fixity import Pause, at_once, examined
from archive.found import Found
from archive.index import Counts, Index
from archive.nonpatient import WANTED
from archive.objects import Folder
from archive.query import Query
from archive.reception import Place, Receipt, Reception
from archive.record import StoredInstance
from archive.startup import NEWEST, Recovery, recover

_log = logging.getLogger("anode.archive")


def _always(_sop_class_uid: str) -> bool:
    return True


def _ignored(_why: str) -> None:
    """Who asked hears it."""


def _degraded(root: Path, told: Callable[[str], None], why: str) -> None:
    """Durability P5: said in the log at once, and to `anode status`."""
    _log.error("the store is read-only: %s", why)
    marks.put(root, "read-only", why)
    told(why)


def _places(root: Path) -> tuple[Path, Path]:
    """Where objects and index lie; the index may be a link to a file on another disk."""
    return root / "objects", (root / "index.sqlite3").resolve().parent


class Archive:
    """Object files and their index in one data folder. Close it, or use it in a `with`."""

    def __init__(self, objects: Folder, index: Index, barrier: Barrier, bounds: Bounds) -> None:
        self._objects = objects
        self._index = index
        self._barrier = barrier
        self.bounds = bounds
        self._place = Place(objects, index, WANTED, bounds)

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        index: str = "sqlite",
        sync: Literal["always", "lazy"] = "always",
        bounds: Bounds = Bounds(),  # noqa: B008 - frozen
        told: Callable[[str], None] = _ignored,
    ) -> Self:
        """Open the archive in this folder, made if missing; sweeps what a crash left.

        `told` hears why it has become read-only, after log and `anode status` have.
        """
        root = root.absolute()
        way = kind(sync)
        with ExitStack() as undone:
            objects = Folder(root, sync=way != "never", free_bytes=bounds.free_bytes)
            undone.callback(objects.close)
            passing = barrier(way, _places(root), partial(_degraded, root, told))
            undone.callback(passing.close)
            objects.synced = passing.file
            opened = Index(
                root, index=index, sync=way, barrier=passing, seconds=bounds.query_seconds
            )
            made = cls(objects, opened, passing, bounds)
            made._note_latest()
            undone.pop_all()
        return made

    def recover(self, kind: Kind = of_patient) -> Recovery:
        """Mend what a crash left; only for who has claimed the folder. Raises ArchiveError."""
        self._barrier.pass_()
        marks.clear(self._objects.root, "read-only")
        found = recover(self._objects, self._index, kind)
        self._note_latest()
        complete(self._objects, self._index, kind)
        return found

    def _note_latest(self) -> None:
        """When the newest file had its name: the last row's is not it where the clock went back."""
        for held in self._index.newest(NEWEST):
            with suppress(OSError):
                named = held.path.stat().st_ctime
                self._objects.latest = max(self._objects.latest, named)

    def refuse(self, why: str) -> None:
        """Store nothing more: another process of this node could not sync."""
        self._barrier.refuse(why)

    def doubt_since(self, moment: float) -> int:
        """Note, for the next start, files named since then that have no row; how many.

        A process that had the archive open was killed, and others go on: what they are just about
        to give a row is noted too, which does no harm.
        """
        fresh = self._objects.since(moment)
        known = set(self._index.paths(self._objects.path(min(fresh)))) if fresh else ()
        doubtful = [key for key in fresh if self._objects.path(key) not in known]
        for key in doubtful:
            self._objects.doubt(key)
        return len(doubtful)

    def settle(self) -> None:
        """Return when all that is found by now is durable, lazy or not; raises ArchiveError."""
        self._barrier.pass_()
        if isinstance(self._barrier, Open):
            root = self._objects.root
            with closing(FileSystems(_places(root), _ignored)) as passing:
                passing.pass_()

    def examined(self, stored: StoredInstance, pause: Pause = at_once) -> Finding | None:
        """What is wrong with a stored object, read again whole. Raises Exhausted."""
        return examined(stored, self._objects.root, pause)

    @property
    def objects(self) -> Folder:
        """The object files, for who cares for the archive: check, deletion, the fixity scan."""
        return self._objects

    @property
    def index(self) -> Index:
        """Their rows, for the same."""
        return self._index

    def close(self) -> None:
        """Commit what waits, then let go of index and folder."""
        self._index.close()
        self._barrier.close()
        self._objects.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def receive(
        self,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
        *,
        source_ae: str = "",
        patient_related: bool = True,
        judge: Judge | None = None,
    ) -> Reception:
        """Begin to receive an object.

        Raises BadObject when these are no UIDs, NoSpace, Unavailable when the store is read-only.
        """
        if self._barrier.broken is not None:
            raise self._barrier.broken
        announced = Announced(
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            transfer_syntax_uid=transfer_syntax_uid,
            source_ae=source_ae,
            patient_related=patient_related,
            judge=judge,
        )
        return Reception(self._place, announced)

    def files(self, path: Path) -> Iterator[Path]:
        """The files to import for a path: a file, a folder's, or those a DICOMDIR references."""
        return media.files(path, self.bounds)

    def import_file(
        self, path: Path, *, patient_related: Callable[[str], bool] = _always
    ) -> Receipt:
        """Receive the instance in a file; the predicate takes its SOP Class UID."""

        def receive(found: FileMeta) -> Reception:
            return self.receive(
                found.sop_class_uid,
                found.sop_instance_uid,
                found.transfer_syntax_uid,
                source_ae=found.source_ae,
                patient_related=patient_related(found.sop_class_uid),
            )

        return media.take(path, receive, self.bounds)

    def find(self, query: Query) -> Generator[tuple[str, ...], None, None]:
        """One answer per entity at the query's level, aligned with `query.returns`."""
        return self._index.find(query)

    def instances(self, query: Query) -> Found:
        """The object files a query covers."""
        return self._index.instances(query)

    def lookup(self, sop_instance_uid: str) -> StoredInstance | None:
        """The instance of this UID; None when it is not held."""
        return self._index.lookup(sop_instance_uid)

    def counts(self) -> Counts:
        """How much there is."""
        return self._index.counts()
