"""Preamble and File Meta Information, PS3.10 7.1: written by hand, read with suspicion.

What we write always looks the same: 128 zero bytes, DICM, and the group that names class,
instance, transfer syntax, us and the source. What we read may lack any of it; then the first data
element tells the encoding. A preamble that would make the file executable is refused
(CVE-2019-11687, hostile input D11).
"""

from __future__ import annotations

import os
import re
import struct
from dataclasses import dataclass
from typing import BinaryIO

from archive import encodings
from archive.encodings import LONG, SHORT
from archive.errors import BadFile, NotDicom

# A UUID-derived UID, PS3.5 B.2: made once, and this application's for good.
IMPLEMENTATION_CLASS_UID = "2.25.4526016301830704016630802074263872491"
IMPLEMENTATION_VERSION_NAME = "ANODE_0_1"
VERSION_NAMES = (IMPLEMENTATION_VERSION_NAME,)  # all there ever were: their files are ours too

PREAMBLE = bytes(128) + b"DICM"
META_BYTES = 1 << 20  # file meta information longer than this is refused

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"

# PS3.10 7.5 warns of preambles with a second meaning; these the system would run.
EXECUTABLE = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "an ELF program"),
    (b"#!", "a script"),
    (b"\xfe\xed\xfa\xce", "a Mach-O program"),
    (b"\xfe\xed\xfa\xcf", "a Mach-O program"),
    (b"\xce\xfa\xed\xfe", "a Mach-O program"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O program"),
    (b"\xca\xfe\xba\xbe", "a Mach-O program or Java class"),
    (b"\xbe\xba\xfe\xca", "a Mach-O program"),
)

_CLASS, _INSTANCE, _SYNTAX, _SOURCE = 0x0002, 0x0003, 0x0010, 0x0016  # elements of group 0002
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_SHORT_FORM = struct.Struct("<HH2sH")
_LONG_FORM = struct.Struct("<HH2sHI")


def is_uid(text: str) -> bool:
    """PS3.5 9.1, but for leading zeros in a component, which old data has."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class FileMeta:
    """What the meta information of a file says, and where its data set begins."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    source_ae: str
    offset: int


def header(
    sop_class_uid: str,
    sop_instance_uid: str,
    syntax: str,
    source_ae: str,
    *,
    version: str = IMPLEMENTATION_VERSION_NAME,
) -> bytes:
    """The bytes before the data set, PS3.10 table 7.1-1."""
    group = b"".join(
        (
            _LONG_FORM.pack(2, 1, b"OB", 0, 2) + b"\0\1",
            _element(_CLASS, b"UI", sop_class_uid),
            _element(_INSTANCE, b"UI", sop_instance_uid),
            _element(_SYNTAX, b"UI", syntax),
            _element(0x0012, b"UI", IMPLEMENTATION_CLASS_UID),
            _element(0x0013, b"SH", version),
            _element(_SOURCE, b"AE", source_ae[:16]) if source_ae else b"",
        )
    )
    return PREAMBLE + _SHORT_FORM.pack(2, 0, b"UL", 4) + struct.pack("<I", len(group)) + group


def is_ours(start: bytes, meta: FileMeta) -> bool:
    """Whether a file's bytes before its data set are what we write for what they say."""
    said = meta.sop_class_uid, meta.sop_instance_uid, meta.transfer_syntax_uid, meta.source_ae
    return any(start == header(*said, version=version) for version in VERSION_NAMES)


def _element(element: int, vr: bytes, text: str) -> bytes:
    value = text.encode("ascii", "replace")
    if len(value) % 2:
        value += b"\0" if vr == b"UI" else b" "
    return _SHORT_FORM.pack(2, element, vr, len(value)) + value


def read(file: BinaryIO) -> FileMeta:
    """Read the meta information at the file's start; leaves the file at its data set."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(132)
    if not start:
        raise NotDicom("the file is empty")
    for magic, kind in EXECUTABLE:
        if start.startswith(magic):
            if start[128:] != b"DICM":
                raise NotDicom(f"the file is not DICOM: it begins like {kind}")
            raise BadFile(f"the file begins like {kind}; a preamble must not make it one")
    # Some files of before 1996 carry neither preamble nor DICM.
    file.seek(132 if start[128:] == b"DICM" else 0)
    values = _group(file, size)
    offset = file.tell()
    syntax = values.get(_SYNTAX) or _guess(file.read(8), bare=offset == 0)
    file.seek(offset)
    if not is_uid(syntax):
        raise BadFile("the file names no valid transfer syntax")
    return FileMeta(
        sop_class_uid=values.get(_CLASS, ""),
        sop_instance_uid=values.get(_INSTANCE, ""),
        transfer_syntax_uid=syntax,
        # As `header` would write it: import shall tell the index what its file tells.
        source_ae=values.get(_SOURCE, "").encode("ascii", "replace").decode()[:16].strip(),
        offset=offset,
    )


def _group(file: BinaryIO, size: int) -> dict[int, str]:
    """The values of group 0002; its group length is not believed."""
    values: dict[int, str] = {}
    begin = file.tell()
    while len(start := file.read(8)) == 8:
        group, element, vr, length = _SHORT_FORM.unpack(start)
        if group != 2:
            break
        if vr in LONG:
            length = int.from_bytes(file.read(4), "little")
        elif vr not in SHORT:
            raise BadFile("the file meta information is not in Explicit VR Little Endian")
        here = file.tell()
        if here + length > min(size, begin + META_BYTES):
            raise BadFile("the file meta information is truncated or oversized")
        values[element] = file.read(length).decode("ascii", "replace").strip("\0 ")
    file.seek(-len(start), os.SEEK_CUR)
    return values


def _guess(start: bytes, *, bare: bool) -> str:
    """The encoding that the first element of a data set betrays; see PS3.5 7.1.

    Without file meta information only a data set that begins with group 0008 is believed.
    """
    if len(start) == 8:
        vr = start[4:6]
        explicit = vr in SHORT or vr in LONG
        group = int.from_bytes(start[:2], "little")
        length = int.from_bytes(start[4:], "little")
        if explicit and (group == 8 or (not bare and group < 0x0100)):
            return EXPLICIT_LITTLE
        if explicit and (start[:2] == b"\0\x08" or (not bare and start[0] == 0)):
            return encodings.BIG_ENDIAN
        if not explicit and (not bare or (group == 8 and length < 0x10000)):
            return IMPLICIT_LITTLE
    if bare:
        raise NotDicom("the file is not DICOM: no DICM prefix, and no data set either")
    raise BadFile("the file meta information names no transfer syntax")
