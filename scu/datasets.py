"""Identifiers as bytes, PS3.5 7.1, in the transfer syntax of their presentation context."""

from __future__ import annotations

from io import BytesIO

from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.uid import UID


def encode(identifier: Dataset, transfer_syntax: str) -> bytes:
    """The identifier as bytes; raises ValueError when a value cannot be written."""
    syntax = UID(transfer_syntax)
    buffer = DicomBytesIO()
    buffer.is_little_endian = syntax.is_little_endian
    buffer.is_implicit_VR = syntax.is_implicit_VR
    try:
        write_dataset(buffer, identifier)
    except (TypeError, AttributeError, LookupError) as error:
        raise ValueError(f"the identifier cannot be encoded: {error}") from None
    return buffer.getvalue()


def decode(data: bytes, transfer_syntax: str) -> Dataset:
    """The identifier in `data`; raises ValueError when it cannot be read."""
    syntax = UID(transfer_syntax)
    try:
        return read_dataset(BytesIO(data), syntax.is_implicit_VR, syntax.is_little_endian)
    except Exception as error:  # noqa: BLE001 - pydicom's parsers raise what they happen to
        raise ValueError(f"the identifier cannot be read: {error}") from None
