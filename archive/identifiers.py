"""Identifiers as they arrive, PS3.4 C.4.1.1.3.1: bytes of a peer, read only once they are sound.

The scanner walks them first: a nesting bomb or a length that lies never reaches pydicom.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO

from pydicom import Dataset
from pydicom.charset import python_encoding
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from archive.amounts import MOST_ELEMENTS
from archive.attributes import SPECIFIC_CHARACTER_SET
from archive.bounds import Bounds
from archive.charsets import character_set
from archive.errors import BadIdentifier, BadObject
from archive.heads import ONE_AT_A_TIME
from archive.scanner import Scanner


def read(data: bytes, transfer_syntax: str, bounds: Bounds) -> Dataset:
    """The identifier in `data`; raises BadIdentifier when it is not one whole data set."""
    bounds = replace(bounds, elements=min(bounds.elements, MOST_ELEMENTS))
    scan = Scanner(transfer_syntax, frozenset({SPECIFIC_CHARACTER_SET}), bounds)
    try:
        scan.feed(data)
        head = scan.finish()
    except BadObject as error:
        raise BadIdentifier(f"the identifier cannot be read: {error}") from None
    if scan.odd:
        raise BadIdentifier(f"the identifier cannot be read: {scan.odd}")
    syntax = UID(transfer_syntax)
    written = head.values.get(SPECIFIC_CHARACTER_SET, b"")
    try:
        with _quiet(written.decode("ascii", "replace").strip(" \0")):
            return read_dataset(BytesIO(data), syntax.is_implicit_VR, syntax.is_little_endian)
    except Exception as error:  # noqa: BLE001 - pydicom raises what its parsers happen to raise
        why = type(error).__name__  # its text may quote values
        raise BadIdentifier(f"the identifier cannot be read: {why}") from None


@contextmanager
def _quiet(written: str) -> Iterator[None]:
    """pydicom warns of sets it does not know, as `charsets` may; where warnings are errors, too."""
    charset = character_set(written)
    if written == charset.value and all(term in python_encoding for term in charset.terms):
        yield
        return
    with ONE_AT_A_TIME, warnings.catch_warnings(action="ignore"):
        yield
