"""Bytes that were found to have their SHA-256 are known again by a fingerprint.

Law: every byte is looked at each time, and nothing is believed for its name, its place or its
times. Only what SHA-256 has proven in this process has a fingerprint to be known by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from archive import fixity
from config.fingerprints import Fingerprint

MOST: Final = 32_768  # objects that are known again: some 9 MB


class Proven:
    """What has been proven so far, the latest of it; for several threads."""

    def __init__(self, most: int = MOST) -> None:
        self._half = most // 2
        self._young: dict[str, bytes] = {}
        self._old: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())

    def have(self, pieces: Iterable[memoryview], sha256: str) -> bool:
        """Whether these bytes have this SHA-256; each piece is done with before the next."""
        mark = Fingerprint()
        known = self._young.get(sha256) or self._old.get(sha256)
        if known is not None:
            for piece in pieces:
                mark.update(piece)
            return mark.digest() == known
        if not fixity.have(_marked(pieces, mark), sha256):
            return False
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[sha256] = mark.digest()
        return True


def _marked(pieces: Iterable[memoryview], mark: Fingerprint) -> Iterator[memoryview]:
    """The pieces, each in the mark before it is passed on."""
    for piece in pieces:
        mark.update(piece)
        yield piece
