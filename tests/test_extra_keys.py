"""Keys of the newer objects at IMAGE level: each finds its object over the wire, and only it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydicom import Dataset

from scu.associate import Target
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
