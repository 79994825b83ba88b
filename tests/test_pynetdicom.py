"""pynetdicom's own SCU and SCP against the node: a second toolkit that nobody here wrote."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pydicom
import pytest
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)

from tests import clients
from tests.nodes import node, peer, port, target
from tests.objects import identifier, instance, uid, written

pytestmark = pytest.mark.interop


def test_echo_store_find_get_and_move(tmp_path: Path):
    paths = written(tmp_path / "o", *[instance(number) for number in range(3)])
    stored: list[pydicom.Dataset] = []
    ae = AE(ae_title="PYNET")
    for each in (
        Verification,
        StudyRootQueryRetrieveInformationModelFind,
        StudyRootQueryRetrieveInformationModelMove,
        StudyRootQueryRetrieveInformationModelGet,
        CTImageStorage,
    ):
        ae.add_requested_context(each)
    ae.add_supported_context(CTImageStorage)

    def on_store(event: evt.Event) -> int:
        stored.append(event.dataset)
        return 0

    handlers = [(evt.EVT_C_STORE, on_store)]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    known = peer("PYNET", server.socket.getsockname()[1])
    try:
        with node(tmp_path / "node", peers=(known,)) as serving:
            association = ae.associate(
                "127.0.0.1",
                port(serving),
                ae_title="ANODE",
                ext_neg=[build_role(CTImageStorage, scu_role=True, scp_role=True)],
                evt_handlers=handlers,
            )
            assert association.is_established
            assert association.send_c_echo().Status == 0
            for path in paths:
                assert association.send_c_store(path).Status == 0
            asked = identifier("STUDY", StudyInstanceUID="", PatientName="Doe*")
            model = StudyRootQueryRetrieveInformationModelFind
            answers = list(association.send_c_find(asked, model))
            assert [status.Status for status, _ in answers] == [0xFF00, 0]
            assert answers[0][1].StudyInstanceUID == uid("s")
            one = identifier("STUDY", StudyInstanceUID=uid("s"))
            got = list(association.send_c_get(one, StudyRootQueryRetrieveInformationModelGet))
            assert got[-1][0].Status == 0
            assert got[-1][0].NumberOfCompletedSuboperations == 3
            moved = list(
                association.send_c_move(one, "PYNET", StudyRootQueryRetrieveInformationModelMove)
            )
            assert moved[-1][0].Status == 0
            assert moved[-1][0].NumberOfCompletedSuboperations == 3
            association.release()
    finally:
        server.shutdown()
    assert len(stored) == 6


def test_the_get_application_gets_what_is_stored_in_explicit_vr(tmp_path: Path):
    """Its contexts name Implicit VR first; who sends in them, the node, has its own order."""
    paths = written(tmp_path / "o", *[instance(number) for number in range(3)])
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), paths)
        command = [sys.executable, "-m", "pynetdicom", "getscu", "127.0.0.1", str(port(serving))]
        keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={uid('s')}"]
        more = ["-S", "-aec", "ANODE", "-od", str(tmp_path / "got"), *keys]
        done = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    got = [pydicom.dcmread(path) for path in (tmp_path / "got").iterdir()]
    assert len(got) == 3
    assert {one.file_meta.TransferSyntaxUID for one in got} == {"1.2.840.10008.1.2.1"}
