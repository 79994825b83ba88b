"""Retrieve whole: who is configured so gets what an object needs; nobody else gets more."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.proposals import proposals
from config.catalogue import STORAGE
from config.peers import WHOLES
from scp import wholes
from scp.wholes import of_family
from scu.instances import FileInstance
from tests import clients
from tests.commands import anode, at
from tests.nodes import node, peer, port, target
from tests.objects import CT_IMAGE, identifier, instance, non_patient, uid, written
from tests.test_object_references import item

SET, RADIATION = "1.2.840.10008.5.1.4.1.1.481.12", "1.2.840.10008.5.1.4.1.1.481.13"
INTENT, ANNOTATION = "1.2.840.10008.5.1.4.1.1.481.10", "1.2.840.10008.5.1.4.1.1.481.11"
STATE = "1.2.840.10008.5.1.4.1.1.11.1"
PERFORMED, DEFINED = "1.2.840.10008.5.1.4.1.1.200.2", "1.2.840.10008.5.1.4.1.1.200.1"
COMPOSITE = "1.2.840.10008.5.1.4.1.2.4.2"
EXPLICIT = "1.2.840.10008.1.2.1"
UNIQUE = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


def family():
    """A radiation set, two radiations of which one has an annotation, and what it replaced."""
    intent = instance(1, sop_class=INTENT, SeriesInstanceUID=uid("1"))
    annotation = instance(2, sop_class=ANNOTATION, SeriesInstanceUID=uid("2"))
    radiations = [
        instance(
            3 + n,
            sop_class=RADIATION,
            SeriesInstanceUID=uid("3"),
            ReferencedSOPSequence=[item(annotation.SOPInstanceUID, ANNOTATION)] if n else [],
        )
        for n in range(2)
    ]
    older = instance(8, sop_class=CT_IMAGE, SeriesInstanceUID=uid("8"))
    made = instance(
        9,
        sop_class=SET,
        SeriesInstanceUID=uid("9"),
        RTRadiationSequence=[item(each.SOPInstanceUID, RADIATION) for each in radiations],
        ReferencedRTPhysicianIntentSequence=[item(intent.SOPInstanceUID, INTENT)],
        PredecessorDocumentsSequence=[item(older.SOPInstanceUID)],
    )
    return made, [*radiations, intent, annotation], older


@contextmanager
def serving(tmp_path: Path, objects, whole, **caller):
    """A node that holds these, and another one to move to, which takes `whole`."""
    with node(tmp_path / "other", "WS1") as receiver:
        takes = {"retrieve_whole": whole} if whole else {}
        peers = (
            peer("TESTER", move_to=("WS1",), **takes, **caller),
            peer("WS1", port(receiver), **takes),
        )
        with node(tmp_path / "data", peers=peers) as ours:
            clients.send(target(ours), written(tmp_path / "files", *objects))
            yield ours, receiver


def named(made):
    return identifier(
        "IMAGE",
        StudyInstanceUID=made.StudyInstanceUID,
        SeriesInstanceUID=made.SeriesInstanceUID,
        SOPInstanceUID=made.SOPInstanceUID,
    )


def held(archive) -> set[str]:
    return {each.sop_instance_uid for each in archive.index.newest(1000)}


@pytest.mark.parametrize(
    ("whole", "comes"),
    [((), False), (True, True), (["radiation sets"], True), (["presentation states"], False)],
)
def test_a_move_brings_what_a_radiation_set_needs_if_its_destination_is_configured_so(
    tmp_path, whole, comes
):
    made, needed, older = family()
    with serving(tmp_path, [made, *needed, older], whole) as (ours, receiver):
        responses = clients.move(target(ours), named(made), "WS1")
        wanted = {each.SOPInstanceUID for each in [made, *(needed if comes else ())]}
        assert held(receiver.archive) == wanted
        assert responses[-1].status == 0
        assert responses[-1].completed == len(wanted)
        assert (responses[-1].failed, responses[-1].warning) == (0, 0)
        if comes:
            assert [each.remaining for each in responses[:-1]] == [4, 3, 2, 1]


@pytest.mark.parametrize("whole", [True, ()])
def test_a_set_is_moved_whole_by_its_uid_alone(tmp_path, whole):
    made, needed, _ = family()
    with serving(tmp_path, [made, *needed], whole) as (ours, receiver):
        asked = identifier("IMAGE", SOPInstanceUID=made.SOPInstanceUID)
        last = clients.move(target(ours), asked, "WS1", root=COMPOSITE)[-1]
        assert (last.status, last.completed) == (0, 5 if whole else 1)
        assert len(held(receiver.archive)) == last.completed


def test_what_is_asked_for_and_needed_comes_once(tmp_path):
    made, needed, _ = family()
    with serving(tmp_path, [made, *needed], True) as (ours, receiver):
        study = identifier("STUDY", StudyInstanceUID=made.StudyInstanceUID)
        assert clients.move(target(ours), study, "WS1")[-1].completed == 5
        assert len(held(receiver.archive)) == 5


def test_what_is_not_held_does_not_count(tmp_path):
    made, needed, _ = family()
    with serving(tmp_path, [made, needed[0]], True) as (ours, _):
        last = clients.move(target(ours), named(made), "WS1")[-1]
        assert (last.status, last.completed, last.failed) == (0, 2, 0)


def test_references_in_a_circle_end(tmp_path):
    one, other = instance(1, sop_class=STATE), instance(2)
    one.ReferencedImageSequence = [item(other.SOPInstanceUID)]
    other.ReferencedImageSequence = [item(one.SOPInstanceUID, STATE)]
    with serving(tmp_path, [one, other], True) as (ours, _):
        assert clients.move(target(ours), named(one), "WS1")[-1].completed == 2


@pytest.mark.parametrize(
    "keyword", ["ReferencedDefinedProtocolSequence", "PredecessorProtocolSequence"]
)
def test_a_performed_protocol_brings_the_protocol_it_was_performed_by(tmp_path, keyword):
    older = non_patient(DEFINED, 3)
    replaces = {"PredecessorProtocolSequence": [item(older.SOPInstanceUID, DEFINED)]}
    defined = non_patient(DEFINED, 1, **replaces)
    done = instance(2, sop_class=PERFORMED, **{keyword: [item(defined.SOPInstanceUID, DEFINED)]})
    with serving(tmp_path, [older, defined, done], ["performed protocols"]) as (ours, receiver):
        assert clients.move(target(ours), named(done), "WS1")[-1].completed == 2
        assert held(receiver.archive) == {defined.SOPInstanceUID, done.SOPInstanceUID}


@pytest.mark.parametrize(
    ("may", "comes"),
    [
        (("store", "move"), True),
        (("store", "move:patient", "move:protocol"), True),
        (("store", "move:patient", "get", "find"), False),
    ],
)
def test_what_belongs_to_no_patient_comes_along_with_the_right_to_its_model_alone(
    tmp_path, caplog, may, comes
):
    caplog.set_level(logging.INFO, "anode.retrieve")
    defined, image = non_patient(DEFINED, 1), instance(3)
    done = instance(2, sop_class=PERFORMED, SourceImageSequence=[item(image.SOPInstanceUID)])
    done.PredecessorProtocolSequence = [item(defined.SOPInstanceUID, DEFINED)]
    wanted = {each.SOPInstanceUID for each in (done, image, *([defined] if comes else []))}
    with serving(tmp_path, [defined, image, done], True, may=may) as (ours, receiver):
        last = clients.move(target(ours), named(done), "WS1")[-1]
        assert (last.status, last.completed, last.failed) == (0, len(wanted), 0)
        assert held(receiver.archive) == wanted
    barred = "1 of 2 that belong to it not brought, for want of the right to retrieve them"
    assert any(barred in said for said in caplog.messages) is not comes


@pytest.mark.parametrize(
    ("may", "reached"), [(("store", "move"), 2), (("store", "move:patient", "get"), 1)]
)
def test_a_uid_alone_reaches_what_belongs_to_no_patient_by_the_right_to_its_model(
    tmp_path, may, reached
):
    objects = [instance(2), non_patient(DEFINED, 1)]
    with serving(tmp_path, objects, (), may=may) as (ours, receiver):
        asked = identifier("IMAGE", SOPInstanceUID=[each.SOPInstanceUID for each in objects])
        assert clients.move(target(ours), asked, "WS1", root=COMPOSITE)[-1].completed == reached
        assert held(receiver.archive) == {each.SOPInstanceUID for each in objects[:reached]}


def test_of_more_than_come_along_the_first_do_and_the_log_says_so(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(wholes, "MOST", 3)
    made, needed, _ = family()
    with serving(tmp_path, [made, *needed], True) as (ours, receiver):
        assert clients.move(target(ours), named(made), "WS1")[-1].completed == 4
        assert made.SOPInstanceUID in held(receiver.archive)
    assert "retrieve whole: more than 3 instances would come along" in caplog.messages


def test_a_get_brings_what_it_has_contexts_for(tmp_path):
    state = instance(1, sop_class=STATE)
    image = instance(2)
    state.ReferencedImageSequence = [item(image.SOPInstanceUID)]
    with serving(tmp_path, [state, image], True) as (ours, _):
        wanted = [FileInstance(STATE, "", EXPLICIT, Path(), 0, 0)]
        responses, kept = clients.get(target(ours), named(state), wanted)
        assert (responses[-1].completed, responses[-1].failed) == (1, 0)
        assert set(kept) == {state.SOPInstanceUID}
        wanted.append(FileInstance(CT_IMAGE, "", EXPLICIT, Path(), 0, 0))
        responses, kept = clients.get(target(ours), named(state), wanted)
        assert (responses[-1].completed, responses[-1].failed) == (2, 0)
        assert set(kept) == {state.SOPInstanceUID, image.SOPInstanceUID}


@pytest.mark.parametrize("name", WHOLES)
def test_every_family_that_can_be_configured_has_classes(name):
    assert of_family(name)


@pytest.mark.parametrize("keys", [("StudyInstanceUID",), UNIQUE])
@pytest.mark.parametrize("family_of", ["radiation", "state"])
def test_anode_get_proposes_what_may_come_along(tmp_path, keys, family_of):
    if family_of == "radiation":
        made, needed, older = family()
        for each in needed:
            each.StudyInstanceUID = uid("another study")
    else:
        made, older, image = instance(1, sop_class=STATE), instance(8), instance(2)
        image.StudyInstanceUID = older.StudyInstanceUID = uid("another study")
        made.ReferencedImageSequence = [item(image.SOPInstanceUID)]
        needed = [image]
    older.StudyInstanceUID = uid("another study")
    named_by = [part for key in keys for part in ("-k", f"{key}={made[key].value}")]
    with serving(tmp_path, [made, *needed, older], True) as (ours, _):
        out = tmp_path / "got"
        ran = anode("get", at(ours), "--aet", "TESTER", *named_by, "-o", out, "--json")
    assert ran.code == 0, ran.err
    wanted = {each.SOPInstanceUID for each in (made, *needed)}
    assert {path.stem for path in out.glob("*.dcm")} == wanted


def test_the_log_counts_what_a_get_had_no_context_for(tmp_path, caplog):
    caplog.set_level(logging.INFO, "anode.retrieve")
    made, needed, older = family()
    with serving(tmp_path, [made, *needed, older], True) as (ours, _):
        wanted = [FileInstance(each, "", EXPLICIT, Path(), 0, 0) for each in (SET, RADIATION)]
        responses, _ = clients.get(target(ours), named(made), wanted)
        assert responses[-1].completed == 3
    (said,) = [each for each in caplog.messages if "not brought" in each]
    assert said.startswith("retrieve whole for TESTER: 2 of 4 that belong to it not brought")
    assert "RT Physician Intent Storage, RT Segment Annotation Storage" in said


@pytest.mark.parametrize("number", [1, 3, 9, 42, 60, 126])
def test_what_may_come_along_takes_no_context_that_is_needed(number):
    """At most 127; each class that is there has those it had, but for the rarest."""
    classes = {each: {EXPLICIT} for each in list(STORAGE)[:number]}
    alone, both = proposals(classes), proposals(classes, list(STORAGE))
    assert len(both) == 127
    assert {uid_ for uid_, _ in both} >= classes.keys()
    own = [each for each in both if each[0] in classes]
    assert own == alone[: len(own)]
    assert len(own) >= min(len(alone), 13 * number)
    unknown = dict.fromkeys(classes, frozenset())
    assert proposals(unknown, list(STORAGE))[: len(alone)] == proposals(unknown)
