"""`anode peers` as a self-test: TLS, association, echo and services of real peers, or why not."""

import socket
import threading
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from config import catalogue
from config.identities import identity
from config.limits import Limits
from config.peers import Access
from scu.selftest import SERVICES, selftest
from tests.certificates import Authority
from tests.clients import CALLER
from tests.commands import anode, configuration
from tests.nodes import HERE, node, peer, port, target
from tests.pairs import serving
from tests.peers import dcmqrscp, free_port, needs_dcmtk, needs_orthanc, orthanc, storescp
from tests.test_tls import listener

ALL = len(catalogue.STORAGE)
COLUMNS = "Peer Address TLS Certificate Association Echo Store Find Move Get Commit Classes"
YES, NOT_US, UNKNOWN = "accepted", "user rejection", "abstract syntax not supported"


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def own(ca):
    return ca.issue("node")


def entry(ae_title, at, **keys):
    """A [[peer]] of the configuration."""
    lines = {"ae_title": ae_title, "host": HERE, **keys}
    told = "".join(f'{name} = "{value}"\n' for name, value in lines.items())
    return f"[[peer]]\n{told}port = {at}\n"


def secured(ca, own):
    """The listener whose certificate and CA calls over TLS are made with."""
    files = {"certificate": own.certificate, "key": own.key, "ca": ca.certificate}
    told = "".join(f'{name} = "{path}"\n' for name, path in files.items())
    return f'[[listener]]\nport = 1\ntls = "rfc9325"\n{told}'


def asked(folder, text, *options):
    """What is found of each peer, by its title, and the exit code."""
    ran = anode("peers", "-c", configuration(folder, text), "--json", *options)
    return {each["ae_title"]: each for each in ran.document}, ran.code


def cells(folder, text, *options):
    """The table's rows by title, as columns: name -> cell."""
    ran = anode("peers", "-c", configuration(folder, text), *options)
    head, _, *lines = ran.out.splitlines()
    starts = [head.index(name) for name in (*COLUMNS.split(), "Why not")]
    pairs = list(zip(starts, [*starts[1:], None], strict=True))
    found = {}
    for line in lines:
        row = {head[a:b].strip(): line[a:b].strip() for a, b in pairs}
        found[row["Peer"]] = row
    return found


def test_another_anode_over_plain_dicom(tmp_path):
    with node(tmp_path / "node", "ONE") as one:
        found, code = asked(tmp_path, entry("ONE", port(one)))
        row = cells(tmp_path, entry("ONE", port(one)))["ONE"]
    assert code == 0
    services = found["ONE"]["services"]
    assert list(services) == list(SERVICES)
    assert {services[name] for name in ("echo", "store", "find", "move", "get")} == {YES}
    assert found["ONE"]["storage_classes"] == {"accepted": ALL, "proposed": ALL}
    assert found["ONE"]["tls"] is None
    assert (row["TLS"], row["Certificate"], row["Association"]) == ("plain", "-", "yes")
    assert [row[name] for name in ("Store", "Find", "Move", "Get")] == ["yes"] * 4
    assert row["Why not"] == ""


@pytest.mark.parametrize("profile", ["rfc9325", "extended"])
def test_another_anode_over_tls_with_its_certificate(profile, tmp_path, ca, own):
    pin = identity(own.made.public_bytes(Encoding.DER)).pin
    with node(tmp_path / "node", "ONE", listener=(listener(profile, ca, own),)) as one:
        text = secured(ca, own) + entry("ONE", port(one), tls=profile, certificate=pin)
        text += entry("LOOSE", port(one), tls=profile)
        found, _ = asked(tmp_path, text)
        row = cells(tmp_path, text)["ONE"]
    bound, loose = found["ONE"]["tls"], found["LOOSE"]["tls"]
    assert (bound["profile"], bound["bound"], bound["days_left"]) == (profile, True, 4)
    assert bound["version"] == ("TLSv1.2" if profile == "extended" else "TLSv1.3")
    extended = "ECDHE-RSA-AES256-GCM-SHA384"
    assert bound["suite"] == (extended if profile == "extended" else "TLS_AES_256_GCM_SHA384")
    assert (bound["subject"], bound["pin"]) == ("CN=node", pin)
    assert row["TLS"] == f"{bound['version']} {bound['suite']}"
    assert row["Certificate"] == "4 days, bound"
    # TLS stands although the association, to another title, is rejected.
    assert (loose["version"], loose["bound"]) == (bound["version"], False)
    assert "does not know itself as LOOSE" in found["LOOSE"]["why"]


