"""Orthanc in both directions: it stores to us, queries us, fetches from us, and we send to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.listeners import Listener
from scu import instances
from tests import clients, corpus
from tests.clients import CALLER
from tests.nodes import node, peer, port, target
from tests.objects import identifier, instance, uid, written
from tests.peers import Address, free_port, needs_orthanc, orthanc

pytestmark = [needs_orthanc, pytest.mark.interop]


def test_orthanc_stores_queries_and_fetches_the_same_bytes(tmp_path: Path):
    paths = written(tmp_path / "objects", *[instance(number) for number in range(5)])
    ours = free_port()
    with orthanc(tmp_path / "orthanc", {"anode": Address("ANODE", ours)}) as remote:
        known = peer("ORTHANC", remote.dicom.port)
        with node(tmp_path / "node", peers=(known,), listener=(Listener(port=ours),)) as serving:
            assert port(serving) == ours
            assert remote.request("/modalities/anode/echo", {}) is not None
            names = [remote.upload(path) for path in paths]
            stored = remote.request("/modalities/anode/store", names)
            assert stored["FailedInstancesCount"] == 0
            assert stored["InstancesCount"] == 5
            asked = {"Level": "Study", "Query": {"PatientName": "DOE*", "StudyInstanceUID": ""}}
            query = remote.request("/modalities/anode/query", asked)
            assert remote.request(query["Path"] + "/answers") == ["0"]
            answer = remote.request(query["Path"] + "/answers/0/content?simplify")
            assert answer["StudyInstanceUID"] == uid("s")
            before = {name: _data_set(remote.file(name), tmp_path) for name in names}
            for name in names:
                remote.delete(name)
            assert remote.request("/instances") == []
            moved = remote.request(query["Path"] + "/retrieve", {"TargetAet": "ORTHANC"})
            assert moved is not None
            assert sorted(remote.request("/instances")) == sorted(names)
            after = {name: _data_set(remote.file(name), tmp_path) for name in names}
    assert after == before


def test_we_move_to_orthanc_what_we_hold(tmp_path: Path):
    paths = written(tmp_path / "objects", *[instance(number) for number in range(7)])
    with orthanc(tmp_path / "orthanc", {}) as remote:
        peers = (
            peer("ORTHANC", remote.dicom.port),
            peer(CALLER.ae_title, move_to=("ORTHANC",)),
        )
        with node(tmp_path / "node", peers=peers) as serving:
            assert all(one.status == 0 for one in clients.send(target(serving), paths))
            asked = identifier("STUDY", StudyInstanceUID=uid("s"))
            last = clients.move(target(serving), asked, "ORTHANC")[-1]
            names = remote.request("/instances")
    assert (last.status, last.completed, last.failed, last.warning) == (0, 7, 0, 0)
    assert len(names) == 7


def _data_set(part10: bytes, folder: Path) -> bytes:
    """The data set of a Part 10 file held in memory."""
    path = folder / "one.dcm"
    path.write_bytes(part10)
    return corpus.data_set(instances.read(path))
