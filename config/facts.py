"""What a probe has found out about a TLS server; facts only, judged in `config.verdicts`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from config import identities, suites

Asks = Literal["required", "optional", "asked for", "not required", "none", "unknown"]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate in the words a person compares; `pin` as in RFC 7469."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    key: str
    bits: int
    hashed: str
    begins: datetime
    ends: datetime
    pin: str

    @property
    def self_signed(self) -> bool:
        """Whether its signature is its own, and so nobody's proof of anything."""
        return self.subject == self.issuer

    def days_left(self, now: datetime) -> int:
        """Whole days until it ends; negative once it has ended."""
        return (self.ends - now) // _DAY


@dataclass(frozen=True, slots=True)
class Facts:
    """What was seen of a server.

    `accepted` are suites by version in the order the server took them; `dh_bits` is the smallest DH
    group below TLS 1.3, None without DHE; `refusal` is why it does not take our certificate, None
    when it was shown none; `distrust` is why we do not take its own, empty when we do, None when it
    did not come to that.
    """

    accepted: Mapping[str, tuple[str, ...]]
    groups: tuple[str, ...] = ()
    dh_bits: int | None = None
    own_order: bool | None = None
    certificates: tuple[Certificate, ...] = ()
    client_certificate: Asks = "unknown"
    refusal: str | None = None
    distrust: str | None = None
    renegotiation_info: bool | None = None
    extended_master_secret: bool | None = None
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def older(self) -> tuple[str, ...]:
        """The suites accepted below TLS 1.3, each once."""
        return once(self.accepted[version] for version in self.accepted if version != "TLSv1.3")

    @property
    def all_suites(self) -> tuple[str, ...]:
        """The suites accepted in any version, each once."""
        return once(self.accepted.values())

    @property
    def keys(self) -> frozenset[str]:
        """The kinds of its certificates' keys."""
        return frozenset(each.key for each in self.certificates)

    @property
    def untried(self) -> tuple[str, ...]:
        """The suites that cannot be accepted for want of a certificate with such a key."""
        lacking = {"RSA", "EC"} - self.keys if self.keys else set()
        return tuple(name for name in suites.OLDER if suites.signed_by(name) in lacking)


def certificate(encoded: bytes) -> Certificate:
    """A certificate in DER; raises ValueError for what is none."""
    try:
        return _read(encoded)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None


def _read(encoded: bytes) -> Certificate:
    made = x509.load_der_x509_certificate(encoded)
    kind, bits = _key(made.public_key())
    hashed = made.signature_hash_algorithm
    known = identities.identity(encoded)
    return Certificate(
        made.subject.rfc4514_string(),
        made.issuer.rfc4514_string(),
        (*sorted(known.names), *_addresses(made)),
        kind,
        bits,
        hashed.name if hashed else made.signature_algorithm_oid.dotted_string,
        made.not_valid_before_utc,
        made.not_valid_after_utc,
        known.pin,
    )


def _key(key: object) -> tuple[str, int]:
    match key:
        case rsa.RSAPublicKey(key_size=bits):
            return "RSA", bits
        case ec.EllipticCurvePublicKey(key_size=bits):
            return "EC", bits
        case _:
            return type(key).__name__.lstrip("_").removesuffix("PublicKey"), 0


def _addresses(made: x509.Certificate) -> Iterable[str]:
    """The IP addresses it names: calls are checked by them, no [[peer]] is bound to one."""
    try:
        found = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except identities.NAMELESS:
        return ()
    return [f"ip:{each}" for each in found.get_values_for_type(x509.IPAddress)]


def once(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """All names, each where it came first."""
    return tuple(dict.fromkeys(name for group in groups for name in group))
