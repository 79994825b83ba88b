"""Objects of the archive read for a command, without their pixels; and the look recorded.

Law: an object is read, never changed; a look into the archive is recorded as such, PS3.15 A.5.3.6.
"""

from __future__ import annotations

from pydicom import Dataset, dcmread

from archive import Archive, StoredInstance
from cli import show

LARGE = 1 << 20  # bytes of a value that is read only when it is looked at


def read(stored: StoredInstance) -> Dataset:
    """The object, or an empty one, with a word about it, when it cannot be read."""
    try:
        return dcmread(stored.path, defer_size=LARGE, stop_before_pixels=True)
    except Exception as error:  # noqa: BLE001 - pydicom raises nearly everything over torn bytes
        show.tell(f"{stored.sop_instance_uid} cannot be read: {type(error).__name__}")
        return Dataset()


def note_waiting(archive: Archive) -> None:
    """Say so when not all references are known yet."""
    if waiting := archive.index.references.progress().waiting:
        some = show.count(waiting, "instance")
        show.tell(f"{some} not examined yet, so references may be missing: anode examine")
