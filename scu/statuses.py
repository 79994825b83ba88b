"""What a status code from a peer means: its category and its words, PS3.7 Annex C, PS3.4."""

from __future__ import annotations

from pynetdicom import status as tables
from pynetdicom.status import code_to_category

SUCCESS, PENDING, WARNING, FAILURE, CANCEL = "Success", "Pending", "Warning", "Failure", "Cancel"
KEYS_UNSUPPORTED = 0xFF01  # a pending one, PS3.4 C.4.1.1.4
_TABLES = {
    "store": tables.STORAGE_SERVICE_CLASS_STATUS,
    "find": tables.QR_FIND_SERVICE_CLASS_STATUS,
    "move": tables.QR_MOVE_SERVICE_CLASS_STATUS,
    "get": tables.QR_GET_SERVICE_CLASS_STATUS,
}


def category(status: int | None) -> str:
    """Success, Pending, Warning, Failure or Cancel; a status that is missing is a failure."""
    if status is None:
        return FAILURE
    named = code_to_category(status)
    return named if named in (SUCCESS, PENDING, WARNING, CANCEL) else FAILURE


def describe(status: int | None, service: str, comment: str | None = None) -> str:
    """A status for people: "0xA700 (Out of Resources): disk full"."""
    if status is None:
        return "no status"
    _, words = _TABLES.get(service, {}).get(status, ("", ""))
    if not words:
        words = tables.GENERAL_STATUS.get(status, ("", ""))[1] or category(status)
    said = f": {comment}" if comment else ""
    return f"0x{status:04X} ({words}){said}"
