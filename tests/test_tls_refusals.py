"""Certificates that are not believed, of those who call us and of those we call (tls.md T4).

In TLS 1.3 a client has done its part before the server judges it, so data is exchanged each time.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from config import contexts
from config.certificates import Credentials
from config.limits import Limits
from config.profiles import PROFILES
from scp.node import Node
from scu.associate import Target
from scu.echo import echo
from tests.certificates import Authority, Issued, rsa_key
from tests.clients import CALLER, move, send
from tests.nodes import HERE, node, peer
from tests.objects import identifier, instance, written
from tests.secured import ALL, NAMES, PATIENCE, anything, at, called, listener, logged
from wire.errors import Ended, Unreachable

Make = Callable[[Authority, Path], Issued | None]
CLIENT, SERVER = [ExtendedKeyUsageOID.CLIENT_AUTH], [ExtendedKeyUsageOID.SERVER_AUTH]


def of_another_ca(_: Authority, folder: Path) -> Issued:
    return Authority(folder / "another", "Another CA").issue("another")


def by_the_name_of_our_ca(_: Authority, folder: Path) -> Issued:
    return Authority(folder / "forged", "Test CA").issue("forged")


def small(ca: Authority, _: Path) -> Issued:
    return ca.issue("small", key=rsa_key(1024))


def narrow(ca: Authority, _: Path) -> Issued:
    return ca.issue("narrow", key=ec.generate_private_key(ec.SECP224R1()))


def sha1(ca: Authority, _: Path) -> Issued:
    return ca.issue("sha1", hashed="sha1")


def elsewhere(ca: Authority, _: Path) -> Issued:
    return ca.issue("elsewhere", names=["elsewhere.example", "10.0.0.1"])


def for_clients(ca: Authority, _: Path) -> Issued:
    return ca.issue("client", purposes=CLIENT)


def for_servers(ca: Authority, _: Path) -> Issued:
    return ca.issue("server", purposes=SERVER)


def expired(ca: Authority, _: Path) -> Issued:
    return ca.issue("expired", days=(-3, -1))


def early(ca: Authority, _: Path) -> Issued:
    return ca.issue("early", days=(1, 2))


def revoked(ca: Authority, _: Path) -> Issued:
    return ca.issue("revoked")


# -- those who call us ----------------------------------------------------------------------------

# -> what the log says; by bcp195, where OpenSSL's own level judges nothing, what we say
CALLERS: dict[str, tuple[Make, str]] = {
    "none": (lambda ca, path: None, "peer did not return a certificate"),
    "another CA": (of_another_ca, "certificate: unable to get local issuer certificate"),
    "forged": (by_the_name_of_our_ca, "certificate: certificate signature failure"),
    "expired": (expired, "certificate: certificate has expired"),
    "early": (early, "certificate: certificate is not yet valid"),
    "for servers": (for_servers, "certificate: unsuitable certificate purpose"),
    "revoked": (revoked, "certificate: certificate revoked"),
    "RSA 1024": (small, "certificate: EE certificate key too weak"),
    "P-224": (narrow, "wrong curve"),
    "SHA-1": (sha1, "certificate: CA signature digest algorithm too weak"),
}
BCP195 = {
    "RSA 1024": "the peer's certificate has an RSA key of 1024 bits, and bcp195 needs 2048",
    "SHA-1": "the peer's certificate is signed with SHA1, and bcp195 needs SHA-256 or better",
}


PAIRS = [
    (profile.name, version)
    for profile in PROFILES.values()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    if version.name.replace("_", ".") in profile.versions
]


@dataclass(frozen=True)
class Place:
    """A node with a listener for each profile, and a certificate of each kind."""

    serving: Node
    ca: Authority
    shown: dict[str, Issued | None]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    ca = Authority(folder / "ca")
    shown = {kind: make(ca, folder) for kind, (make, _) in CALLERS.items()}
    crl = ca.revoke(*filter(None, [shown["revoked"]]))
    listeners = tuple(listener(name, ca, ca.issue("node"), crl=crl) for name in NAMES)
    with node(folder / "node", listener=listeners, limits=Limits(refusals=1000)) as serving:
        yield Place(serving, ca, shown)


@pytest.mark.parametrize(("profile", "version"), PAIRS)
@pytest.mark.parametrize("kind", CALLERS)
def test_a_caller_who_is_not_believed_sees_no_association_and_the_log_says_why(
    profile, version, kind, place, caplog
):
    why = CALLERS[kind][1]
    why = BCP195.get(kind, why) if profile == "bcp195" else why
    if kind == "P-224" and version is ssl.TLSVersion.TLSv1_3:
        why = "peer did not return a certificate"  # TLS 1.3 has no signature by it
    number = NAMES.index(profile)
    secure = contexts.to(anything(place.ca, place.shown[kind], version=version), HERE)
    with logged(caplog, "TLS handshake failed"), pytest.raises((Unreachable, Ended)) as end:
        echo(at(place.serving, secure, number=number), CALLER)
    told = [each.getMessage() for each in caplog.records if each.name == "anode.association"]
    assert told == [f"connection from 127.0.0.1 refused: TLS handshake failed: {why}"]
    assert "alert" in str(end.value) or why in BCP195.values(), end.value


@ALL
def test_a_caller_with_a_key_that_no_profile_knows_is_refused(profile, place, caplog):
    """OpenSSL takes DSA of 2048 bits at every level."""
    one = place.ca.issue("dsa", key=dsa.generate_private_key(2048))
    secure = contexts.to(anything(place.ca, one, version=ssl.TLSVersion.TLSv1_2), HERE)
    words = f"has a key that is neither RSA nor EC, which {profile} needs"
    with logged(caplog, words), pytest.raises((Unreachable, Ended)):
        echo(at(place.serving, secure, number=NAMES.index(profile)), CALLER)


@ALL
def test_a_caller_who_is_believed_has_one(profile, place):
    number, person = NAMES.index(profile), place.ca.issue("person")
    target = called(place.serving, profile, place.ca, person, number=number)
    assert echo(target, CALLER).status == 0


# -- those we call --------------------------------------------------------------------------------

SERVERS: dict[str, tuple[Make, str]] = {
    **{kind: row for kind, row in CALLERS.items() if kind not in ("none", "for servers", "P-224")},
    "another CA": (of_another_ca, "certificate: unable to get local issuer certificate"),
    "another name": (elsewhere, "certificate: IP address mismatch, certificate is not valid for"),
    "for clients": (for_clients, "certificate: unsuitable certificate purpose"),
    "P-224": (narrow, "sslv3 alert handshake failure"),
}


@contextmanager
def answering(own: Issued) -> Iterator[tuple[int, list[bytes]]]:
    """A TLS server that shows whatever it has; its port, and what it was told in TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(own.certificate, own.key)
    heard: list[bytes] = []

    def answer(server: socket.socket) -> None:
        sock, _ = server.accept()
        sock.settimeout(PATIENCE)
        with sock, suppress(OSError), context.wrap_socket(sock, server_side=True) as made:
            heard.append(made.recv(100))

    with socket.create_server((HERE, 0)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        yield server.getsockname()[1], heard
        thread.join(PATIENCE)


@ALL
@pytest.mark.parametrize("kind", SERVERS)
def test_a_server_that_is_not_believed_hears_nothing_of_us(profile, kind, tmp_path):
    make, why = SERVERS[kind]
    if profile == "bcp195":  # the one signed with SHA-1 has no names either
        why = "certificate: IP address mismatch" if kind == "SHA-1" else BCP195.get(kind, why)
    ca = Authority(tmp_path / "ca")
    one = make(ca, tmp_path)
    crl = ca.revoke(*([one] if make is revoked else []))
    person = ca.issue("person")
    own = Credentials(person.certificate, person.key, ca.certificate, crl)
    secure = contexts.to(contexts.client(PROFILES[profile], own), HERE)
    with answering(one) as (port, heard), pytest.raises(Unreachable) as refused:
        echo(Target("ANY", HERE, port, secure), CALLER)
    assert str(refused.value).startswith(f"no TLS with {HERE}:{port}: {why}")
    assert heard in ([], [b""])


def test_a_node_that_moves_to_a_server_it_does_not_believe_says_why(tmp_path, caplog):
    """By the CRL of its own listener; the objects stay here."""
    ca = Authority(tmp_path / "ca")
    own, person, bad = ca.issue("node"), ca.issue("person"), ca.issue("bad")
    crl = ca.revoke(bad)
    files = written(tmp_path / "files", one := instance())
    here = (listener("rfc9325", ca, own, crl=crl),)
    with answering(bad) as (port, heard):
        peers = (
            peer("DEST", port, tls="non-downgrading"),
            peer(CALLER.ae_title, move_to=("DEST",)),
        )
        with node(tmp_path / "node", peers=peers, listener=here) as serving:
            target = called(serving, "rfc9325", ca, person)
            send(target, files)
            asked = identifier("STUDY", StudyInstanceUID=one.StudyInstanceUID)
            with logged(caplog, f"no TLS with {HERE}:{port}: certificate: certificate revoked"):
                last = move(target, asked, "DEST")[-1]
    assert (last.completed, last.failed) == (0, 1)
    assert heard in ([], [b""])
