"""Identifiers as they arrive, PS3.4 C.4.1.1.3.1: bytes of a peer, read only once they are sound.

The scanner walks them first: a nesting bomb or a length that lies never reaches pydicom.
"""

from __future__ import annotations

from io import BytesIO

from pydicom import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from archive.bounds import Bounds
from archive.errors import BadIdentifier, BadObject
from archive.scanner import Scanner


def read(data: bytes, transfer_syntax: str, bounds: Bounds) -> Dataset:
    """The identifier in `data`; raises BadIdentifier when it is not one whole data set."""
    scan = Scanner(transfer_syntax, frozenset(), bounds)
    try:
        scan.feed(data)
        scan.finish()
    except BadObject as error:
        raise BadIdentifier(f"the identifier cannot be read: {error}") from None
    if scan.odd:
        raise BadIdentifier(f"the identifier cannot be read: {scan.odd}")
    syntax = UID(transfer_syntax)
    try:
        return read_dataset(BytesIO(data), syntax.is_implicit_VR, syntax.is_little_endian)
    except Exception as error:  # noqa: BLE001 - pydicom raises what its parsers happen to raise
        raise BadIdentifier(f"the identifier cannot be read: {error}") from None
