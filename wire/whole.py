"""A data set of moderate size, read once: looked at and sent from one buffer, PS3.8 9.3.5.

The bytes are read into one buffer with gaps between them, and headers are written into the gaps
when it is known on which context, and with which command, they leave: in a single write.
"""

from __future__ import annotations

from wire import framing, sending
from wire.errors import Unreadable
from wire.sending import FileSlice

MOST = 1 << 20
_LEAD = 4096  # for the command set, six UIDs and titles at the most, and what waits to be sent
_HEADER = len(framing.header(1, 0, command=False, last=True))
_LEAST_ROOM = 1024  # with smaller values gaps would outweigh what lies between them


class Whole:
    """Room for one data set at a time, used again for the next."""

    def __init__(self) -> None:
        self._memory = memoryview(bytearray())
        self.values: list[memoryview] = []
        """The bytes that will be sent, in order."""
        self._room = 0

    def read(self, source: FileSlice, room: int) -> None:
        """Take these bytes in, to be sent in values of `room`. Raises Unreadable."""
        self.values = []  # nothing is held should it fail
        number = max(-(-source.size // room), 1)
        needed = _LEAD + number * _HEADER + source.size
        if len(self._memory) < needed:
            self._memory = memoryview(bytearray(needed + needed // 8))
        values, at = [], _LEAD
        for begin in range(0, source.size or 1, room):
            at += _HEADER
            length = min(room, source.size - begin)
            values.append(self._memory[at : at + length])
            at += length
        sending.fill(source, 0, values)
        self.values, self._room = values, room

    def message(
        self, context_id: int, command: bytes, before: bytes | bytearray = b""
    ) -> memoryview:
        """The message with this command set, good until the next read; `before` it what waits."""
        if not self.values:
            raise Unreadable("nothing has been read to be sent")
        lead = before + sending.message(context_id, command, None, self._room)
        at = _LEAD
        for value in self.values:
            last = value is self.values[-1]
            header = framing.header(context_id, len(value), command=False, last=last)
            self._memory[at : at + _HEADER] = header
            at += _HEADER + len(value)
        if len(lead) > _LEAD:
            return memoryview(lead + self._memory[_LEAD:at])
        start = _LEAD - len(lead)
        self._memory[start:_LEAD] = lead
        return self._memory[start:at]


def fits(size: int, room: int) -> bool:
    """Whether a data set is worth being read whole for values of `room`."""
    return size <= MOST and room >= _LEAST_ROOM and size <= sending.MOST_VALUES * room
