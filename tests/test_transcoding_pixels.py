"""Change of the form of pixel data, PS3.5 8.2, A.4 and Annex G: no pixel value changes."""

from __future__ import annotations

import struct
import subprocess
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.pixels import pixel_array

from iod.errors import Unconvertible
from tests import corpus
from tests.datasets import BIG, EXPLICIT, IMPLICIT, Element, encode
from tests.peers import needs_dcmtk
from tests.transcoding import (
    COMPRESSED,
    JPEG_2000,
    JPEG_LS,
    NATIVE,
    RLE,
    changed,
    encapsulated,
    image,
    native,
    read,
    text,
)

HTJ2K = "1.2.840.10008.1.2.4.201"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_XL, JPEG_XL_JPEG, JPEG_XL_LOSSY = (f"1.2.840.10008.1.2.4.{n}" for n in (110, 111, 112))
UNCOMPRESSED, DEFLATED_FRAMES = "1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.8.1"

SMALL = 3 << 20

# What no decoder reads: pydicom says so too.
DAMAGED = {"JPEG2000-embedded-sequence-delimiter.dcm", "emri_small_jpeg_2k_lossless_too_short.dcm"}
TWELVE_BITS = {"JPEG-lossy.dcm", "JPGExtended.dcm"}  # pydicom has no permissive decoder of these
ENCAPSULATED = [
    one
    for one in corpus.sendable()
    if one.transfer_syntax_uid not in NATIVE
    and one.path.name not in {*DAMAGED, "UN_sequence.dcm"}  # which has no pixel data
]
IMAGES = [
    one
    for one in corpus.sendable()
    if one.transfer_syntax_uid in NATIVE
    and one.size < SMALL
    and "PixelData" in read(corpus.data_set(one), one.transfer_syntax_uid)
]
TABLES = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")
pytestmark = pytest.mark.filterwarnings("ignore")


def _kept(original: Dataset, made: Dataset) -> None:
    """What a change of encoding leaves alone, and what it must not leave."""
    for keyword in (
        "SOPInstanceUID", "Rows", "Columns", "SamplesPerPixel", "NumberOfFrames", "BitsAllocated",
        "BitsStored", "HighBit", "PixelRepresentation", "LossyImageCompressionRatio",
        "LossyImageCompressionMethod", "ICCProfile", "DerivationDescription", "ImageType",
    ):  # fmt: skip
        assert original.get(keyword) == made.get(keyword), keyword
    assert made.get("LossyImageCompression") in (original.get("LossyImageCompression"), "01")
    assert not any(keyword in made for keyword in TABLES)


@pytest.mark.parametrize("one", ENCAPSULATED, ids=lambda one: one.path.name)
def test_a_compressed_object_decodes_to_what_pydicom_decodes(one):
    stored = corpus.data_set(one)
    original = read(stored, one.transfer_syntax_uid)
    made = read(changed(stored, one.transfer_syntax_uid, IMPLICIT), IMPLICIT)
    _kept(original, made)
    if made.SamplesPerPixel > 1:
        assert made.PlanarConfiguration == 0
        assert made.PhotometricInterpretation in ("RGB", "YBR_FULL")
    if one.path.name in TWELVE_BITS:
        assert (made.pixel_array.min(), made.pixel_array.max()) == (0, 264)
        return
    # The plug-in for JPEG 2000 that is asked first cannot write into its own array.
    found = pixel_array(original, decoding_plugin=_plugin(one.path.name))
    assert (found == made.pixel_array).all()
    if one.size < SMALL:
        big = read(changed(stored, one.transfer_syntax_uid, BIG), BIG)
        assert (found == big.pixel_array).all()


def _plugin(name: str) -> str:
    return "pylibjpeg" if name == "J2K_pixelrep_mismatch.dcm" else ""


@needs_dcmtk
@pytest.mark.interop
@pytest.mark.parametrize("one", ENCAPSULATED, ids=lambda one: one.path.name)
def test_a_jpeg_decodes_to_what_dcmtk_decodes(one, tmp_path: Path):
    if not one.transfer_syntax_uid.startswith("1.2.840.10008.1.2.4.5") or one.size > SMALL:
        return
    out = tmp_path / "out.dcm"
    # +cn: no conversion of colours.
    made = subprocess.run(
        ["dcmdjpeg", "+cn", "+te", one.path, out], capture_output=True, check=False
    )
    if made.returncode == 0:
        ours = changed(corpus.data_set(one), one.transfer_syntax_uid, EXPLICIT)
        theirs = __import__("pydicom").dcmread(out)
        difference = read(ours, EXPLICIT).pixel_array.astype(int) - theirs.pixel_array
        assert abs(difference).max() <= 3  # another inverse DCT, another doubling of chrominance


