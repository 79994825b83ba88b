"""Pixel data from one form into another, with the attributes that must follow; PS3.5 A.4, 8.2.

Law: the outermost pixel data passes frame by frame. Icons and other nested images are small and
become native, whatever happens to the outermost one: A.4 allows that in every transfer syntax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import BinaryIO, Final, TypeVar

from iod.errors import Unconvertible
from iod.transcoding import cells, decoding, encoding, frames, syntaxes
from iod.transcoding.decoding import Array, Frame
from iod.transcoding.elements import (
    Element,
    Encapsulated,
    Fragments,
    Item,
    Native,
    Sequence,
    Span,
    name,
)
from iod.transcoding.image import (
    TABLES,
    Image,
    image,
    note_lossy,
    set_photometric,
    set_planar,
)
from iod.transcoding.representations import PIXEL_DATA

FLOATS: Final = (0x7FE00008, 0x7FE00009)
NESTED_BYTES: Final = 64 << 20  # native bytes of all nested images together


T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class Change:
    """One object on its way from one transfer syntax to another."""

    file: BinaryIO
    little: bool
    source: str
    target: str
    nested_left: int = NESTED_BYTES


def change(root: Item, how: Change) -> str:
    """Change all pixel data of the tree as far as the target asks for it; returns what was done."""
    for item in nested(root):
        if _compressed(item):
            _to_native(item, how, deep=True)
    note = ""
    if how.target in syntaxes.NATIVE:
        if _compressed(root):
            note = _to_native(root, how, deep=False)
    elif root.get(PIXEL_DATA):
        note = _to_encapsulated(root, how)
    elif any(root.get(tag) for tag in FLOATS):
        raise Unconvertible("floating point pixel data is never compressed")
    return note


def nested(root: Item) -> Iterator[Item]:
    """Every item of every sequence."""
    for element in root.elements:
        if isinstance(element.value, Sequence):
            for item in element.value.items:
                yield item
                yield from nested(item)


def _compressed(item: Item) -> bool:
    pixels = item.get(PIXEL_DATA)
    return pixels is not None and isinstance(pixels.value, Fragments)


def _decoded(item: Item, about: Image, how: Change) -> Iterator[Frame]:
    """The frames of encapsulated pixel data; a fault says which."""
    value = _pixels(item).value
    assert isinstance(value, Fragments)
    decode = decoding.decoder(how.source)
    streams = frames.encapsulated(how.file, value, about)
    return _each(streams, lambda stream: decode(stream, about), how.source)


def _pixels(item: Item) -> Element:
    pixels = item.get(PIXEL_DATA)
    assert pixels is not None
    return pixels


def _each(given: Iterator[T], do: Callable[[T], R], syntax: str) -> Iterator[R]:
    """Do something to each frame, and name the frame that it fails for."""
    for number, each in enumerate(given, 1):
        try:
            done = do(each)
        except Unconvertible as error:
            raise Unconvertible(f"frame {number} {error.cause}") from error
        except MemoryError:
            raise
        # Codecs raise errors of their own over hostile streams, and Python's.
        except Exception as error:
            stream = syntaxes.DECODED[syntax]
            why = f"frame {number}: the {stream} codec gave up"
            raise Unconvertible(f"{why} ({type(error).__name__})") from error
        yield done


def _begun(item: Item, about: Image, how: Change) -> tuple[Frame, Iterator[Frame]]:
    """The first frame, which decides what all of them are; and all of them."""
    found = _decoded(item, about, how)
    first = next(found)
    return first, chain((first,), _alike(found, first))


def _alike(found: Iterator[Frame], first: Frame) -> Iterator[Frame]:
    for frame in found:
        if frame.photometric != first.photometric:
            raise Unconvertible("its frames are of different colour spaces")
        yield frame


def _to_native(item: Item, how: Change, *, deep: bool) -> str:
    about = image(item, little=how.little)
    first, found = _begun(item, about, how)
    made = replace(about, photometric=first.photometric)
    _bound(made, how, deep=deep)
    if about.allocated == 1:
        chunks = cells.packed(found, made)
    else:
        chunks = _each(found, lambda frame: cells.native(frame, made), how.source)
    if deep:  # made at once, as the items around it say their length first
        value: bytes | Native = b"".join(chunks)
    else:
        value = Native(made.native_bytes, chunks)
    wide = about.allocated // 8 if about.allocated > 8 else 1
    item.put(Element(PIXEL_DATA, b"OW" if wide > 1 else b"OB", value, wide))
    _follow(item, about, how, first)
    return _told(about, first, how)


def _bound(about: Image, how: Change, *, deep: bool) -> None:
    if deep:
        how.nested_left -= about.native_bytes
        if how.nested_left < 0:
            raise Unconvertible("its nested images are too large")
    if about.native_bytes > 0xFFFFFFFE:
        size = f"{about.native_bytes} bytes"
        raise Unconvertible(f"decoded, it has {size}; native pixel data has at most 4 GiB")


def _follow(item: Item, about: Image, how: Change, first: Frame) -> None:
    """The attributes that native pixel data has instead."""
    item.drop(*TABLES)
    raw = isinstance(first.values, bytes)
    if not raw:
        set_planar(item, about, planar=False, little=how.little)
    if first.photometric != about.photometric:
        set_photometric(item, first.photometric)
    if first.lossy:
        note_lossy(item)


def _told(about: Image, first: Frame, how: Change) -> str:
    parts = [f"{syntaxes.DECODED[how.source]} decoded"]
    if about.frames > 1:
        parts.append(f"{about.frames} frames")
    if first.photometric != about.photometric:
        parts.append(f"{about.photometric} became {first.photometric}")
    return ", ".join(parts)


def _to_encapsulated(item: Item, how: Change) -> str:
    """Encode frame by frame what is native, or what comes out of another stream."""
    about = image(item, little=how.little)
    encode = encoding.encoder(how.target)
    made, about = _arrays(item, about, how)
    encoding.check(about, how.target)
    streams = _each(made, lambda array: encode(array, about), how.target)
    item.put(Element(PIXEL_DATA, b"OB", Encapsulated(about.frames, streams)))
    item.drop(*TABLES)
    # PS3.5 8.2.2: RLE is color-by-plane by nature; PS3.3 C.7.6.3.1.3 wants 0 for the others.
    set_planar(item, about, planar=how.target == syntaxes.RLE, little=how.little)
    photometric = encoding.photometric(about, how.target)
    set_photometric(item, photometric)
    return f"{syntaxes.ENCODED[how.target]} encoded, {photometric}"


def _arrays(item: Item, about: Image, how: Change) -> tuple[Iterator[Array], Image]:
    """The frames as cells, and the image as it is once decoded."""
    value = _pixels(item).value
    if isinstance(value, Fragments):
        first, found = _begun(item, about, how)
        if first.lossy:
            note_lossy(item)
        decoded = replace(about, photometric=first.photometric)
        return _each(found, lambda frame: cells.array(frame, decoded), how.source), decoded
    if not isinstance(value, bytes | Span):
        raise Unconvertible(f"{name(PIXEL_DATA)} is a sequence")
    unit = 1 if how.little else _pixels(item).unit
    raw = frames.native(how.file, value, about, unit)
    native = (Frame(each, about.allocated, about.photometric) for each in raw)
    return (cells.array(frame, about) for frame in native), about
