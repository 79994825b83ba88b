"""Names in OBJ and MTL files, and the objects that stand for the files they name. PS3.3 C.24.2.

A name keeps its spelling: Relative URI Reference Within Encapsulated Document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from iod.errors import Unwrappable
from iod.wrapping.building import Document
from iod.wrapping.references import Reference


def links(
    document: Document,
    file: Path,
    siblings: Mapping[Path, Reference],
    said: Mapping[str, Reference],
) -> tuple[tuple[Reference, ...], list[str]]:
    """What the names in a document refer to, and notes on those that refer to nothing.

    `siblings` are files that are wrapped with it, `said` objects given by name. Raises Unwrappable.
    """
    found: list[Reference] = []
    notes: list[str] = []
    for name in document.contents.refers_to:
        if behind := _behind(name, file, siblings, said):
            found += behind
        elif document.kind.name == "OBJ":
            raise Unwrappable(
                f"it needs the material library {name!r}: give that file as well, "
                f"or its object by --reference '{name}=FILE'"
            )
        else:
            notes.append(
                f"its texture {name!r} is not among the objects: --reference '{name}=FILE' "
                "names the image"
            )
    return tuple(found), notes


def _behind(
    name: str, file: Path, siblings: Mapping[Path, Reference], said: Mapping[str, Reference]
) -> list[Reference]:
    """The object behind a name; behind all of several, where a line names several files."""
    if one := _one(name, file, siblings, said):
        return [one]
    several = [_one(part, file, siblings, said) for part in name.split()]
    known = [each for each in several if each]
    return known if len(known) == len(several) else []


def _one(
    name: str, file: Path, siblings: Mapping[Path, Reference], said: Mapping[str, Reference]
) -> Reference | None:
    there = (file.parent / name.replace("\\", "/")).resolve()
    target = said.get(name) or siblings.get(there)
    return replace(target, uri=name) if target else None
