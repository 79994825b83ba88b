"""STL, and the geometry of any mesh: counted here, measured by trimesh.

STL is 3D Systems' StereoLithography Interface Specification (1989): binary is 80 bytes of header,
the number of triangles, and 50 bytes for each; ASCII begins with `solid`. A binary file may begin
with that word as well, so its length decides.
"""

from __future__ import annotations

import re
import struct
from io import BytesIO
from typing import Any, Final

import numpy as np
import trimesh

from iod.errors import Unwrappable
from iod.wrapping.contents import Contents

_HEADER: Final = 80
_FIRST: Final = _HEADER + 4
_TRIANGLE: Final = 50
_LEAD: Final = 1024  # bytes in which a text says what it is
_AXES: Final = "XYZ"
MARK: Final = b"\xef\xbb\xbf"  # of UTF-8 at the begin of a text
# Names may be of any character set, lines end as on any system: geometry is ASCII.
_PLAIN: Final = bytes(ord("?") if byte > 0x7F else byte for byte in range(256)).replace(
    b"\r", b"\n"
)
# So does DCMTK's stl2dcm, whose word it is that DICOM takes binary only.
_ASCII: Final = "it is ASCII STL: some who take STL in DICOM refuse that, binary they all take"


def stl(data: bytes) -> Contents:
    """An STL file. Raises Unwrappable."""
    form = "binary" if _is_binary(data) else "ascii"
    if form == "binary":
        declared, mesh = _binary(data), load(data, "stl")
    else:
        text = plain(data)
        declared, mesh = _ascii(text), load(text, "stl_ascii")
    if len(mesh.faces) != declared:
        raise Unwrappable(f"it says {declared} triangles, but {len(mesh.faces)} can be read")
    facts, notes = measured(mesh)
    if form == "ascii":
        notes = (*notes, _ASCII)
    return Contents({"form": form, **facts}, notes)


def _is_binary(data: bytes) -> bool:
    """Whether the length is that of a binary file, or else whether it cannot be text."""
    if len(data) >= _FIRST and len(data) == _FIRST + _TRIANGLE * _count(data):
        return True
    return plain(data[:_LEAD]).lstrip()[:5].lower() != b"solid" or b"\0" in data


def plain(data: bytes) -> bytes:
    """A text as the parsers of geometry take it."""
    return data.removeprefix(MARK).translate(_PLAIN)


def _count(data: bytes) -> int:
    return int(struct.unpack_from("<I", data, _HEADER)[0])


def _binary(data: bytes) -> int:
    if len(data) < _FIRST:
        raise Unwrappable(
            f"it has {len(data)} bytes; the header of a binary STL alone has {_FIRST}"
        )
    count, rest = _count(data), len(data) - _FIRST
    if rest != count * _TRIANGLE:
        if re.fullmatch(rb"[\t\n\r -~]+", data[:_LEAD]):
            raise Unwrappable("it is a text, and no STL: one that is text begins with `solid`")
        raise Unwrappable(
            f"its header says {count} triangles, which take {count * _TRIANGLE} bytes; "
            f"{rest} follow: it is cut off, or no STL"
        )
    if count == 0:
        raise Unwrappable("it has no triangle")
    return count


def _ascii(data: bytes) -> int:
    text = data.lower()
    starts, ends = (
        len(re.findall(rb"(?m)^\s*%s\b" % word, text)) for word in (b"solid", b"endsolid")
    )
    if starts != ends:
        raise Unwrappable(f"it has {starts} solid and {ends} endsolid: it is cut off")
    facets, corners = (
        len(re.findall(rb"\b%s\s" % word, text)) for word in (rb"facet\s+normal", b"vertex")
    )
    if facets == 0:
        raise Unwrappable("it has no triangle")
    if corners != 3 * facets:
        raise Unwrappable(f"{facets} triangles need {3 * facets} vertices; it has {corners}")
    return facets


def load(data: bytes, form: str, **how: bool) -> trimesh.Trimesh:
    """The mesh as it stands in the file. Raises Unwrappable."""
    try:
        mesh = trimesh.load_mesh(BytesIO(data), file_type=form, process=False, **how)
    except Exception as error:  # noqa: BLE001 - whatever its parsers happen to raise
        raise Unwrappable(f"it cannot be read as a mesh ({error})") from None
    if len(mesh.faces) == 0:
        raise Unwrappable("it has no triangle")
    if not np.isfinite(mesh.vertices).all():
        raise Unwrappable("some of its coordinates are no finite numbers")
    return mesh


def measured(mesh: trimesh.Trimesh) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Facts of a mesh in its own unit, and what to mind. Raises Unwrappable if degenerate."""
    triangles = len(mesh.faces)
    extents = [float(each) for each in mesh.extents]
    if flat := [axis for axis, extent in zip(_AXES, extents, strict=True) if extent == 0]:
        raise Unwrappable(f"it is degenerate: it has no extent in {' and '.join(flat)}")
    lost = int((mesh.area_faces == 0).sum())
    if lost == triangles:
        raise Unwrappable("it is degenerate: none of its triangles has an area")
    mesh.merge_vertices()
    closed = bool(mesh.is_watertight)
    oriented = bool(mesh.is_winding_consistent)
    volume = float(mesh.volume) if closed and oriented else None
    facts = {
        "triangles": triangles,
        "bounds": [[float(each) for each in corner] for corner in mesh.bounds],
        "extents": extents,
        "watertight": closed,
        "winding_consistent": oriented,
        "area": float(mesh.area),
        "volume": None if volume is None else abs(volume),
        "degenerate_triangles": lost,
    }
    return facts, tuple(_notes(mesh, lost, volume))


def _notes(mesh: trimesh.Trimesh, lost: int, volume: float | None) -> list[str]:
    notes = []
    if not mesh.is_watertight:
        _, counts = np.unique(mesh.edges_sorted, axis=0, return_counts=True)
        ragged = int((counts != 2).sum())
        notes.append(f"it is not watertight: {ragged} of its edges do not join two triangles")
    elif not mesh.is_winding_consistent:
        notes.append("its triangles do not all face the same way")
    if volume is not None and volume < 0:
        notes.append("its triangles face inwards")
    if lost:
        notes.append(f"{lost} of its {len(mesh.faces)} triangles have no area")
    return notes
