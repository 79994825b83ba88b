"""`anode export` where patients share a Study Instance UID: what is one's is not another's."""

import pytest

from tests.commands import anode, configuration
from tests.objects import instance, uid, written

OBJECTS = {
    "mine": instance(1),
    "mine too": instance(2),
    "his": instance(3, PatientID="P2", PatientName="Roe^Richard"),
    "his alone": instance(4, PatientID="P2", SeriesInstanceUID=uid("other")),
    "a pattern": instance(5, PatientID="P?"),
    "nobody's": instance(6, PatientID="", PatientName="Nobody"),
    "from elsewhere": instance(7, PatientID="P1", IssuerOfPatientID="ELSEWHERE"),
    "two values": instance(8, PatientID=["P", "Q"]),
}


@pytest.fixture
def file(tmp_path):
    written(tmp_path / "in", *OBJECTS.values())
    file = configuration(tmp_path)
    assert anode("import", tmp_path / "in", "-c", file).code == 0
    return file


def exported(folder):
    """What is in the folder of each patient."""
    names = {f"{one.SOPInstanceUID}.dcm": name for name, one in OBJECTS.items()}
    found = {}
    for path in folder.rglob("*.dcm"):
        found.setdefault(path.relative_to(folder).parts[0], []).append(names[path.name])
    return [sorted(each) for each in sorted(found.values(), key=sorted)]


def test_each_object_is_exported_once_into_its_own_patients_folder(tmp_path, file):
    ran = anode("export", "-c", file, "-o", tmp_path / "out", "--json")
    assert (ran.document["exported"], ran.document["already_there"]) == (len(OBJECTS), 0)
    assert exported(tmp_path / "out") == [
        ["a pattern"],
        ["from elsewhere", "mine", "mine too"],
        ["his", "his alone"],
        ["nobody's"],
        ["two values"],
    ]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["PatientID=P2"], ["his", "his alone"]),
        (["PatientID=P1", "IssuerOfPatientID=ELSEWHERE"], ["from elsewhere"]),
        (["PatientName=Roe*"], ["his", "his alone"]),
        (["PatientID=P2", f"SeriesInstanceUID={uid('other')}"], ["his alone"]),
    ],
)
def test_what_was_asked_of_one_patient_brings_nothing_of_another(tmp_path, file, keys, expected):
    asked = [part for key in keys for part in ("-k", key)]
    ran = anode("export", *asked, "-c", file, "-o", tmp_path / "out", "--json")
    assert ran.document["exported"] == len(expected)
    assert exported(tmp_path / "out") == [expected]
