"""Closed bodies as meshes, and the three ways they are written: STL, OBJ, MTL.

Law: every edge belongs to two triangles that run along it in opposite directions, normals point
outwards, units are millimetres. Binary STL: 80 bytes of text, a count, 50 bytes a triangle.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

Point = tuple[float, float, float]
Triangle = tuple[int, int, int]

_HEADER_BYTES: Final = 80
_OCTAHEDRON: Final = (
    ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
    ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
    ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
    ((0, 1, 0), (1, 0, 0), (0, 0, -1)),
    ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
    ((0, -1, 0), (-1, 0, 0), (0, 0, -1)),
    ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
)


@dataclass(frozen=True, slots=True)
class Mesh:
    """Points, and triangles that name three of them by index, counterclockwise from outside."""

    points: tuple[Point, ...]
    triangles: tuple[Triangle, ...]


def ellipsoid(centre: Point, radii: Point, rounds: int) -> Mesh:
    """An octahedron whose triangles are quartered `rounds` times and drawn onto an ellipsoid."""
    points: dict[Point, int] = {}
    triangles: list[Triangle] = []
    for face in _OCTAHEDRON:
        corners: list[tuple[Point, Point, Point]] = [
            tuple((float(x), float(y), float(z)) for x, y, z in face)  # type: ignore[list-item]
        ]
        for _ in range(rounds):
            corners = [part for corner in corners for part in _quartered(corner)]
        for corner in corners:
            a, b, c = (points.setdefault(point, len(points)) for point in corner)
            triangles.append((a, b, c))
    placed = tuple(_placed(point, centre, radii) for point in points)
    return Mesh(placed, tuple(triangles))


def _quartered(corner: tuple[Point, Point, Point]) -> tuple[tuple[Point, Point, Point], ...]:
    a, b, c = corner
    ab, bc, ca = _middle(a, b), _middle(b, c), _middle(c, a)
    return (a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)


def _middle(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2


def _placed(point: Point, centre: Point, radii: Point) -> Point:
    x, y, z = point
    length = (x * x + y * y + z * z) ** 0.5
    return (
        round(centre[0] + radii[0] * x / length, 4),
        round(centre[1] + radii[1] * y / length, 4),
        round(centre[2] + radii[2] * z / length, 4),
    )


def _normal(a: Point, b: Point, c: Point) -> Point:
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    length = (x * x + y * y + z * z) ** 0.5
    return x / length, y / length, z / length


def stl(mesh: Mesh, title: str) -> bytes:
    """Binary STL. The header must not begin with "solid", by which readers know the text form."""
    parts = [title.encode("ascii").ljust(_HEADER_BYTES), struct.pack("<I", len(mesh.triangles))]
    for triangle in mesh.triangles:
        a, b, c = (mesh.points[index] for index in triangle)
        parts.append(struct.pack("<12fH", *_normal(a, b, c), *a, *b, *c, 0))
    return b"".join(parts)


def obj(mesh: Mesh, title: str, library: str, material: str) -> bytes:
    """Wavefront OBJ with a material and texture coordinates, a vertical unwrapping."""
    lows = [min(point[axis] for point in mesh.points) for axis in range(3)]
    highs = [max(point[axis] for point in mesh.points) for axis in range(3)]
    lines = [f"# {title}", f"mtllib {library}", "o body"]
    lines += [f"v {x:.4f} {y:.4f} {z:.4f}" for x, y, z in mesh.points]
    for x, _, z in mesh.points:
        across = (x - lows[0]) / (highs[0] - lows[0])
        lines.append(f"vt {across:.4f} {(z - lows[2]) / (highs[2] - lows[2]):.4f}")
    lines.append(f"usemtl {material}")
    lines += [f"f {a + 1}/{a + 1} {b + 1}/{b + 1} {c + 1}/{c + 1}" for a, b, c in mesh.triangles]
    return "\n".join([*lines, ""]).encode("ascii")


def mtl(title: str, material: str, texture: str) -> bytes:
    """A material library with one material and the picture that is drawn over it."""
    lines = [
        f"# {title}",
        f"newmtl {material}",
        "Ka 0.10 0.08 0.06",
        "Kd 0.85 0.78 0.65",
        "Ks 0.20 0.20 0.20",
        "Ns 40.0",
        "d 1.0",
        "illum 2",
        f"map_Kd {texture}",
        "",
    ]
    return "\n".join(lines).encode("ascii")
