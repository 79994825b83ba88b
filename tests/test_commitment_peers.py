"""Storage commitment with peers nobody here wrote: Orthanc and pynetdicom, as SCU and as SCP."""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager

import pytest
from pydicom import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel

from config.listeners import Listener
from scu.references import INSTANCE, MODEL, Reason, Reference
from tests.clients import CALLER, send
from tests.commands import anode, configuration
from tests.committing import (
    Heard,
    committed,
    eventually,
    files,
    references,
    stored,
)
from tests.nodes import HERE, node, peer, port, target
from tests.objects import CT_IMAGE, instance, uid, written
from tests.peers import Address, free_port, needs_orthanc, orthanc

pytestmark = pytest.mark.interop
LOST = Reference(CT_IMAGE, uid("lost"))


def _status(remote, transaction):
    found = remote.request(f"/storage-commitment/{transaction}")
    return found if found["Status"] != "Pending" else None


@needs_orthanc
def test_orthanc_asks_and_hears_also_after_the_node_was_gone(tmp_path):
    ours = free_port()
    doors = (Listener(port=ours),)
    with orthanc(tmp_path / "orthanc", {"anode": Address("ANODE", ours)}) as remote:
        known = (peer("ORTHANC", remote.dicom.port), peer("HEARS"))

        def ask(objects):
            wanted = {
                "DicomInstances": [[one.sop_class_uid, one.sop_instance_uid] for one in objects]
            }
            return remote.request("/modalities/anode/storage-commitment", wanted)["ID"]

        with node(tmp_path / "node", peers=known, listener=doors) as serving:
            objects = stored(serving, tmp_path / "in")
            good, bad = ask(objects), ask([*objects, LOST])
            assert eventually(lambda: _status(remote, good) and _status(remote, bad))
            deaf = (peer("ORTHANC"), peer("HEARS"))  # nowhere to call: the report waits
            serving.reload(lambda: serving.settings.model_copy(update={"peer": deaf}))
            later = ask(objects)
            assert eventually(lambda: len(files(tmp_path / "node", "open")) == 1)
        with node(tmp_path / "node", peers=known, listener=doors):
            assert eventually(lambda: _status(remote, later))
        found = _status(remote, good), _status(remote, bad), _status(remote, later)
    assert [each["Status"] for each in found] == ["Success", "Failure", "Success"]
    assert [len(each["Success"]) for each in found] == [3, 3, 3]
    (failure,) = found[1]["Failures"]
    assert failure["SOPInstanceUID"] == LOST.sop_instance_uid
    assert failure["FailureReason"] == Reason.NO_SUCH_INSTANCE


@needs_orthanc
def test_orthanc_is_asked_by_our_command_and_reports_to_its_door(tmp_path):
    own = free_port()
    paths = written(tmp_path / "in", *(instance(n) for n in range(1, 5)))
    with orthanc(tmp_path / "orthanc", {"tester": Address("TESTER", own)}) as remote:
        for path in paths[:3]:
            remote.upload(path)
        place = f"ORTHANC@{HERE}:{remote.dicom.port}"
        options = ("--aet", "TESTER", "--json", "--listen", f"{HERE}:{own}")
        good = anode("commit", place, *paths[:3], *options)
        bad = anode("commit", place, tmp_path / "in", *options)
        unheard = anode("commit", place, *paths[:3], "--aet", "TESTER", "--wait", "1")
    assert (good.code, good.document["committed"], good.document["failures"]) == (0, 3, [])
    assert (bad.code, bad.document["committed"], bad.document["failed"]) == (1, 3, 1)
    (failure,) = bad.document["failures"]
    assert failure["path"] == str(paths[3])
    assert failure["cause"] == "0x0112 (no such object instance)"
    assert unheard.code == 5
    assert "--listen PORT" in unheard.err


def _information(transaction, objects):
    made = Dataset()
    made.TransactionUID = transaction
    made.ReferencedSOPSequence = []
    for one in objects:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = one[:2]
        made.ReferencedSOPSequence.append(item)
    return made


