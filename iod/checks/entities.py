"""What an object says it is: entities by their UIDs, one frame or several, private elements.

Law: what is told is certain from the object alone; nothing is looked up.
"""

from __future__ import annotations

from typing import Final

from iod.checks import tables
from iod.checks.items import Item, name_of
from iod.checks.objects import Checked, Told

# Entities of the information model, each with a UID of its own: PS3.5 9, PS3.3 7.
_ENTITIES: Final = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
_PLACE: Final = "FrameOfReferenceUID"
_FRAMES: Final = "NumberOfFrames"


def same(checked: Checked) -> Told:
    """A UID that names two entities."""
    seen: dict[str, str] = {}
    for keyword in _ENTITIES:
        uid = checked.root.text(keyword)
        if uid and uid in seen:
            yield keyword, f"is that of {seen[uid]} too; each entity has a UID of its own"
        seen.setdefault(uid, keyword)


def place(checked: Checked) -> Told:
    """A frame of reference named by the UID of something else: scanners of many sites do it."""
    uid = checked.root.text(_PLACE)
    same = next((name for name in _ENTITIES if uid and checked.root.text(name) == uid), "")
    if same:
        yield _PLACE, f"is that of {same} too; each entity has a UID of its own"


def frames(checked: Checked) -> Told:
    """Several frames in an object of an IOD that has one."""
    count = checked.root.number(_FRAMES)
    if count is None or count <= 1 or not checked.iod:
        return
    modules = tables.modules(checked.iod)
    if not any(row.keyword == _FRAMES for each in modules for row in tables.node(each.node)):
        yield _FRAMES, f"is {count:g}; objects of this class have one frame"


def private(checked: Checked) -> Told:
    """PS3.5 7.8.1: private elements stand in a block, and somebody has reserved it."""
    yield from _private(checked.root, "")


def _private(item: Item, path: str) -> Told:
    told = set[int]()
    for tag, element in item.elements.items():
        for number, inside in enumerate(element.items or (), 1):
            yield from _private(inside, f"{path}{name_of(tag)}[{number}].")
        group, low = tag >> 16, tag & 0xFFFF
        if not group % 2 or not low or 0x10 <= low <= 0xFF:
            continue
        creator = group << 16 | low >> 8
        owner = item.elements.get(creator)
        if (low < 0x1000 or owner is None or owner.empty) and creator not in told:
            told.add(creator)
            message = "is private, and no Private Creator has reserved its block"
            yield f"{path}{name_of(tag)}", message
