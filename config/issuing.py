"""Certificates and revocation lists as they are built, RFC 5280 4 and 5; touches no file.

Law: what is issued is taken by every profile of PS3.15 annex B and by strict verifiers: RSA of 3072
bits, SHA-256, random serial numbers of 159 bits, key identifiers, constraints, usages.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from config import subjects
from config.identities import pin_of

KEY_BITS: Final = 3072
CA_DAYS: Final = 3653
LEAF_DAYS: Final = 730
# Some verifiers take no server certificate of a private CA that lasts over 825 days.
LONGEST_DAYS: Final = 824
CRL_DAYS: Final = 365
# Clocks of equipment are late: a zone set wrong costs up to half a day.
EARLIER: Final = timedelta(days=1)

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
Revoked = tuple[int, datetime, x509.ReasonFlags]


@dataclass(frozen=True, slots=True)
class Signer:
    """A CA: its certificate and the key it signs with."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


def new_key() -> rsa.RSAPrivateKey:
    """A new private key."""
    return rsa.generate_private_key(65537, KEY_BITS)


def key_pem(key: rsa.RSAPrivateKey) -> bytes:
    """A private key as it is kept: PKCS #8 without a passphrase."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def pin(key: PublicKeyTypes) -> str:
    """The pin of a public key."""
    return pin_of(
        key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def pem(made: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    """In PEM."""
    return made.public_bytes(serialization.Encoding.PEM)


def root(name: x509.Name, key: rsa.RSAPrivateKey, days: int = CA_DAYS) -> x509.Certificate:
    """The certificate of a CA that issues to nodes only, not to further CAs."""
    now, own = _now(), x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        _begun(name, name, key.public_key(), now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signing=True), critical=True)
        .add_extension(own, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False
        )
        .sign(key, hashes.SHA256())
    )


def leaf(
    signer: Signer, common_name: str, key: PublicKey, names: Sequence[str], *, days: int
) -> x509.Certificate:
    """A certificate for one node, as server and as client; it never outlives its CA's."""
    until = min(_now() + timedelta(days=days), signer.certificate.not_valid_after_utc)
    purposes = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
    builder = (
        _begun(named(common_name), signer.certificate.subject, key, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            _usage(signing=False, encipherment=isinstance(key, rsa.RSAPublicKey)), critical=True
        )
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(_authority(signer), critical=False)
    )
    if names:
        builder = builder.add_extension(subjects.extension(names), critical=False)
    return builder.sign(signer.key, hashes.SHA256())


def crl(
    signer: Signer, number: int, revoked: Iterable[Revoked], *, days: int
) -> x509.CertificateRevocationList:
    """What the CA has revoked, as of now (RFC 5280 5)."""
    now = _now()
    builder = (
        x509.CertificateRevocationListBuilder(
            signer.certificate.subject, now - EARLIER, now + timedelta(days=days)
        )
        .add_extension(_authority(signer), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for serial, moment, reason in revoked:
        entry = x509.RevokedCertificateBuilder(serial, moment)
        # RFC 5280 5.3.1: "unspecified" is told by saying nothing.
        if reason is not x509.ReasonFlags.unspecified:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signer.key, hashes.SHA256())


def named(common_name: str) -> x509.Name:
    """A subject with this name alone."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, until: datetime
) -> x509.CertificateBuilder:
    serial, begin = x509.random_serial_number(), _now() - EARLIER
    return x509.CertificateBuilder(issuer, subject, key, serial, begin, until)


def _authority(signer: Signer) -> x509.AuthorityKeyIdentifier:
    extensions = signer.certificate.extensions
    own = extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _usage(*, signing: bool, encipherment: bool = False) -> x509.KeyUsage:
    # AES128-SHA of B.9 has the client encipher the key (RFC 5246 7.4.2).
    return x509.KeyUsage(
        digital_signature=not signing,
        content_commitment=False,
        key_encipherment=encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signing,
        crl_sign=signing,
        encipher_only=False,
        decipher_only=False,
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
