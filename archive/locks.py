"""Locks on a data folder: one node serves it, and what dead processes left is told from the rest.

Law: a lock dies with its process, whatever way that goes.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from archive.errors import InUse, Unavailable
from archive.failures import FULL, storage

FILE_MODE, FOLDER_MODE = 0o640, 0o750
_TRIES, _INSTANT_SECONDS = 4, 0.025
_SERVING = "serve.lock"  # holds the number of the process that holds it
_WORKERS = "workers.lock"


def hold(folder: int, name: str, *, wait: bool = True) -> int:
    """A descriptor that holds the lock; raises BlockingIOError when it is not to wait."""
    fd = os.open(
        name, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE, dir_fd=folder
    )
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(fd)
        raise
    return fd


@contextmanager
def locked(folder: int, name: str) -> Iterator[None]:
    """Hold a lock for a while."""
    fd = hold(folder, name)
    try:
        yield
    finally:
        os.close(fd)


def is_free(folder: int, name: str) -> bool:
    """Whether nobody holds the lock."""
    try:
        os.close(hold(folder, name, wait=False))
    except BlockingIOError:
        return False
    return True


def make(root: Path) -> None:
    """The data folder, if it is missing; raises Unavailable, NoSpace."""
    with storage():
        try:
            root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        except OSError as error:
            if error.errno in FULL:
                raise
            why = "it is no folder" if isinstance(error, FileExistsError) else error.strerror
            failed = Unavailable(
                f"there can be no data folder: {why}; `[node] data` must name a folder, or one "
                "that can be made"
            )
            failed.where = str(root)
            raise failed from error


def sweep(folder: int) -> None:
    """Remove the temporary files whose process is gone."""
    names = os.listdir(folder)
    dead = {name.split("-")[0] for name in names if name.endswith(".part")}
    dead |= {name.removesuffix(".lock") for name in names if name.endswith(".lock")}
    for name in names:
        if name.endswith(".lock") and not is_free(folder, name):
            dead.discard(name.removesuffix(".lock"))
    for name in names:
        token = name.split("-")[0] if name.endswith(".part") else name.removesuffix(".lock")
        if token in dead:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)


@contextmanager
def claim(root: Path) -> Iterator[None]:
    """Hold a data folder for serving: one node per folder. Import and its kind need no claim.

    Workers of a node that was killed end as soon as they notice; until then it is not ours.
    """
    make(root)
    with storage():
        folder = os.open(root, os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fd = _claimed(folder)
        except BlockingIOError as error:
            raise InUse(
                f"another node serves the data folder {root}, or it is reindexed{_holder(root)}; "
                "stop that first, or name another folder as `[node] data` (`anode status` tells "
                "what is there)"
            ) from error
        finally:
            os.close(folder)
    with suppress(OSError):  # a full disk: the lock holds, and nobody is told by whom
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)
    try:
        _await_workers(root)
        yield
    finally:
        os.close(fd)


def _claimed(folder: int) -> int:
    """The lock of who serves; who asks `served` has it for an instant, and is no other node."""
    for _ in range(_TRIES):
        try:
            return hold(folder, _SERVING, wait=False)
        except BlockingIOError:
            time.sleep(_INSTANT_SECONDS)
    return hold(folder, _SERVING, wait=False)


def served(root: Path) -> bool:
    """Whether somebody holds the claim to a data folder."""
    with storage():
        try:
            fd = os.open(root / _SERVING, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
    return False


def _holder(root: Path) -> str:
    with suppress(OSError, ValueError):
        return f" (process {int((root / _SERVING).read_text(encoding='ascii'))})"
    return ""


def employed(root: Path) -> int:
    """A descriptor for workers to inherit: nobody else serves the folder while one has it."""
    fd = os.open(root / _WORKERS, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, FILE_MODE)
    fcntl.flock(fd, fcntl.LOCK_SH)
    return fd


def _await_workers(root: Path) -> None:
    with suppress(FileNotFoundError):
        fd = os.open(root / _WORKERS, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
        finally:
            os.close(fd)
