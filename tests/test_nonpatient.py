"""Queries of objects without a patient over the wire, PS3.4 HH, II, U, X, BB and K, by pynetdicom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pynetdicom import AE
from pynetdicom.association import Association

from archive.nonpatient import MODELS
from tests import clients
from tests.nodes import node, port, target
from tests.nonpatient_cases import CASES
from tests.nonpatients import CLASSES, FIND, VALUES, filled, objects
from tests.objects import instance, uid, written


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Association]:
    """pynetdicom's association with a node that holds all of `nonpatients`, and an image."""
    folder = tmp_path_factory.mktemp("nonpatient")
    with node(folder / "node") as serving:
        for model in VALUES:
            paths = written(folder / model, *objects(model).values())
            assert all(one.status == 0 for one in clients.send(target(serving), paths))
        image = instance(ProtocolName="Chest routine", Manufacturer="Acme", ContentLabel="PET")
        clients.send(target(serving), written(folder / "image", image))
        ae = AE(ae_title="PYNET")
        for uid_ in FIND.values():
            ae.add_requested_context(uid_)
        association = ae.associate("127.0.0.1", port(serving), ae_title="ANODE")
        assert association.is_established
        yield association
        association.release()


def ask(asker: Association, model: str, keys: dict[str, Any]) -> tuple[list[int], list[Dataset]]:
    """The statuses and the answers to these keys."""
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    responses = list(asker.send_c_find(filled(identifier, keys), FIND[model]))
    return [status.Status for status, _ in responses], [each for _, each in responses if each]


@pytest.mark.parametrize(("model", "keys", "expected"), CASES)
def test_each_key_of_each_model_matches_as_its_kind(asker, model, keys, expected):
    statuses, found = ask(asker, model, {"SOPInstanceUID": "", **keys})
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
