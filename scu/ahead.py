"""Objects compared with their SHA-256 in the buffer they are sent from, the next one ahead of time.

Law: not one byte of an object leaves before all of it was found to be what it should be. While the
receiver takes one object the next is read; a fault of it is told in its own turn.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from scu.instances import Instance
from wire.errors import Unreadable
from wire.sending import FileSlice
from wire.whole import Whole, fits

ALTERED = "the stored object is not as it came"


def nothing() -> Instance | None:
    """Nothing is known to follow."""
    return None


class Ahead:
    """For one association at a time, in one thread.

    `digest` says what is to be compared, or ""; `have` whether bytes have this digest.
    """

    def __init__(
        self,
        digest: Callable[[Instance], str],
        have: Callable[[Iterable[memoryview], str], bool],
    ) -> None:
        self._digest = digest
        self._have = have
        self._held: tuple[Instance, int] | None = None
        self._now, self._next = Whole(), Whole()
        self.following: Callable[[], Instance | None] = nothing

    def takes(self, instance: Instance, room: int) -> bool:
        """Whether this object goes this way."""
        return fits(instance.size, room) and bool(self._digest(instance))

    def take(self, instance: Instance, room: int) -> Whole:
        """The object, found sound, until the next is taken. Raises Unreadable, OSError."""
        held, self._held = self._held, None
        self._now, self._next = self._next, self._now
        if held is None or held[0] is not instance or held[1] != room:
            self._read(self._now, instance, room)
        return self._now

    def look(self, room: int) -> None:
        """Read what follows, if it goes this way."""
        instance, self._held = self.following(), None
        if instance is None or not self.takes(instance, room):
            return
        try:
            self._read(self._next, instance, room)
        except (Unreadable, OSError):
            return  # it is read again in its turn, and the fault is told then
        self._held = instance, room

    def _read(self, into: Whole, instance: Instance, room: int) -> None:
        descriptor = os.open(instance.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            into.read(FileSlice(descriptor, instance.offset, instance.size), room)
        finally:
            os.close(descriptor)
        if not self._have(into.values, self._digest(instance)):
            raise Unreadable(ALTERED)
