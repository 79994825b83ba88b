"""Data sets written by hand for the tests of the archive: an encoder that may also lie.

It is not pydicom's, so that the two readers are compared on bytes that neither of them wrote.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.filereader import _read_file_meta_info

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG = "1.2.840.10008.1.2.2"

CT = "1.2.840.10008.5.1.4.1.1.2"
SHORT_FORM = b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()
WHEEL = Path(pydicom.__file__).parent / "data"


@dataclass(frozen=True)
class Element:
    """A data element; `items` makes it a sequence, `open_ended` of undefined length."""

    tag: int
    vr: bytes
    value: bytes = b""
    items: tuple[tuple[Element, ...], ...] | None = None
    open_ended: bool = False


def encode(elements: Sequence[Element], syntax: str = EXPLICIT) -> bytes:
    """The bytes of a data set."""
    return b"".join(encode_each(elements, syntax))


def encode_each(elements: Sequence[Element], syntax: str) -> Iterator[bytes]:
    """The bytes of each top-level element."""
    mark = ">" if syntax == BIG else "<"
    for element in elements:
        # PS3.5 6.2.2 note 2: what is inside UN of undefined length is implicit.
        inner = IMPLICIT if element.vr == b"UN" else syntax
        value = element.value if element.items is None else _items(element, inner, mark)
        length = 0xFFFFFFFF if element.open_ended else len(value)
        tag = struct.pack(f"{mark}HH", element.tag >> 16, element.tag & 0xFFFF)
        if syntax == IMPLICIT:
            yield tag + struct.pack(f"{mark}I", length) + value
        elif element.vr in SHORT_FORM:
            yield tag + element.vr + struct.pack(f"{mark}H", length) + value
        else:
            yield tag + element.vr + b"\0\0" + struct.pack(f"{mark}I", length) + value


def _items(element: Element, syntax: str, mark: str) -> bytes:
    def marker(number: int, length: int) -> bytes:
        return struct.pack(f"{mark}HHI", 0xFFFE, number, length)

    parts = []
    for number, item in enumerate(element.items or ()):
        body = encode(item, syntax)
        # Items of an open-ended sequence take turns in how they end.
        if element.open_ended and number % 2 == 0:
            parts.append(marker(0xE000, 0xFFFFFFFF) + body + marker(0xE00D, 0))
        else:
            parts.append(marker(0xE000, len(body)) + body)
    return b"".join(parts) + (marker(0xE0DD, 0) if element.open_ended else b"")


def instance(
    uid: str = "1.2.3.4",
    *,
    sop_class: str = CT,
    study: str | None = "1.2.3",
    series: str | None = "1.2.3.1",
    pixels: int = 64,
    syntax: str = EXPLICIT,
) -> bytes:
    """A small image's data set; None leaves a UID out."""

    def ui(tag: int, value: str) -> Element:
        text = value.encode("ascii", "replace")
        return Element(tag, b"UI", text + b"\0" * (len(text) % 2))

    elements = [
        Element(0x00080005, b"CS", b"ISO_IR 100"),
        *([ui(0x00080016, sop_class)] if sop_class else ()),
        *([ui(0x00080018, uid)] if uid else ()),
        Element(0x00080060, b"CS", b"CT"),
        Element(0x00100010, b"PN", b"Doe^Jane"),
        Element(0x00100020, b"LO", b"4711"),
        *([ui(0x0020000D, study)] if study is not None else ()),
        *([ui(0x0020000E, series)] if series is not None else ()),
        Element(0x7FE00010, b"OW", bytes(pixels)),
    ]
    return encode(elements, syntax)


def parted(path: Path) -> tuple[str, bytes] | None:
    """Transfer syntax and data set bytes of a Part 10 file, as pydicom parts them."""
    content = path.read_bytes()
    if content[128:132] != b"DICM":
        return None
    file = io.BytesIO(content)
    file.seek(132)
    meta = _read_file_meta_info(file)
    return str(meta.get("TransferSyntaxUID") or IMPLICIT), content[file.tell() :]


def wheel_files() -> list[Path]:
    """All Part 10 files of the pydicom wheel."""
    folders = ("test_files", "charset_files", "palettes")
    found = (path for folder in folders for path in sorted((WHEEL / folder).rglob("*")))
    return [path for path in found if path.is_file() and path.read_bytes()[128:132] == b"DICM"]
