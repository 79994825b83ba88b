"""Objects for tests of the index, made from attribute values; no files, no network."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from archive import query
from archive.heads import Head
from archive.index import Index
from archive.options import Options
from archive.record import Record, StoredInstance, record

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = "1.2.840.10008.1.2.1"

PATIENT_ROOT = ("PATIENT", "STUDY", "SERIES", "IMAGE")
STUDY_ROOT = ("STUDY", "SERIES", "IMAGE")

PLAIN = Options()

_numbers = count(1)


def head(little_endian=True, **values):
    """A head; text is written in UTF-8 unless bytes say otherwise; sequences are lists of items."""
    raw = {tag_for_keyword(keyword): _raw(value) for keyword, value in values.items()}
    return Head(raw, EXPLICIT, little_endian)


def _raw(value) -> bytes:
    if isinstance(value, list):
        return b"".join(_item(item) for item in value)
    return value if isinstance(value, bytes) else _encoded(value)


def _item(values) -> bytes:
    """An item in Explicit VR Little Endian, of undefined length, PS3.5 7.5.2."""
    elements = []
    for keyword, value in values.items():
        tag, vr, raw = tag_for_keyword(keyword), dictionary_VR(keyword), _raw(value)
        head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
        long = vr in ("SQ", "UC", "UR", "UT")
        elements.append(
            (tag, head + struct.pack("<HI" if long else "<H", *[0] * long, len(raw)) + raw)
        )
    inside = b"".join(element for _, element in sorted(elements))
    return b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + inside + b"\xfe\xff\x0d\xe0\0\0\0\0"


def instance(root: Path, uid: str = "", **values) -> Record:
    """A record; UIDs that are not given are made up."""
    number = next(_numbers)
    values = {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": CT,
        "StudyInstanceUID": f"1.9.{number}",
        "SeriesInstanceUID": f"1.8.{number}",
        **values,
    }
    values["SOPInstanceUID"] = uid = uid or f"1.7.{number}"
    stored = StoredInstance(
        values["SOPClassUID"], uid, EXPLICIT, root / "objects" / f"{uid}.dcm", 324, 1000, "ab" * 32
    )
    return record(head(**values), stored, "MODALITY")


@contextmanager
def index(sync="lazy") -> Iterator[tuple[Path, Index]]:
    """An index of its own, gone afterwards."""
    with TemporaryDirectory() as folder:
        opened = Index(Path(folder), sync=sync)
        try:
            yield Path(folder), opened
        finally:
            opened.close()


def identifier(**values) -> Dataset:
    """A C-FIND identifier as a client builds it."""
    dataset = Dataset()
    for keyword, value in values.items():
        vr = dictionary_VR(keyword)
        if vr == "SQ":
            items = [value] if isinstance(value, dict) else value or []
            value = [identifier(**item) for item in items]  # noqa: PLW2901
        # Keys hold wildcards and ranges, which are no values: pydicom would warn.
        dataset[keyword] = DataElement(keyword, vr, value, validation_mode=IGNORE)
    return dataset


def from_the_wire(**values) -> Dataset:
    """An identifier as the network brings it, nothing decoded yet; text in UTF-8."""
    raws = {}
    for keyword, value in values.items():
        tag = BaseTag(tag_for_keyword(keyword))
        if dictionary_VR(keyword) == "SQ":
            items = [value] if isinstance(value, dict) else value or []
            raws[tag] = DataElement(tag, "SQ", [from_the_wire(**item) for item in items])
            continue
        data = value.to_bytes(8, "little") if dictionary_VR(keyword) == "UV" else _encoded(value)
        raws[tag] = RawDataElement(tag, None, len(data), data, 0, True, True)
    return Dataset(raws)


def _encoded(value) -> bytes:
    if isinstance(value, int):
        return value.to_bytes(2, "little")
    if isinstance(value, list) and isinstance(value[0], int):
        return b"".join(map(_encoded, value))
    data = (value if isinstance(value, str) else "\\".join(value)).encode()
    return data + b" " * (len(data) % 2)


def parsed(
    levels=STUDY_ROOT, retrieve=False, repository=False, options=PLAIN, **values
) -> query.Query:
    """A parsed identifier."""
    values.setdefault("SpecificCharacterSet", "ISO_IR 192")
    dataset = from_the_wire(**values)
    return query.parse(dataset, levels, retrieve=retrieve, repository=repository, options=options)


def found(opened: Index, levels=STUDY_ROOT, options=PLAIN, **values) -> list[dict[str, str]]:
    """The answers to an identifier, as dictionaries by keyword."""
    asked = parsed(levels, options=options, **values)
    names = [answer.keyword for answer in asked.returns]
    return [dict(zip(names, row, strict=True)) for row in opened.find(asked)]
