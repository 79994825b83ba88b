"""Statuses we answer with, PS3.7 Annex C and PS3.4: domain errors inside, codes at the border."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from archive import errors
from iod import errors as iod_errors


class Status(IntEnum):
    """The codes of the services served; no hexadecimal elsewhere."""

    SUCCESS = 0x0000
    PROCESSING_FAILURE = 0x0110
    DUPLICATE_INSTANCE = 0x0111
    NO_SUCH_INSTANCE = 0x0112
    INVALID_ARGUMENT = 0x0115
    NO_SUCH_CLASS = 0x0118
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NO_SUCH_ACTION = 0x0123
    NOT_AUTHORISED = 0x0124
    UNRECOGNISED_OPERATION = 0x0211
    MISTYPED_ARGUMENT = 0x0212
    RESOURCE_LIMITATION = 0x0213
    OUT_OF_RESOURCES = 0xA700
    CANNOT_COUNT_MATCHES = 0xA701
    CANNOT_PERFORM_SUBOPERATIONS = 0xA702
    INVALID_PRIOR_RECORD_KEY = 0xA710
    MOVE_DESTINATION_UNKNOWN = 0xA801
    FRAMES_NOT_FOUND = 0xAA00
    CANNOT_CREATE_OBJECT = 0xAA01
    CANNOT_EXTRACT_FRAMES = 0xAA02
    NOT_TIME_BASED = 0xAA03
    INVALID_FRAME_REQUEST = 0xAA04
    CLASS_MISMATCH = 0xA900  # of a data set or an identifier
    SUBOPERATIONS_FAILED = 0xB000
    RECORD_LIMIT_REACHED = 0xB001
    CANNOT_UNDERSTAND = 0xC000
    UNABLE_TO_PROCESS = 0xC001
    CANCELLED = 0xFE00
    PENDING = 0xFF00
    PENDING_KEYS_UNSUPPORTED = 0xFF01


Table = Mapping[type[errors.ArchiveError | iod_errors.IodError], Status]

# Storage: PS3.4 Table B.2-1
STORE: Table = {
    errors.Mismatch: Status.CLASS_MISMATCH,
    errors.Invalid: Status.CLASS_MISMATCH,
    errors.Duplicate: Status.DUPLICATE_INSTANCE,
    errors.TooLarge: Status.OUT_OF_RESOURCES,
    errors.NoSpace: Status.OUT_OF_RESOURCES,
    errors.Unavailable: Status.PROCESSING_FAILURE,
    errors.BadObject: Status.CANNOT_UNDERSTAND,
}
# Objects without a patient: PS3.4 GG.4 has A700, A900 and C000, and no others
STORE_NON_PATIENT: Table = {
    **STORE,
    errors.Duplicate: Status.CANNOT_UNDERSTAND,
    errors.Unavailable: Status.OUT_OF_RESOURCES,
}
# Query and retrieve: PS3.4 Tables C.4-1 to C.4-3
FIND: Table = {
    errors.BadRecordKey: Status.INVALID_PRIOR_RECORD_KEY,
    errors.BadIdentifier: Status.CLASS_MISMATCH,
    errors.NoSpace: Status.OUT_OF_RESOURCES,
    errors.Costly: Status.OUT_OF_RESOURCES,
    errors.Unavailable: Status.UNABLE_TO_PROCESS,
}
RETRIEVE: Table = {
    errors.BadIdentifier: Status.CLASS_MISMATCH,
    errors.Costly: Status.CANNOT_COUNT_MATCHES,
    errors.Unavailable: Status.CANNOT_COUNT_MATCHES,
    # Annex Y: Tables Y.4-1 and Y.4-2
    iod_errors.NoFrames: Status.FRAMES_NOT_FOUND,
    iod_errors.Uncreatable: Status.CANNOT_CREATE_OBJECT,
    iod_errors.Unextractable: Status.CANNOT_EXTRACT_FRAMES,
    iod_errors.Malformed: Status.CANNOT_EXTRACT_FRAMES,
    iod_errors.NotTimeBased: Status.NOT_TIME_BASED,
    iod_errors.BadFrameRange: Status.INVALID_FRAME_REQUEST,
}
# Storage commitment: PS3.7 10.1.4.1.10
COMMIT: Table = {
    errors.NoSpace: Status.RESOURCE_LIMITATION,
    errors.Unavailable: Status.PROCESSING_FAILURE,
}


def status_of(error: errors.ArchiveError | iod_errors.IodError, table: Table) -> Status:
    """The status for an error of ours; the nearest ancestor in `table` decides."""
    ancestors = [kind for kind in table if isinstance(error, kind)]
    nearest = max(ancestors, key=lambda kind: len(kind.__mro__), default=None)
    return table[nearest] if nearest else Status.PROCESSING_FAILURE
