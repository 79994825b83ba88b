"""Our side of a look into a file: it is read in a process that may do nothing else.

Law: what a library does over a hostile file ends there; a crash, or a look that takes too long or
too much, is a reason to refuse the file.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from iod.errors import Unwrappable
from iod.wrapping.contents import Contents
from iod.wrapping.kinds import Kind

# An element of explicit length holds less than 2**32 bytes, PS3.5 7.1.1; we read whole files.
MOST_BYTES: Final = 1 << 30
SECONDS: Final = 120
_ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def read(path: Path) -> bytes:
    """A file's bytes; what is looked into is then what is wrapped. Raises Unwrappable, OSError."""
    size = path.stat().st_size
    if size == 0:
        raise Unwrappable("it is empty")
    if size > MOST_BYTES:
        raise Unwrappable(f"it has {size} bytes; more than {MOST_BYTES} are not wrapped")
    return path.read_bytes()


def inspect(kind: Kind, data: bytes, seconds: int = SECONDS) -> Contents:
    """What is in a file of this kind. Raises Unwrappable."""
    command = [sys.executable, "-I", "-W", "ignore", "-m", "iod.wrapping.inspector", kind.name]
    try:
        ended = subprocess.run(
            [*command, str(seconds)],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            timeout=2 * seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unwrappable(f"to look into it takes more than {2 * seconds} s") from None
    return _said(ended)


def _said(ended: subprocess.CompletedProcess[bytes]) -> Contents:
    if ended.returncode != 0:
        raise Unwrappable("to look into it takes more memory or time than such a file may take")
    answer = json.loads(ended.stdout)
    if cause := answer.get("cause"):
        raise Unwrappable(str(cause))
    return Contents.of(answer)
