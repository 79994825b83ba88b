"""Encapsulated documents, PS3.3 C.24.2: what the class, the MIME type and the bytes say must agree.

Law: a document is recognised by its beginning and its length; nothing in it is run or resolved.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from typing import Final

from iod.checks.objects import CLASS, Checked, Told

# Class: the MIME type of its documents.
MIME_TYPES: Final = {
    CLASS + "104.1": "application/pdf",
    CLASS + "104.2": "text/xml",
    CLASS + "104.3": "model/stl",
    CLASS + "104.4": "model/obj",
    CLASS + "104.5": "model/mtl",
}
CLASSES: Final = frozenset(MIME_TYPES)
_HEAD, _FACET = 84, 50
_LOOKED_AT: Final = 1 << 20
_OBJ: Final = re.compile(rb"^[ \t]*v[ \t]+[-+.\d]", re.M)
_MTL: Final = re.compile(rb"^[ \t]*newmtl[ \t]+\S", re.M)
_CDA: Final = re.compile(rb"<(?:\w+:)?ClinicalDocument[\s>]")


def mime(checked: Checked) -> Told:
    """A MIME type that is not the one of the class."""
    said = checked.root.text("MIMETypeOfEncapsulatedDocument")
    wanted = MIME_TYPES[checked.sop_class_uid]
    if said and said.lower() != wanted:
        yield (
            "MIMETypeOfEncapsulatedDocument",
            f"is {said[:40]!a}; documents of this class are {wanted}",
        )


def length(checked: Checked) -> Told:
    """C.24.2: the length is that of the value, or one less where it was padded."""
    element = checked.root.element("EncapsulatedDocument")
    said = checked.root.number("EncapsulatedDocumentLength")
    if element is None or said is None:
        return
    if said not in (element.length, element.length - 1):
        yield "EncapsulatedDocumentLength", f"is {said:g}; the document has {element.length} bytes"


def content(checked: Checked) -> Told:
    """A document that does not begin, or end, as its MIME type has it."""
    element = checked.root.element("EncapsulatedDocument")
    if element is None or element.empty:
        return
    said = checked.root.text("MIMETypeOfEncapsulatedDocument").lower()
    size = int(checked.root.number("EncapsulatedDocumentLength") or element.length)
    start = checked.value(element, _LOOKED_AT)
    judge = _WRONG.get(said)
    told = judge(start, min(size, element.length), element.length) if judge else ""
    if told:
        yield "EncapsulatedDocument", told


def _stl(start: bytes, size: int, stored: int) -> str:
    if start.lstrip()[:5].lower() == b"solid" and b"facet" in start:
        whole = start.rstrip(b" \0\r\n\t")
        if stored <= len(start) and b"endsolid" not in whole[-4096:]:
            return "is ASCII STL without its end, endsolid"
        return ""
    if len(start) < _HEAD:
        return f"is no STL: it has {size} bytes, less than a header"
    (facets,) = struct.unpack_from("<I", start, _HEAD - 4)
    wanted = _HEAD + _FACET * facets
    if wanted not in (size, stored, stored - 1):
        return f"says {facets} triangles, which take {wanted} bytes; it has {size}"
    return "" if facets else "has no triangle"


def _pdf(start: bytes, _size: int, _stored: int) -> str:
    return "" if b"%PDF-" in start[:1024] else "is no PDF: it does not begin with %PDF-"


def _cda(start: bytes, _size: int, _stored: int) -> str:
    return "" if _CDA.search(start) else "is no CDA: there is no ClinicalDocument in it"


def _obj(start: bytes, _size: int, _stored: int) -> str:
    return "" if _OBJ.search(start) else "is no OBJ: no line of it is a vertex"


def _mtl(start: bytes, _size: int, _stored: int) -> str:
    return "" if _MTL.search(start) else "is no MTL: no line of it names a material"


_WRONG: Final[Mapping[str, Callable[[bytes, int, int], str]]] = {
    "model/stl": _stl,
    "application/pdf": _pdf,
    "text/xml": _cda,
    "model/obj": _obj,
    "model/mtl": _mtl,
}
