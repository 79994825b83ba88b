"""Whether we answer for an object, PS3.4 J.3.3: it is in the index, in its file, and unharmed.

Law: nothing is committed that was not read again, to its last byte (durability P3).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from archive import Archive
from archive.commitments import Result, Transaction
from archive.errors import ArchiveError, Exhausted
from config import catalogue
from config.settings import Settings
from scu.references import Reason, Reference

if TYPE_CHECKING:
    from scp.exchange import House

_log = logging.getLogger("anode.commitment")


class Stopped(Exception):
    """The node stops; what was not judged will be at its next start."""


class Late(Exception):
    """Reading takes longer than there is time for."""


def before(seconds: float) -> Callable[[], None]:
    """Raises Late once so many seconds from now have passed."""
    deadline = time.monotonic() + seconds

    def go_on() -> None:
        if time.monotonic() > deadline:
            raise Late

    return go_on


def judged(house: House, transaction: Transaction, stopped: Callable[[], bool]) -> Transaction:
    """A transaction that was accepted unjudged, with its result on the disk.

    Raises ArchiveError, Stopped.
    """

    def go_on() -> None:
        if stopped():
            raise Stopped

    asked = [Reference(*each) for each in house.commitments.results(transaction)]
    made = results(house.archive, house.settings, asked, go_on)
    done = house.commitments.judge(transaction, made)
    tell(done, made)
    return done


def tell(transaction: Transaction, made: Sequence[Result]) -> None:
    """One line for each transaction."""
    failed = sum(1 for *_, reason in made if reason)
    level = logging.WARNING if failed else logging.INFO
    _log.log(level, "%s: %d objects, %d not committed", transaction, len(made), failed)


def results(
    archive: Archive,
    settings: Settings,
    references: Iterable[Reference],
    go_on: Callable[[], None],
) -> list[Result]:
    """Each object with the reason why it is not committed.

    Raises ArchiveError, and what `go_on` raises.
    """
    made = []
    for one in references:
        go_on()
        reason = _reason(archive, settings, one, go_on)
        made.append((one.sop_class_uid, one.sop_instance_uid, int(reason)))
    # What was found may be so new that who stored it has not been answered yet.
    archive.settle()
    return made


def _reason(
    archive: Archive, settings: Settings, one: Reference, go_on: Callable[[], None]
) -> Reason:
    try:
        held = archive.lookup(one.sop_instance_uid)
    except ArchiveError as error:
        _log.error("%s cannot be looked up: %s", one.sop_instance_uid, error)
        return Reason.PROCESSING_FAILURE
    if held is None:
        supported = _supported(one.sop_class_uid, settings)
        return Reason.NO_SUCH_INSTANCE if supported else Reason.CLASS_NOT_SUPPORTED
    if held.sop_class_uid != one.sop_class_uid:
        return Reason.CLASS_INSTANCE_CONFLICT
    try:
        finding = archive.examined(held, lambda _bytes: go_on())
    except Exhausted as error:
        _log.error("%s is not committed: %s", one.sop_instance_uid, error)
        return Reason.RESOURCE_LIMITATION
    if finding is None:
        return Reason.NONE
    _log.error("%s is not committed: %s", one.sop_instance_uid, finding.cause)
    gone = finding.kind == "missing"
    return Reason.NO_SUCH_INSTANCE if gone else Reason.PROCESSING_FAILURE


def _supported(sop_class_uid: str, settings: Settings) -> bool:
    known = catalogue.storage_class(sop_class_uid) is not None
    return known or settings.archive.unknown_classes == "store"
