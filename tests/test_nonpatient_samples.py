"""Samples of objects without a patient: each is found by each of its own keys, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement

from archive.nonpatient import MODELS
from config import catalogue
from scu import instances
from scu.associate import Target
from tests import clients
from tests.nodes import node, target
from tests.nonpatients import FIND, GET

OF = {uid: each.root for each in catalogue.MODELS.values() for uid in each.classes}
_UNMATCHED = ("SpecificCharacterSet", "TimezoneOffsetFromUTC")


@pytest.fixture(scope="module")
def held(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Target, list]]:
    """A node with these samples, and their files."""
    paths = [path for path in sorted(samples.rglob("*.dcm")) if _model(path)]
    with node(tmp_path_factory.mktemp("alone")) as serving:
        assert all(one.status == 0 for one in clients.send(target(serving), paths))
        yield target(serving), paths


def _model(path: Path) -> str | None:
    return OF.get(dcmread(path, specific_tags=["SOPClassUID"]).SOPClassUID)


def test_every_model_has_a_sample(held):
    assert {_model(path) for path in held[1]} == MODELS.keys()


def test_each_sample_is_found_by_each_key_that_it_has(held):
    at, paths = held
    for path in paths:
        sample, model = dcmread(path), str(_model(path))
        known = {each.keyword: each.items for each in MODELS[model]}
        for element in sample:
            if element.keyword in known and element.keyword not in _UNMATCHED and element.value:
                keys = Dataset()
                keys.SOPInstanceUID = None
                if "SpecificCharacterSet" in sample:
                    keys.SpecificCharacterSet = sample.SpecificCharacterSet
                keys.add(_key(element, known[element.keyword]))
                found = clients.query(at, keys, root=FIND[model])
                names = [each.SOPInstanceUID for each in found]
                assert sample.SOPInstanceUID in names, (path.name, element.keyword)


def _key(element: DataElement, items) -> DataElement:
    """The element as a key: of a sequence its first item, with what is known of such items."""
    if element.VR != "SQ":
        return element
    known = {each.tag: each.items for each in items}
    item = Dataset()
    for inner in element.value[0]:
        if int(inner.tag) in known and inner.value not in (None, "", []):
            item.add(_key(inner, known[int(inner.tag)]))
    return DataElement(element.tag, "SQ", [item])


def test_each_comes_back_by_its_model(held):
    at, paths = held
    for model in MODELS:
        own = [instances.read(path) for path in paths if _model(path) == model]
        wanted = Dataset()
        wanted.SOPInstanceUID = [one.sop_instance_uid for one in own]
        (*_, last), kept = clients.get(at, wanted, own, root=GET[model])
        assert (last.status, last.completed) == (0, len(own))
        assert kept == {o.sop_instance_uid: o.path.read_bytes()[o.offset :] for o in own}


def test_a_scanner_finds_the_protocols_for_its_model_and_what_was_said_of_them(held):
    """The day of a CT scanner begins so: PS3.4 HH.6, II.6."""
    at, paths = held
    protocol = next(p for p in map(dcmread, paths) if p.get("ModelSpecificationSequence"))
    device = protocol.ModelSpecificationSequence[0]
    model = Dataset()
    model.Manufacturer = device.Manufacturer
    model.ManufacturerModelName = device.get("ManufacturerModelName", "")
    keys = Dataset()
    keys.ModelSpecificationSequence, keys.SOPInstanceUID = [model], ""
    mine = [each.SOPInstanceUID for each in clients.query(at, keys, root=FIND["protocol"])]
    assert protocol.SOPInstanceUID in mine
    subject, asked = Dataset(), Dataset()
    subject.ReferencedSOPInstanceUID = mine
    asked.ApprovalSubjectSequence = [subject]
    asked[tag_for_keyword("ApprovalSequence")] = DataElement("ApprovalSequence", "SQ", [])
    told = clients.query(at, asked, root=FIND["approval"])
    assert told
    for each in told:
        assert each.ApprovalSequence[0].AssertionCodeSequence[0].CodeValue
        assert each.ApprovalSequence[0].AssertionDateTime
