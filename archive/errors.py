"""Every way the archive can refuse, one tree; the service rooms map it to DIMSE status codes.

    ArchiveError
    +-- BadObject        the data set cannot be read to its end        PS3.4 B.2.3: C000
    |   +-- BadFile      import refuses the file: unsafe, damaged    PS3.10 7.1 (import only)
    |       +-- NotDicom     it is no DICOM file at all               (import only)
    +-- Mismatch         data set and command name different classes   PS3.4 B.2.3: A900
    |   |                or instances
    |   +-- Invalid      the data set breaks its IOD, and shall not    PS3.4 B.2.3: A900
    +-- Duplicate        the instance is held already, other bytes     PS3.7 C.5.5: 0111
    +-- TooLarge         the object passes a bound of ours             PS3.4 B.2.3: A700
    |   +-- Inflated     what a deflated data set holds passes one     PS3.4 B.2.3: A700
    +-- NoSpace          disk or quota full; nothing was kept          PS3.4 B.2.3: A700
    +-- Unavailable      storage or index failed; nothing was kept     PS3.7 C.5.3: 0110
    |   +-- Uncertain    a failed disk: whether it was kept is not known      0110
    |   +-- Exhausted    descriptors or memory ran out: nothing is known   0213
    |   +-- InUse        another process serves this data folder       (start-up only)
    +-- Costly           a statement of a query passes its time        PS3.4 C.4.1.1.4: A700
    +-- BadIdentifier    a query's identifier breaks its model         PS3.4 C.4.1.1.4: A900
        +-- BadRecordKey     Repository Query: no key of ours        PS3.4 Table C.4-1: A710

Each message is one clear sentence for the operator; none of them carries bytes of a peer raw.
Peers get them, too: where our files lie is kept apart, in `where`.
"""

from __future__ import annotations


class ArchiveError(Exception):
    """The root: nothing was kept, and the message says why."""

    where = ""  # the file or folder that failed

    @property
    def located(self) -> str:
        """The message for who may know where our files lie: the log, and who types commands."""
        return f"{self} ({self.where})" if self.where else str(self)


class BadObject(ArchiveError):
    """The data set is truncated, malformed, or without a UID it needs."""


class BadFile(BadObject):
    """A file or file-set that import refuses before it reads a data set."""


class NotDicom(BadFile):
    """A file without anything of DICOM in it: import passes over such."""


class Mismatch(ArchiveError):
    """The data set's SOP Class or SOP Instance UID is not the one the command named."""


class Invalid(Mismatch):
    """The data set is not what its SOP class demands; who receives it wants that it is."""


class Duplicate(ArchiveError):
    """The archive holds this instance with other bytes; the first one stays."""


class TooLarge(ArchiveError):
    """The object passes one of the bounds on its size."""


class Inflated(TooLarge):
    """A deflated data set holds more than the bound; its own bytes are few, and soon read."""


class NoSpace(ArchiveError):
    """The disk or the quota is full; the object's temporary file is gone again."""


class Unavailable(ArchiveError):
    """The object store or the index cannot answer."""


class Uncertain(Unavailable):
    """The disk failed when the object was all but kept: the next start finds out."""


class Exhausted(Unavailable):
    """A file could not be looked at for want of descriptors or memory: it may well be sound."""


class InUse(Unavailable):
    """Another process holds the data folder for serving."""


class Costly(ArchiveError):
    """What is asked takes the index longer than a query may."""


class BadIdentifier(ArchiveError):
    """A C-FIND, C-MOVE or C-GET identifier that its information model does not allow."""

    def __init__(self, message: str, offending: tuple[int, ...] = ()) -> None:
        super().__init__(message)
        self.offending = offending


class BadRecordKey(BadIdentifier):
    """A Prior Record Key (0008,041C) that no answer at this level ever had."""