def test_a_report_that_pynetdicom_has_served_does_not_hang_its_next_release(tmp_path):
    """By `tests.pausing`: the thread that served it speaks of itself, not of the reactor."""
    ae = AE(ae_title="HEARS")
    ae.add_requested_context(StorageCommitmentPushModel)
    with node(tmp_path / "node") as ours:
        association = ae.associate(HERE, port(ours), ae_title="ANODE")
        association._reactor_checkpoint.clear()
        assert eventually(lambda: association._is_paused)
        serving = threading.Thread(target=setattr, args=(association, "_is_paused", False))
        serving.start()
        serving.join()
        paused = association._is_paused
        association._reactor_checkpoint.set()
        association.release() if paused else association.abort()
    assert paused


def test_pynetdicom_asks_and_hears_on_the_same_association(tmp_path):
    reports: queue.Queue[Heard] = queue.Queue()

    def on_report(event):
        reports.put(Heard.of(event))
        return 0, None

    ae = AE(ae_title="HEARS")
    ae.add_requested_context(StorageCommitmentPushModel)
    with node(tmp_path / "node") as ours:
        objects = stored(ours, tmp_path / "in")
        association = ae.associate(
            HERE,
            port(ours),
            ae_title="ANODE",
            evt_handlers=[(evt.EVT_N_EVENT_REPORT, on_report)],
        )
        for number, wanted in enumerate(([*objects], [*objects, LOST])):
            told = _information(f"1.2.{number}", wanted)
            status, _ = association.send_n_action(told, 1, MODEL, INSTANCE)
            assert status.Status == 0
        found = [reports.get(timeout=20) for _ in range(2)]
        association.release()
    assert [(one.event_type, len(one.committed)) for one in found] == [(1, 3), (2, 3)]
    assert found[1].failed == {LOST.sop_instance_uid: Reason.NO_SUCH_INSTANCE}


@contextmanager
def _scp(title, ours):
    """pynetdicom as SCP: it holds all but LOST, and reports by a call of its own."""
    ae = AE(ae_title=title)
    ae.add_supported_context(StorageCommitmentPushModel)
    ae.add_requested_context(StorageCommitmentPushModel)
    asked: queue.Queue[Dataset] = queue.Queue()
    answers = []

    def on_action(event):
        asked.put(event.action_information)
        return 0, None

    def report(_event):
        """Once the association is over."""
        told = asked.get_nowait()
        made = _information(told.TransactionUID, [])
        made.ReferencedSOPSequence = told.ReferencedSOPSequence
        roles = [build_role(StorageCommitmentPushModel, scp_role=True)]
        call = ae.associate(HERE, ours, ae_title="TESTER", ext_neg=roles)
        answers.append(call.send_n_event_report(made, 1, MODEL, INSTANCE)[0].Status)
        call.release()

    handlers = [(evt.EVT_N_ACTION, on_action), (evt.EVT_RELEASED, report)]
    server = ae.start_server((HERE, 0), block=False, evt_handlers=handlers)
    try:
        yield server.socket.getsockname()[1], answers
    finally:
        server.shutdown()


def test_pynetdicom_is_asked_by_our_command_and_reports_once_we_have_released(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("cli.committing.HELD_SECONDS", 0.5)
    own = free_port()
    paths = written(tmp_path / "in", instance(1), instance(2))
    with _scp("SCP", own) as (at, answers):
        text = f'[[peer]]\nae_title = "SCP"\nhost = "127.0.0.1"\nport = {at}\n'
        file = configuration(tmp_path, text)
        options = ("-c", file, "--aet", "TESTER", "--listen", f"{HERE}:{own}", "--json")
        ran = anode("commit", "SCP", *paths, *options)
    assert (ran.code, ran.document["committed"], answers) == (0, 2, [0])


def test_our_scu_is_answered_by_our_scp(tmp_path):
    paths = written(tmp_path / "in", *(instance(n) for n in range(1, 4)))
    with node(tmp_path / "node") as ours:
        send(target(ours), paths)
        reasons = committed(target(ours), CALLER, [*references(paths), LOST])
    assert list(reasons.values()) == [0, 0, 0, Reason.NO_SUCH_INSTANCE]
