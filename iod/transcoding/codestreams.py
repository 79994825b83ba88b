"""What the head of a compressed frame says, before any codec sees the frame.

JPEG and JPEG-LS: ISO/IEC 10918-1 Annex B, 14495-1 Annex C; JPEG 2000: 15444-1 Annex A.
Law: a codec is only called for a frame whose head agrees with the attributes of the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from iod.errors import Unconvertible
from iod.transcoding.image import Image

JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
_SOS, _SOF_LS = 0xDA, 0xF7
_NOT_FRAMES: Final = (0xC4, 0xC8, 0xCC)  # tables that have markers among those of frames
_LOSSLESS: Final = (0xC3, 0xC7, 0xCB, 0xCF)
_BARE: Final = (0x01, *range(0xD0, 0xD9))  # markers without a length

_JP2_START = b"\0\0\0\x0cjP  "
_J2K_START = b"\xff\x4f\xff\x51"
_COD, _SOT = 0xFF52, 0xFF90


@dataclass(frozen=True, slots=True)
class Stream:
    """What a stream's head says."""

    rows: int
    columns: int
    samples: int
    precision: int
    signed: bool = False
    lossy: bool = False
    near: bool = False
    """JPEG-LS: the scan header has a bound of the error, which is 0 for lossless streams."""
    transformed: bool = False
    """JPEG 2000: its decoder gives RGB, whatever the components were before."""
    identifiers: bytes = b""
    jfif: bool = False


def jpeg(frame: bytes) -> Stream:
    """The head of a JPEG or JPEG-LS stream, whole up to its End of Image."""
    if not frame.startswith(JPEG_START):
        raise Unconvertible("does not begin as JPEG does")
    # libjpeg paints what is missing grey and calls that success.
    if frame.rfind(JPEG_END, max(0, len(frame) - 4096)) < 0:
        raise Unconvertible("is cut off: its JPEG stream does not end")
    found: Stream | None = None
    jfif, at = False, 2
    while at + 4 <= len(frame):
        if frame[at] != 0xFF:
            raise Unconvertible("has a damaged JPEG head")
        marker, length = frame[at + 1], int.from_bytes(frame[at + 2 : at + 4])
        if marker == 0xFF or marker in _BARE:
            at += 1 if marker == 0xFF else 2
            continue
        body = frame[at + 4 : at + 2 + length]
        if marker == 0xE0:
            jfif = jfif or body.startswith(b"JFIF")
        elif _is_frame(marker) and len(body) >= 6:
            found = _start_of_frame(marker, body)
        elif marker == _SOS:
            return _scanned(found, body, jfif)
        at += 2 + length
    raise Unconvertible("has a damaged JPEG head")


def _is_frame(marker: int) -> bool:
    return marker == _SOF_LS or (0xC0 <= marker <= 0xCF and marker not in _NOT_FRAMES)


def _start_of_frame(marker: int, body: bytes) -> Stream:
    return Stream(
        rows=int.from_bytes(body[1:3]),
        columns=int.from_bytes(body[3:5]),
        samples=body[5],
        precision=body[0],
        lossy=marker not in (*_LOSSLESS, _SOF_LS),
        near=marker == _SOF_LS,
        identifiers=body[6::3],
    )


def _scanned(found: Stream | None, body: bytes, jfif: bool) -> Stream:
    """JPEG-LS has its error bound in the scan header, NEAR: 14495-1 C.2.3."""
    if found is None or len(body) < 4:
        raise Unconvertible("has a damaged JPEG head")
    at = 1 + 2 * body[0]
    near = body[at] if found.near and at < len(body) else 0
    return Stream(
        rows=found.rows,
        columns=found.columns,
        samples=found.samples,
        precision=found.precision,
        lossy=found.lossy or near > 0,
        identifiers=found.identifiers,
        jfif=jfif,
    )


def bare(frame: bytes) -> bytes:
    """The JPEG 2000 codestream alone: PS3.5 A.4.4 forbids the JP2 boxes that some writers leave."""
    if frame.startswith(_JP2_START):
        return frame[max(0, frame.find(_J2K_START)) :]
    return frame


def jpeg_2000(codestream: bytes) -> Stream:
    """The main header of a JPEG 2000 or HTJ2K codestream."""
    if not codestream.startswith(_J2K_START) or len(codestream) < 60:
        raise Unconvertible("does not begin as JPEG 2000 does")
    right, low, left, top = (int.from_bytes(codestream[at : at + 4]) for at in (8, 12, 16, 20))
    depth = codestream[42]
    transformed, lossy = _coding_style(codestream)
    return Stream(
        rows=low - top,
        columns=right - left,
        samples=int.from_bytes(codestream[40:42]),
        precision=(depth & 0x7F) + 1,
        signed=bool(depth & 0x80),
        lossy=lossy,
        transformed=transformed,
    )


def _coding_style(codestream: bytes) -> tuple[bool, bool]:
    """COD: multiple component transformation, and whether the wavelet is the irreversible one."""
    at = 4 + int.from_bytes(codestream[4:6])
    while at + 14 <= len(codestream):
        marker, length = (int.from_bytes(codestream[p : p + 2]) for p in (at, at + 2))
        if marker == _COD:
            return codestream[at + 8] == 1, codestream[at + 13] == 0
        if marker == _SOT or marker < 0xFF00:
            break
        at += 2 + length
    raise Unconvertible("has a damaged JPEG 2000 head")


def agree(stream: Stream, image: Image) -> None:
    """Raise when the stream is not of the image that the attributes describe."""
    said = (image.rows, image.columns, image.samples)
    found = (stream.rows, stream.columns, stream.samples)
    if said != found:
        raise Unconvertible(f"is {_shape(found)}, the attributes say {_shape(said)}")
    if stream.precision > image.allocated:
        bits = f"{stream.precision} bits in {image.allocated} allocated ones"
        raise Unconvertible(f"has {bits}")


def _shape(values: tuple[int, int, int]) -> str:
    return " x ".join(map(str, values))
