"""Objects to be sent: Part 10 files as they lie on disk, PS3.10 7.1."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydicom import filereader
from pydicom.errors import InvalidDicomError


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


@dataclass(frozen=True, slots=True)
class FileInstance:
    """An Instance read from a Part 10 file's meta information; offset and size in bytes."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    path: Path
    offset: int
    size: int


def read(path: Path) -> FileInstance:
    """The instance in a Part 10 file; raises ValueError when it is not one, OSError."""
    with path.open("rb") as file:
        try:
            filereader.read_preamble(file, force=False)
            meta = filereader._read_file_meta_info(file)
        except (InvalidDicomError, EOFError, NotImplementedError, ValueError) as error:
            raise ValueError(f"{path} is not a DICOM file (PS3.10): {error}") from None
        offset = file.tell()
        size = os.fstat(file.fileno()).st_size - offset
    try:
        return FileInstance(
            sop_class_uid=str(meta.MediaStorageSOPClassUID),
            sop_instance_uid=str(meta.MediaStorageSOPInstanceUID),
            transfer_syntax_uid=str(meta.TransferSyntaxUID),
            path=path,
            offset=offset,
            size=size,
        )
    except AttributeError as error:
        raise ValueError(f"{path} lacks file meta information: {error}") from None
