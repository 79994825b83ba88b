"""Who a certificate says its holder is: its pinned key and its names, as a [[peer]] spells them.

A pin is the SHA-256 of the SubjectPublicKeyInfo, as in RFC 7469 2.4: it outlives a renewal that
keeps the key. Names are those of the subject alternative name, RFC 5280 4.2.1.6; a common name
is nobody's proof of anything (RFC 9525 2).
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PIN = "spki-sha256:"
DNS = "dns:"
URI = "uri:"
_PIN_BYTES = 32
# Without names, or with extensions that cannot be read: its pin is as good as any.
NAMELESS = (
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class CertificateIdentity:
    """What a [[peer]] may be bound to: `spki-sha256:...`, and any of `dns:...`, `uri:...`."""

    pin: str
    names: frozenset[str] = frozenset()

    def is_one_of(self, bindings: tuple[str, ...]) -> bool:
        """Whether one of these bindings means this certificate."""
        return self.pin in bindings or not self.names.isdisjoint(bindings)


def identity(der: bytes) -> CertificateIdentity:
    """The identity in a certificate in DER, as a TLS connection gives it."""
    certificate = x509.load_der_x509_certificate(der)
    encoded = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return CertificateIdentity(pin_of(encoded), frozenset(_names(certificate)))


def pin_of(public_key: bytes) -> str:
    """The pin of a SubjectPublicKeyInfo in DER."""
    return PIN + base64.b64encode(hashlib.sha256(public_key).digest()).decode()


def binding(value: str) -> str:
    """What a [[peer]] is bound to, in its one spelling; raises ValueError."""
    if value.startswith(PIN):
        return PIN + _digest(value.removeprefix(PIN))
    if value.startswith(DNS) and "*" not in value and value != DNS:
        return value.lower().removesuffix(".")
    if value.startswith(URI) and value != URI:
        return value
    raise ValueError(
        f'must begin with "{PIN}" (`anode tls cert pin` prints it), "{DNS}" or "{URI}", '
        f"without a wildcard, not {value!r}"
    )


def _digest(text: str) -> str:
    try:
        digest = base64.b64decode(text, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != _PIN_BYTES:
        raise ValueError(
            f'must have the base64 of a SHA-256 behind "{PIN}", 44 characters, not {text!r}'
        )
    return base64.b64encode(digest).decode()


def _names(certificate: x509.Certificate) -> set[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except NAMELESS:
        return set()
    alternative = extension.value
    names = {f"{DNS}{name.lower()}" for name in alternative.get_values_for_type(x509.DNSName)}
    uris = alternative.get_values_for_type(x509.UniformResourceIdentifier)
    return names | {f"{URI}{name}" for name in uris}
