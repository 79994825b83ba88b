"""A TLS socket with deadlines: what holds for a plain one holds for it."""

import contextlib
import select
import socket
import ssl
import threading
import time

import pytest

from config.limits import Limits
from tests.pairs import (
    BRISK,
    LIMITS,
    PATIENCE,
    Raw,
    accepting,
    data_pdu,
    echo_request,
    established_core,
    serving,
    wanted,
)
from tests.test_channel import dripping
from wire import core, establish
from wire.errors import Closed, DeadlineExceeded, Unreachable, Untrusted
from wire.states import Role, State


@pytest.fixture(scope="module")
def contexts(tmp_path_factory):
    """An SSL context for each end, with a certificate made for the occasion."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    client = ssl.create_default_context(cafile=str(file))
    return server, client


def secured(contexts, serve):
    return lambda sock: serve(contexts[0].wrap_socket(sock, server_side=True))


def wrap(contexts):
    return lambda sock: contexts[1].wrap_socket(sock, server_hostname="localhost")


def test_an_association_over_tls(contexts):
    seen = []

    def serve(association):
        message = association.receive()
        seen.append(len(message.identifier()))
        association.queue(message.context, message.command.response(0xFF00))
        seen.append(association.cancelled(1))
        association.send(message.context, message.command.response(0))
        assert association.receive() is None

    with serving(secured(contexts, accepting(serve))) as port:
        association = establish.request(("127.0.0.1", port), wanted(), LIMITS, tls=wrap(contexts))
        with association:
            assert not association.channel.readable()
            request = echo_request()._replace(command_data_set_type=1)
            association.send(association.contexts[1], request, bytes(700_000))
            assert association.response(request).command.status == 0xFF00
            assert association.response(request).command.status == 0
    assert seen == [700_000, False]


def test_a_record_that_carries_nothing_for_us_is_nothing_to_read(contexts):
    """TLS 1.3 session tickets make the socket readable, and no PDU."""

    def silent(sock):
        done.wait(PATIENCE)
        sock.close()

    done = threading.Event()
    with serving(secured(contexts, silent)) as port:
        tcp = wrap(contexts)(socket.create_connection(("127.0.0.1", port)))
        channel = establish.requestor(tcp, LIMITS)
        channel.core.state = State.DATA
        assert select.select([tcp], [], [], PATIENCE)[0]
        assert not channel.readable()
        done.set()
        channel.close()


def test_who_takes_a_connection_and_never_answers_the_handshake_is_told_as_late(contexts):
    limits = Limits(handshake_seconds=0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = mute.getsockname()
        with pytest.raises(Untrusted, match=r"handshake was not complete within 0\.2 s$"):
            establish.request(address, wanted(), limits, tls=wrap(contexts))


def test_tls_ends_with_close_notify_and_without_it(contexts):
    """Either end is the end of the connection."""

    def closing(sock):
        establish.acceptor(sock, LIMITS).close()

    def tearing(sock):
        socket.socket(fileno=sock.detach()).close()

    for serve in (closing, tearing):
        with serving(secured(contexts, serve)) as port:
            tcp = socket.create_connection(("127.0.0.1", port))
            channel = establish.requestor(wrap(contexts)(tcp), LIMITS)
            channel.core.state = State.DATA
            with pytest.raises(Closed):
                channel.next(PATIENCE)


@contextlib.contextmanager
def ends(contexts):
    """Both ends of a TLS connection, ours first."""
    near, far = socket.socketpair()
    with near, far:
        far.settimeout(PATIENCE)
        answered = []
        thread = threading.Thread(
            target=lambda: answered.append(contexts[0].wrap_socket(near, server_side=True))
        )
        thread.start()
        client = wrap(contexts)(far)
        thread.join(PATIENCE)
        with answered[0], client:
            yield answered[0], client


def test_a_drip_of_whole_records_has_the_deadline_of_its_pdu(contexts):
    """hostile-input.md N2."""
    slow = Limits(request_seconds=0.1, pdu_seconds=0.1)
    with ends(contexts) as (server, client):
        channel = establish.acceptor(server, slow)
        channel.core = established_core(Role.ACCEPTOR, slow)
        begun = time.monotonic()
        stop = dripping(Raw(client), data_pdu((1, 3, bytes(5000))))
        with pytest.raises(DeadlineExceeded, match="did not finish"):
            channel.next(PATIENCE)
        stop()
        assert time.monotonic() - begun < PATIENCE


def test_a_pdu_in_many_records_is_one(contexts):
    limits = Limits()
    with ends(contexts) as (server, client):
        channel = establish.acceptor(server, limits)
        channel.core = established_core(Role.ACCEPTOR, limits)
        sent = data_pdu((1, 3, bytes(range(256)) * 256))
        client.sendall(sent + sent[:7])
        indication = channel.next(PATIENCE)
        assert [bytes(value.fragment) for value in indication.pdvs] == [bytes(range(256)) * 256]
        client.sendall(sent[7:])
        assert isinstance(channel.next(PATIENCE), core.Data)


def test_a_drip_over_tls_is_as_dead(contexts):
    """A record that is not complete gives nothing to read: the wait still ends."""
    with ends(contexts) as (server, client):
        channel = establish.acceptor(server, BRISK)
        raw = socket.socket(fileno=client.detach())
        with raw:
            raw.sendall(b"\x17\x03\x03\x20\x00" + bytes(50))
            assert channel.core.state is State.AWAIT_REQUEST
            begun = time.monotonic()
            with pytest.raises(DeadlineExceeded):
                channel.next(BRISK.request_seconds)
            assert time.monotonic() - begun < PATIENCE


def test_tls_that_fails_is_unreachable(contexts):
    plain = serving(lambda sock: sock.sendall(b"not TLS at all"))
    with plain as port, pytest.raises(Unreachable, match="no TLS with"):
        establish.request(("127.0.0.1", port), wanted(), LIMITS, tls=wrap(contexts))
