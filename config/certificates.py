"""Our certificate, its key, the CA and the CRL: read, judged, and refused with what to do.

Law: nothing below the profile's strength is used, and a key that others may read is none.
"""

import ssl
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from config.errors import ConfigError
from config.profiles import WEAK_HASHES, Profile

_Signing = (
    rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
)
# How the lines end that begin a key, of whatever kind, and a certificate (RFC 7468).
_KEY = b"PRIVATE KEY-----"
_OWN = b"BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Files in PEM: who we are, and whose certificates we believe."""

    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    crl: Path | None = None


def check(credentials: Credentials, profile: Profile) -> None:
    """Refuse what this profile must not be used with; raises ConfigError."""
    if credentials.key is not None:
        keyed(credentials)
        private(credentials.key)
    if credentials.certificate is not None:
        _usable(credentials.certificate, profile)
    if credentials.ca is not None:
        _usable(credentials.ca, profile)
    if credentials.crl is not None:
        _fresh(credentials.crl)
        _of_our_ca(credentials.crl, credentials)


def weakness(certificate: x509.Certificate, profile: Profile) -> str:
    """What of a certificate is below the profile's strength, in words; empty: nothing."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:  # OpenSSL knows more curves than we judge
        return f"has a key that cannot be judged ({error})"
    match key:
        case rsa.RSAPublicKey(key_size=bits) if bits < profile.rsa_bits:
            return f"has an RSA key of {bits} bits, and {profile.name} needs {profile.rsa_bits}"
        case ec.EllipticCurvePublicKey(key_size=bits) if bits < profile.ec_bits:
            return f"has an EC key of {bits} bits, and {profile.name} needs {profile.ec_bits}"
        case (
            rsa.RSAPublicKey()
            | ec.EllipticCurvePublicKey()
            | ed25519.Ed25519PublicKey()
            | ed448.Ed448PublicKey()
        ):
            pass
        case _:
            return f"has a key that is neither RSA nor EC, which {profile.name} needs"
    # The signature on a root is nobody's proof of anything.
    hashed = certificate.signature_hash_algorithm
    if hashed and hashed.name in WEAK_HASHES and certificate.issuer != certificate.subject:
        return f"is signed with {hashed.name.upper()}, and {profile.name} needs SHA-256 or better"
    return ""


def lapse(certificate: x509.Certificate) -> str:
    """Why a certificate is of no use today, in words; empty: it is."""
    now = datetime.now(UTC)
    if certificate.not_valid_after_utc < now:
        return f"expired on {_day(certificate.not_valid_after_utc)}; renew it"
    if certificate.not_valid_before_utc > now:
        day = _day(certificate.not_valid_before_utc)
        return f"is not valid before {day}; is the clock right?"
    return ""


def _usable(path: Path, profile: Profile) -> None:
    for each in certificates_in(path):
        name = f"{path}: the certificate of {each.subject.rfc4514_string() or 'nobody'}"
        if why := weakness(each, profile):
            raise ConfigError(f"{name} {why}; have a new one issued")
        if why := lapse(each):
            raise ConfigError(f"{name} {why}")


def certificates_in(path: Path) -> Sequence[x509.Certificate]:
    """The certificates in a file in PEM, one at least; raises ConfigError."""
    content = _bytes(path)
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise ConfigError(
            f"{path} holds no certificate in PEM; convert it or name another"
        ) from None


def keyed(credentials: Credentials) -> None:
    """Refuse a certificate in the place of a key; raises ConfigError."""
    key, own = credentials.key, credentials.certificate
    if key is None or _KEY in _bytes(key):
        return
    if own is not None and own != key and _KEY in (held := _bytes(own)) and _OWN not in held:
        what = "it and the certificate seem to be swapped"
    else:
        what = "name the file that has it: --tls-key, or key in the configuration"
    raise ConfigError(f"{key} holds no private key in PEM; {what}")


def unreadable(error: Exception) -> str:
    """Why OpenSSL takes no certificate with its key, in words."""
    if not isinstance(error, ssl.SSLError):
        return str(error)
    return error.reason.lower().replace("_", " ") if error.reason else "OpenSSL cannot read it"


def private(path: Path) -> None:
    """Refuse a key that group or others may read; raises ConfigError."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{path} is a key that others than its owner may use: chmod 600 {path}")


def _fresh(path: Path) -> None:
    for each in revocations(path):
        until = each.next_update_utc
        if until is not None and until < datetime.now(UTC):
            raise ConfigError(
                f"{path}: the CRL ended on {_day(until)}, and nobody could connect; have a new "
                "one issued"
            )


def _of_our_ca(path: Path, credentials: Credentials) -> None:
    """Refuse CRLs none of which is of a CA we believe: OpenSSL would refuse every certificate.

    A CA between may lie beside our own certificate.  Raises ConfigError.
    """
    sources = filter(None, (credentials.ca, credentials.certificate))
    held = [each for source in sources for each in certificates_in(source)]
    if not any(_issued(each, crl) for each in held for crl in revocations(path)):
        raise ConfigError(
            f"{path} has no CRL of a CA in {credentials.ca}, and nobody could connect; name the "
            "CRL of that CA, or add the CA that issued this one there"
        )


def _issued(ca: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    key = ca.public_key()
    if ca.subject != crl.issuer or not isinstance(key, _Signing):
        return False
    try:
        return crl.is_signature_valid(key)
    except (ValueError, UnsupportedAlgorithm):
        return False


def revocations(path: Path) -> Iterable[x509.CertificateRevocationList]:
    """The CRLs in a file in PEM, one at least; raises ConfigError."""
    end = b"-----END X509 CRL-----"
    parts = [part + end for part in _bytes(path).split(end)[:-1]]
    try:
        found = [x509.load_pem_x509_crl(part) for part in parts]
    except ValueError:
        found = []
    if not found:
        raise ConfigError(f"{path} holds no CRL in PEM; convert it or name another")
    return found


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
