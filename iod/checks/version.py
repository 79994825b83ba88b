"""Which rules these are: another number whenever anything they are made of changes.

Law: nobody has to think of counting it up; a finding by rules that have changed is never taken for
one by those of today. Of this package, all is hashed but what no check imports.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pydicom

_KINDS = {".py", ".csv", ".json"}
_APART = {"reading", "samples", "transcoding", "wrapping"}


@cache
def rules() -> int:
    """The number, of 31 bits and not 0."""
    told = hashlib.sha256(pydicom.__version__.encode())  # its dictionary is one of the tables
    for path in files():
        told.update(path.relative_to(_package()).as_posix().encode() + b"\0" + path.read_bytes())
    return int.from_bytes(told.digest()[:4]) >> 1 or 1


def files() -> Iterator[Path]:
    """Code and tables that a finding may depend on, in an order that stays."""
    for path in sorted(_package().rglob("*")):
        if path.suffix in _KINDS and path.relative_to(_package()).parts[0] not in _APART:
            yield path


def _package() -> Path:
    return Path(__file__).parents[1]
