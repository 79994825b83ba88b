"""A stored object's data set read for its meaning, without its bulk data. PS3.5 7, A.

Law: the bytes are hostile, and this runs where they can do no harm: in the process of `worker`.
What is long and no sequence is passed over, and everything from the pixel data on, which no
reference stands behind; so a gigabyte of pixels costs a seek.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO, Final

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag

from iod.errors import Malformed
from iod.inflating import in_memory
from iod.references import is_sequence

IMPLICIT: Final = "1.2.840.10008.1.2"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
DEFLATED: Final = frozenset(("1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95"))
KEPT_BYTES: Final = 256 << 10  # values longer than this are passed over
SEQUENCE_BYTES: Final = 256 << 20
INFLATED_BYTES: Final = 256 << 20
PIXELS: Final = 0x7FE00000
_UNDEFINED: Final = 0xFFFFFFFF


class Unreadable(Exception):
    """It cannot be read; the message says why."""


@dataclass(slots=True)
class Read:
    """The data set, and the tag it was left at: that of its pixel data, 0 when it has none."""

    dataset: Dataset
    left_at: int = 0


def read(file: BinaryIO, syntax: str) -> Read:
    """The data set from the file's position on. Raises Unreadable, and what pydicom raises."""
    found = Read(Dataset())

    def left(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        if tag >= PIXELS:
            found.left_at = int(tag)
        return found.left_at != 0

    source = _inflated(file) if syntax in DEFLATED else file
    found.dataset = read_dataset(
        source,
        syntax == IMPLICIT,
        syntax != BIG_ENDIAN,
        stop_when=left,
        defer_size=KEPT_BYTES,
    )
    _fetch_sequences(source, found.dataset)
    return found


def _inflated(file: BinaryIO) -> BinaryIO:
    try:
        return in_memory(file, INFLATED_BYTES)
    except Malformed as error:
        raise Unreadable(str(error)) from error


def _fetch_sequences(source: BinaryIO, dataset: Dataset) -> None:
    """Long values were passed over; those of sequences are wanted after all.

    pydicom takes values that are shorter than their length: nothing that is torn passes here.
    """
    size = source.seek(0, io.SEEK_END)
    for element in list(dataset.values()):
        if not isinstance(element, RawDataElement) or element.length == _UNDEFINED:
            continue
        if element.length and element.value_tell + element.length > size:
            raise Unreadable(f"it is truncated: it ends inside the value of {element.tag}")
        if (
            element.value is not None
            or not element.length
            or not is_sequence(element.tag, element.VR)
        ):
            continue
        if element.length > SEQUENCE_BYTES:
            raise Unreadable(f"a sequence of it is {element.length} bytes long")
        source.seek(element.value_tell)
        dataset._dict[element.tag] = element._replace(value=source.read(element.length))
