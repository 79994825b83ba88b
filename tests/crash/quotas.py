"""A file system whose quota ends before it does: btrfs on a loop device, as root. P4, EDQUOT.

Of the file systems that a kernel without modules for quotas still has, it is the one that counts by
itself: for a subvolume, whoever writes there. So the node need not be another user's.
"""

from __future__ import annotations

import contextlib
import functools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.crash.disks import MEMORY, NoDisks, run

MEGABYTES = 512  # of the file system: far more than any quota here


class Quota:
    """A folder for which there is so much room and no more, on a disk that has more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def limit(self, megabytes: int) -> None:
        """So much room from now on. Raises NoDisks."""
        run("btrfs", "qgroup", "limit", f"{megabytes}M", self.folder)


@contextlib.contextmanager
def quota(place: Path, megabytes: int) -> Iterator[Quota]:
    """A folder with this quota. Raises NoDisks."""
    place.mkdir()
    images = Path(tempfile.mkdtemp(prefix="anode-quota-", dir=_home(place)))
    try:
        with (image := images / "disk.img").open("wb") as file:
            file.truncate(MEGABYTES << 20)
        run("mkfs.btrfs", "-q", image)
        run("mount", "-o", "loop,noatime", image, place)
        try:
            run("btrfs", "quota", "enable", place)
            run("btrfs", "subvolume", "create", place / "limited")
            made = Quota(place / "limited")
            made.limit(megabytes)
            yield made
        finally:
            run("umount", "--lazy", place)
    finally:
        shutil.rmtree(images, ignore_errors=True)


def _home(place: Path) -> Path:
    return MEMORY if MEMORY.is_dir() else place.parent


@functools.cache
def missing() -> str:
    """Why there is no quota here; empty when there is."""
    folder = Path(tempfile.mkdtemp(prefix="anode-quota-"))
    try:
        with quota(folder / "try", 8):
            return ""
    except NoDisks as why:
        return str(why)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
