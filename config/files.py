"""Files that are whole or not there: written beside their place, synced, then named.

Law: a new file never takes the place of another one, and what replaces a file is complete before
it does.  A folder is changed by one process at a time.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600
PUBLIC: Final = 0o644
FOLDER: Final = 0o700


def new(path: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Write a file that must not be there yet. Raises FileExistsError, OSError."""
    with draft(path, content, mode) as made:
        try:
            os.link(made, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links: in place, and removed if it fails
            _written(path, content, mode)
        _synced(path.parent)


def replace(path: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Write a file, there or not, in one step. Raises OSError."""
    with draft(path, content, mode) as made:
        settle(made, path)


def settle(made: Path, path: Path) -> None:
    """Give a draft its place, and the owner of what was there: root works for others, too."""
    with suppress(FileNotFoundError):
        was, now = path.stat(), made.stat()
        if (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
            os.chown(made, was.st_uid, was.st_gid)
    made.replace(path)
    _synced(path.parent)


def append(path: Path, content: bytes) -> None:
    """Add to the end of a file, made if need be, and wait until it is on the disk."""
    descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, PRIVATE)
    with os.fdopen(descriptor, "ab") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Wait for the folder, and have it alone until the block ends; ends with the process, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def draft(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """A whole file beside this one, gone after the block if it was not given its place."""
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _written(made, content, mode)
        yield made
    finally:
        made.unlink(missing_ok=True)


def _written(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _synced(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
