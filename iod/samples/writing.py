"""A sample as a DICOM file, PS3.10 7.1.

Law: the file meta information is the same for the same data set. The transfer syntax is the one
in its `file_meta`, if it has one (encapsulated pixels, video); else Explicit VR Little Endian.
Nothing is written through a symbolic link, and no file replaced that this writer did not make.
Under its name a sample is there whole or not at all, be the disk full or the writer killed.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Final

from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, ExplicitVRLittleEndian

# UUID-derived, PS3.5 B.2: names this writer, and not the node, in the files it makes.
_IMPLEMENTATION: Final = UID("2.25.106486530143486434176216276453215803931")
_VERSION_NAME: Final = "ANODE_SAMPLES"


def write(sample: Dataset, path: Path) -> None:
    """Write it here; the folder is made if missing. Raises OSError that names the file."""
    given: Dataset | None = getattr(sample, "file_meta", None)
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = sample.SOPClassUID
    meta.MediaStorageSOPInstanceUID = sample.SOPInstanceUID
    meta.TransferSyntaxUID = given.TransferSyntaxUID if given else ExplicitVRLittleEndian
    meta.ImplementationClassUID = _IMPLEMENTATION
    meta.ImplementationVersionName = _VERSION_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    _refuse_foreign(path)
    file = FileDataset("", sample, preamble=bytes(128), file_meta=meta)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)  # of one that was killed
    try:
        with part.open("xb") as opened:
            dcmwrite(opened, file, enforce_file_format=True)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


def _refuse_foreign(path: Path) -> None:
    for each in (path.parent, path):
        if each.is_symlink():
            raise OSError(errno.ELOOP, "is a symbolic link, and nothing is written there", each)
    if not path.exists():
        return
    try:
        made = dcmread(path, stop_before_pixels=True).file_meta.get("ImplementationClassUID")
    except InvalidDicomError:
        made = None
    if made != _IMPLEMENTATION:
        raise OSError(errno.EEXIST, "is there already, and is no sample", path)
