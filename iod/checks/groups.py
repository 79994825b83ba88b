"""Functional groups of enhanced objects, PS3.3 C.7.6.16: each is shared, or in every frame's item.

Law: which groups there must be says the table of the IOD; what is in a group is judged like any
sequence.  A group that the IOD's table does not have may be there all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from iod.checks import tables
from iod.checks.attributes import Context, attribute_in
from iod.checks.findings import Finding
from iod.checks.items import Item, name_of
from iod.checks.tables import Attribute

SHARED: Final = "SharedFunctionalGroupsSequence"
PER_FRAME: Final = "PerFrameFunctionalGroupsSequence"
CLAUSE: Final = "PS3.3 C.7.6.16"
MOST_FRAMES: Final = 20_000  # whose items are looked at
# What a tiled image need not say of each frame, C.7.6.17.3: TILED_FULL leaves it out.
_IMPLIED: Final = frozenset(
    ("FrameContentSequence", "OpticalPathIdentificationSequence", "PlanePositionSlideSequence",
     "SegmentIdentificationSequence")
)  # fmt: skip


def shares(root: Item, attribute: Attribute, context: Context) -> Iterator[Finding]:
    """The shared or per-frame groups as a sequence: they, and what is in the groups."""
    bare = Attribute(attribute.keyword, attribute.tag, attribute.kind, -1)
    yield from attribute_in(root, bare, context)
    for number, item in enumerate(root.items(attribute.keyword)[:MOST_FRAMES], 1):
        inside = context.inside(attribute.keyword, number)
        for group in tables.node(attribute.inside) if attribute.inside >= 0 else ():
            if group.tag in item.elements:
                yield from attribute_in(item, group, inside)


def groups(root: Item, iod: str) -> Iterator[Finding]:
    """Groups that are missing, or stand in both places, and items that are too few or too many."""
    shared, frames = root.items(SHARED), root.items(PER_FRAME)[:MOST_FRAMES]
    if not shared and not frames:
        return
    if len(shared) > 1:
        message = f"has {len(shared)} items; it has one"
        yield Finding("error", SHARED, "group.shared-items", message, CLAUSE)
    yield from _frames(root, len(root.items(PER_FRAME)))
    yield from _twice(shared[:1], frames)
    implied = _IMPLIED if root.text("DimensionOrganizationType") == "TILED_FULL" else ()
    for group in tables.groups(iod):
        if group.sequence not in implied and group.needed.holds(root):
            yield from _missing(group, shared[:1], frames)


def _frames(root: Item, count: int) -> Iterator[Finding]:
    wanted = root.number("NumberOfFrames")
    if count and wanted is not None and count != wanted:
        message = f"has {count} items; Number of Frames is {wanted:g}"
        yield Finding("error", PER_FRAME, "group.frames", message, CLAUSE)


def _twice(shared: list[Item], frames: list[Item]) -> Iterator[Finding]:
    for item in shared:
        for tag, element in item.elements.items():
            if element.items is not None and frames and tag in frames[0].elements:
                path = f"{SHARED}[1]."
                message = "is shared and stands in the items of frames too"
                yield Finding("error", path + name_of(tag), "group.twice", message, CLAUSE)


def _missing(group: tables.Group, shared: list[Item], frames: list[Item]) -> Iterator[Finding]:
    name = group.sequence
    if any(item.element(name) for item in shared):
        if name == "FrameContentSequence":
            message = "is shared; what a frame holds is said of each frame"
            yield Finding("error", f"{SHARED}[1].{name}", "group.per-frame", message, group.clause)
        return
    lacking = [number for number, item in enumerate(frames, 1) if item.element(name) is None]
    if frames and not lacking:
        return
    where = f"{PER_FRAME}[{lacking[0]}].{name}" if len(lacking) < len(frames) else name
    why = "" if group.needed.text == "always" else f", for {group.needed.text}"
    message = f"is missing: neither shared nor in every frame{why}"
    yield Finding("error", where, "group.missing", message, group.clause)
