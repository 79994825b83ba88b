"""Lossless encoders, one per transfer syntax: the cells of a frame in, its stream out.

Law: what is encoded decodes to the same cells. Where a stream could not say them (bits beyond Bits
Stored, PS3.5 8.2.3 and 8.2.4; 1-bit and 32-bit cells) the image is left as it is.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

import imagecodecs
import jpeg_ls  # type: ignore[import-untyped]
import numpy as np

from iod.errors import Unconvertible
from iod.transcoding import syntaxes
from iod.transcoding.decoding import Array
from iod.transcoding.image import Image

_MOST_SEGMENTS: Final = 15


def encoder(target: str) -> Callable[[Array, Image], bytes]:
    """The encoder for frames of this transfer syntax."""
    return _ENCODERS[target]


def check(image: Image, target: str) -> None:
    """Raise when no frame of such an image can be encoded so."""
    cells = (8, 16, 32) if target == syntaxes.RLE else (8, 16)
    if image.allocated not in cells:
        name = syntaxes.ENCODED[target]
        raise Unconvertible(f"{name} is not for cells of {image.allocated} bits")
    if image.subsampled:
        raise Unconvertible("native YBR_FULL_422 is not compressed: it would have to be resampled")
    if target == syntaxes.RLE:
        return
    if image.high != image.stored - 1 or image.stored < 2 or image.samples == 4:
        raise Unconvertible(f"{syntaxes.ENCODED[target]} cannot say where its bits stand")


def photometric(image: Image, target: str) -> str:
    """PS3.5 8.2.4: JPEG 2000 transforms RGB reversibly; the others take the components as such."""
    transformed = target == syntaxes.JPEG_2000 and image.photometric == "RGB"
    return "YBR_RCT" if transformed else image.photometric


def _rle(cells: Array, image: Image) -> bytes:
    """PS3.5 Annex G: each byte of each sample is a segment, and rows are encoded one by one."""
    width = image.allocated // 8
    octets = np.ascontiguousarray(cells).astype(f">u{width}", copy=False).view("u1")
    octets = octets.reshape(image.rows, image.columns, image.samples * width)
    if octets.shape[2] > _MOST_SEGMENTS:
        raise Unconvertible("RLE holds no more than 15 segments")
    offsets, segments, at = [], [], 64
    for plane in np.moveaxis(octets, 2, 0):
        segment = bytes(imagecodecs.packbits_encode(plane.copy()))
        segment += b"\0" * (len(segment) % 2)
        offsets.append(at)
        segments.append(segment)
        at += len(segment)
    header = struct.pack(f"<{len(offsets) + 1}I", len(offsets), *offsets)
    return b"".join((header.ljust(64, b"\0"), *segments))


def _jpeg_ls(cells: Array, image: Image) -> bytes:
    """CharLS knows no sign: the lower bits are the value, PS3.5 8.2.3."""
    _check_bits(cells, image)
    whole = np.ascontiguousarray(cells).view(f"u{image.allocated // 8}")
    lower = whole & np.array((1 << image.stored) - 1, whole.dtype)
    small = lower.astype("<u1" if image.stored <= 8 else "<u2")
    options = {
        "rows": image.rows,
        "columns": image.columns,
        "samples_per_pixel": image.samples,
        "bits_stored": image.stored,
        "planar_configuration": 0,
    }
    try:
        return bytes(jpeg_ls.encode_pixel_data(small.tobytes(), **options))
    except RuntimeError:
        # It leaves no room for a few pixels that grow. This one does, but knows whole cells only,
        # and takes the strides of one pixel, which may be any, by their word: a copy has its own.
        return bytes(imagecodecs.jpegls_encode(whole.copy(), level=0, out=2 * whole.nbytes + 1024))


def _jpeg_2000(cells: Array, image: Image) -> bytes:
    _check_bits(cells, image)
    kind = "i" if image.signed else "u"
    small = np.ascontiguousarray(cells).astype(f"{kind}{1 if image.stored <= 8 else 2}")
    # A small image has no room for the usual six resolutions.
    resolutions = min(6, min(image.rows, image.columns).bit_length())
    made = imagecodecs.jpeg2k_encode(
        small,
        level=0,
        codecformat="j2k",
        bitspersample=image.stored,
        resolutions=resolutions,
        reversible=True,
        mct=photometric(image, syntaxes.JPEG_2000) == "YBR_RCT",
    )
    return bytes(made)


def _check_bits(cells: Array, image: Image) -> None:
    """Old images keep overlays in the bits above, PS3.5 8.1.2."""
    low = -(1 << image.stored - 1) if image.signed else 0
    high = (1 << image.stored - image.signed) - 1
    if cells.min() < low or cells.max() > high:
        raise Unconvertible("has something in the bits beyond Bits Stored")


_ENCODERS: Final[dict[str, Callable[[Array, Image], bytes]]] = {
    syntaxes.RLE: _rle,
    syntaxes.JPEG_LS: _jpeg_ls,
    syntaxes.JPEG_2000: _jpeg_2000,
}
