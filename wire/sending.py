"""Messages as P-DATA-TF bytes, PS3.7 6.3.1 and PS3.8 9.3.5: as few writes as possible.

A file goes out in strides: headers are laid out in one buffer with gaps between them, the gaps are
filled by a single scattered read, and the buffer leaves in a single write. Memory stays flat
whatever the object's size, plain or TLS.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

from wire import framing
from wire.errors import Unreadable

_HEADER = len(framing.header(1, 0, command=False, last=True))
_STRIDE = 512 * 1024
_OUR_MAXIMUM = 256 * 1024
MOST_VALUES = 512  # a scattered read takes at most 1024 pieces


def room(maximum_length: int) -> int:
    """Data bytes per P-DATA-TF for a peer's maximum length; 0 means it set none, PS3.8 D.1.1."""
    most = min(maximum_length, _OUR_MAXIMUM) if maximum_length else _OUR_MAXIMUM
    return max(most - framing.OVERHEAD, 2) // 2 * 2


def message(context_id: int, command: bytes, data: bytes | None, room_: int) -> bytes:
    """A whole message: the command set and, where there is one, its data set."""
    lead = _framed(context_id, command, room_)
    if data is None:
        return lead
    return lead + framing.framed(context_id, data, room_, command=False)


# Pending responses have the same command set a thousand times in a row.
_framed = lru_cache(maxsize=64)(partial(framing.framed, command=True))


@dataclass(frozen=True, slots=True)
class FileSlice:
    """Bytes of an open file: a data set as stored."""

    descriptor: int
    offset: int
    size: int


def file_message(
    context_id: int, command: bytes, source: FileSlice, room_: int
) -> Iterator[memoryview]:
    """A message whose data set is read from a file; raises Unreadable.

    Each view yielded is to be sent before the next one is asked for. What is known to be missing
    is missed before the first.
    """
    check(source)
    lead = message(context_id, command, None, room_)
    values = min(max(_STRIDE // room_, 1), MOST_VALUES, source.size // room_ + 1)
    stride = values * room_
    view = memoryview(bytearray(len(lead) + values * (_HEADER + room_)))
    at = len(lead)
    view[:at] = lead
    for done in range(0, source.size or 1, stride):
        gaps = []
        # An empty data set is one empty value: the command has announced it.
        for begin in range(done, min(done + stride, source.size) or 1, room_):
            end = min(begin + room_, source.size)
            header = framing.header(context_id, end - begin, command=False, last=end == source.size)
            view[at : at + _HEADER] = header
            gaps.append(view[at + _HEADER : at + _HEADER + end - begin])
            at += _HEADER + end - begin
        fill(source, done, gaps)
        yield view[:at]
        at = 0


def check(source: FileSlice) -> None:
    """Raise Unreadable for a file that is known to be too short."""
    try:
        held = os.fstat(source.descriptor).st_size
    except OSError as error:
        raise Unreadable(f"a file to be sent cannot be read: {error}") from None
    if held < source.offset + source.size:
        raise Unreadable("a file to be sent is shorter than it should be")


def fill(source: FileSlice, done: int, gaps: list[memoryview]) -> None:
    """Fill gaps from the slice, from `done` on; raises Unreadable."""
    try:
        got = os.preadv(source.descriptor, gaps, source.offset + done)
    except OSError as error:
        raise Unreadable(f"a file to be sent cannot be read: {error}") from None
    if got != sum(map(len, gaps)):
        raise Unreadable("a file to be sent has become shorter")