@pytest.mark.parametrize("name", sorted(DAMAGED))
def test_what_is_damaged_is_not_converted(name):
    (one,) = (one for one in corpus.sendable() if one.path.name == name)
    with pytest.raises(Unconvertible):
        changed(corpus.data_set(one), one.transfer_syntax_uid, EXPLICIT)


@pytest.mark.parametrize("target", COMPRESSED)
@pytest.mark.parametrize("one", IMAGES, ids=lambda one: one.path.name)
def test_a_native_image_comes_out_of_compression_as_it_went_in(one, target):
    stored = corpus.data_set(one)
    try:
        packed = changed(stored, one.transfer_syntax_uid, target)
    except Unconvertible as error:
        excused = str(error).startswith(EXCUSES)
        assert excused, error  # noqa: PT017
        return
    original, made = read(stored, one.transfer_syntax_uid), read(packed, target)
    _kept(original, made)
    if target == JPEG_2000 and original.PhotometricInterpretation == "RGB":
        assert made.PhotometricInterpretation == "YBR_RCT"
    else:
        assert made.PhotometricInterpretation == original.PhotometricInterpretation
    assert (original.pixel_array == made.pixel_array).all()
    again = read(changed(packed, target, EXPLICIT), EXPLICIT)
    assert (original.pixel_array == again.pixel_array).all()
    assert again.PhotometricInterpretation == original.PhotometricInterpretation


EXCUSES = (
    "RLE is not for cells of 1 ",
    "JPEG-LS lossless is not for cells of",
    "JPEG 2000 lossless is not for cells of",
    "native YBR_FULL_422",
    "frame 1 has something in the bits beyond",
    "Number of Frames is not",
    "the object is damaged: it ends inside",
)


@st.composite
def images(draw) -> bytes:
    """A small native image, and its pixel values."""
    allocated = draw(st.sampled_from([8, 16]))
    stored = draw(st.integers(2, allocated))
    signed = draw(st.booleans())
    samples = draw(st.sampled_from([1, 3]))
    signed = signed and samples == 1
    shape = tuple(draw(st.integers(1, 9)) for _ in range(3))
    low, high = (-(1 << stored - 1), (1 << stored - 1)) if signed else (0, 1 << stored)
    seed = draw(st.integers(0, 1 << 16))
    rng = np.random.default_rng(seed)
    cells = rng.integers(low, high, (*shape, samples)).astype(
        f"<{'iu'[not signed]}{allocated // 8}"
    )
    planar = draw(st.integers(0, 1)) if samples > 1 else 0
    raw = (cells.transpose(0, 3, 1, 2) if planar else cells).tobytes()
    return image(
        *shape[1:],
        native(raw),
        samples=samples,
        bits=(allocated, stored),
        signed=signed,
        photometric="RGB" if samples == 3 else "MONOCHROME2",
        planar=planar,
        frames=shape[0],
    )


@given(images(), st.sampled_from(COMPRESSED), st.sampled_from(NATIVE))
def test_any_small_image_comes_back_from_any_compression(stored, target, last):
    packed = changed(changed(stored, EXPLICIT, last), last, target)
    cells = read(stored, EXPLICIT).pixel_array
    assert (read(packed, target).pixel_array == cells).all()
    assert (read(changed(packed, target, last), last).pixel_array == cells).all()


# Streams that pydicom has no files of.

RGB = np.random.default_rng(7).integers(0, 256, (21, 33, 3)).astype("u1")
GREY = np.random.default_rng(8).integers(0, 4096, (21, 33)).astype("u2")


def _one(frame: bytes, cells: np.ndarray, photometric: str, stored: int) -> bytes:
    samples = cells.shape[2] if cells.ndim == 3 else 1
    bits = (8 * cells.itemsize, stored)
    pixels = encapsulated([frame])
    return image(21, 33, pixels, samples=samples, bits=bits, photometric=photometric)


@pytest.mark.parametrize(
    ("syntax", "frame", "cells", "photometric", "stored"),
    [
        (HTJ2K, imagecodecs.htj2k_encode(GREY), GREY, "MONOCHROME2", 12),
        (HTJ2K, imagecodecs.htj2k_encode(RGB), RGB, "YBR_RCT", 8),
        (JPEG_XL, imagecodecs.jpegxl_encode(GREY, lossless=True), GREY, "MONOCHROME2", 12),
        (JPEG_XL, imagecodecs.jpegxl_encode(RGB, lossless=True), RGB, "RGB", 8),
        (JPEG_LOSSLESS, imagecodecs.jpeg8_encode(RGB, lossless=True), RGB, "RGB", 8),
        (
            JPEG_LOSSLESS,
            imagecodecs.jpeg8_encode(GREY, lossless=True, bitspersample=12),
            GREY,
            "MONOCHROME2",
            12,
        ),
        (JPEG_2000, imagecodecs.jpeg2k_encode(RGB, level=0, codecformat="jp2"), RGB, "YBR_RCT", 8),
    ],
)
def test_a_lossless_stream_gives_the_values_that_went_in(syntax, frame, cells, photometric, stored):
    made = read(changed(_one(bytes(frame), cells, photometric, stored), syntax, EXPLICIT), EXPLICIT)
    assert (made.pixel_array == cells).all()
    assert made.PhotometricInterpretation == ("RGB" if cells.ndim == 3 else "MONOCHROME2")
    assert "LossyImageCompression" not in made


