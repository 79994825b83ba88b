"""DCMTK 3.6.7 over TLS against each of our profiles, in both roles: the matrix of tls.md 3."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from config import contexts
from config.certificates import Credentials
from config.listeners import Listener
from config.profiles import PROFILES
from scu.associate import Target
from scu.echo import echo
from tests.certificates import Authority, Issued
from tests.clients import CALLER, send
from tests.nodes import HERE, node, port
from tests.objects import instance, written
from tests.peers import needs_dcmtk, storescp, tool
from wire.errors import Unreachable

pytestmark = [needs_dcmtk, pytest.mark.interop]

GCM = "TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384"
MODERN = "TLSv1.3 TLS_AES_256_GCM_SHA384"
# DCMTK's profile -> by ours, what is agreed on; "" is refused
MATRIX = {
    "+px": dict.fromkeys(PROFILES, MODERN) | {"extended": GCM},
    "+py": dict.fromkeys(PROFILES, MODERN) | {"extended": GCM},
    "+pz": dict.fromkeys(PROFILES, GCM),
    "+pa": dict.fromkeys(PROFILES, "") | {"bcp195": "TLSv1.2 AES128-SHA"},
}
PAIRS = [(theirs, ours) for theirs in MATRIX for ours in PROFILES]


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def own(ca: Authority) -> Issued:
    return ca.issue("node")


@pytest.fixture(scope="module")
def theirs(ca: Authority) -> Issued:
    return ca.issue("dcmtk")


def listener(profile: str, ca: Authority, own: Issued, **keys: object) -> Listener:
    files = {"certificate": own.certificate, "key": own.key, "ca": ca.certificate}
    return Listener(host=HERE, port=0, tls=profile, **files, **keys)


def echoscu(at: int, profile: str, *options: object) -> tuple[int, str, str]:
    """Exit code, version and suite as DCMTK tells them, and all it told."""
    done = tool("echoscu", "-d", "-aec", "ANODE", profile, *options, HERE, str(at))
    said = done.stdout + done.stderr
    version = re.search(r"Protocol *: *(\S+)", said)
    suite = re.search(r"Ciphersuite *: *([^,\s]+)", said)
    agreed = f"{version[1]} {suite[1]}" if version and suite else ""
    return done.returncode, agreed, said


@pytest.mark.parametrize(("profile", "ours"), PAIRS)
def test_echoscu_meets_each_profile_as_expected(
    profile: str, ours: str, tmp_path: Path, ca: Authority, own: Issued, theirs: Issued
):
    files = ("+tls", theirs.key, theirs.certificate, "+cf", ca.certificate)
    with node(tmp_path, listener=(listener(ours, ca, own),)) as serving:
        code, agreed, said = echoscu(port(serving), profile, *files)
    assert (code == 0) == bool(MATRIX[profile][ours]), said
    assert agreed == MATRIX[profile][ours], said


@pytest.mark.parametrize(("profile", "ours"), PAIRS)
def test_our_client_meets_storescp_as_expected(
    profile: str, ours: str, tmp_path: Path, ca: Authority, own: Issued, theirs: Issued
):
    files = ("+tls", str(theirs.key), str(theirs.certificate), "+cf", str(ca.certificate))
    credentials = Credentials(own.certificate, own.key, ca.certificate)
    context = contexts.client(PROFILES[ours], credentials)
    agreed: list[str] = []

    def secure(sock):
        made = contexts.to(context, HERE)(sock)
        agreed.append(f"{made.version()} {made.cipher()[0]}")
        return made

    sent = written(tmp_path / "files", instance())
    with storescp(tmp_path / "got", *files, profile) as there:
        target = Target("STORESCP", HERE, there.port, secure)
        if not MATRIX[profile][ours]:
            with pytest.raises(Unreachable, match="no TLS with"):
                echo(target, CALLER)
            return
        assert [one.status for one in send(target, sent)] == [0]
    # storescp's own order has DHE first.
    assert {each.replace(" DHE", " ECDHE") for each in agreed} == {MATRIX[profile][ours]}


@pytest.mark.parametrize("ours", PROFILES)
def test_an_anonymous_client_is_refused_unless_the_listener_takes_it(
    ours: str, tmp_path: Path, ca: Authority, own: Issued
):
    both = (listener(ours, ca, own), listener(ours, ca, own, client_certificate="optional"))
    with node(tmp_path, listener=both) as serving:
        required, optional = (place[1] for place in serving.addresses)
        anonymous = ("+tla", "+cf", ca.certificate)
        assert echoscu(required, "+py", *anonymous)[0] != 0
        assert echoscu(optional, "+py", *anonymous)[0] == 0


@pytest.mark.parametrize("ours", PROFILES)
def test_an_ecdsa_certificate_serves_dcmtk_too(
    ours: str, tmp_path: Path, ca: Authority, theirs: Issued
):
    """+pz is the one profile of DCMTK's that names suites for it below TLS 1.3."""
    own = ca.issue("ec", key=ec.generate_private_key(ec.SECP256R1()))
    files = ("+tls", theirs.key, theirs.certificate, "+cf", ca.certificate)
    with node(tmp_path, listener=(listener(ours, ca, own),)) as serving:
        code, agreed, said = echoscu(port(serving), "+pz", *files)
    assert (code, agreed) == (0, "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384"), said
