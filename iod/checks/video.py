"""Video against its description, PS3.5 8.2.5 to 8.2.11: profile, level, size, rate, pixel format.

Law: what a transfer syntax takes is a row; where description and stream disagree, the stream is
what will be seen, so the description is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from iod.checks.bitstreams import Video, video
from iod.checks.objects import Checked, Told

_START, _END = 8 << 20, 8 << 20  # of the stream; an MP4 may have its index behind the pictures
_PIECES: Final = 20_000  # fragments at either end; who makes them of two bytes gains nothing
_PREFIX: Final = "1.2.840.10008.1.2.4."


@dataclass(frozen=True, slots=True)
class Format:
    """What a transfer syntax takes: codec, profiles and the highest level as coded, bits."""

    codec: str
    profiles: frozenset[int] = frozenset()
    level: int = 0
    bits: tuple[int, int, int] = (8, 8, 7)  # allocated, stored, high bit
    stereo: str = ""  # Stereo Pairs Present, where the syntax decides it


_AVC41: Final = Format("h264", frozenset((77, 100)), 41)
_AVC42: Final = Format("h264", frozenset((100,)), 42)
_FORMATS: Final = {
    "100": Format("mpeg2"),
    "101": Format("mpeg2"),
    "102": Format("h264", frozenset((100,)), 41),
    "103": Format("h264", frozenset((100,)), 41),
    "104": Format("h264", frozenset((100,)), 42, stereo="NO"),
    "105": Format("h264", frozenset((100,)), 42, stereo="YES"),
    "106": Format("h264", frozenset((100, 128)), 42, stereo="YES"),
    "107": Format("hevc", frozenset((1,)), 153),
    "108": Format("hevc", frozenset((1, 2)), 153, (16, 10, 9)),
}
FORMATS: Final = {
    _PREFIX + end: row for name, row in _FORMATS.items() for end in (name, f"{name}.1")
}
_WANTED: Final = (
    ("SamplesPerPixel", "3"), ("PlanarConfiguration", "0"),
    ("PhotometricInterpretation", "YBR_PARTIAL_420"), ("PixelRepresentation", "0"),
)  # fmt: skip
_RATES: Final = ("CineRate", "RecommendedDisplayFrameRate")


def _stream(checked: Checked) -> Video | None:
    element = checked.root.element("PixelData")
    row = FORMATS[checked.transfer_syntax_uid]
    if element is None or not element.fragments:
        return None
    if row.codec not in checked.streams:
        pieces = element.fragments[1:]  # the first is the offset table
        checked.streams[row.codec] = video(_bytes(checked, pieces), row.codec)
    return checked.streams[row.codec]


def _bytes(checked: Checked, pieces: list[tuple[int, int]]) -> bytes:
    """The beginning of the stream and its end."""
    if len(pieces) > 2 * _PIECES:
        pieces = pieces[:_PIECES] + pieces[-_PIECES:]
    total = sum(length for _, length in pieces)
    made, passed = bytearray(), 0
    for at, length in pieces:
        for start, stop in ((0, _START), (max(_START, total - _END), total)):
            low, high = max(start - passed, 0), min(stop - passed, length)
            if low < high:
                made += checked.read(at + low, high - low)
        passed += length
    return bytes(made)


def stream(checked: Checked) -> Told:
    """A stream without a parameter set of the codec that the transfer syntax names."""
    codec = FORMATS[checked.transfer_syntax_uid].codec
    if checked.root.element("PixelData") is not None and _stream(checked) is None:
        yield "PixelData", f"holds no {codec} stream that can be recognised"


def profile(checked: Checked) -> Told:
    """A profile that the transfer syntax does not have."""
    row, found = FORMATS[checked.transfer_syntax_uid], _stream(checked)
    if found and row.profiles and found.profile not in row.profiles:
        wanted = " or ".join(map(str, sorted(row.profiles)))
        yield "PixelData", f"is of profile {found.profile}; the transfer syntax takes {wanted}"


def level(checked: Checked) -> Told:
    """A level above the one of the transfer syntax."""
    row, found = FORMATS[checked.transfer_syntax_uid], _stream(checked)
    if found and row.level and found.level > row.level:
        yield "PixelData", f"is of level {found.level}; the transfer syntax takes up to {row.level}"


def size(checked: Checked) -> Told:
    """Rows or columns that are not those of the stream."""
    found, root = _stream(checked), checked.root
    if found is None:
        return
    for keyword, there in (("Rows", found.rows), ("Columns", found.columns)):
        said = root.number(keyword)
        if said is not None and said != there:
            yield keyword, f"is {said:g}; the stream has {there}"


def rate(checked: Checked) -> Told:
    """Cine Rate, Recommended Display Frame Rate or Frame Time that are not the stream's."""
    found, root = _stream(checked), checked.root
    if found is None or not found.rate:
        return
    for keyword in _RATES:
        said = root.number(keyword)
        if said is not None and abs(said - found.rate) > 0.51:  # a whole number of a broken one
            yield keyword, f"is {said:g}; the stream has {found.rate:.2f} frames a second"
    time = root.number("FrameTime")
    if time and abs(1000 / time - found.rate) > 0.01 * found.rate:
        yield "FrameTime", f"is {time:g} ms; the stream has {found.rate:.2f} frames a second"


