"""A peer's request for a certificate (PKCS #10, RFC 2986): read, and judged before it is signed.

Law: nothing of a request is believed but its key, which it proves to hold; the names it asks for
are shown, and taken only when the operator says so.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from config import subjects
from config.errors import ConfigError
from config.issuing import PublicKey
from config.profiles import WEAK_HASHES

MOST_BYTES: Final = 65_536
RSA_BITS: Final = (2048, 8192)
_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")
_HEAD: Final = b"-----BEGIN "


@dataclass(frozen=True, slots=True)
class Request:
    """What a request proves and what it asks for; `odd` says why these names cannot be had."""

    key: PublicKey
    subject: str
    names: tuple[str, ...]
    odd: str = ""


def read(path: Path) -> Request:
    """The request in a file, PEM or DER, if it is one to sign; raises ConfigError, OSError."""
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    try:
        return _judged(content)
    except ConfigError as error:
        raise ConfigError(f"{path} {error}") from None


def parsed(content: bytes) -> x509.CertificateSigningRequest:
    """A request in PEM or DER; raises ConfigError."""
    if len(content) > MOST_BYTES:
        raise ConfigError(f"is larger than {MOST_BYTES} bytes; no request is")
    if content.count(_HEAD) > 1:
        raise ConfigError("holds more than one thing; give one request at a time")
    load = x509.load_pem_x509_csr if _HEAD in content else x509.load_der_x509_csr
    try:
        return load(content)
    except ValueError:
        raise ConfigError("is no certificate request (PKCS #10, PEM or DER)") from None


def _judged(content: bytes) -> Request:
    asked = parsed(content)
    key = _key(asked)
    hashed = _hash(asked)
    if hashed in WEAK_HASHES:
        raise ConfigError(f"is signed with {hashed.upper()}; have it made with SHA-256")
    if not _proven(asked):
        raise ConfigError("is not signed by its own key; it was changed on its way, or forged")
    extensions = _extensions(asked)
    _no_authority(extensions)
    names, odd = _names(extensions)
    return Request(key, asked.subject.rfc4514_string(), names, odd)


def _key(asked: x509.CertificateSigningRequest) -> PublicKey:
    try:
        key = asked.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError("has a key that cannot be read; have it made anew") from None
    least, most = RSA_BITS
    match key:
        case rsa.RSAPublicKey(key_size=bits) if not least <= bits <= most:
            raise ConfigError(f"has an RSA key of {bits} bits; have one of {least} to {most} made")
        case rsa.RSAPublicKey() if key.public_numbers().e < 65537:
            raise ConfigError("has an RSA key of a weak exponent; have one with 65537 made")
        case ec.EllipticCurvePublicKey(curve=curve) if curve.name not in _CURVES:
            raise ConfigError(f"has an EC key on {curve.name}; have one on P-256 or P-384 made")
        case rsa.RSAPublicKey() | ec.EllipticCurvePublicKey():
            return key
    raise ConfigError("has a key that is neither RSA nor EC; have an RSA one of 3072 bits made")


def _hash(asked: x509.CertificateSigningRequest) -> str:
    try:
        hashed = asked.signature_hash_algorithm
    except UnsupportedAlgorithm:
        raise ConfigError("is signed in an unknown way; have it made with SHA-256") from None
    return hashed.name if hashed else ""


def _proven(asked: x509.CertificateSigningRequest) -> bool:
    try:
        return asked.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def _extensions(asked: x509.CertificateSigningRequest) -> x509.Extensions:
    try:
        return asked.extensions
    except (ValueError, x509.DuplicateExtension, UnsupportedAlgorithm):
        raise ConfigError("asks for extensions that cannot be read; have it made anew") from None


def _no_authority(extensions: x509.Extensions) -> None:
    """Who asks to be a CA is told no, not given something else."""
    for each in extensions:
        match each.value:
            case x509.BasicConstraints(ca=True):
                raise ConfigError("asks to be a CA (CA:TRUE); only certificates of nodes are made")
            case x509.KeyUsage() as usage if usage.key_cert_sign or usage.crl_sign:
                raise ConfigError("asks to sign certificates (key usage); that is a CA's right")


def _names(extensions: x509.Extensions) -> tuple[tuple[str, ...], str]:
    try:
        asked = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return (), ""
    if len(asked) > subjects.MOST:
        return (), f"at most {subjects.MOST} names are taken, and it asks for {len(asked)}"
    try:
        return tuple(dict.fromkeys(subjects.of(each) for each in asked)), ""
    except ValueError as error:
        return (), f"a name it asks for {error}"
