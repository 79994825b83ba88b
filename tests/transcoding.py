"""What tests of the change of encoding share: conversion in process, and pydicom's reading."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from iod.transcoding.conversion import convert
from tests.datasets import BIG, DEFLATED, EXPLICIT, IMPLICIT, Element, encode

NATIVE = (EXPLICIT, IMPLICIT, DEFLATED, BIG)
RLE = "1.2.840.10008.1.2.5"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
COMPRESSED = (RLE, JPEG_LS, JPEG_2000)


def changed(data: bytes, syntax: str, target: str) -> bytes:
    """The data set in the other transfer syntax."""
    if syntax == target:
        return data
    out = io.BytesIO()
    convert(io.BytesIO(data), syntax, target, out)
    return out.getvalue()


def read(data: bytes | Path, syntax: str) -> Dataset:
    """The data set as pydicom reads it, ready for `pixel_array`."""
    raw = data if isinstance(data, bytes) else data.read_bytes()
    uid = UID(syntax)
    if uid.is_deflated:
        raw = zlib.decompress(raw, -zlib.MAX_WBITS)
    found = read_dataset(io.BytesIO(raw), uid.is_implicit_VR, uid.is_little_endian)
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = uid
    return found


def us(tag: int, value: int) -> Element:
    """An element of VR US, little endian."""
    return Element(tag, b"US", struct.pack("<H", value))


def text(tag: int, vr: bytes, value: str) -> Element:
    """An element of a text VR."""
    raw = value.encode("ascii")
    return Element(tag, vr, raw + (b"\0" if vr == b"UI" else b" ") * (len(raw) % 2))


def image(
    rows: int,
    columns: int,
    pixels: Element,
    *,
    samples: int = 1,
    bits: tuple[int, int] = (8, 8),
    signed: bool = False,
    photometric: str = "MONOCHROME2",
    planar: int = 0,
    frames: int = 1,
    more: Sequence[Element] = (),
) -> bytes:
    """An image in Explicit VR Little Endian; bits are those allocated and stored."""
    allocated, stored = bits
    elements = [
        text(0x00080016, b"UI", "1.2.840.10008.5.1.4.1.1.7"),
        text(0x00080018, b"UI", "1.2.3.4"),
        us(0x00280002, samples),
        text(0x00280004, b"CS", photometric),
        *([us(0x00280006, planar)] if samples > 1 else ()),
        text(0x00280008, b"IS", str(frames)),
        us(0x00280010, rows),
        us(0x00280011, columns),
        us(0x00280100, allocated),
        us(0x00280101, stored),
        us(0x00280102, stored - 1),
        us(0x00280103, int(signed)),
        *more,
        pixels,
    ]
    return encode(sorted(elements, key=lambda element: element.tag))


def native(raw: bytes, vr: bytes = b"OW") -> Element:
    """Native pixel data."""
    return Element(0x7FE00010, vr, raw + b"\0" * (len(raw) % 2))


def encapsulated(fragments: Sequence[bytes], offsets: Sequence[int] = ()) -> Element:
    """Encapsulated pixel data; each fragment is padded."""
    table = struct.pack(f"<{len(offsets)}I", *offsets)
    padded = [each + b"\0" * (len(each) % 2) for each in fragments]
    items = (struct.pack("<HHI", 0xFFFE, 0xE000, len(each)) + each for each in (table, *padded))
    raw = b"".join(items) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return Element(0x7FE00010, b"OB", raw, open_ended=True)
