"""Queries of objects without a patient over the wire, PS3.4 K, HH, II, U, X, BB, by pynetdicom."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pynetdicom import AE
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from archive.errors import BadIdentifier
from archive.nonpatient import MODELS
from archive.query import Single, parse_single
from scu import find, instances
from scu.associate import Target, associate
from tests import clients
from tests.clients import CALLER, SYNTAXES
from tests.nodes import node, peer, port, target
from tests.nonpatient_cases import CASES
from tests.nonpatients import FIND, GET, MOVE, VALUES, filled, made, objects
from tests.objects import instance, uid, written


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A node that holds all of `nonpatients`, and an image."""
    folder = tmp_path_factory.mktemp("nonpatient")
    with node(folder / "node") as serving:
        for model in VALUES:
            paths = written(folder / model, *objects(model).values())
            assert all(one.status == 0 for one in clients.send(target(serving), paths))
        image = instance(ProtocolName="Chest routine", Manufacturer="Acme", ContentLabel="PET")
        clients.send(target(serving), written(folder / "image", image))
        yield target(serving)


def ask(
    at: Target, model: str, keys: dict[str, Any], offered: bytes = b""
) -> tuple[list[int], list[Dataset]]:
    """The statuses and the answers that pynetdicom gets to these keys.

    On an association of its own: with a second request at the heels of a first, pynetdicom's
    threads may take a response from each other.
    """
    ae = AE(ae_title="PYNET")
    ae.add_requested_context(FIND[model])
    offer = SOPClassExtendedNegotiation()
    offer.sop_class_uid, offer.service_class_application_information = FIND[model], offered
    extended = [offer] if offered else None
    association = ae.associate(at.host, at.port, ae_title="ANODE", ext_neg=extended)
    assert association.is_established
    assert association.acceptor.sop_class_extended == ({FIND[model]: offered} if offered else {})
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    responses = list(association.send_c_find(filled(identifier, keys), FIND[model]))
    association.release()
    return [status.Status for status, _ in responses], [each for _, each in responses if each]


@pytest.mark.parametrize(("model", "keys", "expected"), CASES)
def test_each_key_of_each_model_matches_as_its_kind(at, model, keys, expected):
    statuses, found = ask(at, model, {"SOPInstanceUID": "", **keys})
    names = {str(uid(model, name)): name for name in VALUES[model]}
    assert sorted(names[answer.SOPInstanceUID] for answer in found) == sorted(expected)
    assert statuses == [0xFF00] * len(expected) + [0]


def test_every_key_of_every_model_is_asked_for_above():
    """What the table of `nonpatient` promises to match is matched by one of the cases."""
    asked = {(model, keyword) for model, keys, _ in CASES for keyword in keys}
    kept = {"SpecificCharacterSet", "TimezoneOffsetFromUTC", "SOPClassUID", "SOPInstanceUID"}
    optional = {
        *("SourceHangingProtocolSequence", "ImplantTypeCodeSequence"),
        *("ImplantAssemblyTemplateVersion", "ImplantAssemblyTemplateIssuer"),
        *("ImplantTemplateGroupVersion", "InventoryInstanceDescription", "InstitutionName"),
    }
    for model, keys in MODELS.items():
        known = {each.keyword for each in keys if each.keyword not in kept}
        untold = known - {keyword for one, keyword in asked if one == model} - optional
        assert untold <= {"Manufacturer", "EffectiveDateTime"}, model


def test_answers_hold_what_was_asked_for_and_no_more(at: Target):
    """PS3.4 K.4.1.1.3.2: no level, no title, no UID unless asked for; items as asked for."""
    model = {"Manufacturer": "Bolt", "ManufacturerModelName": ""}
    keys = {"ProtocolName": "Chest*", "ModelSpecificationSequence": model}
    _, (answer,) = ask(at, "protocol", keys)
    assert {element.keyword for element in answer} == {"ProtocolName", "ModelSpecificationSequence"}
    (item,) = answer.ModelSpecificationSequence
    assert item.ManufacturerModelName == "Ring 9"
    assert len(item) == 2


