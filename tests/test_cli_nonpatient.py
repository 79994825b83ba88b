"""`anode find`, `move` and `get` of models without levels, PS3.4 HH, II, U, X, BB, JJ."""

from pathlib import Path
from typing import get_args

import pytest
from pydicom.datadict import tag_for_keyword

from cli import matches, options, questions
from scu import extended
from tests.commands import anode, at
from tests.nodes import node, peer, port
from tests.nonpatients import VALUES, objects
from tests.objects import uid, written


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory):
    """A node with all objects of `nonpatients`."""
    folder = tmp_path_factory.mktemp("alone")
    with node(folder / "data") as serving:
        for model in VALUES:
            written(folder / model, *objects(model).values())
            assert anode("send", at(serving), folder / model).code == 0
        yield serving


def test_every_model_of_the_catalogue_can_be_named():
    assert set(get_args(options.SingleModel)) == questions.SINGLE
    assert matches.COLUMNS.keys() >= questions.SINGLE


@pytest.mark.parametrize("model", VALUES)
def test_find_shows_the_objects_of_a_model(ours, model):
    ran = anode("find", at(ours), "--model", model)
    assert ran.code == 0, ran.err
    assert f"{len(VALUES[model])} matches" in ran.err
    assert all(uid(model, name) in ran.out for name in VALUES[model])
    document = anode("find", at(ours), "--model", model, "--json").document
    assert not any("00080052" in match for match in document)
    assert len(document) == len(VALUES[model])


def test_find_takes_keys_in_items_and_names_by_sound(ours):
    key = "ModelSpecificationSequence[0].Manufacturer=Acme"
    ran = anode("find", at(ours), "--model", "protocol", "-k", key, "--csv")
    assert (ran.code, "Chest routine" in ran.out, "Head trauma" in ran.out) == (0, True, False)
    fuzzy = ("-k", "ContentCreatorName=Kurie", "--fuzzy")
    ran = anode("find", at(ours), "--model", "protocol", *fuzzy)
    assert (ran.code, "Head trauma" in ran.out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-L", "IMAGE"), "has no levels"),
        (("-k", "QueryRetrieveLevel=IMAGE"), "has no levels"),
        (("--relational",), "has no levels"),
        (("-P",), "contradict each other"),
    ],
)
def test_find_says_what_such_a_model_lacks(ours, arguments, said):
    ran = anode("find", at(ours), "--model", "hanging", *arguments)
    assert (ran.code, said in ran.err) == (2, True), ran.err


@pytest.mark.parametrize("model", VALUES)
def test_get_brings_them_into_a_folder(ours, model, tmp_path: Path):
    wanted = "\\".join(uid(model, name) for name in VALUES[model])
    got = anode("get", at(ours), "--model", model, "-k", f"SOPInstanceUID={wanted}", "-o", tmp_path)
    assert got.code == 0, got.err
    assert len(list(tmp_path.glob("*.dcm"))) == len(VALUES[model])


def test_move_sends_them_elsewhere(tmp_path: Path):
    written(tmp_path / "in", *objects("palette").values())
    with node(tmp_path / "w", "WS1") as workstation:
        known = (peer("WS1", port(workstation)), peer("ANODE", move_to=("WS1",)))
        with node(tmp_path / "data", peers=known) as serving:
            assert anode("send", at(serving), tmp_path / "in").code == 0
            key = ("-k", f"SOPInstanceUID={uid('palette', 'a')}")
            moved = anode("move", at(serving), "WS1", "--model", "palette", *key)
        assert moved.code == 0, moved.err
        assert workstation.archive.lookup(uid("palette", "a")) is not None


def test_a_retrieve_needs_the_uid(ours, tmp_path: Path):
    for arguments in ((), ("-k", "ContentLabel=PET")):
        ran = anode("get", at(ours), "--model", "palette", *arguments, "-o", tmp_path)
        assert ran.code == 2, ran.err
        assert "SOPInstanceUID" in ran.err or "unique keys alone" in ran.err


def test_what_such_a_retrieve_lacks_is_not_told_by_levels(tmp_path: Path):
    for command in (("get", "X@127.0.0.1:1", "-o", tmp_path), ("move", "X@127.0.0.1:1", "WS1")):
        ran = anode(*command, "--model", "approval")
        assert "a retrieve of the model approval needs -k SOPInstanceUID=..." in ran.err
        assert "level" not in ran.err


def test_what_an_approval_is_of_is_told_in_short(ours):
    ran = anode("find", at(ours), "--model", "approval")
    heading, _, *rows = ran.out.splitlines()
    of = {row[heading.index("Of") :].split("  ")[0] for row in rows}
    assert uid("protocol", "a") in of
    assert "Referenced" not in ran.out
    document = anode("find", at(ours), "--model", "approval", "--json").document
    subject = f"{tag_for_keyword('ApprovalSubjectSequence'):08X}"
    assert all(each[subject]["Value"][0].keys() == {"00081150", "00081155"} for each in document)


def test_what_is_asserted_and_for_which_models_is_told_in_words(ours):
    ran = anode("find", at(ours), "--model", "approval")
    assert "Approved, 2024-07-05; Rejected, 2024-07-06" in ran.out
    models = ("-k", "ModelSpecificationSequence")
    ran = anode("find", at(ours), "--model", "protocol", *models)
    assert "Acme Fast Scan 5000 1.0, 1.1 7; Bolt Ring 9" in ran.out
    key = "PotentialRequestedProcedureCodeSequence.CodeValue=P2"
    ran = anode("find", at(ours), "--model", "protocol", "-k", key)
    assert "  P2  " in f"  {ran.out.splitlines()[2]}  "


@pytest.mark.parametrize(
    ("wanted", "offered"),
    [(["fuzzy_names"], b"\1\1\1"), (["timezone"], b"\1\1\0\1"), ([], b"\1\1\0")],
)
def test_three_bytes_or_four_are_offered_and_two_are_one(wanted, offered):
    """PS3.4 K.5.1.1."""
    assert extended.offer(wanted, single=True) == offered
    assert extended.declined(wanted, offered) == []
