"""Bytes that were found to have their SHA-256 are known again by a fingerprint.

Law: every byte is looked at each time, and nothing is believed for its name, its place or its
times. Only what SHA-256 has proven in this process has a fingerprint to be known by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from archive import fixity
from config.fingerprints import Fingerprint

MOST: Final = 32_768  # objects that are known again: 1.5 MiB
_NAME, _ENTRY = 32, 48  # bytes: a SHA-256, and the same with its fingerprint behind it
_ROW = 32  # entries, the latest first


class Proven:
    """What has been proven so far, the latest of it; for several threads.

    Entries lie in rows of bytes: those of a dictionary took four times as much memory.
    """

    def __init__(self, most: int = MOST) -> None:
        self._rows = [b""] * (most // _ROW)

    def __len__(self) -> int:
        return sum(map(len, self._rows)) // _ENTRY

    def have(self, pieces: Iterable[memoryview], sha256: str) -> bool:
        """Whether these bytes have this SHA-256; each piece is done with before the next."""
        place, mark = hash(sha256) % len(self._rows), Fingerprint()
        known = _known(self._rows[place], sha256)
        if known:
            for piece in pieces:
                mark.update(piece)
            return mark.digest() == known
        if not fixity.have(_marked(pieces, mark), sha256):
            return False
        # Of two threads that do this at once, one may undo what the other did: it is proven again.
        row = bytes.fromhex(sha256) + mark.digest() + self._rows[place]
        self._rows[place] = row[: _ROW * _ENTRY]
        return True


def _known(row: bytes, sha256: str) -> bytes:
    """The fingerprint of the bytes with this SHA-256, or nothing."""
    try:
        name = bytes.fromhex(sha256)
    except ValueError:  # the disk has altered what the index says
        return b""
    at = row.find(name)
    found = at >= 0 and not at % _ENTRY and len(name) == _NAME
    return row[at + _NAME : at + _ENTRY] if found else b""


def _marked(pieces: Iterable[memoryview], mark: Fingerprint) -> Iterator[memoryview]:
    """The pieces, each in the mark before it is passed on."""
    for piece in pieces:
        mark.update(piece)
        yield piece
