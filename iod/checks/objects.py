"""What is checked: an object's data set, and what its rules may ask about other objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iod.checks.items import Item, Reader

Resolve = Callable[[str], str | None]
"""The SOP Class UID of an instance that is known; None when it is not."""


@dataclass(frozen=True, slots=True)
class Known:
    """What else there is: `resolve`, and whether what it does not know is surely missing."""

    resolve: Resolve
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """The object under check."""

    root: Item
    sop_class_uid: str
    transfer_syntax_uid: str
    iod: str
    read: Reader
    known: Known | None = None
