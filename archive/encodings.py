"""How data elements look on the wire, as tables: PS3.5 7.1 and Annex A. No behaviour here.

A tag is read as one integer. Little endian stores group and element each with its low byte
first, so the integer of four bytes has them swapped; `ByteOrder` holds both spellings ready and
the scanner never swaps.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pydicom._dicom_dict import DicomDictionary

UNDEFINED = 0xFFFFFFFF

# PS3.5 7.1.2, tables 7.1-2 and 7.1-1: VRs with a length of 16 bits, and of 32.
SHORT = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()
)  # fmt: skip
LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
# PS3.5 7.1.2: of these only may the length be undefined.
OPEN_ENDED = frozenset((b"OB", b"OW", b"SQ", b"UN"))

# PS3.5 Annex A. Everything else is Explicit VR Little Endian, PS3.5 A.4.
IMPLICIT = frozenset(
    (
        "1.2.840.10008.1.2",  # Implicit VR Little Endian
        "1.2.840.113619.5.2",  # GE's private one: big endian pixels, this data set encoding
    )
)
BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = frozenset(
    (
        "1.2.840.10008.1.2.1.99",  # A.5
        "1.2.840.10008.1.2.4.95",  # JPIP Referenced Deflate, A.7
        "1.2.840.10008.1.2.4.205",  # JPIP HTJ2K Referenced Deflate
    )
)


@dataclass(frozen=True, slots=True)
class ByteOrder:
    """Unpackers of element headers, and the tags the scanner must know, in one byte order."""

    little: bool
    explicit: Callable[..., tuple[int, bytes, int]]
    """Tag, VR, 16-bit length."""
    implicit: Callable[..., tuple[int, int]]
    """Tag, 32-bit length; items look so in every syntax."""
    length: Callable[..., tuple[int]]
    item: int
    item_end: int
    sequence_end: int
    pixel_data: int
    special: frozenset[int]
    """Tags an implicit data set cannot pass over by their length: sequences, delimiters."""

    def spell(self, tag: int) -> int:
        """Turn 0xGGGGEEEE into what the unpackers give for it, or the other way round."""
        return spell(tag, self.little)

    def written(self, tag: int) -> bytes:
        """The bytes of a tag."""
        return struct.pack("<I" if self.little else ">I", self.spell(tag))

    def spelled(self, tags: frozenset[int]) -> Mapping[int, int]:
        """These tags by their spelling."""
        return _spelled(tags, self.little)


@lru_cache(maxsize=8)
def _spelled(tags: frozenset[int], little: bool) -> Mapping[int, int]:
    return {spell(tag, little): tag for tag in tags}


def spell(tag: int, little: bool) -> int:
    """Swap group and element of a tag where the byte order asks for it."""
    return (tag & 0xFFFF) << 16 | tag >> 16 if little else tag


def _order(little: bool) -> ByteOrder:
    mark = "<" if little else ">"
    marks = (0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD)
    sequences = {tag for tag, row in DicomDictionary.items() if row[0] == "SQ"}
    return ByteOrder(
        little=little,
        explicit=struct.Struct(f"{mark}I2sH").unpack_from,
        implicit=struct.Struct(f"{mark}II").unpack_from,
        length=struct.Struct(f"{mark}I").unpack_from,
        item=spell(marks[0], little),
        item_end=spell(marks[1], little),
        sequence_end=spell(marks[2], little),
        pixel_data=spell(0x7FE00010, little),
        special=frozenset(spell(tag, little) for tag in sequences.union(marks)),
    )


LITTLE = _order(little=True)
BIG = _order(little=False)
