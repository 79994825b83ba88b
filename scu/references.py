"""What storage commitment says of objects, PS3.4 Tables J.3-1 and J.3-2: read, and written.

Law: bytes of a peer, so read in one pass and in bounded memory; what is not of these tables is
passed over. A request and a report differ only in which of these elements they have.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

MODEL: Final = "1.2.840.10008.1.20.1"
INSTANCE: Final = "1.2.840.10008.1.20.1.1"  # well-known, PS3.4 J.3.5
REQUEST: Final = 1  # Action Type ID, PS3.4 J.3.2.1
ALL_COMMITTED, FAILURES_EXIST = 1, 2  # Event Type IDs, PS3.4 J.3.3.1


class Reason(IntEnum):
    """Failure Reason (0008,1197), PS3.3 C.14.1.1; NONE is for what is committed."""

    NONE = 0
    PROCESSING_FAILURE = 0x0110
    NO_SUCH_INSTANCE = 0x0112
    CLASS_INSTANCE_CONFLICT = 0x0119
    CLASS_NOT_SUPPORTED = 0x0122
    DUPLICATE_TRANSACTION = 0x0131
    RESOURCE_LIMITATION = 0x0213


WORDS: Final[Mapping[int, str]] = {
    Reason.PROCESSING_FAILURE: "processing failure",
    Reason.NO_SUCH_INSTANCE: "no such object instance",
    Reason.CLASS_INSTANCE_CONFLICT: "the instance is of another SOP class",
    Reason.CLASS_NOT_SUPPORTED: "the SOP class is not supported",
    Reason.DUPLICATE_TRANSACTION: "the transaction UID is in use",
    Reason.RESOURCE_LIMITATION: "out of resources",
}


class Reference(NamedTuple):
    """An object that is referenced, and why it is not committed."""

    sop_class_uid: str
    sop_instance_uid: str
    reason: int = Reason.NONE


@dataclass(frozen=True, slots=True)
class Information:
    """The data set of a request or of a report; a request has no `failed`."""

    transaction_uid: str
    referenced: Sequence[Reference] = ()
    failed: Sequence[Reference] = ()
    retrieve_ae_title: str = ""


class TooMany(ValueError):
    """More references than are wanted."""


_RETRIEVE_AE, _CLASS, _INSTANCE_UID = 0x00080054, 0x00081150, 0x00081155
_TRANSACTION, _REASON = 0x00081195, 0x00081197
_FAILED, _REFERENCED = 0x00081198, 0x00081199
_SEQUENCES = (_FAILED, _REFERENCED)
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF
# PS3.5 7.1.2: VRs with a length of 32 bits
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_DEEPEST = 16
_IMPLICIT, _BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"

_Values = dict[int, bytes]


def decode(data: bytes, transfer_syntax: str, most: int) -> Information:
    """What is in `data`; raises ValueError, TooMany for more than `most` references."""
    reader = _Reader(data, transfer_syntax, most)
    try:
        values = reader.data_set(0, len(data))[0]
    except struct.error:
        raise ValueError("the data set ends within an element") from None
    return Information(
        transaction_uid=_text(values, _TRANSACTION),
        referenced=reader.found[_REFERENCED],
        failed=reader.found[_FAILED],
        retrieve_ae_title=_text(values, _RETRIEVE_AE),
    )


def _text(values: _Values, tag: int) -> str:
    return values.get(tag, b"").decode("ascii", "backslashreplace").strip(" \0")


class _Reader:
    """One pass over a data set, PS3.5 7.1 and 7.5."""

    def __init__(self, data: bytes, transfer_syntax: str, most: int) -> None:
        self._data = data
        self._implicit = transfer_syntax == _IMPLICIT
        order = ">" if transfer_syntax == _BIG_ENDIAN else "<"
        self._tag = struct.Struct(f"{order}HH")
        self._short, self._long = struct.Struct(f"{order}H"), struct.Struct(f"{order}I")
        self._room = most
        self.found: dict[int, list[Reference]] = {tag: [] for tag in _SEQUENCES}

    def data_set(
        self, at: int, end: int | None, depth: int = 0, *, item: bool = False
    ) -> tuple[_Values, int]:
        """The values of a data set, and what follows it; without an end, up to its delimiter."""
        values: _Values = {}
        while end is None or at < end:
            tag, length, at = self._head(at)
            if tag == _ITEM_END and end is None:
                return values, at
            if length == _UNDEFINED or (tag in _SEQUENCES and not item):
                stop = None if length == _UNDEFINED else self._within(at + length, end)
                at = self._sequence(tag if not depth else 0, at, stop, depth + 1)
            else:
                stop = self._within(at + length, end)
                values[tag] = self._data[at:stop]
                at = stop
        return values, at

    def _sequence(self, tag: int, at: int, end: int | None, depth: int) -> int:
        """Go through a sequence; items of the two that are wanted become references."""
        if depth > _DEEPEST:
            raise ValueError(f"sequences are nested deeper than {_DEEPEST} levels")
        wanted = self.found.get(tag)
        while end is None or at < end:
            mark, length, at = self._head(at)
            if mark == _SEQUENCE_END and end is None:
                return at
            if mark != _ITEM:
                raise ValueError("no item stands where one must")
            stop = None if length == _UNDEFINED else self._within(at + length, end)
            values, at = self.data_set(at, stop, depth, item=True)
            if wanted is not None:
                wanted.append(self._reference(values))
        return at

    def _reference(self, values: _Values) -> Reference:
        self._room -= 1
        if self._room < 0:
            raise TooMany("too many objects are referenced")
        raw = values.get(_REASON, b"")
        reason = self._short.unpack(raw)[0] if raw else Reason.NONE
        return Reference(_text(values, _CLASS), _text(values, _INSTANCE_UID), reason)

    def _head(self, at: int) -> tuple[int, int, int]:
        """Tag and length of the element here, and where its value begins."""
        group, element = self._tag.unpack_from(self._data, at)
        if self._implicit or group == 0xFFFE:
            return group << 16 | element, self._long.unpack_from(self._data, at + 4)[0], at + 8
        if self._data[at + 4 : at + 6] in _LONG:
            return group << 16 | element, self._long.unpack_from(self._data, at + 8)[0], at + 12
        return group << 16 | element, self._short.unpack_from(self._data, at + 6)[0], at + 8

    def _within(self, stop: int, end: int | None) -> int:
        if stop > (len(self._data) if end is None else end):
            raise ValueError("a length reaches beyond what it stands in")
        return stop


def encode(information: Information, transfer_syntax: str) -> bytes:
    """The data set, its elements in order; all lengths are defined."""
    element = _writer(transfer_syntax)
    told = [
        element(_RETRIEVE_AE, b"AE", information.retrieve_ae_title.encode("ascii", "replace"))
        if information.retrieve_ae_title
        else b"",
        element(_TRANSACTION, b"UI", information.transaction_uid.encode("ascii")),
    ]
    for tag, references in ((_FAILED, information.failed), (_REFERENCED, information.referenced)):
        if references:
            told.append(element(tag, b"SQ", _items(references, element, transfer_syntax)))
    return b"".join(told)


_Element = Callable[[int, bytes, bytes], bytes]


def _items(references: Iterable[Reference], element: _Element, transfer_syntax: str) -> bytes:
    order = ">" if transfer_syntax == _BIG_ENDIAN else "<"
    number, mark = struct.Struct(f"{order}H"), struct.Struct(f"{order}HHI")
    made = []
    for sop_class, instance, reason in references:
        item = element(_CLASS, b"UI", sop_class.encode("ascii"))
        item += element(_INSTANCE_UID, b"UI", instance.encode("ascii"))
        if reason:
            item += element(_REASON, b"US", number.pack(reason))
        made.append(mark.pack(_ITEM >> 16, _ITEM & 0xFFFF, len(item)) + item)
    return b"".join(made)


def _writer(transfer_syntax: str) -> _Element:
    order = ">" if transfer_syntax == _BIG_ENDIAN else "<"
    implicit = struct.Struct(f"{order}HHI")
    short, long = struct.Struct(f"{order}HH2sH"), struct.Struct(f"{order}HH2sHI")

    def element(tag: int, vr: bytes, value: bytes) -> bytes:
        if len(value) % 2:
            value += b"\0" if vr == b"UI" else b" "
        group, number = tag >> 16, tag & 0xFFFF
        if transfer_syntax == _IMPLICIT:
            return implicit.pack(group, number, len(value)) + value
        if vr in _LONG:
            return long.pack(group, number, vr, 0, len(value)) + value
        return short.pack(group, number, vr, len(value)) + value

    return element
