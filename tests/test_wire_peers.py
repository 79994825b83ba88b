"""`wire` alone, with DCMTK and pynetdicom at the other end."""

import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from pynetdicom import AE, build_role, evt

from tests.pairs import (
    CT,
    EXPLICIT,
    IMPLICIT,
    PATIENCE,
    STORE,
    VERIFICATION,
    accepting,
    calling,
    echo_request,
    echoing,
    serving,
    wanted,
)
from wire.errors import (
    Aborted,
)
from wire.negotiation import Acceptance, Context, Offer
from wire.sending import FileSlice

JPEG = "1.2.840.10008.1.2.4.70"
MR = "1.2.840.10008.5.1.4.1.1.4"
US = "1.2.840.10008.5.1.4.1.1.6.1"
GET = "1.2.840.10008.5.1.4.1.2.2.3"


# -- with DCMTK at the other end


def dcmtk(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.mark.interop
@pytest.mark.parametrize(
    "options", [[], ["--abort"], ["-pdu", "4096"], ["-pts", "10", "-ppc", "64"]]
)
def test_dcmtks_echoscu_is_answered(options):
    ended = []

    def serve(association):
        try:
            echoing(association)
            ended.append("released")
        except Aborted:
            ended.append("aborted")

    with serving(accepting(serve)) as port:
        command = [dcmtk("echoscu"), "--repeat", "3", *options, "127.0.0.1", str(port)]
        run = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert run.returncode == 0, run.stderr
    assert ended == ["aborted" if options == ["--abort"] else "released"]


@pytest.fixture
def storescp(tmp_path):
    """DCMTK's storescp on a free port, its log for the word that it listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [dcmtk("storescp"), "-v", "-od", tmp_path, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                threading.Event().wait(0.05)
        yield port, tmp_path
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.mark.interop
def test_dcmtks_storescp_takes_an_echo_and_a_file(storescp):
    from pydicom import dcmread
    from pydicom.data import get_testdata_file

    port, folder = storescp
    path = Path(get_testdata_file("CT_small.dcm"))
    data_set = dcmread(path)
    with path.open("rb") as file:
        whole = file.read()
        start = 132 + 12 + data_set.file_meta.FileMetaInformationGroupLength
        store = STORE._replace(affected_sop_instance_uid=str(data_set.SOPInstanceUID))
        request = wanted((VERIFICATION, [IMPLICIT]), (CT, [EXPLICIT]))
        with calling(port, request) as association:
            echo = echo_request(association.next_message_id())
            association.send(association.context_for(VERIFICATION), echo)
            assert association.response(echo).command.status == 0
            source = FileSlice(file.fileno(), start, len(whole) - start)
            association.send_file(association.context_for(CT, EXPLICIT), store, source)
            assert association.response(store).command.status == 0
    (stored,) = folder.iterdir()
    assert dcmread(stored).PixelData == data_set.PixelData


# -- with pynetdicom at the other end


@pytest.fixture
def scp_ae():
    ae = AE("SCP")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = PATIENCE
    return ae


def test_we_request_and_pynetdicom_accepts(scp_ae):
    scp_ae.add_supported_context(VERIFICATION, [IMPLICIT])
    scp_ae.add_supported_context(CT, [EXPLICIT], scu_role=True, scp_role=True)
    server = scp_ae.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_ECHO, lambda _: 0)]
    )
    try:
        request = wanted(
            (VERIFICATION, [EXPLICIT, IMPLICIT]),
            (CT, [JPEG, EXPLICIT]),
            (MR, [EXPLICIT]),
            roles={CT: (False, True)},
        )
        with calling(server.server_address[1], request) as association:
            assert association.contexts == {
                1: Context(1, VERIFICATION, IMPLICIT, scu=True, scp=False),
                3: Context(3, CT, EXPLICIT, scu=False, scp=True),
            }
            echo = echo_request()
            association.send(association.contexts[1], echo)
            assert association.response(echo).command.status == 0
    finally:
        server.shutdown()


def test_pynetdicom_requests_and_we_accept(scp_ae):
    def decide(request):
        assert request.calling_ae_title == "SCP"
        assert request.roles == {CT: (False, True)}
        both = Offer([EXPLICIT, IMPLICIT], scu=True)
        return Acceptance({VERIFICATION: Offer([IMPLICIT]), CT: both, GET: Offer([IMPLICIT])})

    seen = []

    def serve(association):
        seen.append(association.contexts)
        echoing(association)

    scp_ae.add_requested_context(VERIFICATION)
    scp_ae.add_requested_context(CT, [JPEG, IMPLICIT])
    scp_ae.add_requested_context(GET)
    scp_ae.add_requested_context(US)
    with serving(accepting(serve, decide=decide)) as port:
        theirs = scp_ae.associate("127.0.0.1", port, ext_neg=[build_role(CT, scp_role=True)])
        assert theirs.is_established
        assert {(cx.abstract_syntax, cx.as_scu, cx.as_scp) for cx in theirs.accepted_contexts} == {
            (VERIFICATION, True, False),
            (CT, False, True),
            (GET, True, False),
        }
        assert [cx.abstract_syntax for cx in theirs.rejected_contexts] == [US]
        assert theirs.send_c_echo().Status == 0
        theirs.release()
    by_class = {cx.abstract_syntax: cx for cx in seen[0].values()}
    assert (by_class[CT].scu, by_class[CT].scp, by_class[CT].transfer_syntax) == (
        True,
        False,
        IMPLICIT,
    )
    assert (by_class[GET].scu, by_class[GET].scp) == (False, True)
