"""Files that a command makes: there whole under their name, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from cli.failures import Code, Failure
from cli.naming import name


def place(path: Path, write: Callable[[BinaryIO], object], *, overwrite: bool = False) -> None:
    """Let `path` hold what `write` writes. Raises Failure when it is there already; OSError."""
    try:
        descriptor, draft = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    except OSError as error:
        error.filename = str(path.parent)  # what is amiss is the folder; nobody knows the draft
        raise
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(0o666 & ~_umask())
        if overwrite:
            Path(draft).replace(path)
        else:
            name(Path(draft), path)
    except FileExistsError:
        message = f"{path} is there already; --overwrite replaces it"
        raise Failure(Code.PARTIAL, message) from None
    finally:
        Path(draft).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
