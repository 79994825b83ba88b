"""The asking side of the process that makes samples; it knows no highdicom.

Law: who asks gets each instance once it is written, or an error that says what the process said.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from iod.errors import IodError


class Unmade(IodError):
    """The process that makes samples has failed."""


@dataclass(frozen=True, slots=True)
class Made:
    """An instance that is written."""

    family: str
    name: str
    path: Path
    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class Left:
    """A family that cannot be made here, and why."""

    family: str
    why: str


@dataclass(frozen=True, slots=True)
class Begun:
    """A family that is being made: the `number`-th `of` so many."""

    family: str
    number: int
    of: int


def make(folder: Path, names: frozenset[str] = frozenset()) -> Iterator[Begun | Made | Left]:
    """Write samples below `folder`: those of these families and SOP class UIDs, or all."""
    command = [sys.executable, "-I", "-W", "ignore", "-m", "iod.samples.worker"]
    with subprocess.Popen(
        [*command, str(folder), *sorted(names)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            for line in process.stdout:
                yield _told(json.loads(line))
            said = process.stderr.read().strip()
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        last = said.splitlines()[-1] if said else f"exit {process.returncode}"
        raise Unmade(f"the samples could not be made: {last}")


def _told(fields: dict[str, str]) -> Begun | Made | Left:
    if "path" in fields:
        return Made(**{**fields, "path": Path(fields["path"])})  # type: ignore[arg-type]
    if "why" in fields:
        return Left(**fields)
    return Begun(fields["family"], int(fields["number"]), int(fields["of"]))
