"""`anode tls probe`: what it tells of a server, in words and as JSON, and how it ends."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from config.limits import Limits
from config.peers import Peer
from config.profiles import PROFILES
from tests.certificates import Authority
from tests.commands import anode, configuration
from tests.nodes import HERE, node, port
from tests.peers import free_port, s_server
from tests.test_tls import listener


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def own(ca):
    return ca.issue("node")


@pytest.fixture(scope="module")
def at(tmp_path_factory, ca, own):
    """A listener of the default profile, by its place."""
    limits = Limits(refusals=10_000)
    data = tmp_path_factory.mktemp("node")
    with node(data, listener=(listener("rfc9325", ca, own),), limits=limits) as serving:
        yield f"{HERE}:{port(serving)}"


def told(ran):
    """The profiles' rows: name -> the rest of its line."""
    lines = [line.split(maxsplit=1) for line in ran.out.splitlines()]
    return {line[0]: line[1] for line in lines if line and line[0] in PROFILES}


def test_what_a_server_speaks_is_told(at, ca):
    ran = anode("tls", "probe", at, "--ca", ca.certificate)
    assert (ran.code, ran.err) == (0, "")
    for line in (
        f"{at} speaks TLS.",
        "  versions            TLSv1.3, TLSv1.2",
        "  TLSv1.2             ECDHE-RSA-AES256-GCM-SHA384",
        "                      ECDHE-RSA-AES128-GCM-SHA256",
        "  order of suites     its own",
        "  groups              X25519, P-256, X448, P-521, P-384",
        "  client certificate  required",
        "  certificate         CN=node",
        "    issuer            CN=Test CA",
        "    names             dns:localhost, ip:127.0.0.1",
        "    key               RSA 2048",
        "    signed with       sha256",
        "  believed            yes",
        "                      suites for other certificates than RSA",
    ):
        assert line in ran.out.splitlines(), line
    assert "4 days left" in ran.out
    assert "pin               spki-sha256:" in ran.out
    assert "not asked           compression, " in ran.out


def test_each_profile_is_told_with_the_first_thing_to_fix(at):
    rows = told(anode("tls", "probe", at))
    assert list(rows) == list(PROFILES)
    assert rows["rfc9325"].split() == ["yes", "TLSv1.3"]
    dhe = "lacks DHE-RSA-AES256-GCM-SHA384, DHE-RSA-AES128-GCM-SHA256: switch that on"
    assert rows["non-downgrading"].split(maxsplit=2) == ["no", "TLSv1.3", dhe]
    assert rows["bcp195"].split(maxsplit=2) == ["yes", "TLSv1.3", f"advised only: {dhe}"]
    assert rows["extended"].split(maxsplit=2) == [
        "no",
        "TLSv1.2",
        "speaks TLSv1.3: switch that off",
    ]


def test_the_same_as_a_document(at, ca, own):
    document = anode("tls", "probe", at, "--json", "--ca", ca.certificate).document
    assert document["place"] == at
    assert list(document["accepted"]) == ["TLSv1.3", "TLSv1.2"]
    assert (document["believed"], document["distrust"]) == (True, "")
    assert document["client_certificate"] == "required"
    (shown,) = document["certificates"]
    assert shown["ends"].startswith(own.made.not_valid_after_utc.date().isoformat())
    assert (shown["subject"], shown["days_left"]) == ("CN=node", 4)
    profiles = {each["name"]: each for each in document["profiles"]}
    assert {name: each["met"] for name, each in profiles.items()} == {
        "rfc9325": True,
        "rfc9325-modified": False,
        "non-downgrading": False,
        "bcp195": True,
        "extended": False,
    }
    assert profiles["extended"]["faults"][0] == {
        "what": "speaks TLSv1.3",
        "fix": "switch that off",
    }
    assert "conformance is not claimed" in profiles["rfc9325-modified"]["note"]
    assert "ECDHE-ECDSA-AES256-GCM-SHA384" in document["untried"]
    assert document["connections"] < 20


@pytest.mark.parametrize(
    ("asked", "code"), [((), 0), (("rfc9325",), 0), (("bcp195",), 0), (("extended",), 1)]
)
def test_it_ends_with_0_when_the_profile_asked_for_is_met(at, asked, code):
    options = [word for name in asked for word in ("--profile", name)]
    assert anode("tls", "probe", at, *options).code == code


