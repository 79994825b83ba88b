"""The sequence parameter set of HEVC, ITU-T H.265 7.3.2.2, and its VUI, E.2.1."""

from __future__ import annotations

from typing import Final

from iod.checks.bits import Bits, Short, appearance

_MOST: Final = 64


def parameters(unit: bytes) -> tuple[int, int, int, int, float | None, int, int, bool]:
    """Profile, level, rows, columns, rate, bits, chroma format, square. Raises Short."""
    bits = Bits(unit[2:])
    bits.take(4)
    layers = bits.take(3)
    bits.flag()
    profile, level = _profile(bits, layers)
    bits.golomb()
    chroma = bits.golomb()
    if chroma == 3:
        bits.flag()
    columns, rows = bits.golomb(), bits.golomb()
    if bits.flag():
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        columns -= (2 if chroma in (1, 2) else 1) * (left + right)
        rows -= (2 if chroma == 1 else 1) * (top + bottom)
    depth = 8 + bits.golomb()
    bits.golomb()
    try:
        rate, square = _rest(bits, layers)
    except Short:  # what could be read of the picture stands
        rate, square = None, True
    return profile, level, rows, columns, rate, depth, chroma, square


def _profile(bits: Bits, layers: int) -> tuple[int, int]:
    """7.3.3."""
    bits.take(3)
    profile = bits.take(5)
    bits.take(80)
    level = bits.take(8)
    present = [(bits.flag(), bits.flag()) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for of_profile, of_level in present:
        bits.take(88 * of_profile + 8 * of_level)
    return profile, level


def _rest(bits: Bits, layers: int) -> tuple[float | None, bool]:
    order = bits.golomb() + 4
    bits.skip_golombs(3 * (layers + 1 if bits.flag() else 1))
    bits.skip_golombs(6)
    if bits.flag() and bits.flag():
        _scaling(bits)
    bits.take(2)
    if bits.flag():  # pcm
        bits.take(8)
        bits.skip_golombs(2)
        bits.flag()
    _references(bits)
    if bits.flag():  # long-term
        for _ in range(_bounded(bits.golomb())):
            bits.take(order + 1)
    bits.take(2)
    return _usability(bits) if bits.flag() else (None, True)


def _bounded(count: int) -> int:
    if count > _MOST:
        raise Short
    return count


def _scaling(bits: Bits) -> None:
    """7.3.4."""
    for size in range(4):
        for _ in range(0, 6, 3 if size == 3 else 1):
            if not bits.flag():
                bits.golomb()
                continue
            if size > 1:
                bits.signed()
            bits.skip_golombs(min(64, 1 << (4 + (size << 1))))


def _references(bits: Bits) -> None:
    """7.3.7: each set may be told as a difference from the one before."""
    before = 0
    for number in range(_bounded(bits.golomb())):
        if number and bits.flag():
            bits.flag()
            bits.golomb()
            kept = 0
            for _ in range(before + 1):
                used = bits.flag()
                kept += used or bits.flag()
            before = kept
        else:
            before = _bounded(bits.golomb()) + _bounded(bits.golomb())
            for _ in range(before):
                bits.golomb()
                bits.flag()


def _usability(bits: Bits) -> tuple[float | None, bool]:
    square = appearance(bits)
    bits.take(3)
    if bits.flag():  # default display window
        bits.skip_golombs(4)
    if not bits.flag():
        return None, square
    ticks, scale = bits.take(32), bits.take(32)
    return (scale / ticks if ticks else None), square
