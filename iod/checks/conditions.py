"""Conditions of the standard that can be decided from the object, as a small language.

    ImageType[1] = ORIGINAL|MIXED and CardiacSynchronizationTechnique != NONE
    PixelData present          NumberOfFrames > 1          CodeValue absent
    DimensionOrganizationType lacks TILED_FULL             ViewCodeSequence code 103340004
    ControlPointSequence first           DimensionIndexSequence outside

Law: an attribute is looked for in the item itself, then in what it stands in; one that is nowhere
decides nothing, so no comparison with it holds, but for `lacks`.  `absent` and `present` look at
the item alone, `outside` at what it stands in, too; `first` asks whether it is the first one of its
sequence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from iod.checks.items import Item

_TERM: Final = re.compile(
    r"(\w+)(?:\[(\d)\])? (?:(present|absent|outside|first)|(=|!=|>|code|lacks) (.+))"
)

_CLASSES: Final = re.compile(r"SOPClassUID !?= \S+")


@dataclass(frozen=True, slots=True)
class _Term:
    keyword: str
    place: int  # of the value; 0 for any
    sign: str
    values: frozenset[str]

    def holds(self, item: Item) -> bool:
        if self.sign in ("present", "absent"):
            return item.has(self.keyword) == (self.sign == "present")
        if self.sign == "outside":
            return any(each.has(self.keyword) for each in item.outward())
        if self.sign == "first":
            siblings = item.around.items(self.keyword) if item.around else []
            return bool(siblings) and siblings[0] is item
        home = next((each for each in item.outward() if each.has(self.keyword)), None)
        if home is None:
            return self.sign == "lacks"
        if self.sign == "code":
            codes = (each.text("CodeValue") for each in home.items(self.keyword))
            return any(code in self.values for code in codes)
        told = home.values(self.keyword)
        if self.place:
            told = told[self.place - 1 : self.place]
        if not told:
            return False
        if self.sign == ">":
            (least,) = self.values
            return any(number > float(least) for number in home.numbers(self.keyword))
        return any(value in self.values for value in told) == (self.sign == "=")


@dataclass(frozen=True, slots=True)
class Condition:
    """Terms that must hold, all of them or any; its text is what the table says."""

    text: str
    terms: tuple[_Term, ...]
    quantifier: Callable[[list[bool]], bool]

    @property
    def told(self) -> str:
        """What a finding says of it: without the UIDs of dozens of classes."""
        return _CLASSES.sub("this SOP class", self.text)

    def holds(self, item: Item) -> bool:
        """Whether it holds for an element of this item."""
        return self.quantifier([term.holds(item) for term in self.terms])


@cache
def condition(text: str) -> Condition:
    """The condition of a table's cell; `always` and `never` are ones. Raises ValueError."""
    if text in ("always", "never"):
        return Condition(text, (), all if text == "always" else any)
    joint = " or " if " or " in text else " and "
    return Condition(text, tuple(map(_term, text.split(joint))), any if joint == " or " else all)


def _term(text: str) -> _Term:
    found = _TERM.fullmatch(text)
    if found is None:
        raise ValueError(f"no condition: {text!r}")
    keyword, place, presence, sign, values = found.groups()
    return _Term(keyword, int(place or 0), presence or sign, frozenset((values or "").split("|")))
