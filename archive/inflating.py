"""A deflated data set, PS3.5 A.5, scanned without ever being inflated as a whole.

Hostile input D6: 306 KB may hold 300 MiB, so inflation goes in steps of bounded size, and the
sum of them is bounded too.
"""

from __future__ import annotations

import zlib

from archive import encodings
from archive.bounds import Bounds
from archive.errors import BadObject, Inflated
from archive.heads import Head
from archive.kept import Data
from archive.scanner import Scanner

STEP = 64 << 10


class Inflater:
    """Looks like a Scanner; between the two lies an inflated step."""

    __slots__ = ("_bounds", "_inflated", "_stream", "scanner")

    def __init__(self, scanner: Scanner, bounds: Bounds) -> None:
        self.scanner = scanner
        self._bounds = bounds
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        self._inflated = 0

    deflated = True

    @property
    def odd(self) -> str:
        """Why the scanner stopped, if it did."""
        return self.scanner.odd

    def feed(self, data: Data) -> None:
        """Inflate these bytes step by step. Raises BadObject or Inflated."""
        pending: Data = data
        while pending and not self._stream.eof:
            self._step(pending)
            pending = self._stream.unconsumed_tail

    def finish(self) -> Head:
        """The head, once the stream came to its own end; what follows that (pads, the CRC that
        some writers append) is not the data set's."""
        while not self._stream.eof:
            if not self._step(b""):
                raise BadObject("the deflated data set is truncated")
        return self.scanner.finish()

    def _step(self, data: Data) -> int:
        try:
            inflated = self._stream.decompress(data, STEP)
        except zlib.error as error:
            raise BadObject("the deflated data set is damaged") from error
        self._inflated += len(inflated)
        if self._inflated > self._bounds.inflated_bytes:
            raise Inflated(f"the data set inflates to over {self._bounds.inflated_bytes} bytes")
        self.scanner.feed(inflated)
        return len(inflated)

    def has(self, *tags: int) -> bool:
        """As the scanner's."""
        return self.scanner.has(*tags)

    def so_far(self) -> Head:
        """As the scanner's."""
        return self.scanner.so_far()


def scanner(syntax: str, wanted: frozenset[int], bounds: Bounds) -> Scanner | Inflater:
    """The scanner for data sets of this transfer syntax."""
    plain = Scanner(syntax, wanted, bounds)
    return Inflater(plain, bounds) if syntax in encodings.DEFLATED else plain