def test_a_peer_with_another_certificate_than_its_own(tmp_path, ca, own):
    other = identity(
        ca.issue("other-ec", key=ec.generate_private_key(ec.SECP256R1())).made.public_bytes(
            Encoding.DER
        )
    ).pin
    with node(tmp_path / "node", "ONE", listener=(listener("rfc9325", ca, own),)) as one:
        text = secured(ca, own) + entry("ONE", port(one), tls="rfc9325", certificate=other)
        found, code = asked(tmp_path, text)
        row = cells(tmp_path, text)["ONE"]
    assert code == 1
    assert "its certificate is not that of its [[peer]]" in found["ONE"]["why"]
    assert found["ONE"]["tls"]["version"] is None
    assert (row["TLS"], row["Association"], row["Store"]) == ("no", "no", "-")


def test_a_peer_that_speaks_no_tls_where_it_should(tmp_path, ca, own):
    with node(tmp_path / "node", "ONE") as one:
        text = secured(ca, own) + entry("ONE", port(one), tls="rfc9325")
        found, code = asked(tmp_path, text)
    assert (code, found["ONE"]["services"]) == (1, None)
    assert "no TLS with" in found["ONE"]["why"]


def test_what_a_peer_may_not_do_is_told_from_what_nobody_may(tmp_path):
    access = Access(unknown_peers=("echo", "store"))
    with node(tmp_path / "node", "ONE", access=access) as one:
        found, code = asked(tmp_path, entry("ONE", port(one)))
        row = cells(tmp_path, entry("ONE", port(one)))["ONE"]
    assert code == 0
    services = found["ONE"]["services"]
    assert (services["echo"], services["store"]) == (YES, YES)
    assert {services[name] for name in ("find", "move", "get")} == {NOT_US}
    assert row["Find"] == "not us"


def test_a_peer_that_refuses_the_echo_itself(tmp_path):
    with node(tmp_path / "node", "ONE", access=Access(unknown_peers=("find",))) as one:
        found, code = asked(tmp_path, entry("ONE", port(one)))
    assert (code, found["ONE"]["accepted"], found["ONE"]["reachable"]) == (1, False, True)
    assert (found["ONE"]["services"]["echo"], found["ONE"]["services"]["find"]) == (NOT_US, YES)
    assert "accepted no presentation context for 1.2.840.10008.1.1" in found["ONE"]["why"]


# PS3.8 Table 9-21: result, source, reason -> what is said of it, and of which side
REJECTIONS = {
    (1, 1, 1): "gives no reason; its log should say why",
    (1, 1, 2): "does not know the application context of DICOM",
    (1, 1, 3): "does not know us as ANODE: add us to its peers",
    (1, 1, 7): "does not know itself as ONE; check its AE title",
    (2, 2, 1): "it may want a user's name",
    (1, 2, 2): "does not speak version 1 of the upper layer",
    (2, 3, 1): "is busy for now; try again later",
    (2, 3, 2): "takes no more associations for now",
    (1, 1, 9): "the log of ONE@",
}


@pytest.mark.parametrize("why", REJECTIONS)
def test_rejections_are_told_with_the_next_step(why, tmp_path):
    def reject(sock):
        sock.recv(65536)
        sock.sendall(bytes((3, 0, 0, 0, 0, 4, 0, *why)))

    with serving(reject) as at:
        found, code = asked(tmp_path, entry("ONE", at))
    assert (code, found["ONE"]["reachable"], found["ONE"]["accepted"]) == (1, True, False)
    assert REJECTIONS[why] in found["ONE"]["why"]


