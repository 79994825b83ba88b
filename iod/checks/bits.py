"""Bits of a parameter set, most significant first, with Exp-Golomb codes: H.264 and H.265 9.

Law: reading past the end raises `Short`, so a loop over hostile counts ends with the bytes.
"""

from __future__ import annotations

from typing import Final

_MOST_ZEROS: Final = 32
_EXTENDED_SAR: Final = 255


class Short(Exception):
    """The bits ended, or are no code."""


class Bits:
    """A reader over the payload of a NAL unit, without its emulation prevention bytes."""

    __slots__ = ("_at", "_bits", "_size")

    def __init__(self, payload: bytes) -> None:
        plain = payload.replace(b"\0\0\3", b"\0\0")
        self._bits = int.from_bytes(plain)
        self._size = 8 * len(plain)
        self._at = 0

    def take(self, count: int) -> int:
        """The next bits as a number."""
        self._at += count
        if self._at > self._size:
            raise Short
        return self._bits >> (self._size - self._at) & ((1 << count) - 1)

    def flag(self) -> bool:
        """One bit."""
        return bool(self.take(1))

    def golomb(self) -> int:
        """ue(v)."""
        zeros = 0
        while not self.flag():
            zeros += 1
            if zeros > _MOST_ZEROS:
                raise Short
        return (1 << zeros) - 1 + (self.take(zeros) if zeros else 0)

    def signed(self) -> int:
        """se(v)."""
        code = self.golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)

    def skip_golombs(self, count: int) -> None:
        """So many ue(v)."""
        for _ in range(count):
            self.golomb()


def appearance(bits: Bits) -> bool:
    """The head of the VUI, the same in both (E.1.1, E.2.1); whether pixels are square."""
    square = True
    if bits.flag():
        ratio = bits.take(8)
        square = ratio in (0, 1)
        if ratio == _EXTENDED_SAR:
            square = bits.take(16) == bits.take(16)
    if bits.flag():  # overscan
        bits.flag()
    if bits.flag():  # video signal type
        bits.take(4)
        if bits.flag():
            bits.take(24)
    if bits.flag():  # chroma location
        bits.skip_golombs(2)
    return square
