"""What a walk over a data set keeps of it: wanted values, and the bytes of wanted sequences.

Law: values are cut off at the bound, for a text is searchable in part; a sequence over the bound is
kept not at all. Positions called absolute count from the data set's first byte.
"""

from __future__ import annotations

Data = bytes | memoryview


class Kept:
    """The values so far, and the one that has not arrived whole."""

    __slots__ = ("_bound", "_keeping", "_taken", "_wanting", "sequence", "values")

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self.values: dict[int, bytes] = {}
        self._keeping, self._wanting = 0, 0  # a value's tag, and how many of its bytes lack
        self.sequence = 0  # the wanted sequence that the walk is inside of
        self._taken = 0  # absolute: how far it is kept

    def value(self, tag: int, data: Data, start: int, length: int) -> None:
        """Keep a value, or the part of it that is here."""
        kept = min(length, self._bound)
        value = bytes(data[start : start + kept])
        self.values[tag] = value
        self._keeping, self._wanting = tag, kept - len(value)

    def resume(self, data: Data, taken: int) -> None:
        """Keep what now arrived of the last value: the first bytes of `data`."""
        if self._wanting:
            kept = bytes(data[: min(taken, self._wanting)])
            self.values[self._keeping] += kept
            self._wanting -= len(kept)

    def begin(self, tag: int, start: int) -> None:
        """A wanted sequence begins at this absolute position."""
        self.sequence, self._taken = tag, start
        self.values[tag] = b""

    def take(self, data: Data, base: int, end: int) -> None:
        """Keep the sequence up to `end` in `data`, whose first byte is at `base`."""
        more = bytes(data[self._taken - base : end])
        whole = self.values[self.sequence] + more
        self._taken = base + end
        if len(whole) > self._bound:
            self.values[self.sequence] = b""
            self.sequence = 0
        else:
            self.values[self.sequence] = whole