def test_who_asks_for_the_title_to_retrieve_from_is_told(at: Target):
    _, (answer,) = ask(at, "palette", {"ContentLabel": "PET", "RetrieveAETitle": ""})
    assert (answer.RetrieveAETitle, answer.ContentLabel) == ("ANODE", "PET")


def test_values_come_back_in_the_character_set_asked_for(at: Target):
    _, (answer,) = ask(at, "protocol", {"ProtocolName": "Chest*", "ContentCreatorName": ""})
    assert answer.SpecificCharacterSet == "ISO_IR 192"
    assert answer.ContentCreatorName == "Röntgen^Wilhelm"


def test_who_names_no_set_gets_the_objects_own(at: Target):
    asked = filled(Dataset(), {"ProtocolName": "Chest*", "ContentCreatorName": ""})
    (answer,) = clients.query(at, asked, root=FIND["protocol"])
    assert answer.SpecificCharacterSet == "ISO_IR 100"
    assert answer.ContentCreatorName == "Röntgen^Wilhelm"


def test_numbers_and_items_are_answered_as_numbers(at: Target):
    screen = {"NumberOfVerticalPixels": None, "DisplayEnvironmentSpatialPosition": None}
    keys = {"NumberOfScreens": 2, "NominalScreenDefinitionSequence": screen}
    _, (answer,) = ask(at, "hanging", keys)
    assert answer.NumberOfScreens == 2
    (item,) = answer.NominalScreenDefinitionSequence
    assert item.NumberOfVerticalPixels == 2048
    assert list(item.DisplayEnvironmentSpatialPosition) == [0.0, 1.0, 0.5, 0.0]
    _, found = ask(at, "inventory", {"InventoryLevel": "STUDY", "TotalNumberOfStudyRecords": None})
    assert [each.TotalNumberOfStudyRecords for each in found] == [7]


@pytest.mark.parametrize("keys", [{"PatientName": "Doe"}, {"StudyDate": "2024"}])
def test_keys_of_other_models_come_back_empty_with_a_warning(at: Target, keys):
    statuses, found = ask(at, "palette", {"ContentLabel": "PET", **keys})
    assert statuses == [0xFF01, 0]
    assert all(found[0][keyword].value in (None, "") for keyword in keys)


def test_unknown_attributes_of_items_do_so_too(at: Target):
    within = {"Manufacturer": "Acme", "PatientName": ""}
    statuses, _ = ask(at, "protocol", {"ModelSpecificationSequence": within})
    assert statuses == [0xFF01, 0]


@pytest.mark.parametrize("model", FIND)
def test_a_level_is_refused_and_an_empty_one_is_none(at: Target, model):
    """PS3.4 U.4.2 and its like: (0008,0052) is not relevant to these models."""
    statuses, _ = ask(at, model, {"QueryRetrieveLevel": "IMAGE", "SOPInstanceUID": ""})
    assert statuses == [0xA900]
    statuses, found = ask(at, model, {"QueryRetrieveLevel": "", "SOPInstanceUID": ""})
    assert statuses[-1] == 0
    assert {len(answer) for answer in found} == {1}


@pytest.mark.parametrize(
    ("keys", "offending"),
    [
        ({"QueryRetrieveLevel": "STUDY"}, 0x00080052),
        ({"EffectiveDateTime": "soon"}, 0x00686226),
        ({"MaterialsCodeSequence": [{"CodeValue": "S"}, {"CodeValue": "T"}]}, 0x006863A0),
    ],
)
def test_a_refusal_says_what_is_wrong(at: Target, keys, offending):
    with pytest.raises(find.QueryFailed, match=r"QueryRetrieveLevel|DateTime|CodeSequence") as why:
        clients.query(at, filled(Dataset(), keys), root=FIND["implant"])
    assert why.value.status == 0xA900
    known = Single("implant", ())
    with pytest.raises(BadIdentifier) as refused:
        parse_single(filled(Dataset(), keys), known)
    assert refused.value.offending == (offending,)


