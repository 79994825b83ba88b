"""Downgrades as each profile answers them, and what outlives a handshake: openssl as client.

RFC 7507 (fallback), RFC 5746 (renegotiation), RFC 9155 (SHA-1), RFC 7525 3 and RFC 9325 3.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
import subprocess
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config import contexts
from config.profiles import PROFILES
from scp.node import Node
from tests.certificates import Authority, Issued
from tests.nodes import HERE, node
from tests.secured import ALL, NAMES, PATIENCE, anything, credentials, listener, logged

STRONG = "ECDHE-RSA-AES256-GCM-SHA384"
NOTHING_BELOW = {name: "protocol version" for name in NAMES if name != "bcp195"}
HIGHEST = {name: "1.3" for name in NAMES if name != "extended"} | {"extended": "1.2"}


@dataclass(frozen=True)
class Place:
    """A node with a listener for each profile."""

    ports: dict[str, int]
    ca: Authority
    person: Issued


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("downgrade")
    ca = Authority(folder)
    own = ca.issue("node")
    listeners = tuple(listener(name, ca, own) for name in NAMES)
    with node(folder / "node", listener=listeners) as serving:
        ports = {name: at[1] for name, at in zip(NAMES, serving.addresses, strict=True)}
        yield Place(ports, ca, ca.issue("person"))


def s_client(place: Place, profile: str, *options: str, typed: str = "") -> str:
    """All that `openssl s_client` told of one connection."""
    person = ["-cert", place.person.certificate, "-key", place.person.key]
    believed = ["-CAfile", place.ca.certificate, "-verify_return_error"]
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"{HERE}:{place.ports[profile]}", *person, *believed,
         *options],
        input=typed, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def answer(said: str) -> str:
    """The version and suite that were agreed on, or the alert that was sent instead."""
    if alert := re.search(r":(?:tlsv1|sslv3) alert ([a-z ]+):", said):
        return alert[1]
    # Of TLS 1.3 this is told in one line, of what is older in two.
    if agreed := re.search(r"^New, (TLSv1\.3), Cipher is (\S+)", said, re.MULTILINE):
        return f"{agreed[1]} {agreed[2]}"
    agreed = re.search(r"Protocol +: (\S+)\s+Cipher +: (\S+)", said)
    assert agreed, said
    return f"{agreed[1]} {agreed[2]}"


# -- a client that offers less --------------------------------------------------------------------


@ALL
@pytest.mark.parametrize("version", ["1", "1_1", "1_2", "1_3"])
def test_a_client_stripped_of_versions_gets_what_the_profile_says(profile, version, place):
    """B.9 really falls back; B.10 and B.11 really refuse."""
    said = answer(s_client(place, profile, f"-tls{version}", "-cipher", "ALL:@SECLEVEL=0"))
    want = {
        "1": NOTHING_BELOW | {"bcp195": "TLSv1 AES128-SHA"},
        "1_1": NOTHING_BELOW | {"bcp195": "TLSv1.1 AES128-SHA"},
        "1_2": dict.fromkeys(NAMES, f"TLSv1.2 {STRONG}"),
        "1_3": dict.fromkeys(NAMES, "TLSv1.3 TLS_AES_256_GCM_SHA384")
        | {"extended": "protocol version"},
    }
    assert said == want[version][profile]


@ALL
def test_a_fallback_that_was_not_needed_is_an_attack(profile, place):
    """RFC 7507: whoever says it fell back, from what we speak, has been made to."""
    for version in ("1", "1_1", "1_2"):
        offer = ["-fallback_scsv", "-cipher", "ALL:@SECLEVEL=0", f"-tls{version}"]
        said = answer(s_client(place, profile, *offer))
        if version == "1_2" and HIGHEST[profile] == "1.2":
            assert said == f"TLSv1.2 {STRONG}"
        elif version == "1_2" or profile == "bcp195":
            assert said == "inappropriate fallback"
        else:
            assert said == "protocol version"


@ALL
def test_tls_13_marks_its_downgrades(profile, place):
    """RFC 8446 4.1.3: who could do 1.3 and is brought to 1.2 sees it in our random."""
    for version in ("1_2", *(["1_1"] if profile == "bcp195" else [])):
        offer = [f"-tls{version}", "-cipher", "ALL:@SECLEVEL=0", "-trace"]
        said = s_client(place, profile, *offer)
        random = re.search(r"ServerHello.*?random_bytes \(len=28\): ([0-9A-F]+)", said, re.DOTALL)
        assert random, said
        mark = {"1_2": "444F574E47524401", "1_1": "444F574E47524400"}[version]
        assert random[1].endswith(mark) == (HIGHEST[profile] == "1.3")


@ALL
@pytest.mark.parametrize(
    "suites",
    ["AES128-SHA", "AES256-SHA:AES128-SHA256:AES256-GCM-SHA384", "ECDHE+AES+SHA", "aNULL", "NULL"],
)
def test_a_client_stripped_of_suites_is_refused(profile, suites, place):
    """What is weak is taken by nobody, but AES128-SHA by B.9: for what is old, and last."""
    offer = ["-tls1_2", "-cipher", f"{suites}:@SECLEVEL=0"]
    said = answer(s_client(place, profile, *offer))
    taken = profile == "bcp195" and suites == "AES128-SHA"
    assert said == ("TLSv1.2 AES128-SHA" if taken else "handshake failure")


@ALL
def test_the_weakest_first_does_not_make_us_take_it(profile, place):
    """Server preference: a client's order changes nothing."""
    offer = ["-tls1_2", "-cipher", f"AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256:{STRONG}:@SECLEVEL=0"]
    assert answer(s_client(place, profile, *offer)) == f"TLSv1.2 {STRONG}"


