"""Pixels: small pictures computed from integers alone, so that every machine makes the same ones.

The Image Pixel Module, PS3.3 C.7.6.3, goes with them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from iod.samples.items import put

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint16]
Shorts = npt.NDArray[np.int16]


def colour_pixels(made: Dataset, pixels: Bytes) -> Dataset:
    """The Image Pixel Module of an RGB image of bytes, colours by pixel."""
    rows, columns, _ = pixels.shape[-3:]
    put(
        made,
        SamplesPerPixel=3,
        PhotometricInterpretation="RGB",
        PlanarConfiguration=0,
        Rows=rows,
        Columns=columns,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelRepresentation=0,
    )
    made.add_new("PixelData", "OB", pixels.tobytes())
    return made


def grey_pixels(made: Dataset, pixels: Bytes | Words | Shorts, stored: int) -> Dataset:
    """The Image Pixel Module of MONOCHROME2 bytes or words; `stored` bits of each are used."""
    allocated = pixels.dtype.itemsize * 8
    rows, columns = pixels.shape[-2:]
    put(
        made,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=rows,
        Columns=columns,
        BitsAllocated=allocated,
        BitsStored=stored,
        HighBit=stored - 1,
        PixelRepresentation=int(pixels.dtype.kind == "i"),
    )
    little = pixels.astype(pixels.dtype.newbyteorder("<"))
    made.add_new("PixelData", "OB" if allocated == 8 else "OW", little.tobytes())
    return made


def texture(rows: int, columns: int, redder: int) -> Bytes:
    """Skin with a weave in it."""
    y, x = np.mgrid[0:rows, 0:columns]
    weave = (x * 5 ^ y * 3) % 32
    pixels = np.stack([200 + weave + redder, 150 + weave, 130 + weave // 2], axis=-1)
    return pixels.astype(np.uint8)


def ball(
    shape: tuple[int, ...], centre: tuple[int, ...], radii: tuple[int, ...]
) -> npt.NDArray[np.bool_]:
    """Where a ball is, or an ellipsoid along the axes, computed without fractions."""
    grid = np.indices(shape, dtype=np.int64)
    whole = np.int64(1)
    for radius in radii:
        whole *= radius * radius
    total = np.zeros(shape, dtype=np.int64)
    for axis, radius in enumerate(radii):
        away = grid[axis] - centre[axis]
        total += away * away * (whole // (radius * radius))
    return np.asarray(total <= whole)
