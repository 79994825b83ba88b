"""Small files beside the archive, written as a whole or not at all, and folders made durable."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from archive.locks import FILE_MODE


def save(path: Path, text: str, *, durable: bool = True) -> None:
    """Put this text into a file in place of what it held. Raises OSError."""
    os.close(saved(path, text, durable=durable))


def saved(path: Path, text: str, *, durable: bool = True, lock: bool = False) -> int:
    """The same, and the file left open; with a lock that it had before it had its name."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    fd = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, FILE_MODE)
    try:
        if lock:
            fcntl.flock(fd, fcntl.LOCK_EX)
        with os.fdopen(fd, "w", encoding="utf-8", closefd=False) as file:
            file.write(text)
        if durable:
            os.fsync(fd)
        draft.rename(path)
        if durable:
            sync(path.parent)
    except BaseException:
        os.close(fd)
        with suppress(FileNotFoundError):
            draft.unlink()
        raise
    return fd


def sync(path: Path) -> None:
    """Make a file's bytes, or the names in a folder, durable. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
