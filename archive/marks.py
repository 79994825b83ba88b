"""Why something in a running node stands still: told to `anode status`, by a file in the folder.

Law: a mark records nothing that matters: whoever works again takes it away, and a disk that takes
none stops nobody.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Literal

from archive.durable import save

Mark = Literal[
    "read-only",  # P5: a failed sync is never tried again; only a restart makes the store writable
    "unexamined",  # what is stored waits to be examined
]
_ODD = "backslashreplace"  # a reason may name a file, which need not be text


def put(root: Path, mark: Mark, why: str) -> None:
    """Leave a mark, if the disk still takes one."""
    text = why.encode("utf-8", _ODD).decode("utf-8")
    with suppress(OSError):
        save(root / mark, f"{text}\n", durable=False)


def reason(root: Path, mark: Mark) -> str:
    """Why it stands still; empty when it does not."""
    try:
        return (root / mark).read_text(encoding="utf-8", errors=_ODD).strip()
    except OSError:
        return ""


def clear(root: Path, mark: Mark) -> None:
    """It goes on. A file that the disk does not remove stays."""
    with suppress(OSError):
        (root / mark).unlink()