@ALL
@pytest.mark.parametrize(
    ("hashed", "taken"), [("SHA1", {"bcp195"}), ("SHA224", set(NAMES)), ("SHA256", set(NAMES))]
)
def test_signatures_with_sha1_are_made_for_old_versions_only(profile, hashed, taken, place):
    """RFC 9155. SHA-224 has the 112 bits of OpenSSL's level 2; Python has no say in it."""
    offer = ["-tls1_2", "-cipher", f"{STRONG}:@SECLEVEL=0", "-sigalgs", f"RSA+{hashed}"]
    said = s_client(place, profile, *offer)
    assert answer(said) == (f"TLSv1.2 {STRONG}" if profile in taken else "handshake failure")
    if profile in taken:
        assert f"Peer signing digest: {hashed}" in said


@ALL
def test_a_client_that_can_do_better_never_gets_sha1(profile, place):
    offer = ["-tls1_2", "-cipher", f"{STRONG}:@SECLEVEL=0"]
    said = s_client(place, profile, *offer, "-sigalgs", "RSA+SHA1:RSA+SHA224:RSA+SHA256")
    assert "Peer signing digest: SHA256" in said


# -- what outlives a handshake --------------------------------------------------------------------


@ALL
def test_nobody_renegotiates(profile, place):
    """RFC 5746 is spoken, and what it makes safe is refused all the same."""
    said = s_client(place, profile, "-tls1_2", typed="R\n")
    assert "Secure Renegotiation IS supported" in said
    assert "RENEGOTIATING" in said
    assert ":no renegotiation:" in said


@ALL
def test_neither_compression_nor_tickets_and_a_master_secret_of_the_whole_handshake(profile, place):
    said = s_client(place, profile, "-tls1_2", "-comp", "-cipher", f"{STRONG}:@SECLEVEL=0")
    assert "Compression: NONE" in said
    assert "Extended master secret: yes" in said
    assert "ticket" not in said.lower()
    modern = s_client(place, profile)
    assert "Early data was not sent" in modern or HIGHEST[profile] == "1.2"
    assert "New Session Ticket" not in modern


# -- sessions of TLS 1.2, which Python cannot switch off ------------------------------------------


