"""DCMTK 3.6.7 over TLS against each of our profiles, in both roles: the matrix of tls.md 3."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from socket import socket
from ssl import SSLSocket

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from config import contexts
from config.limits import Limits
from config.profiles import PROFILES
from scu.associate import Target
from scu.echo import echo
from tests.certificates import Authority, Issued
from tests.clients import CALLER, move, send
from tests.nodes import HERE, node, peer, port
from tests.objects import identifier, instance, written
from tests.peers import free_port, needs_dcmtk, started, storescp, tool
from tests.secured import NAMES, called, credentials, listener
from wire.errors import Ended, Unreachable

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
Doors = dict[tuple[str, str], int]
Servers = dict[tuple[str, bool], int]
WAYS = pytest.mark.parametrize("mutual", [True, False], ids=["mutual", "one-way"])
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


def echoscu(at: int, profile: str, *options: object) -> tuple[int, str, str]:
    """Exit code, version and suite as DCMTK tells them, and all it told."""
    done = tool("echoscu", "-d", "-aec", "ANODE", profile, *options, HERE, str(at))
    said = done.stdout + done.stderr
    version = re.search(r"Protocol *: *(\S+)", said)
    suite = re.search(r"Ciphersuite *: *([^,\s]+)", said)
    agreed = f"{version[1]} {suite[1]}" if version and suite else ""
    return done.returncode, agreed, said


def with_files(one: Issued, ca: Authority) -> tuple[str, ...]:
    """DCMTK's options for a certificate of its own and the CA it believes."""
    return "+tls", str(one.key), str(one.certificate), "+cf", str(ca.certificate)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory, ca: Authority, own: Issued) -> Iterator[Doors]:
    """The ports of a node by profile and by what it wants of a client's certificate."""
    places = [(ours, wish) for ours in PROFILES for wish in ("required", "optional", "none")]
    listeners = tuple(listener(ours, ca, own, client_certificate=wish) for ours, wish in places)
    folder = tmp_path_factory.mktemp("doors")
    with node(folder, listener=listeners, limits=Limits(refusals=1000)) as serving:
        yield {each: at[1] for each, at in zip(places, serving.addresses, strict=True)}


@pytest.fixture(scope="module")
def servers(
    tmp_path_factory: pytest.TempPathFactory, ca: Authority, theirs: Issued
) -> Iterator[Servers]:
    """The ports of a storescp for each of its profiles, mutual and one-way."""
    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as held:
        found = {}
        for number, (profile, mutual) in enumerate(product(MATRIX, (True, False))):
            options = *with_files(theirs, ca), profile, "-rc" if mutual else "-ic"
            there = held.enter_context(storescp(folder / f"{number}" / "got", *options))
            found[profile, mutual] = there.port
        yield found


@WAYS
@pytest.mark.parametrize(("profile", "ours"), PAIRS)
def test_echoscu_meets_each_profile_as_expected(
    profile: str, ours: str, mutual: bool, doors: Doors, ca: Authority, theirs: Issued
):
    files = with_files(theirs, ca) if mutual else ("+tla", "+cf", ca.certificate)
    at = doors[ours, "required" if mutual else "none"]
    code, agreed, said = echoscu(at, profile, *files)
    assert (code == 0) == bool(MATRIX[profile][ours]), said
    assert agreed == MATRIX[profile][ours], said


@WAYS
@pytest.mark.parametrize(("profile", "ours"), PAIRS)
def test_our_client_meets_storescp_as_expected(
    profile: str, ours: str, mutual: bool, servers: Servers, ca: Authority, own: Issued, sent: Path
):
    secure, agreed = noting(ours, ca, own if mutual else None)
    target = Target("STORESCP", HERE, servers[profile, mutual], secure)
    if not MATRIX[profile][ours]:
        with pytest.raises(Unreachable, match="no TLS with"):
            echo(target, CALLER)
        return
    assert [one.status for one in send(target, [sent])] == [0]
    # storescp's own order has DHE first.
    assert {each.replace(" DHE", " ECDHE") for each in agreed} == {MATRIX[profile][ours]}


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (path,) = written(tmp_path_factory.mktemp("sent"), instance())
    return path