# -- extended negotiation, K.5 --------------------------------------------------------------------


@pytest.mark.parametrize("offered", [b"\1\1\0", b"\1\1\1", b"\1\1\1\1"])
@pytest.mark.parametrize("model", FIND)
def test_what_is_offered_is_agreed_to(at: Target, model, offered):
    statuses, _ = ask(at, model, {"SOPInstanceUID": ""}, offered)
    assert statuses[-1] == 0


def test_retrieval_has_nothing_to_negotiate(at: Target):
    """U.4.2: no extended behavior is defined, so no sub-item is returned."""
    ae = AE(ae_title="PYNET")
    ae.add_requested_context(MOVE["hanging"])
    offer = SOPClassExtendedNegotiation()
    offer.sop_class_uid, offer.service_class_application_information = MOVE["hanging"], b"\1"
    association = ae.associate(at.host, at.port, ae_title="ANODE", ext_neg=[offer])
    assert association.is_established
    assert association.acceptor.sop_class_extended == {}
    association.release()


def test_names_match_by_sound_when_agreed(at: Target):
    keys = {"ContentCreatorName": "Kurie", "ProtocolName": ""}
    assert ask(at, "protocol", keys)[1] == []
    _, found = ask(at, "protocol", keys, b"\1\1\1")
    assert [answer.ProtocolName for answer in found] == ["Head trauma"]


def test_names_within_items_match_by_sound_too(at: Target):
    said = {"AsserterIdentificationSequence": {"PersonName": "Lovlase"}}
    keys = {"ApprovalSequence": said, "SOPInstanceUID": ""}
    assert ask(at, "approval", keys)[1] == []
    _, (answer,) = ask(at, "approval", keys, b"\1\1\1")
    assert answer.SOPInstanceUID == uid("approval", "a")
    (item,) = answer.ApprovalSequence
    assert item.AsserterIdentificationSequence[0].PersonName == "Ada^Lovelace"


def test_times_are_moved_to_the_offset_of_the_query_when_agreed(tmp_path: Path):
    """An object made at 23:30 in New York is one of the next day in Berlin."""
    made = objects("protocol")["a"]
    made.TimezoneOffsetFromUTC = "-0500"
    made.InstanceCreationDate, made.InstanceCreationTime = "20240705", "233000"
    day = {"TimezoneOffsetFromUTC": "+0100", "ProtocolName": "", "InstanceCreationTime": ""}
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), written(tmp_path / "o", made))
        for date, matches in [("20240705", 0), ("20240706", 1), ("20240706-20240706", 1)]:
            keys = {**day, "InstanceCreationDate": date}
            _, found = ask(target(serving), "protocol", keys, b"\1\1\0\1")
            assert len(found) == matches, date
            assert [each.TimezoneOffsetFromUTC for each in found] == ["-0500"] * matches
            _, found = ask(target(serving), "protocol", keys)
            assert len(found) == 1 - matches, date


def test_moments_within_items_are_moved_too(tmp_path: Path):
    """Approved at 23:30 in New York: the next day in Berlin, where the approval is sought."""
    made = objects("approval")["b"]
    made.TimezoneOffsetFromUTC = "-0500"
    made.ApprovalSequence[0].AssertionDateTime = "20240801233000"
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), written(tmp_path / "o", made))
        for at_, agreed, otherwise in [
            ("20240801", 0, 1),
            ("20240802", 1, 0),
            ("20240802053000", 1, 0),
            ("20240802043000+0000", 1, 0),
            ("20240802-20240803", 1, 0),
        ]:
            item = {"AssertionDateTime": at_}
            keys = {"TimezoneOffsetFromUTC": "+0100", "ApprovalSequence": item}
            _, found = ask(target(serving), "approval", keys, b"\1\1\0\1")
            assert len(found) == agreed, at_
            _, found = ask(target(serving), "approval", keys)
            assert len(found) == otherwise, at_


# -- many, and cancelled --------------------------------------------------------------------------


