"""What a C-STORE command says of the data set to come, and whether the data set is that one.

Law: PS3.4 B.2.3; the command's word is taken for nothing that the data set says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from archive import filemeta
from archive.errors import BadObject, Mismatch
from archive.heads import Head

SOP_CLASS, SOP_INSTANCE = 0x00080016, 0x00080018
STUDY, SERIES = 0x0020000D, 0x0020000E

Judge = Callable[[BinaryIO, int, int], str]
"""Says why the data set in a file, at an offset and of a size, must not be kept; or nothing."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What the C-STORE command and its presentation context say of the data set to come."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    source_ae: str
    patient_related: bool
    judge: Judge | None = None


def check_identity(head: Head, told: Announced) -> None:
    """PS3.4 B.2.3: the data set must be the one the command announced."""
    for tag, name, announced in (
        (SOP_CLASS, "SOP Class UID", told.sop_class_uid),
        (SOP_INSTANCE, "SOP Instance UID", told.sop_instance_uid),
    ):
        uid = uid_of(head, tag, name)
        if not uid:
            raise BadObject(f"the data set has no {name}")
        if uid != announced:
            raise Mismatch(f"the data set's {name} is {uid}, the command's {announced}")
    study = uid_of(head, STUDY, "Study Instance UID")
    series = uid_of(head, SERIES, "Series Instance UID")
    if told.patient_related and not (study and series):
        missing = "Series Instance UID" if study else "Study Instance UID"
        raise BadObject(f"the data set has no {missing}")


def uid_of(head: Head, tag: int, name: str) -> str:
    """A UID of the data set, empty where it is; raises BadObject for what is no UID."""
    # PS3.5 9.1 pads with one NUL; spaces are an old and harmless error.
    uid = head.values.get(tag, b"").decode("ascii", "replace").strip("\0 ")
    if uid and not filemeta.is_uid(uid):
        raise BadObject(f"the data set's {name} is no UID")
    return uid
