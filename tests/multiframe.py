"""Multi-frame objects made for a test, and what came of them, read back by pydicom."""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, FileDataset, dcmwrite
from pydicom.encaps import generate_frames
from pydicom.filereader import read_dataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from iod import frames
from iod.encoded import Made
from iod.frameranges import SIMPLE_FRAME_LIST, FrameRange
from scu import instances
from tests.objects import instance

US_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.3.1"
FRAME_TIME, FRAME_TIME_VECTOR = 0x00181063, 0x00181065


def cine(
    count: int = 6, rows: int = 2, columns: int = 3, bits: int = 8, **values: object
) -> FileDataset:
    """A cine of frames whose pixels are all of their frame's number, 10 ms apart."""
    made = instance(sop_class=US_MULTIFRAME)
    made.Rows, made.Columns, made.BitsAllocated = rows, columns, bits
    made.BitsStored, made.HighBit, made.PixelRepresentation = bits, bits - 1, 0
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.NumberOfFrames = count
    made.ContentDate, made.ContentTime = "20240102", "101500"
    made.FrameTime, made.FrameIncrementPointer = "10", FRAME_TIME
    raw = b"".join(
        (number % 256).to_bytes(bits // 8, "little") * rows * columns
        for number in range(1, count + 1)
    )
    made.PixelData = raw + b"\0" * (len(raw) % 2)
    made["PixelData"].VR = "OB" if bits == 8 else "OW"
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def written(path: Path, made: FileDataset, syntax: str = ExplicitVRLittleEndian) -> Path:
    """The object as a Part 10 file in this transfer syntax; its pixel data is taken as it is."""
    made.file_meta.TransferSyntaxUID = UID(syntax)
    if UID(syntax).is_encapsulated:
        made["PixelData"].VR, made["PixelData"].is_undefined_length = "OB", True
    dcmwrite(path, made, enforce_file_format=True)
    return path


def extracted(path: Path, *numbers: int, into: Path | None = None) -> Made:
    """The frames of these numbers as a new data set beside the file."""
    wanted = FrameRange(SIMPLE_FRAME_LIST, tuple(numbers))
    into = into or path.with_suffix(f".{len(numbers)}-{numbers[0]}-{numbers[-1]}")
    return frames.extract(instances.read(path), frames.Extraction(wanted, "ANODE", into))


def read(made: Made) -> Dataset:
    """The data set that was made, read whole."""
    return decoded(made.path.read_bytes(), made.transfer_syntax_uid)


def decoded(raw: bytes, transfer_syntax_uid: str) -> Dataset:
    """A data set as it travels."""
    syntax = UID(transfer_syntax_uid)
    if syntax.is_deflated:
        raw = zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw)
    return read_dataset(BytesIO(raw), syntax.is_implicit_VR, syntax.is_little_endian)


def frame_bytes(data: Dataset, transfer_syntax_uid: str) -> list[str] | list[bytes]:
    """Each frame: its codestream, or for native pixels its bits from the first pixel on."""
    count = int(data.NumberOfFrames)
    if UID(transfer_syntax_uid).is_encapsulated:
        tables = None
        if "ExtendedOffsetTable" in data:
            tables = data.ExtendedOffsetTable, data.ExtendedOffsetTableLengths
        return list(
            generate_frames(data.PixelData, number_of_frames=count, extended_offsets=tables)
        )
    raw = data.PixelData
    if not UID(transfer_syntax_uid).is_little_endian and data.BitsAllocated <= 8:
        raw = _swapped(raw) if data["PixelData"].VR == "OW" else raw
    bits = "".join(f"{byte:08b}"[::-1] for byte in raw)
    samples = 2 if "422" in data.PhotometricInterpretation else data.SamplesPerPixel
    size = data.Rows * data.Columns * samples * data.BitsAllocated
    return [bits[at : at + size] for at in range(0, size * count, size)]


def _swapped(raw: bytes) -> bytes:
    return b"".join(raw[at : at + 2][::-1] for at in range(0, len(raw), 2))
