"""`anode tls cert pin`: of files, and of whoever listens, whatever it wants first."""

import shutil

import pytest

from config.profiles import PROFILES
from tests.authorities import listener, made, pin_by_openssl, request
from tests.commands import anode
from tests.nodes import HERE, node, port
from tests.pairs import serving
from tests.peers import free_port, needs_dcmtk, storescp


@pytest.fixture(scope="module")
def beginning(tmp_path_factory):
    return made(tmp_path_factory.mktemp("ca") / "tls")


@pytest.fixture
def home(beginning, tmp_path, monkeypatch):
    """A folder with a CA in tls/; commands run in it."""
    shutil.copytree(beginning, tmp_path / "tls")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cert(*arguments):
    return anode("tls", "cert", *arguments)


def test_the_pin_of_a_file_is_that_of_rfc_7469(home):
    path = request(home)
    assert cert("pin", "tls/node.crt").out == f"{pin_by_openssl('tls/node.crt')}\n"
    assert cert("pin", path).out == f"{pin_by_openssl(path, 'req')}\n"


@pytest.mark.parametrize("profile", PROFILES)
def test_the_pin_of_who_listens_is_told_although_it_wants_a_certificate_first(profile, home):
    with node(home / "data", listener=(listener(home / "tls", profile),)) as serving:
        ran = cert("pin", f"{HERE}:{port(serving)}", "--json")
    assert ran.document["pin"] == pin_by_openssl("tls/node.crt")
    assert ran.document["subject"] == "CN=ANODE"


@needs_dcmtk
@pytest.mark.interop
@pytest.mark.parametrize("profile", ["+px", "+py", "+pz", "+pa"])
def test_the_pin_of_storescp_is_told(profile, home):
    files = ("+tls", "tls/node.key", "tls/node.crt", "+cf", "tls/ca.crt", profile)
    with storescp(home / "got", *files) as there:
        ran = cert("pin", f"{HERE}:{there.port}")
    assert ran.out == f"{pin_by_openssl('tls/node.crt')}\n"
    assert "Nothing was verified" in ran.err


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-x\r\n",
        b"\x16\x03\x03\x00\x04\x0b\x00\xff\xff",
        b"\x16\x03\x03\xff\xff" * 30,
        b"\x16\x03\x03\x00\x0a\x0b\x00\x00\x06\x00\x00\xff\xff\xff\xff",
        b"\x15\x03\x03\x00\x02\x02\x28",
    ],
)
def test_what_shows_no_certificate_is_unreachable(answer, home):
    def answering(sock):
        sock.recv(65536)
        sock.sendall(answer)

    with serving(answering) as at:
        ran = cert("pin", f"{HERE}:{at}")
    assert (ran.code, ran.out) == (3, "")
    assert "is that its port for TLS?" in ran.err


def test_a_pin_of_nothing_is_refused(home):
    (home / "CT1.txt").write_text("nothing")
    assert cert("pin", f"{HERE}:{free_port()}").code == 3
    for target in ("nothing.crt", f"{HERE}:99999", "CT1.txt", "tls/ca.key"):
        ran = cert("pin", target)
        assert (ran.code, ran.out) == (2, ""), target
