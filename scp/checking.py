"""Checks of what is received, before it is acknowledged: for classes that are set to `reject`.

Law: it runs on the reception's file, in the thread of its association, and answers with the rule
and the place; values stay where they are. Other classes are examined later (`examination.py`).
What is cheap is checked at once; objects with very many elements one at a time, so that what they
cost in memory and of the others' time does not grow with the associations.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import BinaryIO

from archive import Archive
from config.checking import Level, level_of
from config.settings import Settings
from iod import checks
from iod.checks import Bounds, Finding, Known, Slice
from iod.checks.relations import UNKNOWN

Judge = Callable[[BinaryIO, int, int], str]
_REMEMBERED = 1024
_CHEAP = Bounds(elements=20_000, kept_bytes=4 << 20, inflated_bytes=4 << 20)
_costly = threading.Lock()


def level(settings: Settings, sop_class_uid: str) -> Level:
    """How strictly objects of this class are checked."""
    return level_of(settings.archive.check, settings.archive.check_classes, sop_class_uid)


def is_checked(settings: Settings, sop_class_uid: str) -> bool:
    """Whether objects of this class are checked at all."""
    return level(settings, sop_class_uid) != "off"


def judge(archive: Archive, settings: Settings, said: tuple[str, str]) -> Judge | None:
    """What judges an object of this SOP class and transfer syntax; None where nothing shall."""
    sop_class_uid, transfer_syntax_uid = said
    if level(settings, sop_class_uid) != "reject":
        return None

    @lru_cache(_REMEMBERED)
    def resolve(uid: str) -> str | None:
        held = archive.lookup(uid)
        return held.sop_class_uid if held else None

    def judged(file: BinaryIO, offset: int, size: int) -> str:
        piece = Slice(sop_class_uid, transfer_syntax_uid, offset, size)
        found = checks.errors(_found(file, piece, Known(resolve, complete=True)))
        if not found:
            return ""
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        return _said(found[0]) + more

    return judged


def _found(file: BinaryIO, piece: Slice, known: Known) -> list[Finding]:
    found = checks.check_in(file, piece, known, _CHEAP)
    if found and found[0].rule == checks.BEYOND:
        with _costly:
            found = checks.check_in(file, piece, known)
    return found


def _said(found: Finding) -> str:
    """The rule and the place; what a peer gets of it is 64 characters, PS3.7 Annex C."""
    if found.rule.endswith(UNKNOWN):
        return f"{found.rule}: send what it refers to first ({found.path})"
    return f"{found.rule} {found.path}".strip()
