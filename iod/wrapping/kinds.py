"""What can be wrapped, and as what: a row for each kind of file. PS3.3 A.45.1, A.45.2, A.85.1-3.

The media types are those of the IODs' content constraints; M3D, DOC are terms of C.7.3.1.1.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iod.errors import Unwrappable


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file and the object that carries it."""

    name: str
    suffixes: tuple[str, ...]  # the first is the one we write
    sop_class_uid: str
    media_type: str
    modality: str
    model: bool = False  # has the Manufacturing 3D Model and Enhanced General Equipment modules
    spatial: bool = False  # has a Frame of Reference
    identifies: bool = False  # has as a rule the patient's name in it: Burned In Annotation YES
    text: bool = False  # a zero byte at its end can only be padding


_ROOT: Final = "1.2.840.10008.5.1.4.1.1.104"
KINDS: Final = (
    Kind("PDF", (".pdf",), f"{_ROOT}.1", "application/pdf", "DOC", identifies=True),
    Kind("CDA", (".xml", ".cda"), f"{_ROOT}.2", "text/XML", "DOC", identifies=True, text=True),
    Kind("STL", (".stl",), f"{_ROOT}.3", "model/stl", "M3D", model=True, spatial=True),
    Kind("OBJ", (".obj",), f"{_ROOT}.4", "model/obj", "M3D", model=True, spatial=True, text=True),
    Kind("MTL", (".mtl",), f"{_ROOT}.5", "model/mtl", "M3D", model=True, text=True),
)
BY_NAME: Final = {kind.name: kind for kind in KINDS}
BY_CLASS: Final = {kind.sop_class_uid: kind for kind in KINDS}
_BY_SUFFIX: Final = {suffix: kind for kind in KINDS for suffix in kind.suffixes}


def of_file(path: Path) -> Kind:
    """The kind of a file by the end of its name; its content is another's to judge.

    Raises Unwrappable.
    """
    found = _BY_SUFFIX.get(path.suffix.lower())
    if found is None:
        known = ", ".join(_BY_SUFFIX)
        raise Unwrappable(f"the end of its name says what it is, and has to be one of {known}")
    return found
