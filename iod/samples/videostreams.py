"""Short videos encoded for real, by FFmpeg's x264 and x265 through PyAV.

Law: one thread, no clock, no chance: the same pictures give the same stream. PyAV is an optional
library; whoever builds it may leave encoders out. What each transfer syntax demands of a stream is
in PS3.5 8.2.7 to 8.2.11.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
import numpy as np
import numpy.typing as npt
from av import VideoStream
from av.codec import Codec
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext

MP4: Final = "mp4"
TRANSPORT: Final = "mpegts"
_EXACT: Final = {"fflags": "+bitexact"}
_NEEDED: Final = ("libx264", "libx265")
# x264 looks past the end of lines that are no multiple of 64 bytes, and what it finds there differs
# from run to run: so does what it writes. Lines of chroma are half as long as those of luma.
_EVEN: Final = 128
_X265_QUIET: Final = "log-level=error:pools=none:frame-threads=1:wpp=0:info=0"

Planes = tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16], npt.NDArray[np.uint16]]


@dataclass(frozen=True, slots=True)
class Coding:
    """An encoder, its options, the size and rate of its pictures, the bits of a sample."""

    encoder: str
    columns: int
    rows: int
    rate: int
    options: Mapping[str, str]
    bits: int = 8
    frames: int = 12


def lacking() -> list[str]:
    """The encoders that this FFmpeg was built without."""
    return [name for name in _NEEDED if not _encodes(name)]


def _encodes(name: str) -> bool:
    try:
        Codec(name, "w")
    except ValueError:  # av.codec.codec.UnknownCodecError
        return False
    return True


def x264(level: str, more: str = "") -> dict[str, str]:
    """Options for High Profile at this level."""
    told = f"threads=1:level={level}:keyint=12:bframes=0" + (f":{more}" if more else "")
    return {"profile": "high", "preset": "fast", "crf": "28", "x264-params": told}


def x265(profile: str) -> dict[str, str]:
    """Options for this profile at level 5.1, Main tier."""
    told = f"{_X265_QUIET}:level-idc=5.1:high-tier=0:keyint=12:bframes=0"
    return {"profile": profile, "preset": "fast", "crf": "30", "x265-params": told}


def picture(coding: Coding, number: int, shift: int = 0) -> Planes:
    """Luma and both chromas of the `number`-th picture: a lit tunnel with a moving instrument."""
    top = coding.bits - 8
    y, x = np.mgrid[0 : coding.rows, 0 : coding.columns].astype(np.int64)
    across, down = x - coding.columns // 2 - shift, y - coding.rows // 2
    away = (across * across + down * down) * 255 // (coding.columns * coding.columns // 2)
    luma = np.clip(60 + away // 2, 16, 235)
    edge = coding.columns // 3 + number * coding.columns // 64 + shift
    luma[(x > edge) & (x < edge + coding.columns // 16) & (down > 0)] = 200
    chroma = np.full((coding.rows // 2, coding.columns // 2), 128, np.int64)
    red = chroma + np.clip(40 - away[::2, ::2] // 8, 0, 40)
    return tuple((plane << top).astype(np.uint16) for plane in (luma, chroma - 12, red))  # type: ignore[return-value]


def side_by_side(coding: Coding, number: int) -> Planes:
    """Two views in one picture, each squeezed to half its width."""
    left, right = picture(coding, number, -8), picture(coding, number, 8)
    halves = (
        np.concatenate([one[:, ::2], other[:, ::2]], axis=1)
        for one, other in zip(left, right, strict=True)
    )
    return tuple(halves)  # type: ignore[return-value]


def _frame(coding: Coding, planes: Planes, number: int) -> av.VideoFrame:
    assert coding.columns % _EVEN == 0
    kind = np.dtype("u1" if coding.bits == 8 else "<u2")
    name = "yuv420p" if coding.bits == 8 else f"yuv420p{coding.bits}le"
    frame = av.VideoFrame(coding.columns, coding.rows, name)
    for there, plane in zip(frame.planes, planes, strict=True):
        width = plane.shape[1] * kind.itemsize
        lines = np.zeros((plane.shape[0], there.line_size), np.uint8)
        lines[:, :width] = plane.astype(kind).view(np.uint8).reshape(plane.shape[0], width)
        there.update(lines.tobytes())
    frame.pts = number
    frame.time_base = Fraction(1, coding.rate)
    return frame


def _described(context: object, coding: Coding) -> VideoCodecContext:
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = coding.columns, coding.rows
    context.pix_fmt = "yuv420p" if coding.bits == 8 else f"yuv420p{coding.bits}le"
    context.time_base = Fraction(1, coding.rate)
    context.framerate = Fraction(coding.rate)
    context.thread_count = 1
    context.options = dict(coding.options)
    return context


def _stream(output: OutputContainer, coding: Coding) -> VideoStream:
    stream = output.add_stream(coding.encoder, rate=coding.rate)
    assert isinstance(stream, VideoStream)
    _described(stream.codec_context, coding)
    return stream


def contained(coding: Coding, pictures: Iterable[Planes], container: str) -> bytes:
    """These pictures, coded, in an MP4 or a transport stream."""
    into = io.BytesIO()
    with av.open(into, "w", format=container, container_options=_EXACT) as output:
        stream = _stream(output, coding)
        for number, planes in enumerate(pictures):
            output.mux(stream.encode(_frame(coding, planes, number)))
        output.mux(stream.encode(None))
    return into.getvalue()


def access_units(coding: Coding, pictures: Iterable[Planes]) -> list[bytes]:
    """The coded pictures in Annex B form; without B pictures their order is that of display."""
    context = _described(VideoCodecContext.create(coding.encoder, "w"), coding)
    packets = []
    for number, planes in enumerate(pictures):
        packets += context.encode(_frame(coding, planes, number))
    packets += context.encode(None)
    return [bytes(packet) for packet in packets]


def transported(coding: Coding, units: Iterable[bytes]) -> bytes:
    """Access units that are coded already, in a transport stream."""
    into = io.BytesIO()
    with av.open(into, "w", format=TRANSPORT, container_options=_EXACT) as output:
        stream = _stream(output, coding)
        for number, unit in enumerate(units):
            packet = av.Packet(unit)
            packet.stream = stream
            packet.time_base = Fraction(1, coding.rate)
            packet.pts = packet.dts = number
            packet.duration = 1
            packet.is_keyframe = number == 0
            output.mux(packet)
    return into.getvalue()
