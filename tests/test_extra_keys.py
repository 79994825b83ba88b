"""Keys of the newer objects at IMAGE level: each finds its object over the wire, and only it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

from archive.adopters import Reading
from archive.reindexing import reindex
from config import catalogue
from scu import find
from scu.associate import Target, associate
from tests import clients
from tests.nodes import node, target
from tests.nonpatients import code, filled
from tests.objects import instance, uid, written

# A name, and what such an object has that is a key
OBJECTS: dict[str, dict[str, Any]] = {
    "multi-energy CT": {
        "MultienergyCTAcquisition": "YES",
        "ImageType": ["DERIVED", "PRIMARY", "AXIAL", "VMI"],
        "MultienergyCTCharacteristicsSequence": [{"MonoenergeticEnergyEquivalent": 70.0}],
    },
    "plain CT": {
        "MultienergyCTAcquisition": "NO",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    },
    "enhanced CT": {
        "ImageType": ["DERIVED", "PRIMARY", "VOLUME", "MAT_SPECIFIC"],
        "SharedFunctionalGroupsSequence": [
            {
                "MultienergyCTCharacteristicsSequence": [{"MonoenergeticEnergyEquivalent": 55.0}],
                "FrameAnatomySequence": [
                    {
                        "FrameLaterality": "U",
                        "AnatomicRegionSequence": code("80891009", "Heart", "SCT"),
                    }
                ],
            }
        ],
    },
    "eye volume": {
        "SharedFunctionalGroupsSequence": [{"FrameAnatomySequence": [{"FrameLaterality": "R"}]}],
    },
    "radiation set": {
        "UserContentLabel": "PROSTATE 1",
        "UserContentLongLabel": "Prostate, first phase",
        "RTRadiationSetIntent": "TREATMENT",
    },
    "radiation": {
        "UserContentLabel": "BEAM 1",
        "TreatmentDeviceIdentificationSequence": [
            {
                "DeviceLabel": "LINAC 3",
                "Manufacturer": "Acme",
                "DeviceTypeCodeSequence": code("LINAC", "Linear accelerator"),
            }
        ],
    },
    "assessment": {
        "AssessmentSummary": "FAILED",
        "AssessmentLabel": "Plan check",
        "AssessmentTypeCodeSequence": code("A1", "Peer review"),
        "AssessedSOPInstanceSequence": [
            {
                "ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.481.5",
                "ReferencedSOPInstanceUID": uid("plan"),
            }
        ],
    },
    "model": {
        "MIMETypeOfEncapsulatedDocument": "model/stl",
        "DocumentTitle": "Skull",
        "ContentLabel": "SKULL",
        "ContentDescription": "For planning",
    },
    "eye": {"ImageLaterality": "L"},
    "report": {
        "CompletionFlag": "COMPLETE",
        "VerificationFlag": "VERIFIED",
        "ConceptNameCodeSequence": code("126000", "Imaging Measurement Report", "DCM"),
        "ContentTemplateSequence": [{"MappingResource": "DCMR", "TemplateIdentifier": "1500"}],
    },
}

CASES: list[tuple[dict[str, Any], set[str]]] = [
    ({"MultienergyCTAcquisition": "YES"}, {"multi-energy CT"}),
    ({"ImageType": "VMI"}, {"multi-energy CT"}),
    ({"ImageType": "AXIAL"}, {"multi-energy CT", "plain CT"}),
    (
        {"MultienergyCTCharacteristicsSequence": {"MonoenergeticEnergyEquivalent": 70.0}},
        {"multi-energy CT"},
    ),
    ({"MultienergyCTCharacteristicsSequence": {"MonoenergeticEnergyEquivalent": 71.0}}, set()),
    (
        {
            "SharedFunctionalGroupsSequence": {
                "MultienergyCTCharacteristicsSequence": {"MonoenergeticEnergyEquivalent": 55.0}
            }
        },
        {"enhanced CT"},
    ),
    (
        {"SharedFunctionalGroupsSequence": {"FrameAnatomySequence": {"FrameLaterality": "R"}}},
        {"eye volume"},
    ),
    (
        {
            "SharedFunctionalGroupsSequence": {
                "FrameAnatomySequence": {
                    "FrameLaterality": "",
                    "AnatomicRegionSequence": {"CodeValue": "80891009"},
                }
            }
        },
        {"enhanced CT"},
    ),
    ({"ImageType": "*_SPEC*"}, {"enhanced CT"}),
    ({"ImageType": ["NOSUCH", "VMI"]}, {"multi-energy CT"}),
    ({"ImageType": "vmi"}, set()),
    ({"UserContentLabel": "PROSTATE*"}, {"radiation set"}),
    ({"UserContentLongLabel": "*first?phase"}, {"radiation set"}),
    ({"RTRadiationSetIntent": "TREATMENT"}, {"radiation set"}),
    ({"TreatmentDeviceIdentificationSequence": {"DeviceLabel": "LINAC ?"}}, {"radiation"}),
    (
        {
            "TreatmentDeviceIdentificationSequence": {
                "Manufacturer": "Acme",
                "DeviceTypeCodeSequence": {"CodeValue": "LINAC"},
            }
        },
        {"radiation"},
    ),
    ({"AssessmentSummary": "FAILED"}, {"assessment"}),
    ({"AssessmentSummary": "PASSED"}, set()),
    ({"AssessmentLabel": "Plan*"}, {"assessment"}),
    ({"AssessmentTypeCodeSequence": {"CodeMeaning": "Peer*"}}, {"assessment"}),
    (
        {"AssessedSOPInstanceSequence": {"ReferencedSOPInstanceUID": [uid("x"), uid("plan")]}},
        {"assessment"},
    ),
    ({"MIMETypeOfEncapsulatedDocument": "model/*"}, {"model"}),
    ({"DocumentTitle": "Skull", "ContentLabel": "SK*", "ContentDescription": "*plan*"}, {"model"}),
    ({"ImageLaterality": "L"}, {"eye"}),
    ({"ImageLaterality": "R"}, set()),
    ({"CompletionFlag": "COMPLETE", "VerificationFlag": "VERIFIED"}, {"report"}),
    (
        {"ConceptNameCodeSequence": {"CodeValue": "126000", "CodingSchemeDesignator": "DCM"}},
        {"report"},
    ),
    ({"ContentTemplateSequence": {"TemplateIdentifier": "1500"}}, {"report"}),
]


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A node with one of each."""
    folder = tmp_path_factory.mktemp("extra")
    made = [
        filled(instance(number, SOPInstanceUID=uid(name)), OBJECTS[name])
        for number, name in enumerate(OBJECTS)
    ]
    for one in made:
        one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    with node(folder / "node") as serving:
        assert all(
            one.status == 0 for one in clients.send(target(serving), written(folder / "o", *made))
        )
        yield target(serving)


