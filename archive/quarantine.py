"""What repair took out of the archive: `quarantine/` in the data folder, for people to judge.

Law: nothing is deleted, and the reason is on the disk before the file leaves its place. Reasons
hold UIDs and causes; the archive never reads any of it again.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from archive.durable import save, sync
from archive.failures import storage
from archive.locks import FOLDER_MODE

FOLDER = "quarantine"


def set_aside(root: Path, path: Path, reason: Mapping[str, object]) -> Path | None:
    """Move a file into quarantine, with its reason beside it; None if it is gone meanwhile.

    Raises NoSpace, Unavailable.
    """
    written = report(root, path.stem, reason)
    moved = written.with_suffix(path.suffix)
    with storage():
        try:
            _move(path, moved)
        except FileNotFoundError:
            written.unlink()
            return None
        sync(moved.parent)
        sync(path.parent)
    return moved


def _move(path: Path, moved: Path) -> None:
    try:
        path.rename(moved)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        draft = moved.with_suffix(".part")  # the objects have a file system of their own
        shutil.copy2(path, draft)
        sync(draft)
        draft.rename(moved)
        sync(moved.parent)
        path.unlink()


def report(root: Path, name: str, reason: Mapping[str, object]) -> Path:
    """Put a reason into quarantine, durably; its file's path. Raises NoSpace, Unavailable."""
    with storage():
        folder = root / FOLDER
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        # The number keeps apart what has been in quarantine before.
        names = (name, *(f"{name}-{number}" for number in range(2, 1000)))
        path = next(p for p in (folder / f"{each}.json" for each in names) if not p.exists())
        save(path, json.dumps({"name": name, **reason}, indent=2) + "\n")
    return path


def count(root: Path) -> int:
    """How many reasons there are."""
    return sum(1 for _ in (root / FOLDER).glob("*.json"))
