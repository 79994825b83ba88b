"""Protocol data units as bytes, PS3.8 9.3: headers, P-DATA-TF, and the PDUs of fixed content.

The variable items of A-ASSOCIATE are written by pynetdicom (`wire.items`) and read by
`wire.reading`; data values are ours both ways, because they are what speed depends on.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from wire.errors import ProtocolError
from wire.states import Event

HEADER = struct.Struct(">BxI")
PDV_HEADER = struct.Struct(">IBB")
_PDU_AND_PDV = struct.Struct(">BxIIBB")
OVERHEAD = _PDU_AND_PDV.size - HEADER.size
"""Bytes of a P-DATA-TF's length that are not data when it carries one value."""


class Type(IntEnum):
    """PDU types, PS3.8 9.3.1."""

    ASSOCIATE_RQ = 1
    ASSOCIATE_AC = 2
    ASSOCIATE_RJ = 3
    DATA = 4
    RELEASE_RQ = 5
    RELEASE_RP = 6
    ABORT = 7


EVENTS = {
    Type.ASSOCIATE_RQ: Event.GOT_REQUEST,
    Type.ASSOCIATE_AC: Event.GOT_ACCEPT,
    Type.ASSOCIATE_RJ: Event.GOT_REJECT,
    Type.DATA: Event.GOT_DATA,
    Type.RELEASE_RQ: Event.GOT_RELEASE,
    Type.RELEASE_RP: Event.GOT_RELEASE_REPLY,
    Type.ABORT: Event.GOT_ABORT,
}

RELEASE_RQ = struct.pack(">BxI4x", Type.RELEASE_RQ, 4)
RELEASE_RP = struct.pack(">BxI4x", Type.RELEASE_RP, 4)

# What a TLS record begins with, RFC 8446 5.1: a peer that speaks TLS where we do not.
_TLS = {0x15: "a TLS alert", 0x16: "a TLS handshake"}

INVALID_PARAMETER = 6
UNRECOGNISED_PDU = 1


class Pdv(NamedTuple):
    """A presentation data value, PS3.8 9.3.5.1; `fragment` lies in the receive buffer."""

    context_id: int
    command: bool
    last: bool
    fragment: memoryview


def strange(code: int) -> str:
    """What begins with a byte that begins no PDU of PS3.8, in words."""
    if record := _TLS.get(code):
        return f"{record} came where plain DICOM is spoken"
    return f"PDU type {code:#04x} is not one of PS3.8"


def abort(source: int, reason: int) -> bytes:
    """An A-ABORT PDU, PS3.8 9.3.8."""
    return struct.pack(">BxI2xBB", Type.ABORT, 4, source, reason)


def reject(result: int, source: int, reason: int) -> bytes:
    """An A-ASSOCIATE-RJ PDU, PS3.8 9.3.4."""
    return struct.pack(">BxIxBBB", Type.ASSOCIATE_RJ, 4, result, source, reason)


def pdvs(body: memoryview) -> Iterator[Pdv]:
    """The values of a P-DATA-TF's variable field; raises ProtocolError when lengths lie."""
    at, end = 0, len(body)
    while at < end:
        if end - at < PDV_HEADER.size:
            raise ProtocolError("a presentation data value is cut off", reason=INVALID_PARAMETER)
        length, context_id, control = PDV_HEADER.unpack_from(body, at)
        at += PDV_HEADER.size
        # PS3.8 9.3.5.1: the length counts the context ID and the control header
        stop = at + length - 2
        if length < 2 or stop > end:
            raise ProtocolError(
                f"a presentation data value of length {length} does not fit its PDU",
                reason=INVALID_PARAMETER,
            )
        yield Pdv(context_id, bool(control & 1), bool(control & 2), body[at:stop])
        at = stop


def header(context_id: int, length: int, *, command: bool, last: bool) -> bytes:
    """PDU and PDV header for `length` bytes of data in a P-DATA-TF of one value."""
    control = (1 if command else 0) | (2 if last else 0)
    return _PDU_AND_PDV.pack(Type.DATA, length + OVERHEAD, length + 2, context_id, control)


def framed(context_id: int, data: bytes, room: int, *, command: bool) -> bytes:
    """`data` as P-DATA-TF PDUs; mostly one holds it."""
    if len(data) <= room:
        return header(context_id, len(data), command=command, last=True) + data
    return b"".join(fragments(context_id, data, room, command=command))


def fragments(context_id: int, data: bytes, room: int, *, command: bool) -> Iterator[bytes]:
    """`data` as P-DATA-TF PDUs, header and slice by turns, each slice at most `room` bytes."""
    for at in range(0, len(data) or 1, room):
        piece = data[at : at + room]
        last = at + room >= len(data)
        yield header(context_id, len(piece), command=command, last=last)
        yield piece
