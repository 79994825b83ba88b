"""A stored object opened for reading and rewriting, without decoding what is not looked at.

Law: changes are named by tag; everything else leaves as the bytes it came as. Big values stream.
"""

from __future__ import annotations

import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

from iod import elements
from iod.elements import Element, Syntax, Walk
from iod.errors import Malformed
from iod.inflating import inflated

CHUNK = 1 << 20
_MOST_IN_MEMORY = 64 << 20  # of one value that has to be looked at
_MOST_INFLATED = 512 << 20

Write = Callable[[bytes], object]
Change = Callable[[Write], object] | None
"""Writes an element, header and all, in the place of the old one; None leaves it out."""


class Stored(Protocol):
    """What must be known of a stored object: its data set is a slice of a file."""

    @property
    def transfer_syntax_uid(self) -> str: ...

    @property
    def path(self) -> Path: ...

    @property
    def offset(self) -> int: ...

    @property
    def size(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Made:
    """A data set that was made: all of the file at `path` (so `offset` is 0)."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    path: Path
    offset: int
    size: int


class Encoded:
    """An encoded data set in an open file, and where its top-level elements lie."""

    def __init__(self, file: BinaryIO, syntax: Syntax, start: int, end: int) -> None:
        self.file = file
        self.syntax = syntax
        self.walk = Walk(file, syntax, end)
        self.elements = {each.tag: each for each in self.walk.elements(start)}

    def __contains__(self, tag: int) -> bool:
        return tag in self.elements

    def raw(self, tag: int) -> bytes:
        """The bytes of a value; none when the element is missing. Raises Malformed."""
        element = self.elements.get(tag)
        return self.read(element.value, element.stop) if element else b""

    def read(self, start: int, stop: int) -> bytes:
        """Bytes that have to be in memory at once."""
        if stop - start > _MOST_IN_MEMORY:
            raise Malformed(f"a value of {stop - start} bytes is too long to be looked at")
        self.file.seek(start)
        return self.file.read(stop - start)

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Bytes in pieces."""
        while start < stop:
            self.file.seek(start)
            piece = self.file.read(min(CHUNK, stop - start))
            if not piece:
                raise Malformed("the stored object has become shorter")
            start += len(piece)
            yield piece

    def texts(self, tag: int) -> list[str]:
        """The values of a text without characters beyond ASCII, trimmed."""
        raw = self.raw(tag).decode("ascii", "replace").strip(" \0")
        return [part.strip(" ") for part in raw.split("\\")] if raw else []

    def text(self, tag: int) -> str:
        """The first value of such a text; empty when there is none."""
        return next(iter(self.texts(tag)), "")

    def numbers(self, tag: int, form: str) -> list[int]:
        """The values of a binary number, `form` being struct's mark of it."""
        raw, size = self.raw(tag), struct.calcsize(form)
        count = len(raw) // size
        return list(struct.unpack_from(f"{self.syntax.order}{count}{form}", raw))

    def number(self, tag: int, default: int = 0) -> int:
        """A single US."""
        return next(iter(self.numbers(tag, "H")), default)

    def tags(self, tag: int) -> list[int]:
        """The values of an AT: tags, each as two numbers, PS3.5 6.2."""
        numbers = self.numbers(tag, "H")
        return [
            group << 16 | each for group, each in zip(numbers[::2], numbers[1::2], strict=False)
        ]

    def pointing(self, tag: int, tags: Sequence[int]) -> Change:
        """The change of an AT to these values."""
        pairs = (part for each in tags for part in (each >> 16, each & 0xFFFF))
        raw = struct.pack(f"{self.syntax.order}{len(tags) * 2}H", *pairs)
        return written(elements.element(self.syntax, tag, b"AT", raw))

    def items(self, tag: int) -> list[bytes]:
        """The encoded items of a sequence."""
        return [self.read(*each) for each in self.ranges(tag)]

    def ranges(self, tag: int) -> list[tuple[int, int]]:
        """Where the items of a sequence, or the fragments of pixel data, lie."""
        found = self.elements.get(tag)
        return list(self.walk.inside(found).items(found.value)) if found else []

    def copy(self, element: Element, write: Write) -> None:
        """Write an element as it stands."""
        for piece in self.chunks(element.start, element.end):
            write(piece)

    def rewrite(self, changes: Mapping[int, Change], write: Write) -> None:
        """Write the data set with these changes, new elements in the order of their tags."""
        new = sorted((tag for tag in changes if tag not in self), reverse=True)
        for tag, element in self.elements.items():
            while new and new[-1] < tag:
                _put(changes[new.pop()], write)
            if tag in changes:
                _put(changes[tag], write)
            else:
                self.copy(element, write)
        for tag in reversed(new):
            _put(changes[tag], write)


def _put(change: Change, write: Write) -> None:
    if change is not None:
        change(write)


def written(data: bytes) -> Change:
    """The change to an element that is at hand."""

    def change(write: Write) -> None:
        write(data)

    return change


@contextmanager
def opened(stored: Stored, folder: Path) -> Iterator[Encoded]:
    """The data set of a stored object; a deflated one is inflated into a file in `folder`."""
    syntax = elements.syntax_of(stored.transfer_syntax_uid)
    with stored.path.open("rb") as file:
        if not syntax.deflated:
            yield Encoded(file, syntax, stored.offset, stored.offset + stored.size)
            return
        with tempfile.TemporaryFile(dir=folder) as plain:
            file.seek(stored.offset)
            size = sum(map(plain.write, inflated(file, _MOST_INFLATED)))
            yield Encoded(plain, syntax, 0, size)


@contextmanager
def writing(path: Path, syntax: Syntax) -> Iterator[Write]:
    """Write a data set into a new file; deflated where the syntax says so."""
    with path.open("xb") as file:
        if not syntax.deflated:
            yield file.write
            return
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        yield lambda data: file.write(deflater.compress(data))
        file.write(deflater.flush())
        if file.tell() % 2:
            file.write(b"\0")  # PS3.5 A.5


def without_private(raw: bytes, syntax: Syntax, depth: int = 0) -> bytes:
    """An encoded data set without private elements and group lengths, at every level."""
    walk = Walk(BytesIO(raw), syntax, len(raw), depth)
    made = bytearray()
    for each in walk.elements(0):
        if each.private or each.tag & 0xFFFF == 0:
            continue
        made += _public(raw, each, walk) if each.sequence else raw[each.start : each.end]
    return bytes(made)


def _public(raw: bytes, element: Element, walk: Walk) -> bytes:
    """A sequence likewise; one that has nothing private stays as it is, byte for byte."""
    inside = walk.inside(element)
    items = [raw[start:stop] for start, stop in inside.items(element.value)]
    public = [without_private(item, inside.syntax, inside.depth) for item in items]
    if public == items:
        return raw[element.start : element.end]
    return elements.sequence(walk.syntax, element.tag, element.vr, public)
