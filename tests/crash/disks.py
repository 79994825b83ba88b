"""Small file systems in files, whose power can be cut: ext4 on loop devices, as root.

The cut is ext4's shutdown ioctl without a flush of its journal, as xfstests' "godown" does: from
then on nothing reaches the disk, and what was not synced is gone when it is mounted anew.  It does
not tear sectors, and does not model a disk that lies about its cache.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import functools
import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

SHUTDOWN, WITHOUT_LOG_FLUSH = 0x8004587D, 2
MEMORY = Path("/dev/shm")
ROOM = 1 << 30
# The journal is committed when it is asked for, and not every 5 seconds: so a sync that is missing
# is missed.
LASTING = "noatime,commit=300"


class NoDisks(Exception):
    """This system or this user has no loop devices or no power to cut; the message says which."""


def run(*command: object) -> None:
    """A command of the system; raises NoDisks with what it said."""
    try:
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise NoDisks(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        raise NoDisks(f"{command[0]}: {done.stderr.strip()}")


class Disk:
    """An ext4 file system of its own, mounted at `folder`; mounted again after each cut."""

    def __init__(self, image: Path, folder: Path, megabytes: int, block: int) -> None:
        self.folder = folder
        self._image = image
        self._mounted = False
        folder.mkdir(parents=True, exist_ok=True)
        with image.open("wb") as file:
            file.truncate(megabytes << 20)
        run("mkfs.ext4", "-q", "-F", "-m", 0, "-b", block, image)
        self.mount()

    def mount(self) -> None:
        """Mount it; after a cut its journal is replayed."""
        run("mount", "-o", f"loop,{LASTING}", self._image, self.folder)
        self._mounted = True

    def unmount(self) -> None:
        """Unmount it; nothing may be open there any more."""
        if self._mounted:
            run("umount", self.folder)
            self._mounted = False

    def sync(self) -> None:
        """All of it to the disk: what was made to set up a round must outlive the cut."""
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).syncfs(folder):
                raise OSError(ctypes.get_errno(), "syncfs failed")
        finally:
            os.close(folder)

    def cut(self) -> None:
        """Cut its power."""
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", WITHOUT_LOG_FLUSH))
        except OSError as error:
            raise NoDisks(f"ext4 shutdown ioctl: {errno.errorcode[error.errno or 0]}") from error
        finally:
            os.close(folder)

    def again(self) -> None:
        """Power is back."""
        self.unmount()
        if self._is_held():
            # Somebody began a mount namespace meanwhile, and has our mount in it: what is mounted
            # from this image is that file system, which is cut. A copy is what a disk has kept.
            self._image, former = self._image.with_suffix(".again"), self._image
            run("cp", "--sparse=always", former, self._image)
            former.rename(former.with_suffix(".held"))
            self._image = self._image.rename(former)
        self.mount()

    def _is_held(self) -> bool:
        """Whether a loop device still has the image."""
        listed = subprocess.run(
            ["losetup", "--list", "--noheadings", "--associated", self._image],
            capture_output=True,
            check=False,
        )
        return bool(listed.stdout.strip())


class Disks:
    """The disks of one test, in memory where there is room: no test waits for a real one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        home = MEMORY if _roomy(MEMORY) else folder
        self._images = Path(tempfile.mkdtemp(prefix="anode-disks-", dir=home))
        self.all: list[Disk] = []

    def make(self, name: str, megabytes: int, *, block: int = 4096) -> Disk:
        """A new and empty one; mkfs would choose blocks of 1024 bytes, for it is small."""
        made = Disk(self._images / f"{name}.img", self._folder / name, megabytes, block)
        self.all.append(made)
        return made

    def __enter__(self) -> Disks:
        return self

    def __exit__(self, *_: object) -> None:
        for disk in self.all:
            try:
                disk.unmount()
            except NoDisks:
                with contextlib.suppress(NoDisks):
                    run("umount", "--lazy", disk.folder)
        shutil.rmtree(self._images, ignore_errors=True)


def _roomy(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free > ROOM
    except OSError:
        return False


@functools.cache
def missing() -> str:
    """Why no power can be cut here; empty when it can."""
    if os.geteuid():
        return "only root may mount and cut file systems"
    folder = Path(tempfile.mkdtemp(prefix="anode-disks-"))
    try:
        with Disks(folder) as disks:
            disk = disks.make("try", 8)
            disk.cut()
            disk.again()
    except NoDisks as why:
        return str(why)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return ""
