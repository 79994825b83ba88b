"""Downgrades as each profile answers them, and what outlives a handshake: openssl as client.

RFC 7507 (fallback), RFC 5746 (renegotiation), RFC 9155 (SHA-1), RFC 7525 3 and RFC 9325 3.
"""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from config import contexts
from config.profiles import PROFILES
from tests.certificates import Authority, Issued
from tests.nodes import HERE, node
from tests.secured import ALL, NAMES, PATIENCE, anything, credentials, listener

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


def shake(
    server: ssl.SSLContext, client: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> tuple[ssl.SSLSession | None, bool]:
    """A handshake and a byte each way, closed as TLS wants it: the session, and whether resumed."""
    near, far = socket.socketpair()
    near.settimeout(PATIENCE)
    far.settimeout(PATIENCE)
    wrapped = server.wrap_socket(near, server_side=True, do_handshake_on_connect=False)

    def serve() -> None:
        try:
            wrapped.do_handshake()
            wrapped.sendall(wrapped.recv(1))
            wrapped.unwrap()
        except OSError:
            wrapped.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with far, client.wrap_socket(far, server_hostname="localhost", session=session) as sock:
            sock.sendall(b"x")
            if not sock.recv(1):
                raise ConnectionResetError
            made = sock.session, bool(sock.session_reused)
            sock.unwrap()
            return made
    finally:
        thread.join(PATIENCE)
        wrapped.close()


def older(place: Place, one: Issued) -> ssl.SSLContext:
    return anything(place.ca, one, version=ssl.TLSVersion.TLSv1_2, suites="ECDHE+AESGCM")


@pytest.mark.parametrize("profile", ["rfc9325"])
def test_a_session_ends_with_the_certificate_it_began_with(profile, place):
    """It is resumed without a look at the certificate by OpenSSL: we take one."""
    own = contexts.server(PROFILES[profile], credentials(place.ca.issue("own"), place.ca))
    brief = place.ca.issue("brief", days=(-1, 1.5 / 86400))
    client = older(place, brief)
    session, _ = shake(own, client)
    assert shake(own, client, session)[1]
    while datetime.now(UTC) <= brief.made.not_valid_after_utc:
        threading.Event().wait(0.05)
    with pytest.raises(OSError, match=r"."):
        shake(own, client, session)


@ALL
def test_a_session_does_not_outlive_its_context(profile, place):
    """What is read anew, as certificates and CRLs are, makes a new context."""
    person = place.ca.issue("gone")
    made = [
        contexts.server(PROFILES[profile], credentials(place.ca.issue("own"), place.ca))
        for _ in range(2)
    ]
    client = older(place, person)
    session, _ = shake(made[0], client)
    assert shake(made[0], client, session)[1]
    assert not shake(made[1], client, session)[1]
