"""Decoders, one per stream: a compressed frame in, its pixel values out. Runs in the worker alone.

imagecodecs (BSD) wraps libjpeg-turbo 3 (all of JPEG baseline, extended with 12 bits, lossless),
OpenJPEG (JPEG 2000, HTJ2K), libjxl and the packbits of RLE; pyjpegls (MIT) wraps CharLS.

Law: no colour is converted here that the stream does not itself convert. JPEG keeps its components,
so YBR_FULL_422 becomes YBR_FULL (chrominance is doubled by the decoder, nothing is rounded to RGB);
JPEG 2000 undoes its own transformation, so YBR_RCT and YBR_ICT become RGB; PS3.5 8.2.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import imagecodecs
import jpeg_ls  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from iod.errors import Unconvertible
from iod.transcoding import codestreams, syntaxes
from iod.transcoding.image import Image

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """The values of one frame: an array of rows x columns (x samples), or its native bytes."""

    values: Array | bytes
    precision: int
    photometric: str
    signed: bool = False
    lossy: bool = False


def decoder(transfer_syntax_uid: str) -> Callable[[bytes, Image], Frame]:
    """The decoder for frames of this transfer syntax."""
    return _DECODERS[transfer_syntax_uid]


def _jpeg(frame: bytes, image: Image) -> Frame:
    stream = codestreams.jpeg(frame)
    codestreams.agree(stream, image)
    # Naming the same space twice keeps libjpeg from guessing one and converting.
    space = {1: "GRAYSCALE", 3: "YCBCR", 4: "CMYK"}[image.samples]
    values = imagecodecs.jpeg8_decode(frame, colorspace=space, outcolorspace=space)
    photometric = _components(stream, image)
    return Frame(values, stream.precision, photometric, lossy=stream.lossy)


def _components(stream: codestreams.Stream, image: Image) -> str:
    """What the components are; where stream and attribute disagree, as pydicom decides."""
    said = image.photometric
    if image.samples != 3:
        return said
    if stream.identifiers in (b"RGB", b"rgb"):
        return "RGB"
    if said == "YBR_FULL_422" or (stream.jfif and "YBR" not in said):
        return "YBR_FULL"
    if said.startswith("YBR_PARTIAL"):
        raise Unconvertible(f"is of {said}, which native pixel data cannot be")
    return said


def _jpeg_ls(frame: bytes, image: Image) -> Frame:
    stream = codestreams.jpeg(frame)
    codestreams.agree(stream, image)
    buffer, info = jpeg_ls.decode_pixel_data(frame)
    values = np.frombuffer(buffer, "<u1" if stream.precision <= 8 else "<u2")
    planar = image.samples > 1 and info["interleave_mode"] == 0
    values = _shaped(values, image, planar=planar)
    return Frame(values, stream.precision, _full(image), lossy=stream.lossy)


def _jpeg_2000(frame: bytes, image: Image) -> Frame:
    codestream = codestreams.bare(frame)
    stream = codestreams.jpeg_2000(codestream)
    codestreams.agree(stream, image)
    values = imagecodecs.jpeg2k_decode(codestream, planar=False)
    rgb = image.samples == 3 and (stream.transformed or image.photometric in ("YBR_RCT", "YBR_ICT"))
    photometric = "RGB" if rgb else _full(image)
    return Frame(values, stream.precision, photometric, stream.signed, stream.lossy)


def _jpeg_xl(frame: bytes, image: Image) -> Frame:
    values = imagecodecs.jpegxl_decode(frame, numthreads=1)
    if values.dtype.kind != "u":
        raise Unconvertible("holds numbers that are not integers")
    # libjxl gives RGB for everything it holds in a space of its own.
    own = image.samples == 3 and image.photometric in ("XYB", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
    photometric = "RGB" if own else image.photometric
    return Frame(values, min(image.stored, 8 * values.itemsize), photometric)


def _jpeg_in_jpeg_xl(frame: bytes, image: Image) -> Frame:
    """The JPEG stream comes out of its recompression bit for bit: ISO/IEC 18181-2."""
    return _jpeg(bytes(imagecodecs.jpegxl_decode_jpeg(frame, numthreads=1)), image)


def _rle(frame: bytes, image: Image) -> Frame:
    """PS3.5 Annex G: planes of bytes, the most significant first."""
    segments = int.from_bytes(frame[:4], "little")
    if image.allocated == 1 or segments != image.samples * image.allocated // 8:
        raise Unconvertible(f"has {segments} RLE segments, which the attributes do not explain")
    cell = f"<u{image.allocated // 8}"
    raw = imagecodecs.dicomrle_decode(frame, np.dtype(cell))
    values = np.frombuffer(raw, cell)
    if values.size < image.pixels:
        raise Unconvertible("is cut off: its RLE segments are too short")
    values = _shaped(values[: image.pixels], image, planar=True)
    return Frame(values, image.allocated, _full(image))


def _uncompressed(frame: bytes, image: Image) -> Frame:
    """PS3.5 A.4.11: the bytes are those of a native frame."""
    if len(frame) - image.frame_bytes not in (0, 1):
        raise Unconvertible(f"has {len(frame)} bytes instead of {image.frame_bytes}")
    return Frame(frame[: image.frame_bytes], image.allocated, image.photometric)


def _deflated(frame: bytes, image: Image) -> Frame:
    """PS3.5 A.4.13 (Supplement 244): each frame deflated by itself."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    return _uncompressed(stream.decompress(frame, image.frame_bytes + 2), image)


def _full(image: Image) -> str:
    """Decoded chrominance is as large as luminance."""
    return "YBR_FULL" if image.subsampled else image.photometric


def _shaped(values: Array, image: Image, *, planar: bool) -> Array:
    if image.samples == 1:
        return values.reshape(image.rows, image.columns)
    if planar:
        return values.reshape(image.samples, image.rows, image.columns).transpose(1, 2, 0)
    return values.reshape(image.rows, image.columns, image.samples)


_DECODERS: Final[dict[str, Callable[[bytes, Image], Frame]]] = {
    syntaxes.ENCAPSULATED_UNCOMPRESSED: _uncompressed,
    syntaxes.DEFLATED_FRAMES: _deflated,
    syntaxes.RLE: _rle,
    syntaxes.JPEG_LS: _jpeg_ls,
    syntaxes.JPEG_LS_NEAR: _jpeg_ls,
    syntaxes.JPEG_XL_RECOMPRESSED: _jpeg_in_jpeg_xl,
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70)), _jpeg),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 201, 202, 203)), _jpeg_2000),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (110, 112)), _jpeg_xl),
}