@pytest.mark.parametrize(("keys", "expected"), CASES)
def test_each_key_finds_its_object(at, keys, expected):
    above = {"StudyInstanceUID": uid("s"), "SeriesInstanceUID": uid("e"), "SOPInstanceUID": ""}
    asked = filled(Dataset(), {"QueryRetrieveLevel": "IMAGE", **above, **keys})
    found = clients.query(at, asked)
    names = {uid(name): name for name in OBJECTS}
    assert {names[answer.SOPInstanceUID] for answer in found} == expected
    for answer in found:
        assert all(answer[keyword].value for keyword in keys)


MODEL = f"{clients.STUDY_ROOT}1"


@pytest.mark.parametrize("level", ["STUDY", "SERIES"])
@pytest.mark.parametrize(("keys", "expected"), CASES)
def test_each_key_finds_what_its_object_is_in(at, level, keys, expected):
    """PS3.4 C.4.1.3.2.2: what has an object below that matches, when relational is agreed to."""
    asked = filled(Dataset(), {"QueryRetrieveLevel": level, "StudyInstanceUID": "", **keys})
    wishes = {MODEL: bytes([1])}
    with associate(at, clients.CALLER, [(MODEL, clients.SYNTAXES)], extended=wishes) as association:
        assert association.extended[MODEL] == bytes([1])
        assert len(list(find.find(association, MODEL, asked))) == bool(expected)


def test_a_key_that_is_newer_than_an_object_is_told_and_filled_by_reindex(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    one = filled(instance(1), OBJECTS["enhanced CT"])
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), written(tmp_path / "o", one))
    with closing(sqlite3.connect(tmp_path / "node" / "index.sqlite3")) as db:
        db.execute("ALTER TABLE instance DROP COLUMN SharedFunctionalGroupsSequence")
        db.execute("DELETE FROM term WHERE path LIKE 'SharedFunctional%'")
        forgotten = db.execute("DELETE FROM schema_migration WHERE name = '0009_shared_groups'")
        assert forgotten.rowcount == 1
        db.commit()
    above = {"StudyInstanceUID": uid("s"), "SeriesInstanceUID": uid("e")}
    (keys,) = [keys for keys, _ in CASES if "55.0" in str(keys)]
    asked = filled(Dataset(), {"QueryRetrieveLevel": "IMAGE", **above, **keys})

    def found() -> int:
        with node(tmp_path / "node") as serving:
            return len(clients.query(target(serving), asked))

    def told() -> list[str]:
        said = [each.getMessage() for each in caplog.records if each.name == "anode.archive"]
        caplog.clear()
        return [each for each in said if "reindex" in each]

    with caplog.at_level(logging.WARNING, "anode.archive"):
        assert found() == 0
        (said,) = told()
        assert "1 instances stored by an older one" in said
        assert found() == 0
        assert told() == []
    reindex(Reading(tmp_path / "node", catalogue.of_patient), lambda _done, _total: None)
    assert found() == 1
