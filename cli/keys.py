"""Identifiers as people type them: -k KEY=VALUE, a level and a model, PS3.4 C.4.

KEY is a keyword, a tag as 0010,0020, or, in DCMTK's notation, a path into sequences:
ScheduledProcedureStepSequence[0].Modality.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from pydicom import Dataset, config, dcmread
from pydicom.datadict import dictionary_VR, keyword_dict, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.errors import InvalidDicomError
from pydicom.tag import BaseTag, Tag

from config import catalogue
from config.errors import ConfigError

LEVELS: Final = ("PATIENT", "STUDY", "SERIES", "IMAGE")
UNIQUE: Final[Mapping[str, str]] = {
    "PATIENT": "PatientID",
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}
UTF8 = "ISO_IR 192"
_TAG = re.compile(r"\(?([0-9A-Fa-f]{4}),?([0-9A-Fa-f]{4})\)?")
_ITEM = re.compile(r"(.+)\[(\d{1,3})\]")
_WHOLE = frozenset({"US", "SS", "UL", "SL", "SV", "UV"})


@dataclass(frozen=True, slots=True)
class Question:
    """An identifier, its level and the root of the model it goes to."""

    identifier: Dataset
    level: str
    root: str

    def model(self, service: str) -> str:
        """The SOP class for this service (find, move, get)."""
        return next(
            model.uid
            for model in catalogue.MODELS.values()
            if (model.service, model.root) == (service, self.root)
        )


def question(
    keys: Sequence[str], *, level: str | None, patient_root: bool, default: str | None = "STUDY"
) -> Question:
    """What -k, -L and -P mean; without `default` the level follows from the keys.

    Raises ConfigError.
    """
    identifier = Dataset()
    for key in keys:
        _take(identifier, key)
    asked = (
        level or str(identifier.get("QueryRetrieveLevel") or "") or default or deepest(identifier)
    )
    asked = asked.upper()
    if asked not in LEVELS:
        raise ConfigError(f"{asked!r} is no level: say -L PATIENT, STUDY, SERIES or IMAGE")
    identifier.QueryRetrieveLevel = asked
    root = "patient" if patient_root or asked == "PATIENT" else "study"
    if not str(identifier).isascii():
        identifier.SpecificCharacterSet = UTF8
    return Question(identifier, asked, root)


def deepest(identifier: Dataset) -> str:
    """The lowest level whose unique key has a value."""
    for level in reversed(LEVELS):
        if identifier.get(UNIQUE[level]):
            return level
    wanted = ", ".join(f"-k {keyword}=..." for keyword in UNIQUE.values())
    raise ConfigError(
        f"nothing says what to retrieve: give one of {wanted} (`anode find` has them)"
    )


def missing(asked: Question) -> list[str]:
    """The unique keys of the levels above that have no value, PS3.4 C.4.1.2.2.1."""
    levels = LEVELS if asked.root == "patient" else LEVELS[1:]
    above = levels[: levels.index(asked.level)]
    return [UNIQUE[level] for level in above if not asked.identifier.get(UNIQUE[level])]


def to_retrieve(asked: Question) -> Question:
    """The question, once it is one that can be retrieved; raises ConfigError, PS3.4 C.4.2.1.4."""
    if lacking := missing(asked):
        wanted = " ".join(f"-k {keyword}=..." for keyword in lacking)
        raise ConfigError(f"a retrieve at {asked.level} level also needs {wanted}")
    if not asked.identifier.get(UNIQUE[asked.level]):
        raise ConfigError(f"a retrieve at {asked.level} level needs -k {UNIQUE[asked.level]}=...")
    return asked


def _take(identifier: Dataset, text: str) -> None:
    if text.startswith("@"):
        identifier.update(_file(Path(text[1:])))
        return
    path, _, value = text.partition("=")
    *sequences, last = path.strip().split(".")
    inner = identifier
    for name in sequences:
        inner = _item(inner, name)
    tag, vr = _attribute(last)
    inner[tag] = _element(tag, vr, value)


def _file(path: Path) -> Dataset:
    try:
        found = dcmread(path, force=True)
    except (OSError, InvalidDicomError) as error:
        raise ConfigError(f"the keys in {path} cannot be read: {error}") from None
    if not len(found):
        raise ConfigError(f"{path} holds no keys: it is no DICOM file")
    return Dataset({element.tag: element for element in found})


def _item(outer: Dataset, name: str) -> Dataset:
    match = _ITEM.fullmatch(name)
    keyword, number = (match[1], int(match[2])) if match else (name, 0)
    tag, vr = _attribute(keyword)
    if vr != "SQ":
        raise ConfigError(f"{keyword} is no sequence, so nothing can be in it")
    items = outer.setdefault(tag, DataElement(tag, "SQ", [])).value
    while len(items) <= number:
        items.append(Dataset())
    found: Dataset = items[number]
    return found


def _attribute(name: str) -> tuple[BaseTag, str]:
    match = _TAG.fullmatch(name)
    number = int(match[1] + match[2], 16) if match else tag_for_keyword(name)
    if number is None or not name:  # the dictionary has retired tags without a keyword
        near = get_close_matches(name, keyword_dict, 1, 0.7)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ConfigError(f"{name!r} is neither a DICOM keyword nor a tag like 0010,0020{hint}")
    try:
        return Tag(number), dictionary_VR(number).split(" or ")[0]
    except KeyError:
        raise ConfigError(
            f"{name} is not in the data dictionary: private keys need @FILE"
        ) from None


def _element(tag: BaseTag, vr: str, text: str) -> DataElement:
    try:
        return DataElement(tag, vr, _value(vr, text), validation_mode=config.IGNORE)
    except (ValueError, TypeError, OverflowError):
        raise ConfigError(f"{text!r} cannot be the value of {tag} ({vr})") from None


def _value(vr: str, text: str) -> object:
    if vr == "SQ":
        if text:
            raise ValueError("a sequence has no text")
        return []
    if not text:
        return None
    if vr in _WHOLE:
        return [int(part) for part in text.split("\\")]
    if vr in ("FL", "FD"):
        return [float(part) for part in text.split("\\")]
    return text
