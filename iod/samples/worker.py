"""The process that makes samples: `python -I -m iod.samples.worker DIR [FAMILY|UID]...`.

It prints a line of JSON for each family before it is begun, and for each file once it is written or
for the family when it is left out.
highdicom and numpy are imported here and below, nowhere else.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from pydicom import Dataset

from iod.errors import LeftOut
from iod.samples.families import Family, asked_for, chosen
from iod.samples.writing import write


def instances(family: Family) -> dict[str, Dataset]:
    """What the family's module makes, by name. Raises LeftOut when it cannot be made here."""
    if family.needs and find_spec(family.needs[0]) is None:
        raise LeftOut(family.needs[1])
    made: dict[str, Dataset] = importlib.import_module(family.module).instances()
    return made


def written(folder: Path, names: frozenset[str]) -> Iterator[dict[str, object]]:
    """Make and write what is asked for, each told once it is there."""
    families = chosen(names)
    for number, family in enumerate(families):
        yield {"family": family.name, "number": number, "of": len(families)}
        try:
            samples = instances(family)
        except LeftOut as error:
            yield {"family": family.name, "why": str(error)}
            continue
        for name, sample in samples.items():
            if asked_for(family, sample.SOPClassUID, names):
                path = folder / family.name / f"{name}.dcm"
                write(sample, path)
                yield {
                    "family": family.name,
                    "name": name,
                    "path": str(path),
                    "sop_class_uid": sample.SOPClassUID,
                    "sop_instance_uid": sample.SOPInstanceUID,
                }


def main() -> None:
    """Do it."""
    folder, *names = sys.argv[1:]
    try:
        for told in written(Path(folder), frozenset(names)):
            print(json.dumps(told), flush=True)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sys.exit(f"{where}{error.strerror or error}")


if __name__ == "__main__":
    main()