def test_peers_that_are_closed_silent_reject_or_hang_up_beside_a_good_one(tmp_path):
    stranger = (peer("FRIEND"),)
    with (
        node(tmp_path / "1", "GOOD") as good,
        node(tmp_path / "2", "HOST", peers=stranger) as host,
        socket.create_server((HERE, 0)) as silent,
        serving(lambda sock: sock.recv(65536)) as closing,
    ):
        text = entry("GOOD", port(good)) + entry("HOST", port(host))
        text += entry("CLOSED", free_port()) + entry("SILENT", silent.getsockname()[1])
        text += entry("CLOSING", closing)
        text += '[[peer]]\nae_title = "MODALITY"\nhost = "10.0.0.0/24"\n'
        rows = cells(tmp_path, text, "--timeout", "3")
    seen = {title: (row["Association"], row["Store"]) for title, row in rows.items()}
    assert seen == {
        "GOOD": ("yes", "yes"),
        "HOST": ("rejected", "-"),
        "CLOSED": ("no", "-"),
        "SILENT": ("no", "-"),
        "CLOSING": ("no", "-"),
        "MODALITY": ("-", "-"),
    }
    why = {title: row["Why not"] for title, row in rows.items()}
    assert "add us to its peers" in why["HOST"]
    assert "Connection refused" in why["CLOSED"]
    assert "sent nothing for too long" in why["SILENT"]
    assert "closed the connection" in why["CLOSING"]
    assert "not called: no port is configured" in why["MODALITY"]


def test_a_peer_that_takes_one_association_only_is_still_good(tmp_path):
    """Counting its storage classes takes more; what was answered before stays true."""
    with (
        node(tmp_path / "node", "ONE") as one,
        socket.create_connection((HERE, port(one))),
        serving(_relay(port(one))) as at,
    ):
        hurried = replace(CALLER, limits=Limits(response_seconds=3.0))
        tested = selftest(replace(target(one), port=at), hurried)
    assert (tested.echo.status, tested.classes, tested.error) == (0, None, None)


def _relay(to):
    """Hands one connection on, both ways, until both are done."""

    def pour(source, sink):
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)

    def relay(sock):
        with socket.create_connection((HERE, to)) as there:
            back = threading.Thread(target=pour, args=(there, sock))
            back.start()
            pour(sock, there)
            back.join()

    return relay


# -- DCMTK and Orthanc


@needs_dcmtk
@pytest.mark.interop
@pytest.mark.parametrize("over", ["plain", "tls"])
def test_storescp_stores_and_nothing_else(over, tmp_path, ca, own):
    files = ("+tls", str(own.key), str(own.certificate), "+cf", str(ca.certificate))
    tls = {"tls": "non-downgrading"} if over == "tls" else {}
    with storescp(tmp_path / "got", *(files if tls else ())) as there:
        text = secured(ca, own) + entry("STORESCP", there.port, **tls)
        found, code = asked(tmp_path, text)
    assert code == 0
    services = found["STORESCP"]["services"]
    assert (services["echo"], services["store"]) == (YES, YES)
    assert {services[n] for n in ("find", "move", "get", "commit")} == {UNKNOWN}
    assert found["STORESCP"]["storage_classes"]["accepted"] > 100
    version = found["STORESCP"]["tls"] and found["STORESCP"]["tls"]["version"]
    assert version == ("TLSv1.3" if tls else None)


@needs_dcmtk
@pytest.mark.interop
def test_dcmqrscp_finds_and_moves_too(tmp_path):
    """Over plain DICOM: Debian's speaks no TLS."""
    with dcmqrscp(tmp_path / "qr") as there:
        found, code = asked(tmp_path, entry("QRSCP", there.port))
    assert code == 0
    services = found["QRSCP"]["services"]
    assert {services[name] for name in ("echo", "store", "find", "move", "get")} == {YES}
    assert services["commit"] == UNKNOWN


@needs_orthanc
@pytest.mark.interop
@pytest.mark.parametrize("over", ["plain", "tls"])
def test_orthanc_serves_all_of_it(over, tmp_path, ca, own):
    on = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(own.certificate),
        "DicomTlsPrivateKey": str(own.key),
        "DicomTlsTrustedCertificates": str(ca.certificate),
    }
    tls = {"tls": "bcp195"} if over == "tls" else {}
    with orthanc(tmp_path / "orthanc", {}, **(on if tls else {})) as there:
        text = secured(ca, own) + entry("ORTHANC", there.dicom.port, **tls)
        found, code = asked(tmp_path, text)
    assert code == 0
    assert set(found["ORTHANC"]["services"].values()) == {YES}
    assert found["ORTHANC"]["storage_classes"]["accepted"] > 100
    version = found["ORTHANC"]["tls"] and found["ORTHANC"]["tls"]["version"]
    assert version == ("TLSv1.3" if tls else None)
