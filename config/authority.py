"""An own CA, as a folder: `ca.crt`, `ca.key`, `ca.index`, `ca.crl`.

Law: keys are for their owner only, never written over another file, never shown; every change is in
the ledger first; whatever changes the folder has it alone.
"""

import secrets
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from config import certificates, files, issuing, ledger
from config.errors import ConfigError
from config.issuing import Revoked, Signer
from config.ledger import Entry, Ledger, Revocation
from config.words import nearest

FOLDER: Final = "tls"
CERTIFICATE: Final = "ca.crt"
KEY: Final = "ca.key"
CRL: Final = "ca.crl"
# As long as random serial numbers are; a short word in hex may be a name.
_SHORTEST_SERIAL: Final = 16


@dataclass(frozen=True, slots=True)
class Published:
    """A CRL as it now lies in the folder."""

    path: Path
    number: int
    until: datetime
    revoked: int


def make(folder: Path, ae_title: str) -> None:
    """A new CA in a new folder; raises FileExistsError."""
    folder.mkdir(mode=files.FOLDER)
    key = issuing.new_key()
    # Two CAs of one name confuse verifiers, and people.
    made = issuing.root(issuing.named(f"{ae_title} CA {secrets.token_hex(4)}"), key)
    files.append(folder / ledger.NAME, b"")
    files.new(folder / KEY, issuing.key_pem(key), files.PRIVATE)
    files.new(folder / CERTIFICATE, issuing.pem(made))


@contextmanager
def opened(folder: Path, *, ended: bool = False) -> Iterator[tuple[Signer, Ledger]]:
    """The CA, alone; `ended` takes one whose own time is over. Raises ConfigError."""
    _there(folder)
    with files.locked(folder):
        made = certificates.certificates_in(folder / CERTIFICATE)[0]
        if not ended and made.not_valid_after_utc < datetime.now(UTC):
            renewal = command(folder, "renew ca")
            raise ConfigError(f"{folder}: the CA itself expired; first: {renewal}")
        yield Signer(made, _key(folder / KEY, made)), ledger.read(folder)


def listed(folder: Path) -> Ledger:
    """What the CA has issued and revoked; needs no key. Raises ConfigError."""
    _there(folder)
    return ledger.read(folder)


def renew(folder: Path, days: int = issuing.CA_DAYS) -> x509.Certificate:
    """The CA for longer: same name, same key, so that what it issued stays good."""
    with opened(folder, ended=True) as (signer, _):
        made = issuing.root(signer.certificate.subject, signer.key, days)
        files.replace(folder / CERTIFICATE, issuing.pem(made))
        return made


def command(folder: Path, words: str) -> str:
    """What to type for this CA: `anode tls cert` and these words."""
    where = "" if folder == Path(FOLDER) else f" --dir {shlex.quote(str(folder))}"
    return f"anode tls cert {words}{where}"


def unknown(folder: Path, known: Ledger, which: str, what: str) -> ConfigError:
    """The sentence for a name that no certificate has."""
    near = nearest(which, {entry.name for entry in known.entries.values()})
    return ConfigError(f"{which} is no {what} of {folder}{near}; see: {command(folder, 'list')}")


def revoke(folder: Path, which: str, reason: x509.ReasonFlags) -> tuple[Sequence[Entry], Published]:
    """End the good certificates of a name, or the one of a serial number, or in a file.

    Raises ConfigError.
    """
    with opened(folder, ended=True) as (signer, known):
        meant = known.named(which) or _of_serial(known, which) or _in_file(which, signer)
        gone = [each for each in meant if known.state(each) == "valid"]
        if not gone and any(known.state(each) == "revoked" for each in meant):
            raise ConfigError(f"{which} is revoked already; see: {command(folder, 'list')}")
        if not gone:
            what = "name, serial number or file of a good certificate"
            raise unknown(folder, known, which, what)
        # One that an older ledger has forgotten is written down again.
        for each in (each for each in gone if each.serial not in known.entries):
            ledger.issued(folder, each)
        now = datetime.now(UTC)
        ledger.revoked(folder, [Revocation(each.serial, now, reason) for each in gone])
        return gone, published(folder, signer)


def publish(folder: Path, days: int = issuing.CRL_DAYS) -> Published:
    """A new CRL; raises ConfigError."""
    with opened(folder, ended=True) as (signer, _):
        return published(folder, signer, days)


def published(folder: Path, signer: Signer, days: int = issuing.CRL_DAYS) -> Published:
    """The same for who has the folder already."""
    path, known = folder / CRL, ledger.read(folder)
    before = _before(path, signer)
    gone = {serial: (serial, each.moment, each.reason) for serial, each in known.revoked.items()}
    if before is not None:
        # A ledger from an old backup must not make good again what was revoked.
        gone = {entry[0]: entry for entry in map(_revoked, before)} | gone
    number = max(known.crl_number, _number(before)) + 1
    made = issuing.crl(signer, number, gone.values(), days=days)
    ledger.published(folder, number)
    files.replace(path, issuing.pem(made))
    return Published(path, number, made.next_update_utc or datetime.now(UTC), len(gone))


def issued_in(path: Path, signer: Signer) -> x509.Certificate:
    """The certificate in a file, which this CA has issued; raises ConfigError."""
    found = certificates.certificates_in(path)[0]
    try:
        found.verify_directly_issued_by(signer.certificate)
    except (ValueError, TypeError, InvalidSignature):
        raise ConfigError(f"{path} is no certificate of this CA; its own CA sees to it") from None
    return found


def _there(folder: Path) -> None:
    if not (folder / CERTIFICATE).is_file():
        raise ConfigError(f"{folder} holds no CA; `anode init` in a new folder makes a CA there")


def _key(path: Path, made: x509.Certificate) -> rsa.RSAPrivateKey:
    certificates.private(path)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError):
        raise ConfigError(f"{path} holds no key in PEM without a passphrase") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.public_key() != made.public_key():
        raise ConfigError(
            f"{path} is not the key of the {CERTIFICATE} beside it; bring the right one back"
        )
    return key


def _of_serial(known: Ledger, which: str) -> list[Entry]:
    digits = which.replace(":", "")
    try:
        entry = known.entries.get(int(digits, 16)) if len(digits) >= _SHORTEST_SERIAL else None
    except ValueError:
        entry = None
    return [entry] if entry else []


def _in_file(which: str, signer: Signer) -> list[Entry]:
    path = Path(which)
    if not path.is_file():
        return []
    return [ledger.entry(issued_in(path, signer), path.stem)]


def _before(path: Path, signer: Signer) -> x509.CertificateRevocationList | None:
    """The CRL that is replaced, if it can be believed."""
    try:
        found = x509.load_pem_x509_crl(path.read_bytes())
        return found if found.is_signature_valid(signer.key.public_key()) else None
    except (OSError, ValueError):
        return None


def _number(crl: x509.CertificateRevocationList | None) -> int:
    if crl is None:
        return 0
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _revoked(entry: x509.RevokedCertificate) -> Revoked:
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        reason = x509.ReasonFlags.unspecified
    return entry.serial_number, entry.revocation_date_utc, reason
