"""Ports that do not speak TLS, and servers that stop answering: told apart, and ended in time."""

import contextlib
import socket
import threading
import time

import pytest

from config.certificates import Credentials
from config.limits import Limits
from scu.hellos import NoTls, Server, Silent
from scu.listening import what_listens
from scu.probe import probe
from tests.certificates import Authority
from tests.nodes import HERE, node
from tests.pairs import PATIENCE
from tests.peers import free_port, needs_dcmtk, s_server, storescp
from wire.errors import Unreachable


@contextlib.contextmanager
def answering(*answers, last=lambda sock: None):
    """A server whose connections are answered one after the other, and then each by the last."""
    left = list(answers)
    with socket.create_server((HERE, 0)) as server:

        def run():
            while True:
                try:
                    sock, _ = server.accept()
                except OSError:
                    return
                with sock, contextlib.suppress(OSError):
                    (left.pop(0) if left else last)(sock)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)
    assert not thread.is_alive()


def brief(port, seconds=0.2):
    return Server(HERE, port, Limits(handshake_seconds=seconds, connect_seconds=seconds))


def test_a_closed_port_is_unreachable():
    with pytest.raises(Unreachable, match="Connection refused"):
        probe(Server(HERE, free_port()), Credentials())


def test_plain_dicom_is_told(tmp_path):
    with node(tmp_path) as serving_:
        server = Server(HERE, serving_.addresses[0][1])
        with pytest.raises(NoTls) as caught:
            probe(server, Credentials())
        assert what_listens(server, caught.value.begins) == "DICOM"


@needs_dcmtk
@pytest.mark.interop
def test_plain_dicom_of_dcmtk_is_told(tmp_path):
    with storescp(tmp_path / "got") as there:
        server = brief(there.port)
        with pytest.raises((NoTls, Silent)) as caught:
            probe(server, Credentials())
        assert what_listens(server, getattr(caught.value, "begins", b"")) == "DICOM"


GREETINGS = {
    b"HTTP/1.1 400 Bad Request\r\n\r\n": "HTTP",
    b"<html>": "HTTP",
    b"SSH-2.0-OpenSSH_9.2\r\n": "SSH",
    b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x01": "DICOM",
    b"220 mail.example ESMTP\r\n": "nothing known",
}


@pytest.mark.parametrize("greeting", GREETINGS)
def test_what_else_listens_is_told(greeting):
    def greet(sock):
        sock.recv(65536)
        sock.sendall(greeting)

    with answering(last=greet) as port:
        server = brief(port, PATIENCE)
        with pytest.raises(NoTls, match="not in TLS") as caught:
            probe(server, Credentials())
        assert what_listens(server, caught.value.begins) == GREETINGS[greeting]


def test_a_silent_port_ends_the_probe_in_time():
    with socket.create_server((HERE, 0)) as silent:
        begun = time.monotonic()
        with pytest.raises(Silent, match=r"said nothing within 0\.2 s"):
            probe(brief(silent.getsockname()[1]), Credentials())
        assert time.monotonic() - begun < 10.0


def close(sock):
    sock.recv(65536)


# What it does at last, what is said of it, and how long it is given to answer.
STOPS = {
    "it closes": (close, "does not answer any more", PATIENCE),
    "it is silent": (None, "said nothing", 0.2),
}


@pytest.mark.parametrize("way", STOPS)
@pytest.mark.parametrize("after", [1, 4, 9, 14])
def test_a_server_that_stops_answering_is_not_taken_to_refuse(way, after, tmp_path):
    """As one does that counts whom it turns away."""
    one = Authority(tmp_path / "ca").issue("server")
    last, words, seconds = STOPS[way]
    held = []
    with s_server(tmp_path, "-cert", one.certificate, "-key", one.key) as port:

        def relay(sock):
            with socket.create_connection((HERE, port)) as there:
                there.sendall(sock.recv(65536))
                sock.sendall(there.recv(65536))

        with (
            answering(*[relay] * after, last=last or (lambda s: held.append(s.dup()))) as counting,
            pytest.raises(Silent, match=words),
        ):
            probe(brief(counting, seconds), Credentials())
    for sock in held:
        sock.close()


def test_a_dribbling_server_has_one_deadline():
    ended = threading.Event()

    def drip(sock):
        sock.recv(65536)
        with contextlib.suppress(OSError):
            for byte in b"\x16\x03\x03\x20\x00" + bytes(10_000):
                sock.sendall(bytes([byte]))
                if ended.wait(0.02):
                    break

    with answering(last=drip) as port:
        begun = time.monotonic()
        with pytest.raises((Silent, NoTls)):
            probe(brief(port), Credentials())
        assert time.monotonic() - begun < 10.0
        ended.set()


def test_a_flood_is_not_read_for_ever():
    def flood(sock):
        sock.recv(65536)
        with contextlib.suppress(OSError):
            for _ in range(100):
                sock.sendall(b"\x16\x03\x03\x20\x00\x02\xff\xff\xff" + bytes(0x1FFC))

    with answering(last=flood) as port, pytest.raises(NoTls):
        probe(Server(HERE, port), Credentials())
