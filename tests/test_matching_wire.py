"""The table of matching cases through the wire: stored by C-STORE, asked for by C-FIND.

What was agreed by extended negotiation, PS3.4 C.5.1.1, decides which rules are in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
from pydicom import DataElement, Dataset
from pydicom.config import disable_value_validation
from pydicom.datadict import dictionary_VR

from archive.options import Options
from scu import find
from scu.associate import Target, associate
from tests import clients
from tests.clients import CALLER, STUDY_ROOT
from tests.matching_cases import CASES, Case
from tests.nodes import node, target
from tests.objects import instance, uid, written
from wire.association import Association

MODEL = STUDY_ROOT + "1"
IMPLICIT = ("1.2.840.10008.1.2",)
UNIQUE = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
LEVELS = ("STUDY", "SERIES", "IMAGE")
_OURS = (
    "PatientID PatientName StudyDate StudyTime AccessionNumber StudyID Modality "
    "SeriesNumber InstanceNumber"
)


# Cases about UIDs themselves, or about all there is of a patient, have an archive of their own.
ALONE = {
    number
    for number, case in enumerate(CASES)
    if {"StudyInstanceUID", "NumberOfPatientRelatedStudies"} & {*case.stored, *case.key}
}


def identity(number: int) -> dict[str, str]:
    """The UIDs of a case's object."""
    made = {keyword: uid("case", number, keyword) for keyword in UNIQUE}
    return {keyword: CASES[number].stored.get(keyword, value) for keyword, value in made.items()}


def filled(made: Dataset, values: dict[str, Any]) -> Dataset:
    """Values of the table in a data set: a dictionary is an item, a list of them a sequence."""
    for keyword, value in values.items():
        made[keyword] = _element(keyword, value)
    return made


def _element(keyword: str, value: Any) -> DataElement:
    """Numbers go as the text they are: pydicom knows none that are not."""
    vr = dictionary_VR(keyword)
    if vr in ("IS", "DS") and isinstance(value, str):
        vr = "LO"
    return DataElement(keyword, vr, _value(value))


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return [filled(Dataset(), value)]
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return [filled(Dataset(), item) for item in value]
    return value


def stored(number: int) -> Dataset:
    """The object of a case: nothing in it but what the case says."""
    made = instance(number)
    for keyword in _OURS.split():
        delattr(made, keyword)
    values = {"PatientID": "P", "Modality": "CT", **CASES[number].stored}
    filled(made, {"SpecificCharacterSet": "ISO_IR 192", **values, **identity(number)})
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    return made


def offered(options: Options) -> bytes:
    """The bytes of C.5.1.1.1.1; the fifth, multi-frame conversion, is never asked for."""
    bits = astuple(options)
    return bytes([*bits[:4], 0, *bits[4:]])


@contextmanager
def holding(folder: Path, numbers: Iterable[int]) -> Iterator[Target]:
    """A node with the objects of these cases."""
    with node(folder / "node") as serving, disable_value_validation():
        # Some cases are about values that their representation does not allow.
        paths = written(folder / "o", *map(stored, numbers))
        outcomes = clients.send(target(serving), paths)
        assert [one.comment for one in outcomes if one.status != 0] == []
        yield target(serving)


def asking(here: Target, options: Options) -> Association:
    """An association on which these options are agreed."""
    asked = {MODEL: offered(options)} if any(astuple(options)) else {}
    return associate(here, CALLER, [(MODEL, IMPLICIT)], extended=asked)


@pytest.fixture(scope="module")
def associations(tmp_path_factory) -> Iterator[dict[Options, Association]]:
    folder = tmp_path_factory.mktemp("cases")
    together = [number for number in range(len(CASES)) if number not in ALONE]
    with ExitStack() as stack:
        here = stack.enter_context(holding(folder, together))
        wanted = {case.options for case in CASES}
        yield {options: stack.enter_context(asking(here, options)) for options in wanted}


@pytest.mark.parametrize("number", range(len(CASES)), ids=[str(case) for case in CASES])
def test_rule(number: int, associations: dict[Options, Association], tmp_path: Path):
    case = CASES[number]
    if number not in ALONE:
        _check(case, identity(number), associations[case.options])
        return
    with holding(tmp_path, [number]) as here, asking(here, case.options) as association:
        _check(case, identity(number), association)


def _check(case: Case, unique: dict[str, str], association: Association) -> None:
    asked = Dataset()
    asked.SpecificCharacterSet = "ISO_IR 192"
    asked.QueryRetrieveLevel = case.level
    keys = dict(list(unique.items())[: LEVELS.index(case.level) + 1])
    filled(asked, {**keys, **case.key})
    with disable_value_validation():
        answers = list(find.find(association, MODEL, asked))
    assert len(answers) == int(case.matches), case
    for answer in answers:
        assert answer.QueryRetrieveLevel == case.level
        assert set(case.key) <= set(answer.dir()), "every key asked for is in the answer"
