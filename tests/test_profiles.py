"""The TLS profiles of PS3.15 annex B: the table, the contexts made of it, and bad certificates."""

import contextlib
import socket
import ssl
import subprocess
import threading
import warnings

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec

from config import certificates, contexts
from config.certificates import Credentials
from config.errors import ConfigError
from config.profiles import PROFILES
from config.words import TLS_PROFILES
from tests.certificates import Authority, rsa_key

PATIENCE = 30.0
MODERN = {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"}
FOUR = {
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "DHE-RSA-AES256-GCM-SHA384",
    "DHE-RSA-AES128-GCM-SHA256",
}
ECDSA = {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"}
CCM = {f"ECDHE-ECDSA-AES{bits}-CCM{tag}" for bits in (128, 256) for tag in ("", "8")}
CHACHA = {f"ECDHE-{kind}-CHACHA20-POLY1305" for kind in ("RSA", "ECDSA")}
# profile -> what may be negotiated below TLS 1.3 and in it, written out once more
ENABLED = {
    "rfc9325": ECDSA | {name for name in FOUR if name.startswith("ECDHE")} | MODERN,
    "rfc9325-modified": ECDSA
    | {name for name in FOUR if name.startswith("ECDHE")}
    | CCM
    | CHACHA
    | MODERN,
    "non-downgrading": FOUR | ECDSA | MODERN,
    "bcp195": FOUR | ECDSA | MODERN | {"AES128-SHA"},
    "extended": FOUR | ECDSA,
}
VERSIONS = {
    "rfc9325": {"TLSv1.2", "TLSv1.3"},
    "rfc9325-modified": {"TLSv1.2", "TLSv1.3"},
    "non-downgrading": {"TLSv1.2", "TLSv1.3"},
    "bcp195": {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"},
    "extended": {"TLSv1.2"},
}
ALL = pytest.mark.parametrize("name", PROFILES)
NAMES = [
    suite["name"]
    for suite in ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).get_ciphers()
    if suite["protocol"] == "TLSv1.3"
]


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def kinds(ca):
    """Certificates with an RSA and an EC key."""
    return {
        "RSA": ca.issue("rsa"),
        "ECDSA": ca.issue("ec", key=ec.generate_private_key(ec.SECP256R1())),
    }


def credentials(one, ca=None, **more):
    return Credentials(one.certificate, one.key, ca and ca.certificate, **more)


def meet(server, client):
    """A handshake between two contexts and a byte each way; (version, suite), or None."""
    near, far = socket.socketpair()
    near.settimeout(PATIENCE)
    far.settimeout(PATIENCE)

    def answer():
        try:
            with server.wrap_socket(near, server_side=True) as sock:
                sock.sendall(sock.recv(1))
        except OSError:
            near.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with far, client.wrap_socket(far, server_hostname="localhost") as sock:
            sock.sendall(b"x")
            return (sock.version(), sock.cipher()[0]) if sock.recv(1) == b"x" else None
    except OSError:
        return None
    finally:
        thread.join(PATIENCE)


def anything(ca, one=None, *, version=None, suites="ALL"):
    """A client without a profile, that can do everything OpenSSL can."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers(f"{suites}:@SECLEVEL=0")
    context.load_verify_locations(ca.certificate)
    if one:
        context.load_cert_chain(one.certificate, one.key)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        if version:
            context.minimum_version = context.maximum_version = version
        else:
            context.minimum_version = ssl.TLSVersion.TLSv1
    return context


def test_settings_and_table_name_the_same_profiles():
    assert set(TLS_PROFILES) == set(PROFILES) == set(ENABLED)


@ALL
def test_a_profile_offers_just_its_suites(name, ca, kinds):
    """Of both roles; what this OpenSSL lacks is said, and nothing else comes in.

    In calls B.9 goes without DHE: at its security level the size of a server's group is not judged.
    """
    profile = PROFILES[name]
    have = contexts.offering(profile)
    assert set(have.suites) == ENABLED[name]
    assert {*have.suites, *have.missing} == {suite.name for suite in profile.suites}
    one = credentials(kinds["RSA"], ca)
    older = [n for n in have.suites if not n.startswith("TLS_")]
    assert below(contexts.server(profile, one)) == older
    kept = [n for n in older if name != "bcp195" or not n.startswith("DHE-")]
    assert below(contexts.client(profile, one)) == kept


def below(context):
    """A context's suites below TLS 1.3, in order."""
    return [s["name"] for s in context.get_ciphers() if s["protocol"] != "TLSv1.3"]


def test_what_openssl_lacks_is_told():
    """tls.md 2: Camellia-GCM, and the CCM suites of TLS 1.3."""
    lacking = {name: contexts.offering(profile).missing for name, profile in PROFILES.items()}
    assert lacking["rfc9325"] == lacking["non-downgrading"] == lacking["bcp195"] == ()
    assert len(lacking["extended"]) == 6
    assert all("CAMELLIA" in suite for suite in lacking["extended"])
    assert set(lacking["rfc9325-modified"]) > {
        "TLS_AES_128_CCM_SHA256",
        "TLS_AES_128_CCM_8_SHA256",
    }


def test_codes_are_those_of_iana():
    openssl = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    openssl.set_ciphers("ALL:@SECLEVEL=0")
    known = {each["name"]: each["id"] & 0xFFFF for each in openssl.get_ciphers()}
    ours = {s.name: s.code for profile in PROFILES.values() for s in profile.suites}
    assert {n: code for n, code in ours.items() if n in known} == {
        n: known[n] for n in ours if n in known
    }
    assert len(set(ours.values())) == len(ours)


@ALL
def test_a_server_takes_just_the_suites_of_its_profile(name, ca, kinds):
    """tls.md T3: one client for each suite OpenSSL knows."""
    everything = anything(ca, version=ssl.TLSVersion.TLSv1_2).get_ciphers()
    older = [each["name"] for each in everything if each["protocol"] != "TLSv1.3"]
    taken = set()
    for kind in kinds.values():
        server = contexts.server(PROFILES[name], credentials(kind), "none")
        for suite in older:
            client = anything(ca, version=ssl.TLSVersion.TLSv1_2, suites=suite)
            taken |= {met[1]} if (met := meet(server, client)) else set()
    assert taken == {each for each in ENABLED[name] if not each.startswith("TLS_")}


@ALL
def test_a_server_speaks_just_the_versions_of_its_profile(name, ca, kinds):
    """B.9 falls back; B.10 and B.11 refuse."""
    server = contexts.server(PROFILES[name], credentials(kinds["RSA"]), "none")
    offered = [each for each in ssl.TLSVersion if each.name.startswith("TLSv1")]
    taken = {
        met[0] for each in offered if (met := meet(server, anything(ca, version=each))) is not None
    }
    assert taken == VERSIONS[name]


@ALL
def test_a_profile_starts_strong(name, ca, kinds):
    """Whoever can do everything gets the best there is, with forward secrecy."""
    server = contexts.server(PROFILES[name], credentials(kinds["RSA"]), "none")
    version, suite = meet(server, anything(ca))
    assert version == max(VERSIONS[name])
    assert suite == ("TLS_AES_256_GCM_SHA384" if version == "TLSv1.3" else min(
        FOUR, key=lambda n: (n.startswith("DHE"), "128" in n)
    ))  # fmt: skip


@ALL
@pytest.mark.parametrize("other", PROFILES)
def test_every_two_profiles_meet(name, other, ca, kinds):
    """They share the ECDHE suites of TLS 1.2 at least, with both kinds of certificates."""
    for one in kinds.values():
        own = credentials(one, ca)
        server = contexts.server(PROFILES[name], own)
        version, suite = meet(server, contexts.client(PROFILES[other], own))
        assert version == max(VERSIONS[name] & VERSIONS[other])
        assert suite in ENABLED[name] & ENABLED[other]


@ALL
def test_who_asks_by_alpn_is_told_that_it_is_dicom(name, ca, kinds):
    """RFC 9325 3.7, for the two profiles that stand on it."""
    server = contexts.server(PROFILES[name], credentials(kinds["RSA"], ca))
    client = anything(ca, kinds["RSA"])
    client.set_alpn_protocols(["dicom", "http/1.1"])
    there, here = ssl.MemoryBIO(), ssl.MemoryBIO()
    spoken = server.wrap_bio(there, here, server_side=True)
    asking = client.wrap_bio(here, there, server_hostname="localhost")
    for side in (asking, spoken) * 4:
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
    expected = "dicom" if name.startswith("rfc9325") else None
    assert asking.selected_alpn_protocol() == expected


@ALL
def test_options_are_those_of_the_rfc(name, ca, kinds):
    server = contexts.server(PROFILES[name], credentials(kinds["RSA"], ca))
    for option in (ssl.OP_NO_COMPRESSION, ssl.OP_NO_RENEGOTIATION, ssl.OP_NO_TICKET):
        assert server.options & option
    assert server.num_tickets == 0
    assert server.verify_mode == ssl.CERT_REQUIRED
    client = contexts.client(PROFILES[name], credentials(kinds["RSA"], ca))
    assert client.check_hostname
    assert client.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize("name", ["extended", "rfc9325-modified"])
def test_a_curve_of_less_than_256_bits_is_refused(name, ca, kinds):
    """X25519 has 253."""
    server = contexts.server(PROFILES[name], credentials(kinds["RSA"]), "none")
    client = anything(ca, version=ssl.TLSVersion.TLSv1_2, suites="ECDHE+AESGCM")
    client.set_ecdh_curve("X25519")
    assert meet(server, client) is None
    client.set_ecdh_curve("prime256v1")
    assert meet(server, client) is not None


# -- certificates ---------------------------------------------------------------------------------


def refusal(profile, given, role=contexts.server):
    with pytest.raises(ConfigError) as error:
        role(PROFILES[profile], given)
    return str(error.value)


BAD = [
    ({"key": rsa_key(1024)}, "has an RSA key of 1024 bits, and {name} needs 2048"),
    (
        {"key": ec.generate_private_key(ec.SECP224R1())},
        "has an EC key of 224 bits, and {name} needs 256",
    ),
    ({"hashed": "sha1"}, "is signed with SHA1, and {name} needs SHA-256 or better"),
    ({"days": (-3, -1)}, "expired on"),
    ({"days": (2, 3)}, "is not valid before"),
    ({"key": dsa.generate_private_key(1024)}, "has a key that is neither RSA nor EC"),
]


@ALL
@pytest.mark.parametrize(("how", "sentence"), BAD, ids=lambda value: str(value)[:20])
def test_a_certificate_below_the_profile_is_refused_at_load(name, how, sentence, ca):
    for role in (contexts.server, contexts.client):
        said = refusal(name, credentials(ca.issue("bad", **how), ca), role)
        assert sentence.format(name=name) in said
        assert said.startswith(f"{ca.folder / 'bad.crt'}: the certificate of CN=bad ")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_key_that_others_may_use_is_refused(mode, tmp_path):
    ca = Authority(tmp_path)
    one = ca.issue("open")
    one.key.chmod(mode)
    said = refusal("rfc9325", credentials(one, ca))
    assert said == f"{one.key} is a key that others than its owner may use: chmod 600 {one.key}"


def test_files_that_are_not_what_they_should_be_are_refused(tmp_path):
    ca = Authority(tmp_path)
    one, other = ca.issue("one"), ca.issue("other", key=ec.generate_private_key(ec.SECP256R1()))
    junk = tmp_path / "junk"
    junk.write_text("not PEM")
    torn = tmp_path / "torn"
    torn.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    for path in (junk, torn):
        path.chmod(0o600)
    good = {"certificate": one.certificate, "key": one.key, "ca": ca.certificate}
    for given, sentence in (
        ({"certificate": junk}, "junk holds no certificate in PEM"),
        ({"certificate": tmp_path / "none"}, "none cannot be read: No such file"),
        ({"key": tmp_path / "none"}, "none cannot be read: No such file"),
        ({"key": junk}, "junk holds no private key in PEM"),
        ({"key": torn}, f"cannot be used with {torn}: OpenSSL cannot read it"),
        ({"key": other.key}, "cannot be used with"),
        (
            {"key": one.certificate},
            "one.crt holds no private key in PEM; name the file that has it",
        ),
        (
            {"key": one.certificate, "certificate": one.key},
            "one.crt holds no private key in PEM; it and the certificate seem to be swapped",
        ),
        ({"ca": junk}, "junk holds no certificate in PEM"),
        ({"crl": junk}, "junk holds no CRL in PEM"),
        ({"crl": ca.revoke(days=(-3, -1))}, "the CRL ended on"),
    ):
        assert sentence in refusal("rfc9325", Credentials(**{**good, **given}))


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked(tmp_path):
    from cryptography.hazmat.primitives import serialization

    ca = Authority(tmp_path)
    one = ca.issue("locked")
    one.key.write_bytes(
        rsa_key(2048).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    assert "the key has a passphrase" in refusal("rfc9325", credentials(one, ca))


def test_a_root_may_be_signed_with_anything(tmp_path):
    """Its signature proves nothing."""
    from cryptography import x509

    ca = Authority(tmp_path)
    made = x509.load_pem_x509_certificate(ca.certificate.read_bytes())
    assert certificates.weakness(made, PROFILES["rfc9325"]) == ""


@ALL
@pytest.mark.parametrize(
    "how",
    [{"key": rsa_key(1024)}, {"hashed": "sha1"}, {"days": (-3, -1)}, {"days": (2, 3)}],
    ids=["RSA 1024", "SHA-1", "expired", "not yet valid"],
)
def test_a_peer_with_a_weak_certificate_is_refused(name, how, ca, kinds):
    """Also at the security level that old versions need."""
    weak = ca.issue("weak", **how)
    server = contexts.server(PROFILES[name], credentials(kinds["RSA"], ca))
    assert meet(server, anything(ca, weak)) is None
    assert meet(server, anything(ca, kinds["ECDSA"])) is not None


@ALL
def test_a_key_that_cannot_be_judged_is_refused_and_ends_no_thread(name, tmp_path):
    """OpenSSL takes more curves than cryptography reads: as bcp195 over TLS 1.1, of a caller."""
    files = tmp_path / "odd.crt", tmp_path / "odd.key"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256t1", "-nodes"]
    command = ["openssl", "req", "-x509", *curve, "-subj", "/CN=odd", "-out", files[0]]
    subprocess.run([*command, "-keyout", files[1]], check=True, capture_output=True)
    made = x509.load_pem_x509_certificate(files[0].read_bytes())
    assert "key that cannot be judged" in certificates.weakness(made, PROFILES[name])
    with pytest.raises(ConfigError, match="CN=odd has a key that cannot be judged"):
        contexts.server(PROFILES[name], Credentials(*files, files[0]))
