"""The document in an object, byte for byte, PS3.3 C.24.2.

Encapsulated Document Length is the value's length, or one less where a byte of padding was added
(CP 1851). Older objects do not have it: then a last zero byte is padding where the content shows
that it cannot be its own.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pydicom import Dataset

from iod.errors import Unwrapped
from iod.reading.values import bare, value
from iod.reading.values import sop_class as name_of
from iod.wrapping.kinds import BY_CLASS, KINDS, Kind

TAGS = (
    "SOPClassUID", "SOPInstanceUID", "MIMETypeOfEncapsulatedDocument", "EncapsulatedDocument",
    "EncapsulatedDocumentLength", "DocumentTitle", "SpecificCharacterSet",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """A document that was taken out, and what to mind."""

    kind: Kind
    data: bytes
    notes: tuple[str, ...]


def take(wrapped: Dataset) -> Taken:
    """The document. Raises Unwrapped."""
    sop_class = bare(wrapped, "SOPClassUID")
    kind = BY_CLASS.get(sop_class)
    if kind is None:
        known = ", ".join(each.name for each in KINDS)
        raise Unwrapped(f"it is no encapsulated document ({known}), but {_named(sop_class)}")
    document = value(wrapped, "EncapsulatedDocument")
    if not isinstance(document, bytes) or not document:
        raise Unwrapped("it has no Encapsulated Document")
    notes = []
    said = bare(wrapped, "MIMETypeOfEncapsulatedDocument")
    if said.lower() != kind.media_type.lower():
        notes.append(f"it calls itself {said or 'nothing'}; an encapsulated {kind.name} is "
                     f"{kind.media_type}")  # fmt: skip
    data, note = _unpadded(kind, document, value(wrapped, "EncapsulatedDocumentLength"))
    return Taken(kind, data, (*notes, note) if note else tuple(notes))


def _named(sop_class: str) -> str:
    """A SOP class in words, PS3.6 Annex A, with its UID where it has no name there."""
    if not sop_class:
        return "of no class"
    name = name_of(sop_class)
    return f"of class {name}" if name == sop_class else f"{name} ({sop_class})"


def _unpadded(kind: Kind, value: bytes, length: object) -> tuple[bytes, str]:
    if isinstance(length, int):
        if length > len(value):
            raise Unwrapped(f"it says it has {length} bytes, but holds only {len(value)}")
        if len(value) - length <= 1:
            return value[:length], ""
        told = f"it says it has {length} bytes, but holds {len(value)}"
    else:
        told = "it does not say how long it is"
    if _padded(kind, value):
        return value[:-1], f"{told}; its last byte was taken as padding"
    return value, f"{told}; all of its bytes were taken"


def _padded(kind: Kind, value: bytes) -> bool:
    if value[-1]:
        return False
    if kind.name == "STL" and len(value) >= 84:
        (count,) = struct.unpack_from("<I", value, 80)
        if len(value) in (84 + 50 * count, 85 + 50 * count):
            return bool(len(value) % 50 == 85 % 50)
        return value[:5].lower() == b"solid"
    return kind.text or kind.name == "PDF"
