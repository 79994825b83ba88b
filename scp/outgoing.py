"""Objects that are made to be sent: files in a folder of their own, gone when they have been.

They lie beside the archive, not in the system's place for temporary files: that is often memory,
and a cine is large.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_NAME = "outgoing"


@contextmanager
def folder(data: Path) -> Iterator[Path]:
    """A new folder in the node's data folder, removed with all it holds. Raises OSError."""
    home = data / _NAME
    home.mkdir(mode=0o750, exist_ok=True)
    with TemporaryDirectory(dir=home, ignore_cleanup_errors=True) as name:
        yield Path(name)


def sweep(data: Path) -> None:
    """Remove what a crash left; only for who has claimed the data folder."""
    shutil.rmtree(data / _NAME, ignore_errors=True)
