"""A DIMSE message as it arrives, PS3.7 6.3.1: its command set first, its data set as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wire.command import Command
from wire.errors import ProtocolError
from wire.negotiation import Context

if TYPE_CHECKING:
    from wire.association import Association


@dataclass(slots=True)
class Message:
    """A message that is arriving: its command set is here, its data set is still on the wire."""

    context: Context
    command: Command
    _association: Association = field(repr=False)
    _done: bool = False

    def fragments(self) -> Iterator[list[memoryview]]:
        """The data set's fragments as they arrive; each list is good until the next one."""
        while not self._done:
            pieces, self._done = self._association.data_values(self.context.id)
            yield pieces

    def identifier(self, limit: int | None = None) -> bytes:
        """The whole data set; over `limit` (default: `identifier_bytes`) the peer is aborted."""
        most = limit or self._association.channel.limits.identifier_bytes
        gathered = bytearray()
        for pieces in self.fragments():
            for piece in pieces:
                gathered += piece
            if len(gathered) > most:
                raise self._association.violated(f"an identifier of more than {most} bytes")
        return bytes(gathered)

    def violated(self, why: str) -> ProtocolError:
        """Abort because of this message; returns the exception to raise."""
        return self._association.violated(why)

    def drain(self, limit: int | None = None) -> None:
        """Read what is left of the data set and drop it; over `limit` the peer is aborted."""
        dropped = 0
        for pieces in self.fragments():
            dropped += sum(map(len, pieces))
            if limit is not None and dropped > limit:
                raise self._association.violated(f"a data set of more than {limit} bytes")
