"""Between pixel values and native pixel cells, PS3.5 8.1: width, sign, and bits packed together.

Law: a value never changes. One that does not fit its cell is an error, not a rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from iod.errors import Unconvertible
from iod.transcoding.decoding import Array, Frame
from iod.transcoding.image import Image


def array(frame: Frame, image: Image) -> Array:
    """The frame as rows x columns (x samples) of cells, color-by-pixel."""
    if isinstance(frame.values, bytes):
        return _unpacked(frame.values, image)
    values = frame.values
    shape = (image.rows, image.columns, *((image.samples,) if image.samples > 1 else ()))
    if values.shape != shape or values.dtype.kind not in "iu":
        raise Unconvertible("is not of the shape its attributes say")
    return values if image.allocated == 1 else _widened(values, frame, image)


def _widened(values: Array, frame: Frame, image: Image) -> Array:
    """Cells of Bits Allocated; the sign reaches through them as the attributes say."""
    width = image.allocated
    if values.dtype.itemsize * 8 > width and _beyond(values, width, frame.signed):
        raise Unconvertible(f"has values of more than {width} bits")
    cells: Array = values.astype(f"<u{width // 8}")
    shift = width - frame.precision
    if image.signed == frame.signed or shift <= 0:
        return cells.view(f"<i{width // 8}") if image.signed else cells
    # The stream knows no sign, or another one: the lower bits are the value.
    np.left_shift(cells, shift, out=cells)
    cells = cells.view(f"<i{width // 8}") if image.signed else cells
    return cells >> shift


def _beyond(values: Array, width: int, signed: bool) -> bool:
    low, high = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
    return bool(values.min() < low or values.max() > high)


def _unpacked(raw: bytes, image: Image) -> Array:
    """Cells out of one native little endian frame."""
    if image.allocated == 1:
        bits = np.unpackbits(np.frombuffer(raw, "u1"), count=image.pixels, bitorder="little")
        return bits.reshape(image.rows, image.columns)
    if image.subsampled:
        raise Unconvertible("is of native YBR_FULL_422, which is not compressed")
    cells = np.frombuffer(raw, f"<{'i' if image.signed else 'u'}{image.allocated // 8}")
    if image.samples == 1:
        return cells.reshape(image.rows, image.columns)
    if image.planar:
        return cells.reshape(image.samples, image.rows, image.columns).transpose(1, 2, 0)
    return cells.reshape(image.rows, image.columns, image.samples)


def native(frame: Frame, image: Image) -> bytes:
    """The bytes of a native frame, little endian; 1-bit images come by `packed`."""
    if isinstance(frame.values, bytes):
        return frame.values
    return array(frame, image).tobytes()


def packed(frames: Iterable[Frame], image: Image) -> Iterator[bytes]:
    """Native bytes of a 1-bit image: its frames follow each other without a gap, PS3.5 8.1.1."""
    rest = np.empty(0, "u1")
    for frame in frames:
        values = array(frame, image).reshape(-1)
        if values.size and values.max() > 1:
            raise Unconvertible("has values of more than 1 bit")
        bits = np.concatenate((rest, values.astype("u1")))
        whole = bits.size - bits.size % 8
        yield np.packbits(bits[:whole], bitorder="little").tobytes()
        rest = bits[whole:]
    yield np.packbits(rest, bitorder="little").tobytes()
