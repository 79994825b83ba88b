"""Names in every character set of PS3.3 C.12.1.1.2, and the bytes of elements that hold them."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, FileDataset, dcmwrite
from pydicom.filereader import read_dataset

from archive.charsets import character_set
from scp.identifiers import Plan

CHARACTER_SET, NAME = 0x00080005, 0x00100010
DESCRIPTION, COMMENTS = 0x00081030, 0x00104000
EXPLICIT = "1.2.840.10008.1.2.1"

# (0008,0005) and a name in it. Tables C.12-2, C.12-3, C.12-4, C.12-5.
_SINGLE = {
    "100": "Buc^Jérôme",
    "101": "Wałęsa^Łukasz",
    "109": "Ĉapelo^Ŭo",
    "110": "Ķēniņš^Ģirts",
    "126": "Διονυσιος^Α",
    "127": "قباني^لنزار",
    "138": "שרון^דבורה",
    "144": "Люкceмбypг^Ы",
    "148": "Çavuşoğlu^İpek",
    "166": "สมชาย^ใจดี",
    "203": "Œuvre^Žan€",
    "13": "ﾔﾏﾀﾞ^ﾀﾛｳ",
}
NAMES: tuple[tuple[str, str], ...] = (
    *((f"ISO_IR {number}", name) for number, name in _SINGLE.items()),
    *((f"ISO 2022 IR {number}", name) for number, name in _SINGLE.items()),
    *((f"\\ISO 2022 IR {number}", f"Doe^Jo={name}") for number, name in _SINGLE.items()),
    ("\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    ("\\ISO 2022 IR 87", "山本 A本^春"),  # bytes of a backslash and an equals sign within
    ("\\ISO 2022 IR 159", "A=丂丄^B丅C"),
    ("\\ISO 2022 IR 87\\ISO 2022 IR 159", "Yamada=山丂田^丄"),
    ("ISO 2022 IR 13\\ISO 2022 IR 87", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
    ("ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159", "ﾔ山ﾏﾀﾞ丂ﾀ^ﾀAﾛ"),
    ("\\ISO 2022 IR 13\\ISO 2022 IR 87", "Yamada=山ﾀ田A^ﾛ"),
    ("\\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동"),
    ("\\ISO 2022 IR 58", "Wang^XiaoDong=王^小东"),
    ("\\ISO 2022 IR 149\\ISO 2022 IR 87\\ISO 2022 IR 58", "김A山东^B^ま김"),
    ("ISO 2022 IR 100\\ISO 2022 IR 144", "Jérôme Люк é^Ы A=é"),
    ("ISO 2022 IR 100\\ISO 2022 IR 101\\ISO 2022 IR 126", "éłαé^ł^é^α é"),
    ("ISO 2022 IR 100\\ISO 2022 IR 87", "é山é A田^é太"),
    ("ISO_IR 192", "Wang^XiaoDong=王^小东"),
    ("ISO_IR 192", "😀^é山김ﾔЫ𠮷"),
    ("GB18030", "Wang^XiaoDong=王^小东"),
    ("GB18030", "乗^😀é"),  # the second byte of the first is a backslash
    ("GBK", "Wang^XiaoDong=王^小東"),
)
SETS = tuple(dict.fromkeys(charset for charset, _ in NAMES))


def unread_by_pydicom(charset: str, text: str) -> str:
    """What pydicom 3.0.2 makes of a text, where it is at fault.

    It leaves the escapes of ISO 2022 IR 58 in place, and does not know ISO_IR 203.
    """
    return text.replace("\x1b$)A", "") if "IR 58" in charset else text


def known_to_pydicom(charset: str) -> bool:
    """Whether pydicom 3.0.2 has all of these terms."""
    return "203" not in charset


def element(tag: int, vr: str, value: bytes) -> bytes:
    """One element of Explicit VR Little Endian."""
    value += b"\0" * (len(value) % 2) if vr == "UI" else b" " * (len(value) % 2)
    form = "<HH2sHI" if vr in ("UT", "UC") else "<HH2sH"
    extra = (0, len(value)) if vr in ("UT", "UC") else (len(value),)
    return struct.pack(form, tag >> 16, tag & 0xFFFF, vr.encode(), *extra) + value


def read(data: bytes) -> Dataset:
    """As pydicom reads it."""
    return read_dataset(BytesIO(data), is_implicit_VR=False, is_little_endian=True)


def identifier(charset: bytes, name: bytes, study: str = "") -> bytes:
    """A query's identifier at STUDY level."""
    told = element(CHARACTER_SET, "CS", charset) if charset else b""
    level = element(0x00080052, "CS", b"STUDY")
    return told + level + element(NAME, "PN", name) + element(0x0020000D, "UI", study.encode())


def write(path: Path, made: FileDataset, charset: bytes, name: bytes) -> Path:
    """A file of this object, with these bytes as its set and its name, which was Doe^Jane."""
    dcmwrite(buffer := BytesIO(), made, enforce_file_format=True)
    first = element(0x00080016, "UI", made.SOPClassUID.encode())
    data = buffer.getvalue().replace(first, element(CHARACTER_SET, "CS", charset) + first, 1)
    doe = element(NAME, "PN", b"Doe^Jane")
    assert doe in data
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.replace(doe, element(NAME, "PN", name), 1))
    return path


def answer(name, requested="", own=None, vr="PN"):
    """One response identifier."""
    fields = [({"PN": NAME, "LO": DESCRIPTION, "LT": COMMENTS}[vr], vr)]
    row = [name]
    if own is not None:
        fields.insert(0, (CHARACTER_SET, "CS"))
        row.insert(0, own)
    plan = Plan(
        fields=fields,
        fixed=[(0x00080052, "CS", "STUDY")],
        transfer_syntax=EXPLICIT,
        requested_set=character_set(requested),
    )
    return plan.encode(row)


def declared(found: Dataset) -> str | None:
    if "SpecificCharacterSet" not in found:
        return None
    value = found.SpecificCharacterSet
    return value if isinstance(value, str) else "\\".join(value)
