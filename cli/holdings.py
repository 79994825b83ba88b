"""What a peer says it holds: asked by C-FIND, for `send --skip-stored` and `get`. PS3.4 C.4.1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydicom import Dataset
from pydicom.multival import MultiValue

from cli.calls import Call
from cli.questions import UNIQUE, Question
from config import catalogue
from scu import extended
from scu.associate import Proposal, associate
from scu.find import QueryFailed, find
from wire.association import Association
from wire.errors import Ended

# Explicit first: it keeps the VR of what a dictionary does not know.
QUERY_SYNTAXES: Final = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
STUDY_ROOT_FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
_RETURNS: Final = {
    "STUDY": ("StudyInstanceUID", "SOPClassesInStudy"),
    "SERIES": ("SeriesInstanceUID",),
    "IMAGE": ("SOPInstanceUID", "SOPClassUID", "AvailableTransferSyntaxUID"),
}

_MOST_SERIES: Final = 100  # that are asked for transfer syntaxes where classes are known already

Classes = dict[str, set[str]]
"""SOP class to the transfer syntaxes its instances are known to be in."""


@dataclass(slots=True)
class Holdings:
    """SOP classes, and transfer syntaxes by SOP instance, as far as the peer tells them."""

    classes: Classes = field(default_factory=dict)
    stored: dict[str, set[str]] = field(default_factory=dict)


def proposal(model: str) -> Proposal:
    """The context of a query or retrieve model."""
    return model, QUERY_SYNTAXES


def held(call: Call, series: Iterable[tuple[str, str]]) -> set[str]:
    """The SOP Instance UIDs a peer has in these (study, series). Raises WireError, QueryFailed."""
    asked = sorted({pair for pair in series if all(pair)})
    if not asked:
        return set()
    with associate(call.target, call.caller, [proposal(STUDY_ROOT_FIND)]) as association:
        walk = _Walk(association, STUDY_ROOT_FIND)
        keys = ({"StudyInstanceUID": study, "SeriesInstanceUID": one} for study, one in asked)
        return {uid for each in keys for image in walk.ask("IMAGE", each) for uid in _uids(image)}


def holdings(call: Call, asked: Question) -> Holdings:
    """What a retrieve names, as the peer tells it. Raises WireError, QueryFailed."""
    if asked.root == "composite":
        return _instances(call, asked)
    if asked.single:  # the model says which classes there can be, and no syntax can be asked for
        reached = catalogue.MODELS[asked.model("get")].classes
        return Holdings({uid: set() for uid in reached})
    model = asked.model("find")
    with associate(call.target, call.caller, [proposal(model)]) as association:
        walk = _Walk(association, model, silent=asked.root == "patient-study")
        walk.begin(asked.level, _given(asked))
        return walk.found


def _instances(call: Call, asked: Question) -> Holdings:
    """An instance by its UID alone is a relational question, PS3.4 C.4.1.2.2.2."""
    model, wanted = STUDY_ROOT_FIND, ["relational"]
    offer = {model: extended.offer(wanted)}
    with associate(call.target, call.caller, [proposal(model)], extended=offer) as association:
        walk = _Walk(association, model)
        if not extended.declined(wanted, association.extended.get(model, b"")):
            walk.begin("IMAGE", _given(asked))
        return walk.found


def _given(asked: Question) -> dict[str, str]:
    keys = {keyword: _texts(asked.identifier, keyword) for keyword in UNIQUE.values()}
    return {keyword: "\\".join(values) for keyword, values in keys.items() if values}


@dataclass(slots=True)
class _Walk:
    """Down from what was asked to the instances; one question at a time."""

    association: Association
    model: str
    found: Holdings = field(default_factory=Holdings)
    silent: bool = False  # the peer does not tell transfer syntaxes
    series: int = 0

    def ask(self, level: str, keys: dict[str, str]) -> list[Dataset]:
        identifier = Dataset()
        identifier.QueryRetrieveLevel = level
        for keyword in _RETURNS[level]:
            setattr(identifier, keyword, "")
        for keyword, value in keys.items():
            setattr(identifier, keyword, value.split("\\"))
        return list(find(self.association, self.model, identifier))

    def begin(self, level: str, keys: dict[str, str]) -> None:
        match level:
            case "PATIENT" | "STUDY":
                self._studies(keys)
            case "SERIES":
                for uid in keys["SeriesInstanceUID"].split("\\"):
                    self._images({**keys, "SeriesInstanceUID": uid})
            case _:
                self._images(keys)

    def _studies(self, keys: dict[str, str]) -> None:
        for study in self.ask("STUDY", keys):
            listed = _texts(study, "SOPClassesInStudy")
            for uid in listed:
                self.found.classes.setdefault(uid, set())
            self._series(
                {**keys, "StudyInstanceUID": str(study.get("StudyInstanceUID", ""))},
                needed=not listed,
            )

    def _series(self, keys: dict[str, str], *, needed: bool) -> None:
        try:
            for series in self.ask("SERIES", keys) if needed or not self._enough else ():
                if needed or not self._enough:
                    uid = str(series.get("SeriesInstanceUID", ""))
                    self._images({**keys, "SeriesInstanceUID": uid})
        except (QueryFailed, Ended):
            if needed:
                raise
            self.silent = True  # not every archive can be asked below the study

    @property
    def _enough(self) -> bool:
        return self.silent or self.series >= _MOST_SERIES

    def _images(self, keys: dict[str, str]) -> None:
        self.series += 1
        for image in self.ask("IMAGE", keys):
            syntaxes = set(_texts(image, "AvailableTransferSyntaxUID"))
            self.silent = not syntaxes
            for uid in _texts(image, "SOPClassUID"):
                self.found.classes.setdefault(uid, set()).update(syntaxes)
            for uid in _uids(image):
                self.found.stored[uid] = syntaxes


def _uids(image: Dataset) -> Sequence[str]:
    return _texts(image, "SOPInstanceUID")


def _texts(identifier: Dataset, keyword: str) -> list[str]:
    value = identifier.get(keyword)
    values = value if isinstance(value, MultiValue | list) else [value]
    return [str(each) for each in values if each]
