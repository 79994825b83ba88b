"""One object from one transfer syntax into another: read, change, write. In the worker alone."""

from __future__ import annotations

import io
import zlib
from typing import BinaryIO, Final

from iod.errors import Malformed, Unconvertible
from iod.inflating import in_memory
from iod.transcoding import pixels, representations, syntaxes
from iod.transcoding.reading import Reader
from iod.transcoding.writing import Writer

INFLATED_BYTES: Final = 512 << 20


def convert(source: BinaryIO, transfer_syntax_uid: str, target: str, out: BinaryIO) -> str:
    """Write the data set from the source's position on, changed, to `out`; a note of what changed.

    Raises Unconvertible; what was written until then is worth nothing.
    """
    syntaxes.check(transfer_syntax_uid, target)
    encoding = syntaxes.NATIVE.get(transfer_syntax_uid, syntaxes.PLAIN)
    file = _inflated(source) if encoding.deflated else source
    start = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(start)
    root = Reader(file, size, encoding).read()
    representations.decide(root, little=encoding.little)
    how = pixels.Change(file, encoding.little, transfer_syntax_uid, target)
    note = pixels.change(root, how)
    wanted = syntaxes.NATIVE.get(target, syntaxes.PLAIN)
    sink = Deflater(out) if wanted.deflated else Plain(out)
    Writer(sink, wanted, file, little=encoding.little).write(root)
    sink.finish()
    return note or "re-encoded"


def _inflated(source: BinaryIO) -> BinaryIO:
    try:
        return in_memory(source, INFLATED_BYTES)
    except Malformed as error:
        raise Unconvertible(str(error)) from error


class Plain:
    """Straight into the file."""

    __slots__ = ("_out",)

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def write(self, data: bytes, /) -> None:
        """Take these bytes."""
        self._out.write(data)

    def patch(self, back: int, data: bytes) -> None:
        """Overwrite what was written `back` bytes ago."""
        self._out.seek(-back, io.SEEK_CUR)
        self._out.write(data)
        self._out.seek(0, io.SEEK_END)

    def finish(self) -> None:
        """All is written."""
        self._out.flush()


class Deflater:
    """Through a deflater, padded to an even length: PS3.5 A.5."""

    __slots__ = ("_out", "_stream", "_written")

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._stream = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._written = 0

    def write(self, data: bytes, /) -> None:
        """Take these bytes."""
        self._written += self._out.write(self._stream.compress(data))

    def patch(self, back: int, data: bytes) -> None:
        """Nothing encapsulated is ever deflated as a whole."""
        raise AssertionError(f"{len(data)} bytes {back} bytes ago are deflated already")

    def finish(self) -> None:
        """All is written."""
        self._written += self._out.write(self._stream.flush())
        self._out.write(b"\0" * (self._written % 2))
        self._out.flush()