def visit(
    serving: Node, client: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> tuple[ssl.SSLSession | None, bool]:
    """A connection to the node that ends as TLS wants it: the session, and whether resumed."""
    with (
        socket.create_connection(serving.addresses[0], PATIENCE) as sock,
        client.wrap_socket(sock, server_hostname="localhost", session=session) as made,
    ):
        found = made.session, bool(made.session_reused)
        made.unwrap()
        return found


def old(ca: Authority, one: Issued) -> ssl.SSLContext:
    return anything(ca, one, version=ssl.TLSVersion.TLSv1_2, suites="ECDHE+AESGCM")


def test_a_session_ends_with_the_certificate_it_began_with(tmp_path, caplog):
    """OpenSSL resumes it without a look at the certificate; we take one."""
    ca = Authority(tmp_path)
    brief = ca.issue("brief", days=(-1, 1.5 / 86400))
    client = old(ca, brief)
    with node(tmp_path / "node", listener=(listener("rfc9325", ca, ca.issue("node")),)) as serving:
        session, _ = visit(serving, client)
        assert visit(serving, client, session)[1]
        while datetime.now(UTC) <= brief.made.not_valid_after_utc:
            threading.Event().wait(0.05)
        why = "refused: TLS handshake failed: the peer's certificate expired on"
        with logged(caplog, why), pytest.raises(OSError, match=r"."):
            visit(serving, client, session)


@ALL
def test_a_session_does_not_outlive_a_reload(profile, tmp_path):
    """So a certificate that was revoked does not come back by the session it once began."""
    ca = Authority(tmp_path)
    person, crl = ca.issue("person"), ca.revoke()
    client = old(ca, person)
    one = listener(profile, ca, ca.issue("node"), crl=crl)
    with node(tmp_path / "node", listener=(one,)) as serving:
        session, _ = visit(serving, client)
        assert visit(serving, client, session)[1]
        ca.revoke(person)
        serving.reload(lambda: serving.settings)
        with pytest.raises(OSError, match="CERTIFICATE_REVOKED"):
            visit(serving, client, session)


# -- our own calls, to servers that do less -------------------------------------------------------

# RFC 2409 6.2, the group of Logjam
OAKLEY_2 = bytes.fromhex(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404"
    "DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406"
    "B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF"
)
V = ssl.TLSVersion


def call(profile: str, ca: Authority, server: ssl.SSLContext) -> str:
    """What we agree on with this server, or why not."""
    near, far = socket.socketpair()
    near.settimeout(PATIENCE)
    far.settimeout(PATIENCE)

    def answer() -> None:
        with near, suppress(OSError), server.wrap_socket(near, server_side=True) as sock:
            sock.recv(1)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        context = contexts.client(PROFILES[profile], credentials(None, ca))
        with far, context.wrap_socket(far, server_hostname="localhost") as sock:
            return f"{sock.version()} {(sock.cipher() or ('',))[0]}"
    except ssl.SSLError as error:
        return error.reason or str(error)
    finally:
        thread.join(PATIENCE)


def weak_server(
    ca: Authority, version: ssl.TLSVersion, suites: str, dh: Path | None = None
) -> ssl.SSLContext:
    own = ca.issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(f"{suites}:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = V.TLSv1, version
    context.load_cert_chain(own.certificate, own.key)
    if dh:
        context.load_dh_params(str(dh))
    return context


@ALL
@pytest.mark.parametrize(
    ("version", "suites", "taken"),
    [
        (V.TLSv1, "ALL", {"bcp195": "TLSv1 AES128-SHA"}),
        (V.TLSv1_1, "ALL", {"bcp195": "TLSv1.1 AES128-SHA"}),
        (V.TLSv1_2, "ALL", dict.fromkeys(NAMES, "TLSv1.2 " + STRONG)),
        (V.TLSv1_2, "AES128-SHA:AES256-SHA", {"bcp195": "TLSv1.2 AES128-SHA"}),
        (V.TLSv1_2, "AES128-GCM-SHA256:AES256-SHA:ECDHE+AES+SHA", {}),
        (V.TLSv1_3, "ALL", dict.fromkeys(NAMES, "TLSv1.3 TLS_AES_256_GCM_SHA384")
         | {"extended": "TLSv1.2 " + STRONG}),
    ],
)  # fmt: skip
def test_we_call_no_server_that_does_less_than_the_profile(profile, version, suites, taken, place):
    refused = {"SSLV3_ALERT_HANDSHAKE_FAILURE", "TLSV1_ALERT_PROTOCOL_VERSION",
               "UNSUPPORTED_PROTOCOL"}  # fmt: skip
    said = call(profile, place.ca, weak_server(place.ca, version, suites))
    assert said == taken[profile] if profile in taken else said in refused


@ALL
def test_we_take_no_weak_dh_group(profile, place, tmp_path):
    """Of 1024 bits, as in Logjam; the profiles without DHE in calls do not come so far."""
    weak = tmp_path / "weak.pem"
    # DHParameter of PKCS #3: a sequence of the prime and the generator, which is 2
    der = bytes.fromhex("308187028181 00") + OAKLEY_2 + bytes.fromhex("020102")
    inside = base64.encodebytes(der).decode()
    weak.write_text(f"-----BEGIN DH PARAMETERS-----\n{inside}-----END DH PARAMETERS-----\n")
    server = weak_server(place.ca, V.TLSv1_2, "DHE-RSA-AES256-GCM-SHA384", weak)
    judged = profile in ("non-downgrading", "extended")
    said = call(profile, place.ca, server)
    assert said == ("DH_KEY_TOO_SMALL" if judged else "SSLV3_ALERT_HANDSHAKE_FAILURE")
