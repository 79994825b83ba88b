"""The seal of an object file: its name says when the object came and what its bytes were.

Law: with no index left, a whole file is still told from a torn or an altered one, the time of
receipt survives every copy, and keys sort as objects came.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import PurePath

_NAME = re.compile(r"([0-9a-f]{16})-([0-9a-f]{8})-([0-9a-f]{64})\.dcm", re.ASCII)
_SECOND = 1_000_000_000
_HOUR = 3600 * _SECOND


@dataclass(frozen=True, slots=True)
class Seal:
    """What a name promises."""

    received: str  # UTC, ISO 8601
    header: int  # CRC-32 of the bytes before the data set
    sha256: str  # of the data set


@lru_cache(maxsize=2)
def _hour(hours: int) -> str:
    return time.strftime("%Y/%m/%d/%H", time.gmtime(hours * 3600))


def key(header: int, sha256: str) -> str:
    """A key that no object has: the hour, UTC, and a sealed name."""
    now = time.time_ns()
    return f"{_hour(now // _HOUR)}/{now:016x}-{header:08x}-{sha256}.dcm"


def seal(path: PurePath) -> Seal | None:
    """The seal of a file; None for a name that is none of ours."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    return Seal(stamp(int(found[1], 16) / _SECOND), int(found[2], 16), found[3])


def stamp(seconds: float) -> str:
    """A time as the index keeps it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
