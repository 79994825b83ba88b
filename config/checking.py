"""Checks of received objects: how strict, by SOP class. `[archive] check` and `check_classes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator

from config import catalogue
from config.words import nearest

Level = Literal["off", "warn", "reject"]
STANDARD = "1.2.840.10008."  # what DICOM itself has given out
LEVELS: tuple[Level, ...] = get_args(Level)


def _classes(value: object) -> object:
    """SOP classes by UID or keyword, or groups of them, with the level of each."""
    if not isinstance(value, Mapping):
        raise ValueError(f'must be a table like {{ radiotherapy = "reject" }}, not {value!r}')
    groups = catalogue.GROUPS["store"]
    made: dict[str, Any] = {}
    for name, level in value.items():
        if level not in LEVELS:
            raise ValueError(f"{name!r} must be one of {', '.join(LEVELS)}, not {level!r}")
        key = str(name) if name in groups or _is_class(str(name)) else catalogue.uid_of(str(name))
        if key is None:
            known = [*groups, *(each.keyword for each in catalogue.STORAGE.values())]
            near = nearest(str(name), known) or f"; groups are {', '.join(sorted(groups))}"
            raise ValueError(f"{name!r} is no storage SOP class and no group of them{near}")
        made[key] = level
    return made


def _is_class(name: str) -> bool:
    """Whether it is the UID of a storage class, or may be that of a private one."""
    is_uid = name[:1].isdigit() and all(part.isdigit() for part in name.split("."))
    return name in catalogue.STORAGE or (is_uid and not name.startswith(STANDARD))


CheckClasses = Annotated[Mapping[str, Level], BeforeValidator(_classes)]


def level_of(check: Level, classes: Mapping[str, Level], sop_class_uid: str) -> Level:
    """How strictly objects of a class are checked: its own row, its group's, or the general one."""
    return classes.get(sop_class_uid) or classes.get(catalogue.group_of(sop_class_uid)) or check
