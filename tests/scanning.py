"""How the tests of the scanner read a data set: in portions, odd ones as a reception would."""

from __future__ import annotations

import tempfile

from archive.bounds import Bounds
from archive.heads import Head, reread
from archive.inflating import scanner
from tests.datasets import BIG, EXPLICIT, IMPLICIT

PLAIN = (EXPLICIT, IMPLICIT, BIG)
WANTED = frozenset(
    {
        *(0x00080005, 0x00080016, 0x00080018, 0x00080060, 0x00100010),
        *(0x00100020, 0x0020000D, 0x0020000E, 0x00280010, 0x00091010),
    }
)
BOUNDS = Bounds()


def scan(data: bytes, syntax: str, *cuts: int, bounds: Bounds = BOUNDS) -> Head:
    """The head of a data set fed in portions; what is odd goes the way it goes in a reception."""
    scan = scanner(syntax, WANTED, bounds)
    for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
        scan.feed(memoryview(data)[start:end])
    if not scan.odd:
        return scan.finish()
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return reread(file, syntax, WANTED, bounds)


def is_odd(data: bytes, syntax: str) -> bool:
    plain = scanner(syntax, WANTED, BOUNDS)
    plain.feed(data)
    return bool(plain.odd)
