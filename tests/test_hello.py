"""Questions to a TLS server as bytes, and its answers: OpenSSL's, canned ones, and any at all."""

import contextlib
import ssl
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import suites
from tests.certificates import Authority
from wire import flight, hello
from wire.flight import Alerted, Foreign
from wire.hello import Hello

CODES = suites.SUITES
GCM = CODES["ECDHE-RSA-AES256-GCM-SHA384"]
DHE = CODES["DHE-RSA-AES128-GCM-SHA256"]


def vector(width, content):
    return len(content).to_bytes(width, "big") + content


def record(kind, content, version=0x0303):
    return struct.pack(">BH", kind, version) + vector(2, content)


def message(kind, content):
    return bytes([kind]) + vector(3, content)


def server_hello(version, suite, extensions=b""):
    body = struct.pack(">H", version) + bytes(32) + vector(1, b"") + struct.pack(">H", suite)
    return message(2, body + b"\0" + extensions)


DONE = message(14, b"")


@pytest.fixture(scope="module")
def openssl(tmp_path_factory):
    """What OpenSSL, as a server with everything switched on, answers to a hello."""
    one = Authority(tmp_path_factory.mktemp("ca")).issue("server")

    def answer(question, *, asks=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
        context.load_cert_chain(one.certificate, one.key)
        if asks:
            context.verify_mode = ssl.CERT_OPTIONAL
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(hello.encode(question))
        with contextlib.suppress(ssl.SSLError):
            server.do_handshake()
        return outgoing.read()

    answer.certificate = ssl.PEM_cert_to_DER_cert(one.certificate.read_text())
    return answer


@pytest.mark.parametrize("name", ["X25519", "P-256", "P-384", "P-521", "X448"])
@pytest.mark.parametrize("suite", ["ECDHE-RSA-AES256-GCM-SHA384", "AECDH-AES128-SHA"])
def test_a_suite_and_a_group_are_what_was_asked_for(openssl, suite, name):
    code, _ = suites.GROUPS[name]
    found = flight.read(openssl(Hello(hello.TLS12, (CODES[suite],), (code,))))
    assert (found.version, found.suite, flight.group(found)) == (hello.TLS12, CODES[suite], code)
    shown = (openssl.certificate,) if suite.startswith("ECDHE") else ()
    assert found.certificates == shown
    assert {hello.RENEGOTIATION_INFO, hello.EXTENDED_MASTER_SECRET} <= found.extensions.keys()


@pytest.mark.parametrize("name", suites.MODERN[:3])
@pytest.mark.parametrize("group", ["X25519", "P-384"])
def test_tls_1_3_answers_without_a_key_of_ours(openssl, name, group):
    code, _ = suites.GROUPS[group]
    found = flight.read(openssl(Hello(hello.TLS13, (CODES[name],), (code,))))
    assert (found.version, found.suite, flight.group(found)) == (hello.TLS13, CODES[name], code)


@pytest.mark.parametrize("asks", [True, False])
def test_a_wish_for_a_certificate_of_ours_is_seen(openssl, asks):
    found = flight.read(openssl(Hello(hello.TLS12, (GCM,), (23,)), asks=asks))
    assert found.asks_certificate == asks


@pytest.mark.parametrize(
    "question",
    [
        Hello(hello.TLS12, (CODES["ECDHE-RSA-CAMELLIA256-GCM-SHA384"],), (23,)),
        Hello(hello.TLS13, (CODES["TLS_AES_128_CCM_8_SHA256"],), (23,)),
        Hello(hello.SSL3, (CODES["AES128-SHA"],)),
        Hello(hello.TLS12, (GCM,), (16,)),
    ],
    ids=["suite", "suite of TLS 1.3", "version", "group"],
)
def test_what_openssl_lacks_is_asked_for_and_refused(openssl, question):
    with pytest.raises(Alerted):
        flight.read(openssl(question))


def test_a_server_s_name_goes_with_the_question(openssl):
    asked = hello.encode(Hello(hello.TLS12, (GCM,), (23,), "ct1.example"))
    assert b"\x00\x0bct1.example" in asked
    assert flight.read(openssl(Hello(hello.TLS12, (GCM,), (23,), "ct1.example"))).suite == GCM


def test_an_answer_is_whole_only_at_its_end(openssl):
    answer = openssl(Hello(hello.TLS12, (GCM,), (23,)))
    assert flight.read(answer).suite == GCM
    assert all(flight.read(answer[:length]) is None for length in range(len(answer)))


@pytest.mark.parametrize("bits", [512, 1024, 2048])
def test_the_size_of_a_dh_group(bits):
    prime = (1 << (bits - 1)).to_bytes(bits // 8, "big")
    exchange = message(12, vector(2, b"\0" + prime) + vector(2, b"\2") + vector(2, b"\5"))
    answer = record(22, server_hello(hello.TLS12, DHE) + exchange + DONE)
    assert flight.dh_bits(flight.read(answer)) == bits


def test_messages_may_be_spread_over_records_and_warnings_stand_between():
    whole = server_hello(hello.TLS10, GCM) + message(11, vector(3, vector(3, b"DER"))) + DONE
    answer = b"".join(record(22, whole[at : at + 7]) for at in range(0, len(whole), 7))
    found = flight.read(record(21, b"\x01\x70") + answer)
    assert (found.version, found.certificates) == (hello.TLS10, (b"DER",))


def test_an_explicit_curve_has_no_name():
    exchange = message(12, b"\x01" + bytes(40))
    answer = record(22, server_hello(hello.TLS12, GCM) + exchange + DONE)
    assert flight.group(flight.read(answer)) == 0


@pytest.mark.parametrize("alert", [40, 70, 86])
def test_an_alert_says_which(alert):
    with pytest.raises(Alerted) as caught:
        flight.read(record(21, bytes([2, alert])))
    assert caught.value.alert == alert


FOREIGN = {
    "http": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "a-abort": b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x01",
    "other handshake": record(22, message(4, b"")),
    "application data": record(23, b"x"),
    "not of TLS": b"\x16\x09",
    "short hello": record(22, message(2, b"\x03\x03")),
    "long vector": record(22, server_hello(hello.TLS12, GCM, b"\xff\xff")),
    "no key exchange": record(22, server_hello(hello.TLS12, GCM) + message(11, b"\xff")),
}


@pytest.mark.parametrize("answer", FOREIGN.values(), ids=FOREIGN)
def test_what_is_no_answer_is_foreign(answer):
    with pytest.raises(Foreign):
        flight.read(answer)


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda raw: record(22, raw)))
def test_any_bytes_end_in_words(answer):
    try:
        found = flight.read(answer)
        if found is not None:
            flight.group(found)
            flight.dh_bits(found)
    except (Alerted, Foreign):
        pass


def test_codes_are_those_of_openssl():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    known = {each["name"]: each["id"] & 0xFFFF for each in context.get_ciphers()}
    both = known.keys() & CODES.keys()
    assert len(both) > 70
    assert {name: CODES[name] for name in both} == {name: known[name] for name in both}
    left_out = {name for name in known if name not in CODES}
    assert all("PSK" in name or "SRP" in name or "DSS" in name for name in left_out)
    assert len(set(CODES.values())) == len(CODES)
