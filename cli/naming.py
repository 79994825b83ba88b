"""Giving a finished file its name, which is never another file's.

A hard link does it in one step. File systems without them (FAT, exFAT, many SMB mounts) get a copy
under a name that was free.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


def name(draft: Path, path: Path, link: Callable[[Path, Path], None] = os.link) -> None:
    """Let `path` be what `draft` is; the draft stays. Raises FileExistsError, OSError."""
    try:
        link(draft, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _copy(draft, path)


def _copy(draft: Path, path: Path) -> None:
    with draft.open("rb") as source, path.open("xb") as target:
        try:
            shutil.copyfileobj(source, target)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    shutil.copymode(draft, path)
