"""Requests for certificates: of hostile ones nothing is signed, of good ones the key alone."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from config import authority, certificates, enrolment, requests
from config.enrolment import Order
from config.errors import ConfigError
from tests.certificates import rsa_key
from tests.peers import tool

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
NAMES = x509.SubjectAlternativeName([x509.DNSName("ct1.example")])
AUTHORITY = x509.BasicConstraints(ca=True, path_length=None)
SIGNING = x509.KeyUsage(
    digital_signature=True, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=False,
    encipher_only=False, decipher_only=False,
)  # fmt: skip


def asked(key=None, *extensions, subject="CT1", hashed=hashes.SHA256):
    """A request; by default one that is well made."""
    key = key or rsa_key(2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    builder = x509.CertificateSigningRequestBuilder(name)
    for each in extensions:
        builder = builder.add_extension(each, critical=False)
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashed())


def alternative(*names):
    return x509.SubjectAlternativeName(names)


def file(folder, content):
    if isinstance(content, x509.CertificateSigningRequest):
        content = content.public_bytes(PEM)
    path = folder / "CT1.csr"
    path.write_bytes(content)
    return path


def odd_oid(name):
    """A request whose extension is none of its kind."""
    return x509.UnrecognizedExtension(name, b"\x04\x02\xff\xff")


def forged():
    """One with another's key put in: the signature is not of it."""
    der = asked().public_bytes(DER)
    info = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    keys = rsa_key(2048), rsa_key(2048, 1)
    mine, theirs = (key.public_key().public_bytes(*info) for key in keys)
    return der.replace(mine, theirs)


def changed():
    der = bytearray(asked(None, NAMES).public_bytes(DER))
    der[der.index(b"ct1.example")] ^= 1
    return bytes(der)


HOSTILE = {
    "1024 bits": (lambda: asked(rsa_key(1024)), "an RSA key of 1024 bits; have one of 2048"),
    "exponent 3": (
        lambda: asked(rsa.generate_private_key(3, 2048)),
        "a weak exponent; have one with 65537",
    ),
    "small curve": (
        lambda: asked(ec.generate_private_key(ec.SECP192R1())),
        "an EC key on secp192r1",
    ),
    "odd curve": (lambda: asked(ec.generate_private_key(ec.SECP256K1())), "on secp256k1; have"),
    "ed25519": (lambda: asked(ed25519.Ed25519PrivateKey.generate()), "neither RSA nor EC"),
    "dsa": (lambda: asked(dsa.generate_private_key(2048)), "neither RSA nor EC"),
    "another's key": (forged, "is not signed by its own key"),
    "changed": (changed, "is not signed by its own key"),
    "a CA": (lambda: asked(None, AUTHORITY), "asks to be a CA (CA:TRUE)"),
    "signing": (lambda: asked(None, SIGNING), "asks to sign certificates (key usage)"),
    "odd extension": (
        lambda: asked(None, odd_oid(ExtensionOID.BASIC_CONSTRAINTS)),
        "asks for extensions that cannot be read",
    ),
    "oversized": (lambda: b"\x30" * 70_000, "is larger than 65536 bytes"),
    "many names": (
        lambda: asked(None, alternative(*(x509.DNSName(f"h{n}.example") for n in range(5000)))),
        "is larger than 65536 bytes",
    ),
    "two": (lambda: asked().public_bytes(PEM) * 2, "holds more than one thing"),
    "empty": (lambda: b"", "is no certificate request"),
    "text": (lambda: b"Dear CA, please", "is no certificate request"),
    "torn": (lambda: asked().public_bytes(DER)[:-40], "is no certificate request"),
    "a key": (
        lambda: rsa_key(2048).private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        "is no certificate request",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_request_is_refused_with_a_sentence(kind, tmp_path):
    make, sentence = HOSTILE[kind]
    path = file(tmp_path, make())
    with pytest.raises(ConfigError) as refused:
        requests.read(path)
    assert str(refused.value).startswith(f"{path} ")
    assert sentence in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("hashed", ["md5", "sha1"])
def test_a_request_with_a_weak_signature_is_refused(hashed, tmp_path):
    key = tmp_path / "ct1.key"
    key.write_bytes(HOSTILE["a key"][0]())
    made = tool("openssl", "req", "-new", "-key", key, f"-{hashed}", "-subj", "/CN=x")
    with pytest.raises(ConfigError, match=f"{hashed.upper()}; have it made with SHA-256"):
        requests.read(file(tmp_path, made.stdout.encode()))


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([x509.DNSName("*.example")], "without a wildcard"),
        ([x509.DNSName("ct1.example."), x509.DNSName("ct1.example")], "a host name"),
        ([x509.DNSName("10.0.0.300")], "a host name"),
        ([x509.DNSName("a\0b.example")], "a host name"),
        ([x509.DNSName("a\x1b[2J")], "a host name"),
        ([x509.DNSName("")], "a host name"),
        ([x509.UniformResourceIdentifier("urn: x")], "must be a URI"),
        ([x509.RFC822Name("me@example")], "not a RFC822Name"),
        ([x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))], "not a RegisteredID"),
        ([x509.DirectoryName(x509.Name([]))], "not a DirectoryName"),
        ([x509.DNSName(f"h{n}.example") for n in range(33)], "at most 32 names are taken"),
    ],
)
def test_odd_names_are_told_and_none_of_the_request_s_is_taken(names, sentence, tmp_path):
    found = requests.read(file(tmp_path, asked(None, alternative(*names))))
    assert sentence in found.odd
    assert found.names == ()


@pytest.mark.parametrize("encoding", [PEM, DER])
@pytest.mark.parametrize(
    "key",
    [rsa_key(2048), ec.generate_private_key(ec.SECP256R1()),
     ec.generate_private_key(ec.SECP384R1())],
    ids=["rsa", "p256", "p384"],
)  # fmt: skip
def test_a_good_one_is_read(key, encoding, tmp_path):
    found = requests.read(file(tmp_path, asked(key, NAMES).public_bytes(encoding)))
    assert (found.subject, found.names, found.odd) == ("CN=CT1", ("dns:ct1.example",), "")
    assert found.key == key.public_key()


def test_nothing_of_a_request_is_signed_but_its_key(tmp_path):
    """Neither its subject, nor its names or purposes, nor anything it wishes besides."""
    folder = tmp_path / "tls"
    authority.make(folder, "ANODE")
    wishes = (
        NAMES,
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]),
        x509.OCSPNoCheck(),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"),
    )
    key = ec.generate_private_key(ec.SECP256R1())
    found = requests.read(file(tmp_path, asked(key, *wishes, subject="Root of everything")))
    issued = enrolment.sign(folder, found, Order("CT1", ("ip:10.0.0.5",)))
    (made,) = certificates.certificates_in(issued.certificate)
    assert made.public_key() == key.public_key()
    assert made.subject.rfc4514_string() == "CN=CT1"
    kinds = {each.oid for each in made.extensions}
    assert kinds == {
        ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }  # fmt: skip
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["10.0.0.5"]
    assert made.not_valid_after_utc < datetime.datetime.now(datetime.UTC) + datetime.timedelta(731)
    verify = ("verify", "-x509_strict", "-CAfile", folder / "ca.crt", issued.certificate)
    assert tool("openssl", *verify).returncode == 0
    assert issued.key is None
    assert not (folder / "CT1.key").exists()