def test_a_jpeg_comes_out_of_jpeg_xl_as_itself():
    # ISO/IEC 18181-2: recompression keeps every bit of the JPEG stream
    jpeg = bytes(imagecodecs.jpeg8_encode(RGB, level=90))
    packed = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg))
    direct = changed(_one(jpeg, RGB, "YBR_FULL_422", 8), JPEG_BASELINE, EXPLICIT)
    recompressed = changed(_one(packed, RGB, "YBR_FULL_422", 8), JPEG_XL_JPEG, EXPLICIT)
    assert direct == recompressed
    assert read(direct, EXPLICIT).PhotometricInterpretation == "YBR_FULL"
    assert read(direct, EXPLICIT).LossyImageCompression == "01"


def test_lossy_jpeg_xl_is_rgb_once_decoded():
    frame = bytes(imagecodecs.jpegxl_encode(RGB, distance=1.0))
    made = read(changed(_one(frame, RGB, "XYB", 8), JPEG_XL_LOSSY, EXPLICIT), EXPLICIT)
    assert made.PhotometricInterpretation == "RGB"
    assert (made.pixel_array == imagecodecs.jpegxl_decode(frame)).all()


BITS = np.random.default_rng(9).integers(0, 2, (3, 5, 7)).astype("u1")


@pytest.mark.parametrize("syntax", [UNCOMPRESSED, DEFLATED_FRAMES])
def test_frames_of_single_bits_are_packed_without_a_gap(syntax):
    # PS3.5 8.1.1 (native), A.4.11 and A.4.13: encapsulated frames begin with a byte of their own
    frames = [np.packbits(frame.reshape(-1), bitorder="little").tobytes() for frame in BITS]
    if syntax == DEFLATED_FRAMES:
        frames = [_deflated(frame) for frame in frames]
    stored = image(5, 7, encapsulated(frames), bits=(1, 1), frames=3)
    made = read(changed(stored, syntax, EXPLICIT), EXPLICIT)
    assert (made.pixel_array == BITS).all()
    assert len(made.PixelData) == 14


