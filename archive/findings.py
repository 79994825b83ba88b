"""What can be wrong with the archive: a row and its file, a file and its row.

Law: one kind for each thing to do about it. Findings hold UIDs, keys and causes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "missing",
    "size",
    "altered",
    "header",
    "unreadable",
    "orphan",
    "duplicate",
    "damaged",
    "deleted",
]

# What each is, and what `--repair` does about it.
KINDS: Mapping[Kind, tuple[str, str]] = {
    "missing": ("the index has it, its file is gone", "its row goes into a report in quarantine"),
    "size": ("its file is too short or too long", "into quarantine, out of the index"),
    "altered": ("its bytes are not those received", "into quarantine, out of the index"),
    "header": ("only its meta information is altered", "it is written anew"),
    "unreadable": ("the disk does not give its file", "left as it is: see to the disk"),
    "orphan": ("a whole object that is not in the index", "into the index"),
    "duplicate": ("an object held already, in another file", "into quarantine"),
    "damaged": ("a file that is no whole object of ours", "into quarantine"),
    "deleted": ("it was deleted, and is still or again here", "it is removed"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    kind: Kind
    key: str  # of the object file, there or not
    sop_instance_uid: str  # empty where the file does not tell
    cause: str