def test_it_ends_with_1_when_no_profile_is_met(tmp_path, own):
    weak = ("-cipher", "AES128-SHA:@SECLEVEL=0", "-tls1_2")
    with s_server(tmp_path, "-cert", own.certificate, "-key", own.key, *weak) as where:
        ran = anode("tls", "probe", f"localhost:{where}")
    assert ran.code == 1
    assert {row.split()[0] for row in told(ran).values()} == {"no"}
    assert told(ran)["rfc9325"].split()[1] == "-"
    assert told(ran)["bcp195"].split()[1] == "TLSv1.2"


def test_without_a_ca_it_is_not_claimed_that_the_certificate_is_good(at):
    assert "believed            not known: name its CA with --ca" in anode("tls", "probe", at).out
    assert anode("tls", "probe", at, "--json").document["believed"] is None


def test_another_ca_and_our_own_certificate(at, tmp_path, ca):
    other = Authority(tmp_path, "Other CA")
    ran = anode("tls", "probe", at, "--ca", other.certificate)
    assert "believed            no: self-signed certificate in certificate chain" in ran.out
    good, strange = ca.issue("client"), other.issue("stranger")
    taken = anode("tls", "probe", at, "--cert", good.certificate, "--tls-key", good.key)
    assert "ours is taken" in taken.out
    refused = anode("tls", "probe", at, "--cert", strange.certificate, "--tls-key", strange.key)
    assert "ours is refused: tlsv1 alert unknown ca" in refused.out


def test_an_expired_certificate_is_told_first(tmp_path, ca):
    late = ca.issue("late", days=(-9, -3))
    with s_server(tmp_path, "-cert", late.certificate, "-key", late.key) as where:
        ran = anode("tls", "probe", f"{HERE}:{where}")
    assert ran.code == 1
    assert "expired\n" in ran.out
    assert all("the certificate expired 3 days ago: renew it" in r for r in told(ran).values())


@pytest.mark.parametrize("words", ["plain", "closed", "silent", "http"])
def test_a_port_without_tls_is_told_apart_and_ends_with_3(words, tmp_path):
    said = {
        "plain": "it speaks plain DICOM: give that listener TLS",
        "closed": "Connection refused; is it running, and is that its port?",
        "silent": "said nothing within 0.1 s; it speaks neither DICOM nor HTTP either",
        "http": "it speaks HTTP: that is not a DICOM port",
    }
    with node(tmp_path / "plain") as plain, socket.create_server((HERE, 0)) as silent:
        ports = {
            "plain": port(plain),
            "closed": free_port(),
            "silent": silent.getsockname()[1],
            "http": 0,
        }
        if words == "http":
            ran = _http()
        else:
            ran = anode("tls", "probe", f"{HERE}:{ports[words]}", "--timeout", "0.1")
    assert (ran.code, ran.out) == (3, "")
    assert said[words] in ran.err


def _http():
    class Quiet(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer((HERE, 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            return anode("tls", "probe", f"{HERE}:{server.server_address[1]}", "--timeout", "0.5")
        finally:
            server.shutdown()
            thread.join()


def test_a_server_that_has_heard_enough_is_told(tmp_path, ca, own):
    """An Anode that does not know us stops listening after 20 refusals."""
    tables = {"limits": Limits(refusals=5), "listener": (listener("rfc9325", ca, own),)}
    elsewhere = Peer(ae_title="CT1", host="10.0.0.9")
    with node(tmp_path, peers=(elsewhere,), **tables) as serving:
        ran = anode("tls", "probe", f"{HERE}:{port(serving)}")
    assert ran.code == 5
    assert "it may count whom it turns away" in ran.err


def test_limits_come_from_the_configuration(tmp_path):
    names = ("connect", "handshake", "request", "response")
    short = "".join(f"{name}_seconds = 0.1\n" for name in names)
    file = configuration(tmp_path, f"[limits]\n{short}")
    with socket.create_server((HERE, 0)) as silent:
        ran = anode("tls", "probe", f"{HERE}:{silent.getsockname()[1]}", "-c", file)
    assert "said nothing within 0.1 s" in ran.err
