"""pynetdicom over Python's ssl in both directions, by each of our profiles."""

from __future__ import annotations

import gc
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)

from tests.certificates import Authority, Issued
from tests.nodes import HERE, node, peer, port
from tests.objects import identifier, instance, uid, written
from tests.secured import ALL, NAMES, anything, listener

pytestmark = pytest.mark.interop


def left_open(test: Callable[..., None]) -> Callable[..., None]:
    """pynetdicom leaves the socket of a failed handshake to the garbage collector."""
    test = pytest.mark.usefixtures("collected")(test)
    for kind in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
        test = pytest.mark.filterwarnings(f"ignore::{kind}")(test)
    return test


@pytest.fixture
def collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def own(ca: Authority) -> Issued:
    return ca.issue("node")


@pytest.fixture(scope="module")
def theirs(ca: Authority) -> Issued:
    return ca.issue("pynetdicom")


def serving_context(ca: Authority, one: Issued) -> ssl.SSLContext:
    """What anybody would write who wants mutual TLS of pynetdicom."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(ca.certificate))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(one.certificate, one.key)
    return context


def calling_context(ca: Authority, one: Issued | None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(ca.certificate))
    if one:
        context.load_cert_chain(one.certificate, one.key)
    return context


@contextmanager
def storage(
    ca: Authority, theirs: Issued, stored: list[str]
) -> Iterator[tuple[AE, list[evt.EventHandlerType], int]]:
    """An AE that can call, and that keeps the UIDs of what it is sent over TLS."""
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
        stored.append(event.request.AffectedSOPInstanceUID)
        return 0

    handlers: list[evt.EventHandlerType] = [(evt.EVT_C_STORE, on_store)]
    server = ae.start_server(
        (HERE, 0), block=False, evt_handlers=handlers, ssl_context=serving_context(ca, theirs)
    )
    try:
        yield ae, handlers, server.socket.getsockname()[1]
    finally:
        server.shutdown()


@ALL
def test_pynetdicom_stores_finds_gets_and_moves_by_each_profile(
    profile: str, tmp_path: Path, ca: Authority, own: Issued, theirs: Issued
):
    """What is moved goes to its own server, by another profile."""
    paths = written(tmp_path / "files", *(instance(number) for number in range(3)))
    stored: list[str] = []
    with storage(ca, theirs, stored) as (ae, handlers, at):
        known = peer("PYNET", at, tls=NAMES[NAMES.index(profile) - 1])
        here = listener(profile, ca, own)
        with node(tmp_path / "node", peers=(known,), listener=(here,)) as serving:
            association = ae.associate(
                HERE,
                port(serving),
                ae_title="ANODE",
                ext_neg=[build_role(CTImageStorage, scu_role=True, scp_role=True)],
                evt_handlers=handlers,
                tls_args=(calling_context(ca, theirs), HERE),
            )
            assert association.is_established
            assert association.send_c_echo().Status == 0
            assert [association.send_c_store(path).Status for path in paths] == [0, 0, 0]
            asked = identifier("STUDY", StudyInstanceUID=uid("s"))
            model = StudyRootQueryRetrieveInformationModelFind
            assert [status.Status for status, _ in association.send_c_find(asked, model)] == [
                0xFF00,
                0,
            ]
            model = StudyRootQueryRetrieveInformationModelGet
            assert list(association.send_c_get(asked, model))[-1][0].Status == 0
            model = StudyRootQueryRetrieveInformationModelMove
            last, _ = list(association.send_c_move(asked, "PYNET", model))[-1]
            assert (last.Status, last.NumberOfCompletedSuboperations) == (0, 3)
            association.release()
    assert len(stored) == 6


@left_open
@ALL
def test_pynetdicom_without_a_good_certificate_has_no_association(
    profile: str, tmp_path: Path, ca: Authority, own: Issued
):
    strange = Authority(tmp_path / "strange", "Strange CA").issue("strange")
    ae = AE(ae_title="PYNET")
    ae.add_requested_context(Verification)
    with node(tmp_path / "node", listener=(listener(profile, ca, own),)) as serving:
        for one in (None, strange):
            context = calling_context(ca, one)
            association = ae.associate(
                HERE, port(serving), ae_title="ANODE", tls_args=(context, HERE)
            )
            assert not association.is_established


@left_open
@ALL
def test_an_old_pynetdicom_is_served_by_the_fallback_alone(
    profile: str, tmp_path: Path, ca: Authority, own: Issued, theirs: Issued
):
    ae = AE(ae_title="PYNET")
    ae.add_requested_context(Verification)
    with node(tmp_path / "node", listener=(listener(profile, ca, own),)) as serving:
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            context = anything(ca, theirs, version=version)
            association = ae.associate(
                HERE, port(serving), ae_title="ANODE", tls_args=(context, HERE)
            )
            assert association.is_established == (profile == "bcp195")
            if association.is_established:
                association.release()
