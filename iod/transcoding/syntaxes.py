"""Which transfer syntax can be changed into which, as tables; PS3.5 Annex A. No behaviour of bytes.

What cannot be changed has its cause here: video is never re-encoded, a JPIP reference holds no
pixels, and some retired processes have no decoder worth its risk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from iod.errors import Unconvertible

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
PAPYRUS: Final = "1.2.840.10008.1.20"

ENCAPSULATED_UNCOMPRESSED: Final = "1.2.840.10008.1.2.1.98"
DEFLATED_FRAMES: Final = "1.2.840.10008.1.2.8.1"
RLE: Final = "1.2.840.10008.1.2.5"
JPEG_LS: Final = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR: Final = "1.2.840.10008.1.2.4.81"
JPEG_2000: Final = "1.2.840.10008.1.2.4.90"
JPEG_2000_ANY: Final = "1.2.840.10008.1.2.4.91"
JPEG_XL_RECOMPRESSED: Final = "1.2.840.10008.1.2.4.111"


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the data set itself is encoded."""

    implicit: bool = False
    little: bool = True
    deflated: bool = False


PLAIN: Final = Encoding()  # what everything encapsulated is in, PS3.5 A.4
NATIVE: Final = {
    EXPLICIT_LITTLE: PLAIN,
    IMPLICIT_LITTLE: Encoding(implicit=True),
    DEFLATED: Encoding(deflated=True),
    EXPLICIT_BIG: Encoding(little=False),
    PAPYRUS: Encoding(implicit=True),
}

# What the decoders read, and what the streams are called in a log.
DECODED: Final = {
    ENCAPSULATED_UNCOMPRESSED: "encapsulated uncompressed",
    DEFLATED_FRAMES: "deflated frame",
    RLE: "RLE",
    "1.2.840.10008.1.2.4.50": "JPEG baseline",
    "1.2.840.10008.1.2.4.51": "JPEG extended",
    "1.2.840.10008.1.2.4.57": "JPEG lossless",
    "1.2.840.10008.1.2.4.70": "JPEG lossless",
    JPEG_LS: "JPEG-LS",
    JPEG_LS_NEAR: "JPEG-LS near-lossless",
    JPEG_2000: "JPEG 2000 lossless",
    JPEG_2000_ANY: "JPEG 2000",
    "1.2.840.10008.1.2.4.201": "HTJ2K lossless",
    "1.2.840.10008.1.2.4.202": "HTJ2K lossless",
    "1.2.840.10008.1.2.4.203": "HTJ2K",
    "1.2.840.10008.1.2.4.110": "JPEG XL lossless",
    JPEG_XL_RECOMPRESSED: "JPEG XL recompressed JPEG",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
}
ENCODED: Final = {
    JPEG_LS: "JPEG-LS lossless",
    JPEG_2000: "JPEG 2000 lossless",
    RLE: "RLE",
}

# In the order a receiver is best served: explicit keeps every VR, big endian and deflated are rare.
_NATIVE_TARGETS: Final = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, DEFLATED, EXPLICIT_BIG)

_PREFIX: Final = "1.2.840.10008.1.2.4."
_NEVER: Final = (
    (("100", "101"), "MPEG-2 video is never re-encoded"),
    (("102", "103", "104", "105", "106"), "H.264 video is never re-encoded"),
    (("107", "108"), "H.265 video is never re-encoded"),
    (("94", "95", "204", "205"), "its pixel data is a reference to a JPIP server"),
    (("92", "93"), "there is no decoder for JPEG 2000 Part 2"),
    (
        tuple(map(str, (*range(52, 57), *range(58, 67)))),
        "there is no decoder for this retired JPEG process",
    ),
)

# Float Pixel Data is never compressed by these, PS3.5 A.4: Parametric Map Storage.
_NEVER_COMPRESSED: Final = frozenset(("1.2.840.10008.5.1.4.1.1.30",))


def targets(transfer_syntax_uid: str, sop_class_uid: str) -> tuple[str, ...]:
    """The transfer syntaxes an object can be losslessly changed to, best first.

    Native ones come first; those after `EXPLICIT_BIG` compress. What an object really holds is
    seen only when it is changed: `transcode` may still find it Unconvertible.
    """
    if transfer_syntax_uid not in NATIVE and transfer_syntax_uid not in DECODED:
        return ()
    compressed = () if sop_class_uid in _NEVER_COMPRESSED else tuple(ENCODED)
    found = (*_NATIVE_TARGETS, *compressed)
    return tuple(uid for uid in found if uid != transfer_syntax_uid)


def check(transfer_syntax_uid: str, target: str) -> None:
    """Raise Unconvertible when no way leads from one to the other."""
    if target not in NATIVE and target not in ENCODED:
        raise Unconvertible(f"nothing is ever encoded in {target}")
    if transfer_syntax_uid not in NATIVE and transfer_syntax_uid not in DECODED:
        raise Unconvertible(_cause(transfer_syntax_uid))
    if transfer_syntax_uid == target:
        raise Unconvertible(f"the object is in {target} already")


def _cause(uid: str) -> str:
    """Why this transfer syntax is left alone."""
    process = uid.removeprefix(_PREFIX).partition(".")[0] if uid.startswith(_PREFIX) else ""
    known = (cause for processes, cause in _NEVER if process in processes)
    return next(known, f"there is no decoder for transfer syntax {uid}")
