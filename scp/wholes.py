"""Retrieve whole: who retrieves a radiation set also gets its radiations, and what those need.

PS3.4 C.4.2 retrieves what the identifier names, and no more; so this is off unless the [[peer]]
that receives has `retrieve_whole`. What comes along is found by the references of the index, step
by step and within bounds, and counts as sub-operations like all others. What a C-GET has no
context for does not come along, since nobody has asked for it; nor does what belongs to no patient
where the caller has no right to retrieve it by its own model. How much that was is logged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Final

from archive import Found
from config import catalogue
from config.peers import Peer
from scp.exchange import Exchange

_log = logging.getLogger("anode.retrieve")
STEPS: Final = 8  # from what was asked for to the last that comes along
MOST: Final = 20_000  # instances that come along
EXAMINED_SECONDS: Final = 5.0  # for what has only just been stored

# What the references in these roles name belongs to the history of an object, not to its use.
NOT_NEEDED: Final = (
    *("predecessor", "prior treatment", "derived from", "original", "identical document"),
    *("document", "other evidence", "related", "performed protocol"),
)
# A performed protocol may name the one it was performed by as its predecessor (PS3.3, Protocol
# Context Module).
_NEEDED_FIRST: Final = {"performed protocols": ("predecessor",)}
_GROUPS: Final = {"presentation states": "presentation-state", "models": "model"}
_CLASSES: Final[Mapping[str, frozenset[str]]] = {
    "radiation sets": frozenset(
        (
            "1.2.840.10008.5.1.4.1.1.481.12",  # RT Radiation Set
            "1.2.840.10008.5.1.4.1.1.481.16",  # RT Radiation Record Set
            "1.2.840.10008.5.1.4.1.1.481.21",  # RT Radiation Set Delivery Instruction
            "1.2.840.10008.5.1.4.34.10",  # RT Brachy Application Setup Delivery Instruction
        )
    ),
    "performed protocols": frozenset(
        ("1.2.840.10008.5.1.4.1.1.200.2", "1.2.840.10008.5.1.4.1.1.200.8")
    ),
    "content assessments": frozenset(("1.2.840.10008.5.1.4.1.1.90.1",)),
}
# Groups of classes that those of a family refer to, the most usual first.
_ALONG: Final[Mapping[str, tuple[str, ...]]] = {
    "radiation sets": ("radiotherapy", "segmentation", "registration", "image"),
    "presentation states": ("image", "segmentation", "registration", "presentation-state"),
    "performed protocols": ("protocol", "image"),
    "content assessments": (
        *("image", "segmentation", "radiotherapy", "registration", "presentation-state"),
        *("report", "measurement", "model"),
    ),
    "models": ("model", "segmentation", "image"),
}


def along(classes: Collection[str]) -> list[str]:
    """The SOP classes of what may come along with objects of these, the most usual first."""
    families = [name for name in _ALONG if not of_family(name).isdisjoint(classes)]
    groups = dict.fromkeys(group for name in families for group in _ALONG[name])
    current = [each for each in catalogue.STORAGE.values() if each.kind != "retired"]
    return [each.uid for group in groups for each in current if each.group == group]


def of_family(name: str) -> frozenset[str]:
    """The SOP classes that `retrieve_whole` names so."""
    if group := _GROUPS.get(name):
        return frozenset(uid for uid, each in catalogue.STORAGE.items() if each.group == group)
    return _CLASSES[name]


def whole(exchange: Exchange, found: Found, receiver: Peer | None, *, back: bool) -> Found:
    """What was found, and what it needs of the archive; `back` on the caller's association."""
    if receiver is None or not receiver.retrieve_whole:
        return found
    needed = dict[int, str]()
    for name in receiver.retrieve_whole:
        needed |= _needed(exchange, found, name)
    asked = set(found.rows if needed else ())
    more = {row: kind for row, kind in needed.items() if row not in asked}
    more = _but(exchange, more, _permitted(exchange), "the right to retrieve them")
    if back:
        more = _but(exchange, more, _accepted(exchange), "a presentation context")
    return exchange.house.archive.index.joined(found, list(more)) if more else found


def _but(
    exchange: Exchange, more: Mapping[int, str], wanted: Callable[[str], bool], want: str
) -> dict[int, str]:
    """Those of wanted classes; of the others the log tells."""
    if left := [kind for kind in more.values() if not wanted(kind)]:
        named = ", ".join(sorted(map(catalogue.name_of, set(left))))
        _log.info(
            "retrieve whole for %s: %d of %d that belong to it not brought, for want of %s: %s",
            *(exchange.calling_ae_title, len(left), len(more), want, named),
        )
    return {row: kind for row, kind in more.items() if wanted(kind)}


def _needed(exchange: Exchange, found: Found, name: str) -> dict[int, str]:
    """What those of one family need: rows with their SOP classes."""
    start = found.rows_of(of_family(name))
    if not start:
        return {}
    ask = exchange.house.archive.index.references.needed
    but = _NEEDED_FIRST.get(name, ())
    needed = ask(start, NOT_NEEDED, (STEPS, MOST), but=but)
    if needed.waiting and exchange.house.settle(EXAMINED_SECONDS):
        needed = ask(start, NOT_NEEDED, (STEPS, MOST), but=but)
    if needed.cut:
        _log.warning("retrieve whole: more than %d instances would come along", MOST)
    return needed.rows


def _permitted(exchange: Exchange) -> Callable[[str], bool]:
    barred = exchange.barred()
    return lambda sop_class_uid: sop_class_uid not in barred


def _accepted(exchange: Exchange) -> Callable[[str], bool]:
    contexts: Collection[str] = {
        each.abstract_syntax for each in exchange.association.contexts.values()
    }
    return contexts.__contains__
