"""Broken twins of the samples: one harm each, and the finding by which it has to be named.

    Twin("printing/stl-revision-1", gone("MeasurementUnitsCodeSequence"), "type1.missing")

A path is keywords with item numbers from 1, as findings have it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset, dcmread

from iod.samples.identity import uid
from iod.samples.writing import write

Harm = Callable[[Dataset], None]
_STEP = re.compile(r"(\w+)\[(\d+)\]\.")


@dataclass(frozen=True)
class Harmed:
    """What is done, and where: that is also where it should be found."""

    path: str
    harm: Harm


@dataclass(frozen=True)
class Twin:
    """A sample, what is done to it, the rule that says so; elsewhere than done, at `path`."""

    sample: str
    harmed: Harmed
    rule: str
    path: str = ""
    severity: str = "error"

    @property
    def where(self) -> str:
        return self.path or self.harmed.path

    @property
    def family(self) -> str:
        return self.sample.partition("/")[0]

    def __str__(self) -> str:
        return f"{self.sample}-{self.rule}-{self.harmed.path}"

    def made(self, samples: Path, into: Path) -> Path:
        """The twin as a file, with a UID of its own."""
        broken = dcmread(samples / f"{self.sample}.dcm")
        self.harmed.harm(broken)
        broken.SOPInstanceUID = uid("twin", self)
        path = into / f"{self.sample.replace('/', '-')}.dcm"
        write(broken, path)
        return path


def _item(root: Dataset, path: str) -> tuple[Dataset, str]:
    for step in _STEP.finditer(path):
        root = root[step[1]].value[int(step[2]) - 1]
    return root, path.rpartition(".")[2]


def bad_code(sample: str, path: str) -> Twin:
    """A code of the scheme DCM that there is none of."""
    return Twin(sample, now(f"{path}.CodeValue", "999999"), "code.unknown", severity="warning")


def gone(path: str) -> Harmed:
    """The attribute is taken out."""

    def harm(root: Dataset) -> None:
        item, keyword = _item(root, path)
        delattr(item, keyword)

    return Harmed(path, harm)


def now(path: str, value: object) -> Harmed:
    """The attribute has another value."""

    def harm(root: Dataset) -> None:
        item, keyword = _item(root, path)
        assert keyword in item, path
        setattr(item, keyword, value)

    return Harmed(path, harm)


def empty(path: str) -> Harmed:
    """The attribute has no value."""
    return now(path, None)


def changed(path: str, change: Callable[[bytes], bytes]) -> Harmed:
    """Its bytes are others."""

    def harm(root: Dataset) -> None:
        item, keyword = _item(root, path)
        item[keyword].value = change(item[keyword].value)

    return Harmed(path, harm)


def one_less(path: str) -> Harmed:
    """The sequence has lost its last item."""

    def harm(root: Dataset) -> None:
        item, keyword = _item(root, path)
        setattr(item, keyword, list(item[keyword].value)[:-1])

    return Harmed(path, harm)


def syntax(uid: str) -> Harmed:
    """It says to be in another transfer syntax, of the same kind."""

    def harm(root: Dataset) -> None:
        root.file_meta.TransferSyntaxUID = uid

    return Harmed("", harm)
