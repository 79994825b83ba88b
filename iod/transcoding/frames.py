"""Where the frames of pixel data lie, PS3.5 A.4 (encapsulated) and 8.1 (native). One at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from pydicom.encaps import generate_frames

from iod.errors import Unconvertible
from iod.transcoding.elements import Fragments, Span
from iod.transcoding.image import Image
from iod.transcoding.writing import swap


def encapsulated(file: BinaryIO, value: Fragments, image: Image) -> Iterator[bytes]:
    """The compressed frames, each joined from its fragments."""
    if len(value.spans) < image.frames:
        held = f"{len(value.spans)} fragments for {image.frames} frames"
        raise Unconvertible(f"the object is damaged: it has {held}")
    if len(value.spans) == image.frames:  # then no offset table can say anything else
        yield from (_at(file, span) for span in value.spans)
    elif image.frames == 1:
        yield b"".join(_at(file, span) for span in value.spans)
    else:
        yield from _grouped(file, value, image)


def _at(file: BinaryIO, span: Span) -> bytes:
    file.seek(span.offset)
    return file.read(span.length)


def _grouped(file: BinaryIO, value: Fragments, image: Image) -> Iterator[bytes]:
    """By the Basic Offset Table or, if it is empty, by where streams end: pydicom knows how.

    An Extended Offset Table needs no look: its frames are one fragment each, PS3.3 C.7.6.3.1.8.
    """
    file.seek(value.offset)
    found = generate_frames(file, number_of_frames=image.frames)
    count = 0
    for frame in found:
        count += 1
        at = file.tell()
        yield frame
        file.seek(at)  # others read elsewhere meanwhile
        if count == image.frames:
            return
    raise Unconvertible(f"the object is damaged: it has {count} of {image.frames} frames")


def native(file: BinaryIO, value: bytes | Span, image: Image, unit: int) -> Iterator[bytes]:
    """The native frames; `unit` swaps them to little endian, 1 leaves them as they are."""
    length = len(value) if isinstance(value, bytes) else value.length
    size = image.frame_bytes
    if length < image.native_bytes:
        raise Unconvertible(f"the object is damaged: it has {length} bytes of pixel data")
    for number in range(image.frames):
        # Words are swapped whole, also where a frame of odd length begins in the middle of one.
        start, end = number * size, (number + 1) * size
        first, last = start - start % unit, min(end + -end % unit, length)
        yield swap(_part(file, value, first, last), unit)[start - first : end - first]


def _part(file: BinaryIO, value: bytes | Span, first: int, last: int) -> bytes:
    if isinstance(value, bytes):
        return value[first:last]
    return _at(file, Span(value.offset + first, last - first))
