"""Real objects through the node: what comes back is what was sent, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import catalogue
from config.peers import Peer
from scu import instances, store
from tests import clients, corpus
from tests.clients import CALLER
from tests.nodes import node, peer, target
from tests.objects import identifier
from tests.peers import Address, needs_dcmtk, storescp

GROUPS = corpus.groups()


def _taken(outcomes: list[store.Outcome]) -> list[store.Outcome]:
    """The outcomes that were successes; the others must be refusals that we expect."""
    for one in outcomes:
        cause = corpus.REFUSED.get(one.instance.path.name)
        if cause is None:
            assert one.status == 0, f"{one.instance.path}: {one.status} {one.comment}"
        else:
            assert one.category == "Failure"
            assert cause in one.comment
    return [one for one in outcomes if one.status == 0]


@pytest.mark.parametrize("group", GROUPS, ids=[f"{len(group)}-files" for group in GROUPS])
def test_every_object_comes_back_by_c_get_byte_for_byte(group, tmp_path: Path):
    with node(tmp_path) as serving:
        here = target(serving)
        taken = _taken(list(store.store_all(here, CALLER, group)))
        sent = {one.instance.sop_instance_uid: corpus.data_set(one.instance) for one in taken}
        studies = clients.query(here, identifier("STUDY", StudyInstanceUID=""))
        got: dict[str, bytes] = {}
        wanted = [one.instance for one in taken]
        for study in studies:
            asked = identifier("STUDY", StudyInstanceUID=study.StudyInstanceUID)
            progress, kept = clients.get(here, asked, wanted)
            assert progress[-1].category == "Success"
            got |= kept
    patient_related = {uid: data for uid, data in sent.items() if uid in got}
    assert patient_related == got
    missing = set(sent) - set(got)
    assert missing <= _non_patient(taken), "every object that has a study is reached by its study"


def _non_patient(taken: list[store.Outcome]) -> set[str]:
    return {
        one.instance.sop_instance_uid
        for one in taken
        if (known := catalogue.storage_class(one.instance.sop_class_uid))
        and known.kind == "non-patient"
    }


@needs_dcmtk
@pytest.mark.interop
def test_every_object_moves_to_storescp_byte_for_byte(tmp_path: Path):
    group = GROUPS[0]
    with (
        storescp(tmp_path / "received", "+xa") as destination,
        node(tmp_path / "node", peers=_peers(destination)) as serving,
    ):
        here = target(serving)
        taken = _taken(list(store.store_all(here, CALLER, group)))
        studies = clients.query(here, identifier("STUDY", StudyInstanceUID=""))
        uids = [str(study.StudyInstanceUID) for study in studies]
        asked = identifier("STUDY", StudyInstanceUID=uids)
        last = clients.move(here, asked, destination.ae_title)[-1]
    received = _received(tmp_path / "received")
    by_uid = {one.instance.sop_instance_uid: one.instance for one in taken}
    assert all(corpus.data_set(by_uid[uid]) == data for uid, data in received.items())
    # What storescp does not take is named; the others go on.
    assert last.completed + last.failed == len(by_uid.keys() - _non_patient(taken))
    assert set(by_uid) - set(received) - _non_patient(taken) <= set(last.failed_uids)
    assert last.completed > 140


def _peers(destination: Address) -> tuple[Peer, ...]:
    title = destination.ae_title
    return peer(title, destination.port), peer(CALLER.ae_title, move_to=(title,))


def _received(folder: Path) -> dict[str, bytes]:
    found = [instances.read(path) for path in folder.iterdir()]
    return {one.sop_instance_uid: corpus.data_set(one) for one in found}
