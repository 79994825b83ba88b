"""A deflated data set, PS3.5 A.5, step by step and under a bound: hostile input D6."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from iod.errors import Beyond, Malformed

_STEP: Final = 1 << 20


def inflated(source: BinaryIO, most: int) -> Iterator[bytes]:
    """The pieces of what is in the source from its position on, `most` bytes in all.

    What follows the end of the stream is padding. Raises Malformed, Beyond.
    """
    stream, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while not stream.eof:
        pending = stream.unconsumed_tail or source.read(_STEP)
        try:
            piece = stream.decompress(pending, _STEP)
        except zlib.error:
            raise Malformed("the deflated data set is damaged") from None
        if not pending and not piece:
            raise Malformed("the deflated data set is truncated")
        size += len(piece)
        if size > most:
            raise Beyond(f"the data set inflates to over {most} bytes")
        yield piece


def in_memory(source: BinaryIO, most: int) -> BinaryIO:
    """All of it; once, so piece by piece into where it stays. Raises Malformed, Beyond."""
    plain = io.BytesIO()
    plain.writelines(inflated(source, most))
    plain.seek(0)
    return plain
