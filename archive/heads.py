"""The head of a data set: what the index needs of it. And pydicom's reading of an odd one.

The scanner makes the head of ordinary objects. What it calls odd (unknown VRs, a mislabelled
encoding, stray items) pydicom may still read; but pydicom takes values that are shorter than
their length and stops silently at the end of the file, so this reading is checked afterwards: it
must use up every byte, and each value must be whole. Its bounds are closer, for where the scanner
takes a quarter of a microsecond for an element pydicom takes up to 35, and memory (D4).
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, cast

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_sequence_item
from pydicom.sequence import Sequence

from archive import encodings
from archive.bounds import Bounds
from archive.errors import BadObject

DEFERRED = 1 << 20  # values longer than this are passed over
ITEM = 0xFFFEE000
ONE_AT_A_TIME = threading.Lock()  # odd objects are rare; their memory shall not add up


@dataclass(frozen=True, slots=True)
class Head:
    """Raw values of the wanted top-level elements, as received; of sequences the items."""

    values: Mapping[int, bytes]
    transfer_syntax_uid: str
    little_endian: bool


def reread(file: BinaryIO, syntax: str, wanted: frozenset[int], bounds: Bounds) -> Head:
    """Let pydicom read the data set from the file's position to its end, or raise BadObject."""
    # pydicom warns of what it forgives; the peer cannot hear it, and the log shall not be its.
    with ONE_AT_A_TIME, warnings.catch_warnings(action="ignore"):
        found = whole(file, syntax, bounds)
        little = syntax != encodings.BIG_ENDIAN
        # `values` gives elements as read; asking for one by its tag may decode it, and raise.
        values = {
            int(element.tag): _value(element, little=little, bound=bounds.value_bytes)
            for element in list(found.values())
            if int(element.tag) in wanted
        }
    return Head(values, syntax, little)


def whole(file: BinaryIO, syntax: str, bounds: Bounds) -> Dataset:
    """The data set from the file's position to its end, big values left out."""
    source = Source(file, bounds)
    try:
        found = read_dataset(
            cast(BinaryIO, source),
            syntax in encodings.IMPLICIT,
            syntax != encodings.BIG_ENDIAN,
            defer_size=DEFERRED,
        )
        source.check_finished()
        check_whole(found, source.size, bounds)
    except BadObject:
        raise
    # pydicom and what it calls raise nearly everything over hostile bytes.
    except Exception as error:
        raise BadObject(f"the data set cannot be read: {type(error).__name__}") from error
    return found


def _value(element: RawDataElement | DataElement, *, little: bool, bound: int) -> bytes:
    value: object = element.value
    if isinstance(value, Sequence):
        return _items(value, little, bound)
    return value if isinstance(value, bytes) else b""


def _items(sequence: Sequence, little: bool, bound: int) -> bytes:
    """The items of a sequence as the scanner would have kept them, in explicit VRs."""
    written = DicomBytesIO()
    written.is_little_endian, written.is_implicit_VR = little, False
    try:
        for item in sequence:
            write_sequence_item(written, item, ["iso8859"])
    except Exception:  # noqa: BLE001 - what cannot be written again is unknown to the index
        return b""
    return written.getvalue() if written.tell() <= bound else b""


class Source:
    """The data set's part of a file, as pydicom reads it: counted, and bounded."""

    name = "data set"

    def __init__(self, file: BinaryIO, bounds: Bounds) -> None:
        self._file = file
        self._start = file.tell()
        self.size = os.fstat(file.fileno()).st_size - self._start
        self._reads = 2 * bounds.odd_elements  # header and value
        self._bytes = bounds.head_bytes

    def read(self, size: int = -1) -> bytes:
        """Read as files do; half an element header is the one thing no reader may meet."""
        self._reads -= 1
        if self._reads < 0 or size > self._bytes:
            raise BadObject("the data set is odd, and too large to be read as such")
        data = self._file.read(size)
        self._bytes -= len(data)
        if 0 < len(data) < size <= 8:
            raise BadObject("the data set is truncated: it ends inside an element")
        return data

    def tell(self) -> int:
        """The position in the data set."""
        return self._file.tell() - self._start

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go there; positions are the data set's."""
        if whence == os.SEEK_SET:
            offset += self._start
        return self._file.seek(offset, whence) - self._start

    def check_finished(self) -> None:
        """Raise unless the reader used up every byte and went no further."""
        at = self.tell()
        if at != self.size:
            raise BadObject(f"the data set has {self.size} bytes, its elements {at}")


def check_whole(found: Dataset, size: int, bounds: Bounds) -> None:
    """Raise unless each value is as long as its length says, sequences opened and bounded."""
    waiting = [(found, 0)]
    count = len(found)
    while waiting:
        dataset, depth = waiting.pop()
        if depth > bounds.nesting:
            raise BadObject(f"sequences are nested deeper than {bounds.nesting} levels")
        # `values` gives elements as read: nothing is decoded but the sequences below.
        for element in list(dataset.values()):
            if isinstance(element, RawDataElement):
                _check_value(element, size if dataset is found else None)
            if _is_sequence(element):
                # Counted before they are made: making them is what costs.
                _check_items(element, bounds.odd_elements - count)
                items = dataset[element.tag].value
                count += sum(len(item) + 1 for item in items)
                waiting.extend((item, depth + 1) for item in items)
            if count > bounds.odd_elements:
                raise _crowded()


def _check_items(element: RawDataElement | DataElement, room: int) -> None:
    """Raise for more items, at all levels, than there is room for: making them is what costs."""
    # What pydicom read item by item has been counted by its reads.
    if isinstance(element, RawDataElement):
        order = encodings.LITTLE if element.is_little_endian else encodings.BIG
        if (element.value or b"").count(order.written(ITEM)) > room:
            raise _crowded()


def _crowded() -> BadObject:
    return BadObject("the data set is odd, and has too many data elements to be read as such")


def _is_sequence(element: RawDataElement | DataElement) -> bool:
    if element.VR is None:
        return encodings.spell(element.tag, True) in encodings.LITTLE.special
    return element.VR == "SQ"


def _check_value(element: RawDataElement, size: int | None) -> None:
    if element.length == encodings.UNDEFINED:
        return
    if element.value is None and element.length > DEFERRED and size is not None:
        whole = element.value_tell + element.length <= size
    else:
        whole = len(element.value or b"") == element.length
    if not whole:
        raise BadObject(f"the data set is truncated: it ends inside the value of {element.tag}")
