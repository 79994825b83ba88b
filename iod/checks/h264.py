"""The sequence parameter set of H.264, ITU-T H.264 7.3.2.1.1 and its E.1.1 (VUI)."""

from __future__ import annotations

from typing import Final

from iod.checks.bits import Bits, Short, appearance

# Profiles whose set says more of chroma: 7.3.2.1.1.
_HIGH: Final = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))


def parameters(unit: bytes) -> tuple[int, int, int, int, float | None, int, int, bool]:
    """Profile, level, rows, columns, rate, bits, chroma format, square. Raises Short."""
    bits = Bits(unit[1:])
    profile, _constraints, level = bits.take(8), bits.take(8), bits.take(8)
    bits.golomb()
    chroma, depth = _chroma(bits) if profile in _HIGH else (1, 8)
    bits.golomb()  # log2_max_frame_num
    _order_count(bits)
    bits.golomb()  # max_num_ref_frames
    bits.flag()
    width, height = bits.golomb() + 1, bits.golomb() + 1
    frames_only = bits.flag()
    if not frames_only:
        bits.flag()
    bits.flag()  # direct_8x8_inference
    columns, rows = 16 * width, 16 * height * (1 if frames_only else 2)
    if bits.flag():
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        across = 2 if chroma in (1, 2) else 1
        down = (2 if chroma == 1 else 1) * (1 if frames_only else 2)
        columns -= across * (left + right)
        rows -= down * (top + bottom)
    rate, square = _usability(bits) if bits.flag() else (None, True)
    return profile, level, rows, columns, rate, depth, chroma, square


def _chroma(bits: Bits) -> tuple[int, int]:
    chroma = bits.golomb()
    if chroma == 3:
        bits.flag()
    depth = 8 + bits.golomb()
    bits.golomb()
    bits.flag()
    if bits.flag():
        for number in range(8 if chroma != 3 else 12):
            if bits.flag():
                _scaling_list(bits, 16 if number < 6 else 64)
    return chroma, depth


def _scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed() + 256) % 256
        last = following or last


def _order_count(bits: Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.flag()
        bits.signed()
        bits.signed()
        count = bits.golomb()
        if count > 255:
            raise Short
        for _ in range(count):
            bits.signed()


def _usability(bits: Bits) -> tuple[float | None, bool]:
    square = appearance(bits)
    if not bits.flag():
        return None, square
    ticks, scale = bits.take(32), bits.take(32)
    return (scale / (2 * ticks) if ticks else None), square
