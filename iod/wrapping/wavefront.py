"""OBJ and MTL, Wavefront's Object Files and material libraries: text, a statement to a line.

Law: a name of another file is a relative URI reference (PS3.3 C.24.2), or the file is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from iod.errors import Unwrappable
from iod.wrapping import meshes
from iod.wrapping.contents import Contents

_TEXTURES: Final = """
    map_kd map_ka map_ks map_ke map_ns map_d map_bump map_disp map_pr map_pm bump disp decal refl
    norm
"""
# Options of a texture that stand before its name: one word each, or so many numbers at the most.
_WORDS: Final = frozenset(
    {"-blendu", "-blendv", "-boost", "-bm", "-cc", "-clamp", "-imfchan", "-texres", "-type"}
)
_NUMBERS: Final = {"-mm": 2, "-o": 3, "-s": 3, "-t": 3}


def obj(data: bytes) -> Contents:
    """An OBJ file. Raises Unwrappable."""
    counts: Counter[str] = Counter()
    libraries: list[str] = []
    for word, rest in _statements(data):
        counts[word] += 1
        if word == "f":
            _check_face(rest, counts["v"])
        elif word == "mtllib":
            libraries.append(_relative(rest))
    if not counts["f"]:
        raise Unwrappable("it has no face")
    facts, notes = meshes.measured(meshes.load(meshes.plain(data), "obj", skip_materials=True))
    found = {"vertices": counts["v"], "faces": counts["f"], "material_libraries": libraries}
    if counts["usemtl"] and not libraries:
        notes = (*notes, "it uses materials, but names no material library")
    return Contents({**found, **facts}, notes, refers_to=tuple(dict.fromkeys(libraries)))


def mtl(data: bytes) -> Contents:
    """A material library. Raises Unwrappable."""
    takes_file = frozenset(_TEXTURES.split())
    materials: list[str] = []
    textures: list[str] = []
    for word, rest in _statements(data):
        if word == "newmtl":
            materials.append(rest)
        elif not materials:
            raise Unwrappable(f"{word!r} stands before the first material")
        elif word in takes_file and rest:
            textures.append(_relative(_texture(rest)))
    if not materials:
        raise Unwrappable("it has no material")
    unique = tuple(dict.fromkeys(textures))
    return Contents({"materials": materials, "textures": list(unique)}, refers_to=unique)


def _texture(rest: str) -> str:
    """The name of a texture, which may have blanks, without the options before it."""
    words = rest.split(" ")
    while len(words) > 1 and (words[0] in _WORDS or words[0] in _NUMBERS):
        option = words.pop(0)
        if option in _WORDS:
            words.pop(0)
        for _ in range(_NUMBERS.get(option, 0)):
            if len(words) > 1 and _is_number(words[0]):
                words.pop(0)
    return " ".join(words).strip()


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _statements(data: bytes) -> Iterator[tuple[str, str]]:
    """Each statement's word, in small letters, and what follows it."""
    if b"\0" in data:
        raise Unwrappable("it is no text: it holds zero bytes")
    # A backslash at the end of a line goes on in the next.
    for line in _decoded(data).replace("\\\n", " ").splitlines():
        word, _, rest = line.partition("#")[0].strip().partition(" ")
        if word:
            yield word.lower(), rest.strip()


def _decoded(data: bytes) -> str:
    """UTF-8; what is none has names in Latin-1, as older programs write them."""
    try:
        return data.removeprefix(meshes.MARK).decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _check_face(rest: str, vertices: int) -> None:
    corners = rest.split()
    if len(corners) < 3:
        raise Unwrappable(f"the face {rest!r} has fewer than three corners")
    for corner in corners:
        number = corner.partition("/")[0]
        if not number.removeprefix("-").isdecimal() or not 0 < abs(int(number)) <= vertices:
            raise Unwrappable(
                f"a face has the corner {corner!r}, but there are {vertices} vertices"
            )


def _relative(name: str) -> str:
    """A reference as it stands there. Raises Unwrappable when it leaves the folder of the file."""
    parts = name.replace("\\", "/").split("/")
    if not name or not parts[0] or ":" in parts[0] or ".." in parts:
        raise Unwrappable(f"it refers to {name!r}, which is not relative to its own folder")
    return name