def _deflated(frame: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(frame) + stream.flush()


def test_uncompressed_frames_keep_their_form():
    # native YBR_FULL_422 may be encapsulated too, PS3.5 A.4.11
    raw = bytes(range(16))
    stored = image(2, 4, encapsulated([raw]), samples=3, photometric="YBR_FULL_422")
    made = read(changed(stored, UNCOMPRESSED, EXPLICIT), EXPLICIT)
    assert made.PhotometricInterpretation == "YBR_FULL_422"
    assert made.PixelData == raw


FRAMES = [bytes(imagecodecs.jpeg2k_encode(GREY + n, level=0, codecformat="j2k")) for n in range(2)]
PARTS = [FRAMES[0][:100], FRAMES[0][100:], FRAMES[1][:50], FRAMES[1][50:]]
SECOND = 8 + 100 + 8 + (len(PARTS[1]) + 1) // 2 * 2


def _extended() -> list[Element]:
    lengths = [SECOND - 8, 58 + (len(PARTS[3]) + 1) // 2 * 2]
    return [
        Element(0x7FE00001, b"OV", struct.pack("<2Q", 0, SECOND)),
        Element(0x7FE00002, b"OV", struct.pack("<2Q", *lengths)),
    ]


@pytest.mark.parametrize(
    ("fragments", "offsets", "more"),
    [
        (FRAMES, (), []),
        (FRAMES, (0, 12345), []),  # a wrong table: one fragment per frame needs none
        (PARTS, (0, SECOND), []),
        (FRAMES, (), _extended()),
        (PARTS, (), []),  # by where streams end
    ],
)
def test_frames_are_found_however_they_lie(fragments, offsets, more):
    # PS3.5 A.4, PS3.3 C.7.6.3.1.8
    pixels = encapsulated(fragments, offsets)
    stored = image(21, 33, pixels, bits=(16, 16), frames=2, more=more)
    made = read(changed(stored, JPEG_2000, EXPLICIT), EXPLICIT)
    assert (made.pixel_array == np.stack((GREY, GREY + 1))).all()
    assert not any(keyword in made for keyword in TABLES)


def test_compressed_frames_have_an_offset_table():
    stored = image(21, 33, native(np.stack((GREY, GREY + 1)).tobytes()), bits=(16, 16), frames=2)
    packed = changed(stored, EXPLICIT, JPEG_LS)
    pixels = read(packed, JPEG_LS).PixelData
    first, second = struct.unpack_from("<II", pixels, 8)
    assert first == 0
    assert pixels[16 + second : 20 + second] == b"\xfe\xff\x00\xe0"


def _with_icon(icon: Element) -> bytes:
    module = read(image(21, 33, icon, bits=(16, 16)), EXPLICIT)
    raw = image(21, 33, icon, bits=(16, 16))
    assert "PixelData" in module
    length = struct.pack("<HH2s2xI", 0x0088, 0x0200, b"SQ", 8 + len(raw))
    return (
        encode([text(0x00080060, b"CS", "OT")])
        + length
        + b"\xfe\xff\x00\xe0"
        + struct.pack("<I", len(raw))
        + raw
    )


def test_an_icon_is_decoded_too():
    # PS3.3 F.7; the sequence around it is of defined length
    made = read(changed(_with_icon(encapsulated([FRAMES[0]])), JPEG_2000, IMPLICIT), IMPLICIT)
    icon = made.IconImageSequence[0]
    assert np.frombuffer(icon.PixelData, "<u2").tolist() == GREY.reshape(-1).tolist()


def test_an_icon_stays_native_when_its_image_is_compressed():
    icon = _with_icon(native(GREY.tobytes()))
    assert changed(icon, EXPLICIT, RLE) == icon


# Hostile and impossible ones.


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"frames": 2}, "1 fragments for 2 frames"),
        ({"frames": 1 << 40}, "Number of Frames is not"),
        ({"bits": (16, 17)}, "contradict each other"),
        ({"bits": (12, 12)}, "no decoder makes cells of 12 bits"),
        ({"bits": (8, 8)}, "frame 1 has 16 bits in 8 allocated ones"),
        ({"samples": 3}, "frame 1 is 21 x 33 x 1, the attributes say 21 x 33 x 3"),
        ({"samples": 2}, "no decoder makes an image of 21 x 33 x 2"),
    ],
)
def test_attributes_that_do_not_fit_the_stream_are_a_fault(fault, cause):
    stored = image(21, 33, encapsulated(FRAMES[:1]), **({"bits": (16, 16)} | fault))
    with pytest.raises(Unconvertible, match=cause):
        changed(stored, JPEG_2000, EXPLICIT)


def test_more_than_a_length_can_say_is_a_fault():
    pixels = encapsulated([b"\xff\xd8"] * 5)
    wide = image(65535, 65535, pixels, bits=(16, 16), frames=5)
    with pytest.raises(Unconvertible):
        changed(wide, JPEG_BASELINE, EXPLICIT)


STREAMS = {
    JPEG_BASELINE: bytes(imagecodecs.jpeg8_encode(RGB, level=95)),
    JPEG_LOSSLESS: bytes(imagecodecs.jpeg8_encode(RGB, lossless=True)),
    JPEG_LS: bytes(imagecodecs.jpegls_encode(RGB)),
    JPEG_2000: bytes(imagecodecs.jpeg2k_encode(RGB, level=0, codecformat="j2k")),
    HTJ2K: bytes(imagecodecs.htj2k_encode(RGB)),
    JPEG_XL: bytes(imagecodecs.jpegxl_encode(RGB, lossless=True)),
}


@pytest.mark.parametrize(("syntax", "frame"), STREAMS.items())
def test_a_stream_that_is_cut_off_is_a_fault(syntax, frame):
    for cut in range(0, len(frame) - 1, 101):
        with pytest.raises(Unconvertible, match="frame 1"):
            changed(_one(frame[:cut], RGB, "RGB", 8), syntax, EXPLICIT)


@given(st.sampled_from(sorted(STREAMS)), st.integers(0, 5000), st.binary(min_size=1, max_size=8))
def test_a_stream_that_is_overwritten_is_decoded_or_a_fault(syntax, at, junk):
    frame = bytearray(STREAMS[syntax])
    at %= len(frame)
    frame[at : at + len(junk)] = junk
    try:
        made = changed(_one(bytes(frame), RGB, "RGB", 8), syntax, EXPLICIT)
    except Unconvertible:
        return
    assert len(read(made, EXPLICIT).PixelData) == RGB.nbytes + 1
