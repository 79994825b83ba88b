"""Files to wrap, made for a test: meshes, material libraries, PDF and CDA documents; and whose."""

from __future__ import annotations

import io
import struct
from pathlib import Path

from pypdf import PdfWriter

from tests.objects import instance, uid, written

# The corners of a cube, and its twelve triangles, seen from outside.
CORNERS = [(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]
FACES = [
    (0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1),
    (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3),
]  # fmt: skip
FRAME_OF_REFERENCE = uid("frame of reference")


def triangles(size=10.0, faces=FACES):
    return [[tuple(size * c for c in CORNERS[corner]) for corner in face] for face in faces]


def binary(some=None, *, count=None, header=b"made for a test"):
    some = triangles() if some is None else some
    body = b"".join(
        struct.pack("<12fH", 0, 0, 0, *(c for corner in one for c in corner), 0) for one in some
    )
    said = len(some) if count is None else count
    return header.ljust(80, b"\0") + struct.pack("<I", said) + body


def ascii_stl(some=None, *, end="endsolid cube\n"):
    lines = ["solid cube"]
    for one in triangles() if some is None else some:
        corners = "".join(f"vertex {x} {y} {z}\n" for x, y, z in one)
        lines.append(f"facet normal 0 0 0\nouter loop\n{corners}endloop\nendfacet")
    return ("\n".join(lines) + "\n" + end).encode("ascii")


def obj(*heads, size=10.0):
    vertices = [f"v {x * size} {y * size} {z * size}" for x, y, z in CORNERS]
    faces = [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in FACES]
    return ("\n".join([*heads, *vertices, *faces]) + "\n").encode()


MTL = b"newmtl bone\nKd 1 1 0.9\nnewmtl skin\nmap_Kd skin.png\n"


def pdf(pages=1, title="Letter", password=""):
    writer, made = PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    writer.write(made)
    return made.getvalue()


def cda(head="", *, root="ClinicalDocument", identifier='root="1.2.3.4" extension="R-1"', more=""):
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}
<{root} xmlns="urn:hl7-org:v3"><templateId root="1.2.840.10008.9.1"/><id {identifier}/>
<code code="18748-4" codeSystem="2.16.840.1.113883.6.1" displayName="Diagnostic imaging study"/>
<title>Befund Schädel</title><effectiveTime value="20240102101500+0100"/><setId root="1.2.3.5"/>
<recordTarget><patientRole><id extension="P1" root="1.9"/></patientRole></recordTarget>{more}
</{root}>""".encode()


def ct(folder, number=2, **values):
    """The slices of a CT, whose files they are."""
    values = {"FrameOfReferenceUID": FRAME_OF_REFERENCE, "Rows": 2, "Columns": 2, **values}
    return written(folder, *(instance(n, **values) for n in range(1, number + 1)))


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
