"""What is asked of a peer: an identifier, its level, its information model. PS3.4 C.3, C.6, Y.6."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydicom import Dataset
from pydicom.datadict import keyword_for_tag

from archive.attributes import BY_TAG
from cli import keys
from config import catalogue
from config.errors import ConfigError

LEVELS: Final = ("PATIENT", "STUDY", "SERIES", "IMAGE")
UNIQUE: Final[Mapping[str, str]] = {
    "PATIENT": "PatientID",
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
    "FRAME": "SOPInstanceUID",
}
# Table Y.6-2: what says which frames, one of them
FRAMES: Final = ("SimpleFrameList", "CalculatedFrameList", "TimeRange")
# --model, as people say it, and the roots of the catalogue
ROOTS: Final[Mapping[str, str]] = {
    "patient": "patient",
    "study": "study",
    "patient-study": "patient-study",
    "instance": "composite",
}
# Models of one level, of objects that have no patient (PS3.4 HH, II, U, X, BB, JJ): by their root
SINGLE: Final = frozenset(each.root for each in catalogue.MODELS.values() if each.classes)


@dataclass(frozen=True, slots=True)
class Question:
    """An identifier, its level and the root of the model it goes to.

    Of a model without levels the level is IMAGE, and the identifier does not say so.
    """

    identifier: Dataset
    level: str
    root: str

    @property
    def single(self) -> bool:
        """Whether it goes to a model without levels."""
        return self.root in SINGLE

    @property
    def kind(self) -> str:
        """What it is about: its level, or what a model without levels is of."""
        return self.root if self.single else self.level

    def model(self, service: str) -> str:
        """The SOP class for this service (find, move, get)."""
        return next(
            model.uid
            for model in catalogue.MODELS.values()
            if (model.service, model.root) == (service, self.root)
        )


def root_of(model: str | None, *, patient_root: bool) -> str | None:
    """The root that --model or -P name; None when neither does. Raises ConfigError."""
    named = ROOTS.get(model, model) if model else None
    if patient_root and named not in (None, "patient"):
        raise ConfigError(f"-P and --model {model} contradict each other")
    return "patient" if patient_root else named


def question(
    given: Sequence[str],
    *,
    level: str | None = None,
    root: str | None = None,
    default: str | None = "STUDY",
) -> Question:
    """What -k, -L and --model mean; without `default` the level follows from the keys.

    Raises ConfigError.
    """
    identifier = keys.identifier(given)
    levels = _levels(root) if root else LEVELS
    said = level or str(identifier.get("QueryRetrieveLevel") or "")
    if root in SINGLE:
        if said:
            raise ConfigError(f"the model {root} has no levels: leave {said} out")
        return Question(identifier, "IMAGE", root)
    asked = (said or _level(identifier, levels, default)).upper()
    if asked not in levels:
        known = f"{', '.join(levels[:-1])} or {levels[-1]}"
        raise ConfigError(f"{asked!r} is no level{' of this model' * bool(root)}: say -L {known}")
    identifier.QueryRetrieveLevel = asked
    return Question(identifier, asked, root or ("patient" if asked == "PATIENT" else "study"))


def _levels(root: str) -> tuple[str, ...]:
    return next(model.levels for model in catalogue.MODELS.values() if model.root == root)


def _level(identifier: Dataset, levels: Sequence[str], default: str | None) -> str:
    if "FRAME" in levels:
        return "FRAME" if any(keyword in identifier for keyword in FRAMES) else "IMAGE"
    return default or deepest(identifier, levels)


def deepest(identifier: Dataset, levels: Sequence[str] = LEVELS) -> str:
    """The lowest level whose unique key has a value."""
    for level in reversed(levels):
        if identifier.get(UNIQUE[level]):
            return level
    wanted = ", ".join(f"-k {UNIQUE[level]}=..." for level in levels)
    raise ConfigError(
        f"nothing says what to retrieve: give one of {wanted} (`anode find` has them)"
    )


def missing(asked: Question) -> list[str]:
    """The unique keys of the levels above that have no value, PS3.4 C.4.1.2.2.1."""
    if asked.root == "composite":  # Y.6.1: its levels have one key
        return []
    levels = _levels(asked.root)
    above = levels[: levels.index(asked.level)]
    return [UNIQUE[level] for level in above if not asked.identifier.get(UNIQUE[level])]


def below(asked: Question) -> list[str]:
    """Keys with a value that belong below the level: a hierarchical query never matches them."""
    attributes = (BY_TAG.get(int(element.tag)) for element in asked.identifier if element.value)
    lower = LEVELS[LEVELS.index(asked.level) + 1 :] if asked.level in LEVELS else ()
    return [each.keyword for each in attributes if each is not None and each.level in lower]


def _others(identifier: Dataset) -> list[str]:
    """Keys with a value that a peer would not look at: it would send more than was meant."""
    known = {*UNIQUE.values(), *FRAMES, "QueryRetrieveLevel", "SpecificCharacterSet"}
    given = [int(element.tag) for element in identifier if element.value]
    named = [keyword_for_tag(tag) or f"{tag:08X}" for tag in given]
    return [keyword for keyword in named if keyword not in known]


def to_retrieve(asked: Question) -> Question:
    """The question, once it is one that can be retrieved; raises ConfigError, PS3.4 C.4.2.1.4."""
    if others := _others(asked.identifier):
        raise ConfigError(
            f"a retrieve goes by unique keys alone and would not look at {', '.join(others)}; "
            "`anode find` tells the UIDs of what matches"
        )
    if lacking := missing(asked):
        wanted = " ".join(f"-k {keyword}=..." for keyword in lacking)
        needs = f"a retrieve at {asked.level} level also needs {wanted}"
        if asked.level == "IMAGE" and asked.identifier.get(UNIQUE["IMAGE"]):
            needs += "; its UID alone is enough for --model instance, protocol and the like"
        raise ConfigError(needs)
    if not asked.identifier.get(UNIQUE[asked.level]):
        where = f"of the model {asked.root}" if asked.single else f"at {asked.level} level"
        raise ConfigError(f"a retrieve {where} needs -k {UNIQUE[asked.level]}=...")
    if asked.level == "FRAME" and not any(asked.identifier.get(each) for each in FRAMES):
        wanted = ", ".join(f"-k {keyword}=..." for keyword in FRAMES)
        raise ConfigError(f"a retrieve at FRAME level needs one of {wanted}")
    return asked
