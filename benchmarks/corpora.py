"""The objects that are sent, the same in every run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from pydicom import Dataset

from benchmarks import framed

SIDES = {"CT": 512, "tiny": 32}  # rows and columns of the image
MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.7.3"
HEAD = "1.2.826.0.1.3680043.10.1"  # of no meaning; a file only needs some implementation UID
_NAMES = ("Abrams", "Becker", "Carter", "Dawson", "Elliot", "Foster", "Graham", "Harris", "Irving",
          "Jacobs")  # fmt: skip


def part10(data: bytes, sop_class: str, instance: str, syntax: str = framed.EXPLICIT) -> bytes:
    """A data set as a file of PS3.10 7.1."""

    def element(number: int, vr: bytes, value: bytes) -> bytes:
        value += b"\0" * (len(value) % 2)
        long = vr == b"OB"
        size = len(value).to_bytes(4 if long else 2, "little")
        return bytes([2, 0, number, 0]) + vr + (b"\0\0" if long else b"") + size + value

    meta = (
        element(1, b"OB", b"\0\1")
        + element(2, b"UI", sop_class.encode())
        + element(3, b"UI", instance.encode())
        + element(0x10, b"UI", syntax.encode())
        + element(0x12, b"UI", HEAD.encode())
    )
    return bytes(128) + b"DICM" + element(0, b"UL", len(meta).to_bytes(4, "little")) + meta + data


def files(folder: Path, size: str, count: int) -> list[Path]:
    """`count` new images of one series as files."""
    folder.mkdir(parents=True, exist_ok=True)
    uid = framed.new_uid()
    data = framed.data_set(SIDES[size], framed.new_uid(), framed.new_uid(), uid)
    made = []
    for number in range(count):
        new = framed.new_uid()
        path = folder / f"{number:05}.dcm"
        path.write_bytes(part10(data.replace(uid.encode(), new.encode(), 1), framed.CT, new))
        made.append(path)
    return made


def studies(count: int, images: int) -> Iterator[tuple[str, list[list[bytes]]]]:
    """`count` studies of different patients and days, each as its requests of `images` images."""
    dice = random.Random(11)
    for number in range(count):
        study = framed.new_uid()
        series, uid = framed.new_uid(), framed.new_uid()
        data = framed.data_set(8, study, series, uid)
        name = f"{_NAMES[number % 10]}^{number // 10:03}"
        day = f"2026{1 + number * 12 // count:02}{dice.randrange(1, 29):02}"
        for old, new in (("Bench^Mark", name), ("BENCH1", f"P{number:05}"), ("20260301", day)):
            data = data.replace(old.encode(), new.encode())
        yield study, framed.requests(data, uid, images)


def multi_frame(megabytes: int) -> list[list[bytes]]:
    """One request of a Multi-frame Grayscale Word Secondary Capture of this size."""
    image, uid = Dataset(), framed.new_uid()
    image.SOPClassUID, image.SOPInstanceUID = MULTI_FRAME, uid
    image.StudyDate, image.StudyTime, image.Modality = "20260301", "101500", "OT"
    image.PatientName, image.PatientID = "Bench^Mark", "BENCH1"
    image.StudyInstanceUID, image.SeriesInstanceUID = framed.new_uid(), framed.new_uid()
    image.SeriesNumber = image.InstanceNumber = image.SamplesPerPixel = 1
    image.PhotometricInterpretation, image.NumberOfFrames = "MONOCHROME2", 2 * megabytes
    image.Rows, image.Columns = 500, 500
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation = 15, 0
    image.PixelData = random.Random(5).randbytes(1_000_000) * megabytes
    image["PixelData"].VR = "OW"
    return framed.requests(framed.encoded(image), uid, 1, sop_class=MULTI_FRAME)
