"""Calls that fail for TLS: which side it is on, and the next step, from real servers."""

import contextlib
import socket
import threading

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from cli import show
from config.identities import identity
from config.limits import Limits
from tests.certificates import Authority, rsa_key
from tests.commands import anode, configuration
from tests.nodes import HERE, node, peer, port
from tests.pairs import serving
from tests.test_selftest import entry, secured
from tests.test_tls import listener

RUNNING = "is it running"


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("other"), "Other CA")


@pytest.fixture(scope="module")
def own(ca):
    return ca.issue("node")


@pytest.fixture(scope="module", params=["rfc9325", "extended"])
def at(request, tmp_path_factory, ca, own):
    """A listener over TLS, by its place."""
    folder = tmp_path_factory.mktemp(request.param)
    limits = Limits(refusals=10_000)
    with node(folder, listener=(listener(request.param, ca, own),), limits=limits) as serving:
        yield request.param, f"ANODE@{HERE}:{port(serving)}"


def over_tls(at, ca, one=None):
    profile, place = at
    ours = ("--cert", one.certificate, "--tls-key", one.key) if one else ()
    return anode("echo", place, "--tls", profile, "--ca", ca.certificate, *ours)


def test_a_plain_call_to_a_port_for_tls(at):
    ran = anode("echo", at[1])
    assert ran.code == 5
    assert "it speaks TLS there: add --tls" in ran.err


def test_a_plain_call_to_who_just_closes():
    with socket.create_server((HERE, 0)) as server:

        def closing():
            with contextlib.suppress(OSError):
                while True:
                    server.accept()[0].close()

        thread = threading.Thread(target=closing)
        thread.start()
        ran = anode("echo", f"ANY@{HERE}:{server.getsockname()[1]}")
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert ran.code == 5
    assert "if it speaks TLS, add --tls" in ran.err


def test_the_wrong_ca(at, ca, other):
    ran = over_tls(at, other, ca.issue("client"))
    assert ran.code == 3
    assert (
        "is the CA that issued its certificate in --ca (or ca)? `anode tls probe 127.0." in ran.err
    )
    assert RUNNING not in ran.err


def test_no_certificate_of_ours(at, ca):
    ran = over_tls(at, ca)
    assert ran.code in (3, 5)
    assert "--cert FILE" in ran.err
    assert RUNNING not in ran.err


def test_a_certificate_of_ours_that_is_not_believed(at, ca, other):
    ran = over_tls(at, ca, other.issue("stranger"))
    assert "it does not believe our certificate (--cert)" in ran.err
    assert RUNNING not in ran.err


def test_a_call_over_tls_to_a_plain_port(tmp_path, ca):
    with node(tmp_path) as plain:
        ran = over_tls(("rfc9325", f"ANODE@{HERE}:{port(plain)}"), ca)
    assert ran.code == 3
    assert "it speaks plain DICOM there: call it without TLS" in ran.err
    assert RUNNING not in ran.err


def test_nobody_there_is_still_asked_about(ca):
    with socket.create_server((HERE, 0)) as server:
        place = server.getsockname()[1]
    assert RUNNING in over_tls(("rfc9325", f"ANODE@{HERE}:{place}"), ca).err


def test_peers_tells_the_same(tmp_path, ca, own):
    wrong = identity(ca.issue("wrong", key=rsa_key(2048, 1)).made.public_bytes(Encoding.DER)).pin
    right = identity(own.made.public_bytes(Encoding.DER)).pin
    over = (listener("rfc9325", ca, own),)
    with node(tmp_path / "p") as plain, node(tmp_path / "s", "ONE", listener=over) as tls:
        text = secured(ca, own)
        text += entry("PLAIN", port(plain), tls="rfc9325")
        text += entry("TLS", port(tls))
        text += entry("ONE", port(tls), tls="rfc9325", certificate=wrong)
        ran = anode("peers", "-c", configuration(tmp_path, text), "--json")
    found = {each["ae_title"]: each for each in ran.document}
    assert "it speaks plain DICOM there" in found["PLAIN"]["why"]
    assert "it speaks TLS there: add --tls PROFILE, or tls to its [[peer]]" in found["TLS"]["why"]
    assert f"it shows {right}" in found["ONE"]["why"]
    assert f"`anode tls cert pin {HERE}:{port(tls)}`" in found["ONE"]["why"]
    assert found["ONE"]["tls"]["pin"] == right


def test_a_peer_who_closes_later_is_not_suspected_of_tls(tmp_path):
    """A rejection is an answer: nothing is asked of TLS."""
    with node(tmp_path, peers=(peer("MINE"),)) as ours:
        ran = anode("echo", f"ANODE@{HERE}:{port(ours)}", "--aet", "OTHER")
    assert (ran.code, "TLS" in ran.err) == (4, False)


def heard(sock, answer=b""):
    """Takes what is said and says no more than this."""
    if sock.recv(65536) and answer:
        sock.sendall(answer)
    while sock.recv(65536):
        pass


@pytest.fixture
def patient(monkeypatch, tmp_path):
    """A configuration of who gives up an association soon, and has time for questions beside."""
    monkeypatch.setattr("scu.listening.BRIEF_SECONDS", 60.0)
    return configuration(tmp_path, "[limits]\nresponse_seconds = 0.05\nhandshake_seconds = 60.0\n")


def test_a_port_for_http_is_told_where_it_complains_of_our_request(monkeypatch):
    monkeypatch.setattr("scu.listening.BRIEF_SECONDS", 60.0)
    refusal = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with serving(lambda sock: heard(sock, refusal), connections=2) as place:
        ran = anode("echo", f"ANY@{HERE}:{place}")
    assert ran.code == 5
    assert "it speaks HTTP there: that is not a DICOM port" in ran.err
    assert "TLS" not in ran.err


def test_a_port_for_http_is_told_where_it_waits_for_the_end_of_our_request(patient):
    def serve(sock):
        said = b""
        while b"\r\n\r\n" not in said and (more := sock.recv(65536)):
            said += more
        if said.startswith(b"GET "):
            sock.sendall(b"HTTP/1.0 200 OK\r\n\r\n")

    with serving(serve, connections=2) as place:
        ran = anode("echo", f"ANY@{HERE}:{place}", "-c", patient)
    assert ran.code == 5
    assert "it speaks HTTP there: that is not a DICOM port" in ran.err


def test_who_says_nothing_is_told_with_how_long_that_was():
    with serving(heard, connections=2) as place:
        ran = anode("echo", f"ANY@{HERE}:{place}", "--timeout", "0.05")
    assert ran.code == 5
    assert "it took the connection and said nothing within 0.05 s" in ran.err
    assert "is that a DICOM port" in ran.err


def test_a_long_wait_is_told_with_its_longest(monkeypatch):
    told = threading.Event()
    notice = show.tell

    def tell(text):
        notice(text)
        told.set()

    monkeypatch.setattr("cli.waiting.SILENT_SECONDS", 0)
    monkeypatch.setattr("cli.show.tell", tell)
    with serving(lambda _: told.wait(60), connections=2) as place:
        ran = anode("echo", f"ANY@{HERE}:{place}", "--timeout", "70")
    assert f"no answer from ANY@{HERE}:{place} yet; waiting for up to 70 s" in ran.err
