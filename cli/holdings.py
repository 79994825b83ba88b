"""What a peer says it holds: asked by C-FIND, for `send --skip-stored` and `get`. PS3.4 C.4.1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydicom import Dataset
from pydicom.multival import MultiValue

from cli.calls import Call
from cli.keys import UNIQUE, Question
from scu.associate import Proposal, associate
from scu.find import find
from wire.association import Association

# Explicit first: it keeps the VR of what a dictionary does not know.
QUERY_SYNTAXES: Final = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
STUDY_ROOT_FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
_RETURNS: Final = {
    "STUDY": ("StudyInstanceUID", "SOPClassesInStudy"),
    "SERIES": ("SeriesInstanceUID",),
    "IMAGE": ("SOPInstanceUID", "SOPClassUID", "AvailableTransferSyntaxUID"),
}

Classes = dict[str, set[str]]
"""SOP class to the transfer syntaxes its instances are known to be in."""


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


def classes(call: Call, asked: Question) -> Classes:
    """The SOP classes of what a retrieve names, as the peer tells them.

    Raises WireError, QueryFailed.
    """
    model = asked.model("find")
    keys = {keyword: _texts(asked.identifier, keyword) for keyword in UNIQUE.values()}
    given = {keyword: "\\".join(values) for keyword, values in keys.items() if values}
    with associate(call.target, call.caller, [proposal(model)]) as association:
        walk = _Walk(association, model)
        walk.begin(asked.level, given)
        return walk.found


@dataclass(slots=True)
class _Walk:
    """Down from what was asked to whatever names SOP classes; one question at a time."""

    association: Association
    model: str
    found: Classes = field(default_factory=dict)

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
                self.found.setdefault(uid, set())
            if not listed:
                self._series({**keys, "StudyInstanceUID": str(study.get("StudyInstanceUID", ""))})

    def _series(self, keys: dict[str, str]) -> None:
        for series in self.ask("SERIES", keys):
            self._images({**keys, "SeriesInstanceUID": str(series.get("SeriesInstanceUID", ""))})

    def _images(self, keys: dict[str, str]) -> None:
        for image in self.ask("IMAGE", keys):
            for uid in _texts(image, "SOPClassUID"):
                syntaxes = _texts(image, "AvailableTransferSyntaxUID")
                self.found.setdefault(uid, set()).update(syntaxes)


def _uids(image: Dataset) -> Sequence[str]:
    return _texts(image, "SOPInstanceUID")


def _texts(identifier: Dataset, keyword: str) -> list[str]:
    value = identifier.get(keyword)
    values = value if isinstance(value, MultiValue | list) else [value]
    return [str(each) for each in values if each]
