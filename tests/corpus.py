"""Objects that nobody here wrote: the DICOM files of the pydicom wheel and of pydicom-data.

A file is `sendable` when it is a Part 10 file whose own meta information tells what it is; the
archive takes or refuses it by its content. Files of one UID are of different groups.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pydicom.data

from scu import instances
from scu.instances import FileInstance

WHEEL = Path(pydicom.data.__file__).parent
_NOT_INSTANCES = {".py", ".pyc", ".json", ".txt", ".md", ".dump", ".icc", ".gz"}
DICOMDIR_CLASS = "1.2.840.10008.1.3.10"

# Refused with a cause: what these files lack is what makes an object findable or whole.
REFUSED = {
    "MR_truncated.dcm": "truncated",
    "rtplan_truncated.dcm": "truncated",
    "emri_small_jpeg_2k_lossless_too_short.dcm": "truncated",
    "JPEGLSNearLossless_08.dcm": "no Study Instance UID",
    "JPEGLSNearLossless_16.dcm": "no Study Instance UID",
    "SC_rgb_jls_lossy_line.dcm": "no Study Instance UID",
    "SC_rgb_jls_lossy_sample.dcm": "no Study Instance UID",
    "chrSQEncoding.dcm": "no SOP Class UID",
    "chrSQEncoding1.dcm": "no SOP Class UID",
    "UN_sequence.dcm": "no SOP Class UID",
    "priv_SQ.dcm": "no SOP Class UID",
    "nested_priv_SQ.dcm": "no SOP Class UID",
    "empty_charset_LEI.dcm": "no SOP Class UID",
    "meta_missing_tsyntax.dcm": "no SOP Class UID",
    "no_meta_group_length.dcm": "no SOP Class UID",
    "bad_sequence.dcm": "no UID in the command",
}


def folders() -> list[Path]:
    """Where the files are; pydicom-data is there when its package is."""
    spec = find_spec("data_store")
    more = [Path(spec.origin).parent / "data"] if spec and spec.origin else []
    return [WHEEL, *more]


@cache
def sendable() -> tuple[FileInstance, ...]:
    """Every Part 10 instance of the corpus, DICOMDIRs left out."""
    found = []
    for folder in folders():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix not in _NOT_INSTANCES:
                try:
                    found.append(instances.read(path))
                except ValueError:
                    continue
    return tuple(one for one in found if one.sop_class_uid != DICOMDIR_CLASS)


def groups() -> list[list[FileInstance]]:
    """The corpus in groups within which each SOP Instance UID stands once."""
    made: list[dict[str, FileInstance]] = []
    for one in sendable():
        home = next((group for group in made if one.sop_instance_uid not in group), None)
        if home is None:
            made.append(home := {})
        home[one.sop_instance_uid] = one
    return [list(group.values()) for group in made]


def data_set(instance: FileInstance) -> bytes:
    """The bytes of the data set: what travels by C-STORE."""
    with instance.path.open("rb") as file:
        file.seek(instance.offset)
        return file.read(instance.size)