def noting(profile: str, ca: Authority, one: Issued | None) -> tuple[contexts.Secure, list[str]]:
    """Our client of a profile, and the versions and suites it agrees on."""
    context = contexts.client(PROFILES[profile], credentials(one, ca))
    agreed: list[str] = []

    def secure(sock: socket) -> SSLSocket:
        made = contexts.to(context, HERE)(sock)
        agreed.append(f"{made.version()} {(made.cipher() or ('',))[0]}")
        return made

    return secure, agreed


@pytest.mark.parametrize("ours", PROFILES)
def test_storescp_refuses_our_client_without_a_certificate(
    ours: str, servers: Servers, ca: Authority
):
    secure, _ = noting(ours, ca, None)
    with pytest.raises((Unreachable, Ended)):
        echo(Target("STORESCP", HERE, servers["+py", True], secure), CALLER)


@pytest.mark.parametrize("profile", MATRIX)
def test_dcmrecv_answers_an_echo_by_each_of_our_profiles(
    profile: str, tmp_path: Path, ca: Authority, own: Issued, theirs: Issued
):
    """DCMTK's other server that speaks TLS; its dcmqrscp does not, nor movescu and getscu."""
    at, program = free_port(), shutil.which("dcmrecv", path="/usr/bin:/usr/local/bin")
    (tmp_path / "got").mkdir()
    options = [*with_files(theirs, ca), profile, "-od", str(tmp_path / "got"), str(at)]
    with started([program or "dcmrecv", *options], at, tmp_path / "dcmrecv.log"):
        for ours, want in MATRIX[profile].items():
            secure, _ = noting(ours, ca, own)
            target = Target("DCMRECV", HERE, at, secure)
            if want:
                assert echo(target, CALLER).status == 0
            else:
                with pytest.raises(Unreachable, match="no TLS with"):
                    echo(target, CALLER)


@pytest.mark.parametrize("ours", PROFILES)
def test_storescu_stores_findscu_finds_and_storescp_gets_what_is_moved(
    ours: str, tmp_path: Path, ca: Authority, own: Issued, theirs: Issued
):
    """All three by TLS; whoever asks for the move has another profile than the one it goes by."""
    (path,) = written(tmp_path / "files", one := instance())
    files = with_files(theirs, ca)
    with storescp(tmp_path / "got", *files, "+px", ae_title="DEST") as there:
        peers = (
            peer("DEST", there.port, tls=ours),
            peer(CALLER.ae_title, move_to=("DEST",)),
            peer("DCMTK"),
        )
        both = (listener(ours, ca, own), listener(NAMES[NAMES.index(ours) - 1], ca, own))
        with node(tmp_path / "node", peers=peers, listener=both) as serving:
            at = ("-aet", "DCMTK", "-aec", "ANODE", HERE, str(port(serving)))
            stored = tool("storescu", *files, *at, path)
            assert stored.returncode == 0, stored.stderr
            key = f"StudyInstanceUID={one.StudyInstanceUID}"
            asked = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", key)
            found = tool("findscu", "-v", *files, *asked, *at)
            assert found.returncode == 0
            assert len(re.findall(r"Find Response: \d+ \(Pending\)", found.stderr)) == 1
            target = called(serving, both[1].tls or "", ca, own, number=1)
            study = identifier("STUDY", StudyInstanceUID=one.StudyInstanceUID)
            moved = move(target, study, "DEST")[-1]
            assert (moved.status, moved.completed) == (0, 1), moved.comment
    assert len(list((tmp_path / "got").iterdir())) == 1


@pytest.mark.parametrize("ours", PROFILES)
def test_an_anonymous_client_is_refused_unless_the_listener_takes_it(
    ours: str, doors: Doors, ca: Authority
):
    anonymous = ("+tla", "+cf", ca.certificate)
    assert echoscu(doors[ours, "required"], "+py", *anonymous)[0] != 0
    assert echoscu(doors[ours, "optional"], "+py", *anonymous)[0] == 0


@pytest.mark.parametrize("ours", PROFILES)
def test_an_ecdsa_certificate_serves_dcmtk_too(
    ours: str, tmp_path: Path, ca: Authority, theirs: Issued
):
    """+pz is the one profile of DCMTK's that names suites for it below TLS 1.3."""
    own = ca.issue("ec", key=ec.generate_private_key(ec.SECP256R1()))
    with node(tmp_path, listener=(listener(ours, ca, own),)) as serving:
        code, agreed, said = echoscu(port(serving), "+pz", *with_files(theirs, ca))
    assert (code, agreed) == (0, "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384"), said
