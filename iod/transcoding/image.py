"""The Image Pixel module of one data set, PS3.3 C.7.6.3: what its pixel data must look like.

Law: the attributes are hostile too; what they claim is computed with only after it was checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from iod.errors import Unconvertible
from iod.transcoding.elements import Element, Item

SAMPLES, PHOTOMETRIC, PLANAR = 0x00280002, 0x00280004, 0x00280006
FRAMES, ROWS, COLUMNS = 0x00280008, 0x00280010, 0x00280011
ALLOCATED, STORED, HIGH, REPRESENTATION = 0x00280100, 0x00280101, 0x00280102, 0x00280103
LOSSY: Final = 0x00282110
# Extended offset table, its lengths, and the total length: of encapsulated pixel data only.
TABLES: Final = (0x7FE00001, 0x7FE00002, 0x7FE00003)

_CELLS: Final = (1, 8, 16, 32)
_MOST_FRAMES: Final = 1 << 31


@dataclass(frozen=True, slots=True)
class Image:
    """What the attributes say."""

    rows: int
    columns: int
    samples: int
    allocated: int
    stored: int
    high: int
    signed: bool
    photometric: str
    planar: bool
    frames: int

    @property
    def pixels(self) -> int:
        """Values in one frame."""
        return self.rows * self.columns * self.samples

    @property
    def subsampled(self) -> bool:
        """Whether native frames hold two chrominance samples for every four values, C.7.6.3.1.2."""
        return self.photometric == "YBR_FULL_422"

    @property
    def frame_bytes(self) -> int:
        """Bytes of one native frame; of 1-bit images, before frames are packed together."""
        if self.allocated == 1:
            return (self.pixels + 7) // 8
        values = self.rows * self.columns * 2 if self.subsampled else self.pixels
        return values * (self.allocated // 8)

    @property
    def native_bytes(self) -> int:
        """Bytes of native pixel data, unpadded. Frames of 1-bit images share bytes, PS3.5 8.1.1."""
        if self.allocated == 1:
            return (self.pixels * self.frames + 7) // 8
        return self.frame_bytes * self.frames


def image(item: Item, *, little: bool) -> Image:
    """Read the attributes of an item that holds pixel data."""

    def number(tag: int, keyword: str, default: int | None = None) -> int:
        found = item.number(tag, little=little)
        found = default if found is None else found
        if found is None:
            raise Unconvertible(f"the image has no {keyword}")
        return found

    allocated = number(ALLOCATED, "Bits Allocated")
    stored = number(STORED, "Bits Stored", allocated)
    made = Image(
        rows=number(ROWS, "Rows"),
        columns=number(COLUMNS, "Columns"),
        samples=number(SAMPLES, "Samples per Pixel", 1),
        allocated=allocated,
        stored=stored,
        high=number(HIGH, "High Bit", stored - 1),
        signed=number(REPRESENTATION, "Pixel Representation", 0) == 1,
        photometric=item.text(PHOTOMETRIC),
        planar=number(PLANAR, "Planar Configuration", 0) == 1,
        frames=_frames(item.text(FRAMES)),
    )
    _check(made)
    return made


def _frames(text: str) -> int:
    if not text:
        return 1
    if not text.lstrip("+").isdecimal() or not 0 < int(text[:12]) < _MOST_FRAMES:
        raise Unconvertible("Number of Frames is not a number of frames")
    return int(text)


def _check(image: Image) -> None:
    if not image.rows or not image.columns or image.samples not in (1, 3, 4):
        shape = f"{image.rows} x {image.columns} x {image.samples}"
        raise Unconvertible(f"no decoder makes an image of {shape} values")
    if image.allocated not in _CELLS:
        raise Unconvertible(f"no decoder makes cells of {image.allocated} bits")
    if not 0 < image.stored <= image.allocated or image.high >= image.allocated:
        raise Unconvertible("Bits Allocated, Bits Stored and High Bit contradict each other")


def set_photometric(item: Item, photometric: str) -> None:
    """Set Photometric Interpretation."""
    item.put(Element(PHOTOMETRIC, b"CS", photometric.encode("ascii")))


def set_planar(item: Item, image: Image, *, planar: bool, little: bool) -> None:
    """Set Planar Configuration, which images of one sample have not: PS3.3 C.7.6.3.1.3."""
    if image.samples > 1:
        value = int(planar).to_bytes(2, "little" if little else "big")
        item.put(Element(PLANAR, b"US", value))


def note_lossy(item: Item) -> None:
    """Nothing but this attribute tells of a loss once the stream is gone: PS3.3 C.7.6.1.1.5."""
    if not item.text(LOSSY):
        item.put(Element(LOSSY, b"CS", b"01"))
