"""Objects to be sent: Part 10 files as they lie on disk, PS3.10 7.1."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from pydicom import Dataset, filereader
from pydicom.errors import InvalidDicomError
from pydicom.tag import BaseTag
from pydicom.uid import UID

_SOP_INSTANCE_UID = 0x00080018


class Instance(Protocol):
    """What must be known of a stored object to send it: its data set is a slice of a file."""

    @property
    def sop_class_uid(self) -> str: ...

    @property
    def sop_instance_uid(self) -> str: ...

    @property
    def transfer_syntax_uid(self) -> str: ...

    @property
    def path(self) -> Path: ...

    @property
    def offset(self) -> int: ...

    @property
    def size(self) -> int: ...


Kind = tuple[str, str]
"""SOP class and transfer syntax: what presentation contexts are made for."""


@runtime_checkable
class Several(Protocol):
    """Objects that are counted and known by kind before they are read, one after the other."""

    @property
    def kinds(self) -> Collection[Kind]: ...

    def of(self, kinds: Collection[Kind]) -> Collection[Instance]: ...


@dataclass(frozen=True, slots=True)
class FileInstance:
    """An Instance read from a Part 10 file; offset and size in bytes."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    path: Path
    offset: int
    size: int


def read(path: Path) -> FileInstance:
    """The instance in a Part 10 file; raises ValueError when it is not one, OSError.

    The data set says what it is; the file meta information, which is often edited by half, only
    where the data set does not.
    """
    with path.open("rb") as file:
        try:
            filereader.read_preamble(file, force=False)
            meta = filereader._read_file_meta_info(file)
            offset = file.tell()
            syntax = UID(meta.TransferSyntaxUID)
            own = _own_identity(file, syntax)
        except Exception as error:  # noqa: BLE001 - pydicom's parsers raise what they happen to
            raise ValueError(f"{path} is not a DICOM file (PS3.10): {_cause(error)}") from None
        size = os.fstat(file.fileno()).st_size - offset
    sop_class = _uid(own, 0x00080016) or _uid(meta, 0x00020002)
    sop_instance = _uid(own, 0x00080018) or _uid(meta, 0x00020003)
    if not sop_class or not sop_instance:
        raise ValueError(f"{path} names no SOP class or no SOP instance")
    return FileInstance(
        sop_class_uid=sop_class,
        sop_instance_uid=sop_instance,
        transfer_syntax_uid=str(syntax),
        path=path,
        offset=offset,
        size=size,
    )


def _own_identity(file: BinaryIO, syntax: UID) -> Dataset:
    """The first elements of the data set; a deflated one is not inflated for this."""
    if syntax.is_deflated:
        return Dataset()

    def past(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        return int(tag) > _SOP_INSTANCE_UID

    implicit, little_endian = syntax.is_implicit_VR, syntax.is_little_endian
    return filereader.read_dataset(file, implicit, little_endian, stop_when=past)


def _uid(source: Dataset, tag: int) -> str:
    """A UID as it stands, well-formed or not: judging it is the receiver's part."""
    value = source.get_item(tag).value if tag in source else None
    raw = value if isinstance(value, bytes) else str(value or "").encode()
    return raw.decode("ascii", "replace").strip(" \0")


def _cause(error: Exception) -> str:
    if isinstance(error, InvalidDicomError):
        return "it does not begin with a preamble and DICM"
    if isinstance(error, AttributeError):
        return "its file meta information names no transfer syntax"
    return str(error)
