"""The pin of a certificate or of a request for one, PEM or DER, with whose it says it is."""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from config import identities, issuing, subjects
from config.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Pinned:
    """A key's pin, and the subject and names that stand beside it."""

    pin: str
    subject: str
    names: tuple[str, ...]


def in_file(path: Path) -> Pinned:
    """Of the first certificate, or the request, in a file; raises ConfigError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    return of(content, str(path))


def of(content: bytes, source: str) -> Pinned:
    """Of these bytes, which come from there; raises ConfigError."""
    loads = (
        (x509.load_pem_x509_certificate, x509.load_pem_x509_csr)
        if b"-----BEGIN " in content
        else (x509.load_der_x509_certificate, x509.load_der_x509_csr)
    )
    for load in loads:
        try:
            found = load(content)
            return Pinned(
                issuing.pin(found.public_key()), found.subject.rfc4514_string(), _names(found)
            )
        except ValueError:
            continue
    raise ConfigError(f"{source} holds neither a certificate nor a request for one")


def _names(found: x509.Certificate | x509.CertificateSigningRequest) -> tuple[str, ...]:
    try:
        held = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return tuple(map(subjects.of, held))
    except identities.NAMELESS:
        return ()
