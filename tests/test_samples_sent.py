"""The samples through a node: stored, found, and back by C-GET and C-MOVE, byte for byte."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from scu import instances
from tests.clients import get, move, query, send
from tests.nodes import node, peer, port, target


@pytest.fixture(scope="module")
def sent(samples, tmp_path_factory):
    """A node with all samples, another it may move to; and the samples by study."""
    with (
        node(tmp_path_factory.mktemp("second"), "SECOND") as second,
        node(
            tmp_path_factory.mktemp("first"),
            peers=(peer("TESTER", move_to=["SECOND"]), peer("SECOND", port(second))),
        ) as first,
    ):
        whole = sorted(samples.rglob("*.dcm"))
        assert [each for each in send(target(first), whole) if each.status != 0] == []
        yield first, second, studies(whole)


def studies(whole: list[Path]) -> dict[str, list[instances.Instance]]:
    """The samples that belong to a patient, by study."""
    made: dict[str, list[instances.Instance]] = defaultdict(list)
    for path in whole:
        study = dcmread(path, specific_tags=["StudyInstanceUID"]).get("StudyInstanceUID")
        if study:
            made[study].append(instances.read(path))
    return dict(made)


def identifier(level: str, **values: str) -> Dataset:
    made = Dataset()
    made.QueryRetrieveLevel = level
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def data_set(one: instances.Instance) -> bytes:
    return one.path.read_bytes()[one.offset :]


def test_every_sample_is_found_with_its_class(sent):
    first, _, by_study = sent
    for study, members in by_study.items():
        all_series = query(
            target(first), identifier("SERIES", StudyInstanceUID=study, SeriesInstanceUID="")
        )
        found = {}
        for series in all_series:
            keys = {"SeriesInstanceUID": series.SeriesInstanceUID, "SOPClassUID": ""}
            wanted = identifier("IMAGE", StudyInstanceUID=study, SOPInstanceUID="", **keys)
            found |= {
                each.SOPInstanceUID: each.SOPClassUID for each in query(target(first), wanted)
            }
        assert found == {each.sop_instance_uid: each.sop_class_uid for each in members}


def test_get_brings_back_the_same_bytes(sent):
    first, _, by_study = sent
    for study, members in by_study.items():
        answers, kept = get(target(first), identifier("STUDY", StudyInstanceUID=study), members)
        assert (answers[-1].status, answers[-1].failed) == (0, 0)
        assert kept == {each.sop_instance_uid: data_set(each) for each in members}


def test_move_brings_the_same_bytes_to_another_node(sent):
    first, second, by_study = sent
    for study, members in by_study.items():
        wanted = identifier("STUDY", StudyInstanceUID=study)
        answers = move(target(first), wanted, "SECOND")
        assert (answers[-1].status, answers[-1].failed) == (0, 0)
        _, kept = get(target(second), wanted, members)
        assert kept == {each.sop_instance_uid: data_set(each) for each in members}