def test_a_cancel_ends_the_answers(tmp_path: Path):
    with node(tmp_path / "node") as serving:
        many = [made("palette", str(n), {"ContentLabel": f"P{n:04d}"}) for n in range(600)]
        clients.send(target(serving), written(tmp_path / "o", *many))
        asked = filled(Dataset(), {"ContentLabel": "P*", "SOPInstanceUID": ""})
        found = clients.query(target(serving), asked, root=FIND["palette"])
        assert [each.ContentLabel for each in found] == [f"P{n:04d}" for n in range(600)]
        with associate(target(serving), CALLER, [(FIND["palette"], SYNTAXES)]) as association:
            answers = find.find(association, FIND["palette"], asked)
            next(answers)
            answers.close()  # sends C-CANCEL and reads on to the final response
            assert len(list(find.find(association, FIND["palette"], asked))) == 600


# -- retrieval, deletion, and what an older version stored ----------------------------------------


def test_what_was_deleted_is_not_found(tmp_path: Path):
    paths = written(tmp_path / "o", *objects("hanging").values())
    asked = filled(Dataset(), {"HangingProtocolDefinitionSequence": {"Modality": "MR"}})
    asked.SOPInstanceUID = ""
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), paths)
        assert serving.archive.index.remove(uid("hanging", "a"))
        found = clients.query(target(serving), asked, root=FIND["hanging"])
        assert [each.SOPInstanceUID for each in found] == [uid("hanging", "b")]


def test_objects_of_an_older_version_are_found_after_a_start(tmp_path: Path):
    paths = written(tmp_path / "o", *objects("protocol").values())
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), paths)
    with closing(sqlite3.connect(tmp_path / "node" / "index.sqlite3")) as db:
        db.execute("DELETE FROM nonpatient")  # as migration 0005 leaves it
        db.execute("DELETE FROM term WHERE home = 'nonpatient'")
        db.commit()
    with node(tmp_path / "node") as serving:
        for keys in ({}, {"ModelSpecificationSequence": {"Manufacturer": "Bolt"}}):
            asked = filled(Dataset(), {"SOPInstanceUID": "", **keys})
            found = clients.query(target(serving), asked, root=FIND["protocol"])
            assert len(found) == (2 if keys else 3)


@pytest.mark.parametrize("model", FIND)
def test_move_and_get_bring_what_was_stored(model, tmp_path: Path):
    """PS3.4 U.4.2, U.4.3: by a list of UIDs, without a level; other models' objects stay."""
    sent = list(objects(model).values())
    paths = written(tmp_path / "o", *sent)
    other = made("hanging" if model != "hanging" else "palette", "other", {})
    wanted = Dataset()
    wanted.SOPInstanceUID = [one.SOPInstanceUID for one in (*sent, other)]
    with node(tmp_path / "w", "WS1") as workstation:
        known = (peer("WS1", port(workstation)), peer("TESTER", move_to=("WS1",)))
        with node(tmp_path / "node", peers=known) as serving:
            clients.send(target(serving), [*paths, *written(tmp_path / "other", other)])
            *_, moved = clients.move(target(serving), wanted, "WS1", root=MOVE[model])
            own = [instances.read(path) for path in paths]
            (*_, got), kept = clients.get(target(serving), wanted, own, root=GET[model])
            level = filled(Dataset(), {"QueryRetrieveLevel": "IMAGE"})
            level.SOPInstanceUID = wanted.SOPInstanceUID
            (refused,) = clients.move(target(serving), level, "WS1", root=MOVE[model])
        for name, one in zip(wanted.SOPInstanceUID[:-1], own, strict=True):
            there = workstation.archive.lookup(name)
            assert there is not None
            data_set = one.path.read_bytes()[one.offset :]
            assert there.sha256 == sha256(data_set).hexdigest()
            assert kept[name] == data_set
    assert (moved.status, moved.completed) == (0, len(sent))
    assert (got.status, got.completed, len(kept)) == (0, len(sent), len(sent))
    assert (refused.status, refused.completed) == (0xA900, None)
    assert "levels" in refused.comment
