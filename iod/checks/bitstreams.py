"""What a video's bit stream says of itself: H.264 (ITU-T H.264 7.3.2.1), HEVC (H.265 7.3.2.2),
MPEG-2 (ISO/IEC 13818-2 6.2.2.1); in MP4, in a transport stream, or bare.

Law: only the parameter set is read, from bytes that are bounded by who gives them; nothing is
decoded.  What cannot be read is None.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from iod.checks import h264, hevc
from iod.checks.bits import Short

_PACKET: Final = 188
_RATES: Final = (0, 24000 / 1001, 24, 25, 30000 / 1001, 30, 50, 60000 / 1001, 60)
_MARK: Final = b"\0\0\1"
_MOST_SETS: Final = 64  # that are looked at
_MOST_BOXES: Final = 64  # that may be configurations; hostile streams have hundreds of thousands


@dataclass(frozen=True, slots=True)
class Video:
    """Codec (`h264`, `hevc`, `mpeg2`), profile and level as coded, size, frames per second."""

    codec: str
    profile: int
    level: int
    rows: int
    columns: int
    rate: float | None = None
    bits: int = 8
    chroma: int = 1  # 1: 4:2:0
    square: bool = True


def video(data: bytes, codec: str) -> Video | None:
    """What the first parameter set of this codec says; None when there is none."""
    best: Video | None = None
    for count, unit in enumerate(_units(data, codec)):
        if count == _MOST_SETS:
            break
        found = _read(unit, codec)
        # Stereo High has a set of its own beside the one of the base view.
        if found is not None and (best is None or (found.profile in (118, 128))):
            best = found if best is None else replace(found, rate=found.rate or best.rate)
    return best


def _read(unit: bytes, codec: str) -> Video | None:
    try:
        match codec:
            case "h264":
                return Video("h264", *h264.parameters(unit))
            case "hevc":
                return Video("hevc", *hevc.parameters(unit))
            case _:
                return _mpeg2(unit)
    except (Short, struct.error, ZeroDivisionError):
        return None


def _units(data: bytes, codec: str) -> Iterator[bytes]:
    """Parameter sets, each with its NAL header."""
    if data[4:8] == b"ftyp":
        yield from _configured(data, codec)
    for stream in _streams(data):
        yield from _marked(stream, codec)


def _marked(stream: bytes, codec: str) -> Iterator[bytes]:
    at = stream.find(_MARK)
    while at >= 0:
        following = stream.find(_MARK, at + 3)
        unit = stream[at + 3 : following if following >= 0 else at + 3 + 4096]
        if unit and _is_set(unit[0], codec):
            yield unit[:4096]
        at = following


def _is_set(first: int, codec: str) -> bool:
    if codec == "h264":
        return first & 0x1F in (7, 15)
    return first >> 1 & 0x3F == 33 if codec == "hevc" else first == 0xB3


def _streams(data: bytes) -> Iterator[bytes]:
    """The bytes by packet identifier where this is a transport stream, else all of them."""
    if data[:1] != b"G" or data[_PACKET : _PACKET + 1] != b"G":
        yield data
        return
    streams: dict[int, bytearray] = {}
    for at in range(0, len(data) - _PACKET + 1, _PACKET):
        if data[at] != 0x47:
            break
        identifier = (data[at + 1] & 0x1F) << 8 | data[at + 2]
        start = at + 4
        if data[at + 3] & 0x20:  # an adaptation field
            start += 1 + data[at + 4]
        if data[at + 3] & 0x10 and start < at + _PACKET:
            streams.setdefault(identifier, bytearray()).extend(data[start : at + _PACKET])
    yield from (bytes(each) for each in streams.values())


def _configured(data: bytes, codec: str) -> Iterator[bytes]:
    """The sets in the decoder configuration of an MP4: ISO/IEC 14496-15."""
    name = b"avcC" if codec == "h264" else b"hvcC"
    at = 0
    for _ in range(_MOST_BOXES):
        at = data.find(name, at) + 4
        if at < 4:
            return
        body = data[at : at + 65536]
        yield from _avcc(body) if codec == "h264" else _hvcc(body)


def _avcc(body: bytes) -> Iterator[bytes]:
    if len(body) < 7 or body[0] != 1:
        return
    at = 6
    for _ in range(body[5] & 0x1F):
        length = int.from_bytes(body[at : at + 2])
        yield body[at + 2 : at + 2 + length]
        at += 2 + length


def _hvcc(body: bytes) -> Iterator[bytes]:
    if len(body) < 23 or body[0] != 1:
        return
    at = 23
    for _ in range(body[22]):
        kind, count = body[at : at + 1], int.from_bytes(body[at + 1 : at + 3])
        at += 3
        for _ in range(min(count, _MOST_SETS)):
            length = int.from_bytes(body[at : at + 2])
            if kind and kind[0] & 0x3F == 33:
                yield body[at + 2 : at + 2 + length]
            at += 2 + length


def _mpeg2(unit: bytes) -> Video | None:
    """The sequence header; profile and level stand in its extension, which is not read."""
    if len(unit) < 5:
        return None
    size = int.from_bytes(unit[1:4])
    code = unit[4] & 0x0F
    rate = _RATES[code] if 0 < code < len(_RATES) else None
    return Video("mpeg2", 0, 0, size & 0xFFF, size >> 12, rate)