def pixels(checked: Checked) -> Told:
    """A pixel description that video does not have."""
    root, row = checked.root, FORMATS[checked.transfer_syntax_uid]
    if root.element("PixelData") is None:
        return
    names = ("BitsAllocated", "BitsStored", "HighBit")
    for keyword, wanted in (*_WANTED, *zip(names, map(str, row.bits), strict=True)):
        said = root.values(keyword)
        if said and said[0] != wanted and not (row.codec == "mpeg2" and keyword == _WANTED[2][0]):
            yield keyword, f"is {said[0][:16]!a}; in this transfer syntax it is {wanted}"
    found = _stream(checked)
    if (
        found is not None
        and found.codec != "mpeg2"
        and (found.chroma != 1 or found.bits > row.bits[1])
    ):
        yield (
            "PixelData",
            f"has {found.bits} bits and chroma format {found.chroma}; 4:2:0 is wanted",
        )
    if root.element("PixelAspectRatio") is not None:
        yield "PixelAspectRatio", "is there; the pixels of video are square"


def stereo(checked: Checked) -> Told:
    """Stereo Pairs Present against the transfer syntax."""
    wanted = FORMATS[checked.transfer_syntax_uid].stereo
    said = checked.root.text("StereoPairsPresent") or "NO"
    if wanted and said != wanted and checked.root.element("PixelData") is not None:
        yield "StereoPairsPresent", f"is {said[:16]!a}; this transfer syntax is for {wanted}"


def fragments(checked: Checked) -> Told:
    """PS3.5 8.2.5 to 8.2.9: one fragment, except in HEVC and in fragmentable syntaxes."""
    syntax, element = checked.transfer_syntax_uid, checked.root.element("PixelData")
    several = syntax.endswith((".107", ".108")) or syntax.removeprefix(_PREFIX).count(".") == 1
    if element is not None and element.fragments is not None and not several:
        found = len(element.fragments) - 1
        if found != 1:
            yield "PixelData", f"is in {found} fragments; in this transfer syntax the stream is one"


def _of_video(judge: Callable[[Checked], Told]) -> Callable[[Checked], Told]:
    def told(checked: Checked) -> Told:
        if checked.transfer_syntax_uid in FORMATS:
            yield from judge(checked)

    return told


RULES: Final = tuple(
    (f"video.{judge.__name__}", _of_video(judge))
    for judge in (stream, profile, level, size, rate, pixels, stereo, fragments)
)
