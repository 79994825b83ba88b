"""C-FIND by reference: what refers to an instance, and what an instance refers to."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from scu import extended, find
from scu.associate import associate
from tests import clients
from tests.nodes import node, target
from tests.objects import CT_IMAGE, MR_IMAGE, identifier, instance, written
from tests.test_object_references import item

STATE = "1.2.840.10008.5.1.4.1.1.11.1"
ONE, OTHER = "1.2.826.1", "1.2.826.2"


@contextmanager
def serving(tmp_path):
    """A node with a state of two images, an image derived from one of them, and a lonely image."""
    state = instance(1, sop_class=STATE, ReferencedImageSequence=[item(ONE), item(OTHER, MR_IMAGE)])
    derived = instance(2, SourceImageSequence=[item(ONE)], ReferencedImageSequence=[item(ONE)])
    lonely = instance(3)
    with node(tmp_path / "data") as ours:
        clients.send(target(ours), written(tmp_path / "files", state, derived, lonely))
        assert ours.examination.settle(60)
        yield ours, [each.SOPInstanceUID for each in (state, derived, lonely)]


def asked(ours, keys, **more):
    made = identifier("IMAGE", SOPInstanceUID="", **more)
    same = instance()
    made.StudyInstanceUID, made.SeriesInstanceUID = same.StudyInstanceUID, same.SeriesInstanceUID
    made.ReferencedSOPSequence = keys
    return clients.query(target(ours), made)


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"uid": ONE}, {0, 1}),
        ({"uid": OTHER}, {0}),
        ({"uid": [ONE, OTHER]}, {0, 1}),
        ({"uid": OTHER, "sop_class": MR_IMAGE}, {0}),
        ({"uid": OTHER, "sop_class": CT_IMAGE}, set()),
        ({"uid": "", "sop_class": MR_IMAGE}, {0}),
        ({"uid": "1.2.3"}, set()),
        ({"uid": "", "sop_class": ""}, {0, 1, 2}),
    ],
)
def test_instances_are_found_by_what_they_refer_to(tmp_path, keys, found):
    key = item()
    key.ReferencedSOPInstanceUID = keys["uid"]
    key.ReferencedSOPClassUID = keys.get("sop_class", "")
    with serving(tmp_path) as (ours, uids):
        answers = asked(ours, [key])
        assert {uids.index(each.SOPInstanceUID) for each in answers} == found


def test_what_an_instance_refers_to_is_answered_each_once(tmp_path):
    with serving(tmp_path) as (ours, uids):
        answers = {each.SOPInstanceUID: each for each in asked(ours, [])}
        told = [
            {
                (one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID)
                for one in answers[uid].ReferencedSOPSequence
            }
            for uid in uids
        ]
        assert told == [{(CT_IMAGE, ONE), (MR_IMAGE, OTHER)}, {(CT_IMAGE, ONE)}, set()]
        assert len(answers[uids[1]].ReferencedSOPSequence) == 1


def test_only_items_that_match_are_answered(tmp_path):
    with serving(tmp_path) as (ours, uids):
        (found,) = asked(ours, [item(OTHER, MR_IMAGE)])
        assert found.SOPInstanceUID == uids[0]
        (one,) = found.ReferencedSOPSequence
        assert one.ReferencedSOPInstanceUID == OTHER


def test_a_relational_query_finds_the_studies_of_what_refers_to_an_instance(tmp_path):
    model = f"{clients.STUDY_ROOT}1"
    made = identifier("STUDY", StudyInstanceUID="")
    made.ReferencedSOPSequence = [item()]
    made.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = OTHER
    offer = {model: extended.offer(["relational"])}
    proposal = [(model, clients.SYNTAXES)]
    with (
        serving(tmp_path) as (ours, _),
        associate(target(ours), clients.CALLER, proposal, extended=offer) as association,
    ):
        assert len(list(find.find(association, model, made))) == 1
        made.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = "1.2.3"
        assert list(find.find(association, model, made)) == []


def test_the_index_of_references_is_used(tmp_path):
    key = item()
    key.ReferencedSOPInstanceUID = ONE
    with serving(tmp_path) as (ours, _):
        asked(ours, [key])
        plan = "EXPLAIN QUERY PLAN SELECT instance_id FROM reference WHERE to_uid = ?"
        rows = list(ours.archive.index._rows(plan, [ONE]))
        assert any("reference_to_uid" in str(row) for row in rows)
