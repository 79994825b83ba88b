"""DCMTK's own findscu and movescu ask the models of objects without a patient.

They name none of these models, so a relay renames them (`disguise`); all the rest is DCMTK's. Its
getscu and storescp take none of these objects: they know storage classes of patients only.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from config.peers import Access
from scp.node import Node
from scu import instances
from tests import clients
from tests.disguise import Disguise
from tests.nodes import node, peer, port, target
from tests.nonpatient_cases import CASES
from tests.nonpatients import FIND, MOVE, VALUES, filled, objects
from tests.objects import uid, written
from tests.peers import needs_dcmtk, tool

pytestmark = [needs_dcmtk, pytest.mark.interop]

WORKLIST, STUDY_MOVE = "1.2.840.10008.5.1.4.31", "1.2.840.10008.5.1.4.1.2.2.2"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """The files of the objects, by model."""
    folder = tmp_path_factory.mktemp("dcmtk")
    return {model: written(folder / model, *objects(model).values()) for model in VALUES}


@pytest.fixture(scope="module")
def workstation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with node(tmp_path_factory.mktemp("workstation"), "WS1") as started:
        yield started


@pytest.fixture(scope="module")
def serving(held, workstation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    everyone = Access(unknown_peers=("echo", "store", "find"))
    known = (peer("WS1", port(workstation)), peer("MOVESCU", move_to=("WS1",)))
    with node(tmp_path_factory.mktemp("node"), peers=known, access=everyone) as started:
        for paths in held.values():
            assert all(one.status == 0 for one in clients.send(target(started), paths))
        yield started


@pytest.fixture(scope="module")
def relays(serving: Node) -> Iterator[dict[str, Disguise]]:
    made = {model: Disguise(port(serving), {WORKLIST: FIND[model]}) for model in VALUES}
    for relay in made.values():
        relay.__enter__()
    yield made
    for relay in made.values():
        relay.__exit__(None, None, None)


def found(relay: Disguise, folder: Path, *files: Path, keys: tuple[str, ...] = ()) -> list[Dataset]:
    """What findscu wrote of the answers to these query files, or to these keys."""
    folder.mkdir()
    options = [word for key in keys for word in ("-k", key)]
    here = ("-aec", "ANODE", "127.0.0.1", str(relay.port))
    ran = tool("findscu", "-W", "-X", "-od", folder, *options, *here, *files)
    assert ran.returncode == 0, ran.stderr
    return [dcmread(path, force=True) for path in sorted(folder.glob("rsp*"))]


def query(path: Path, keys: dict[str, object]) -> Path:
    """A query file."""
    asked = filled(Dataset(), {"SOPInstanceUID": "", **keys})
    asked.SpecificCharacterSet = "ISO_IR 192"
    asked.file_meta = FileMetaDataset()
    asked.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    asked.save_as(path, enforce_file_format=False)
    return path


@pytest.mark.parametrize(("model", "keys", "expected"), CASES)
def test_findscu_finds_what_pynetdicom_finds(relays, model, keys, expected, tmp_path: Path):
    answers = found(relays[model], tmp_path / "o", query(tmp_path / "query.dcm", keys))
    names = {str(uid(model, name)): name for name in VALUES[model]}
    assert sorted(names[one.SOPInstanceUID] for one in answers) == sorted(expected)


@pytest.mark.parametrize(
    ("model", "keys", "expected"),
    [
        (
            "protocol",
            (
                "ModelSpecificationSequence[0].Manufacturer=Acme",
                "ModelSpecificationSequence[0].SoftwareVersions=1.1",
            ),
            {"a"},
        ),
        (
            "protocol",
            ("InstanceCreationDate=20240705-20240707", "InstanceCreationTime=10-18"),
            {"xa"},
        ),
        ("protocol", ("PotentialScheduledProtocolCodeSequence[0].CodeValue=CT1",), {"a"}),
        (
            "approval",
            (
                "ApprovalSequence[0].AsserterIdentificationSequence[0].PersonName=Bob*",
                "ApprovalSequence[0].AssertionCodeSequence[0].CodeValue=APPROVED",
            ),
            {"b"},
        ),
        (
            "hanging",
            (
                "HangingProtocolDefinitionSequence[0].Modality=MR",
                "HangingProtocolDefinitionSequence[0].AnatomicRegionSequence[0].CodeValue=816094009",
            ),
            {"b"},
        ),
        ("implant", ("ImplantPartNumber=AS-1", "EffectiveDateTime=2021-"), {"a"}),
    ],
)
def test_findscu_asks_by_paths_into_items(relays, model, keys, expected, tmp_path: Path):
    answers = found(relays[model], tmp_path / "o", keys=("SOPInstanceUID", *keys))
    names = {str(uid(model, name)): name for name in VALUES[model]}
    assert {names[one.SOPInstanceUID] for one in answers} == expected


@pytest.mark.parametrize("model", VALUES)
def test_movescu_has_a_workstation_get_what_was_stored(serving, held, workstation, model):
    """By a list of UIDs and without a level."""
    sent = [instances.read(path) for path in held[model]]
    wanted = "SOPInstanceUID=" + "\\".join(one.sop_instance_uid for one in sent)
    with Disguise(port(serving), {STUDY_MOVE: MOVE[model]}) as relay:
        here = ("-aec", "ANODE", "127.0.0.1", str(relay.port))
        ran = tool("movescu", "-S", "-aem", "WS1", "-k", wanted, *here)
    assert ran.returncode == 0, ran.stderr
    for one in sent:
        there = workstation.archive.lookup(one.sop_instance_uid)
        assert there is not None
        assert there.sha256 == sha256(one.path.read_bytes()[one.offset :]).hexdigest()
