"""Certificates of the node and its peers: issued with a key, or for a key of the peer's; renewed.

Law: as `authority` has it; and a key whose certificate was revoked is never certified again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from config import authority, files, issuing, ledger, subjects
from config.errors import ConfigError
from config.issuing import PublicKey, Signer
from config.ledger import Entry, Ledger
from config.requests import Request

NODE: Final = "node"
CA: Final = "ca"
_LONGEST: Final = 64
_NAME: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{_LONGEST - 1}}}")


@dataclass(frozen=True, slots=True)
class Order:
    """What a certificate is to say: for whom, the names as `subjects` spells them, for how long."""

    name: str
    names: tuple[str, ...] = ()
    days: int = issuing.LEAF_DAYS


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate as it now lies in the folder, and the key if one was made for it.

    Renewed: `before` is the old key's pin, `lost` whether that was revoked, `kept` where its files
    went.
    """

    entry: Entry
    certificate: Path
    key: Path | None
    before: str = ""
    lost: bool = False
    kept: tuple[Path, ...] = ()


def order(name: str, hosts: Sequence[str], uris: Sequence[str], days: int) -> Order:
    """An order as a person gives it; raises ConfigError."""
    try:
        names = [*map(subjects.of_host, hosts), *map(subjects.of_uri, uris)]
    except ValueError as error:
        raise ConfigError(f"a name in the certificate {error}") from None
    if len(names) > subjects.MOST:
        raise ConfigError(f"a certificate holds at most {subjects.MOST} names, not {len(names)}")
    return Order(named(name), tuple(dict.fromkeys(names)), days)


def named(name: str) -> str:
    """The name, if files and certificates can have it; raises ConfigError."""
    if not _fits(name):
        raise ConfigError(
            f"{name!r} cannot name a certificate: it takes 1 to {_LONGEST} letters, digits and "
            f"-_. that begin with a letter or digit; {CA} is the CA itself; an AE title that is no "
            "such name goes into --ae-title"
        )
    return name


def _fits(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and name.lower() != CA


def issue(folder: Path, asked: Order, *, common_name: str = "") -> Issued:
    """A certificate with a new key; raises ConfigError."""
    with authority.opened(folder) as (signer, _):
        certificate, keyfile = _free(folder, asked.name)
        key = issuing.new_key()
        made = _entered(folder, signer, key.public_key(), asked, common_name=common_name)
        files.new(keyfile, issuing.key_pem(key), files.PRIVATE)
        files.new(certificate, issuing.pem(made))
        authority.published(folder, signer)
        return Issued(ledger.entry(made, asked.name), certificate, keyfile)


def sign(folder: Path, request: Request, asked: Order) -> Issued:
    """A certificate for the key of a request; raises ConfigError."""
    with authority.opened(folder) as (signer, known):
        certificate, _ = _free(folder, asked.name)
        _never_lost(known, request.key)
        made = _entered(folder, signer, request.key, asked)
        files.new(certificate, issuing.pem(made))
        authority.published(folder, signer)
        return Issued(ledger.entry(made, asked.name), certificate, None)


def renew(
    folder: Path, name: str, days: int, key: rsa.RSAPrivateKey | PublicKey | None = None
) -> Issued:
    """The same names for longer, for the same key or for this one.

    With a new key what there was is kept beside it.  Raises ConfigError.
    """
    with authority.opened(folder) as (signer, known):
        certificate, keyfile = _files(folder, name)
        if not _fits(name) or not certificate.exists():
            raise authority.unknown(folder, known, name, "certificate")
        old = authority.issued_in(certificate, signer)
        public = key.public_key() if isinstance(key, rsa.RSAPrivateKey) else key
        public = public or _public(old, certificate)
        _never_lost(known, public)
        asked = Order(name, ledger.names(old), days)
        made = _entered(folder, signer, public, asked, common_name=_common_name(old))
        kept = _kept(certificate, keyfile, old.serial_number) if key is not None else ()
        if isinstance(key, rsa.RSAPrivateKey):
            files.replace(keyfile, issuing.key_pem(key), files.PRIVATE)
        elif key is not None:
            keyfile.unlink(missing_ok=True)  # it is kept, and no longer this certificate's
        files.replace(certificate, issuing.pem(made))
        authority.published(folder, signer)
        written = keyfile if isinstance(key, rsa.RSAPrivateKey) else None
        before = issuing.pin(old.public_key())
        lost = known.lost_key(before) is not None
        return Issued(ledger.entry(made, name), certificate, written, before, lost, kept)


def _entered(
    folder: Path, signer: Signer, key: PublicKey, asked: Order, *, common_name: str = ""
) -> x509.Certificate:
    """A new certificate, in the ledger before it is anywhere else."""
    common_name = common_name or asked.name
    made = issuing.leaf(signer, common_name, key, asked.names, days=asked.days)
    ledger.issued(folder, ledger.entry(made, asked.name))
    return made


def _common_name(made: x509.Certificate) -> str:
    found = made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def _files(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / f"{name}.crt", folder / f"{name}.key"


def _free(folder: Path, name: str) -> tuple[Path, Path]:
    """Where a certificate and its key go, if nothing is there."""
    for path in (both := _files(folder, name)):
        if path.exists():
            raise ConfigError(
                f"{path} is there already and stays as it is; take another name, or: "
                f"{authority.command(folder, f'renew {name}')}"
            )
    return both


def _kept(certificate: Path, keyfile: Path, serial: int) -> tuple[Path, ...]:
    """Copies of both under the number of the certificate."""
    kept = []
    for path, mode in ((certificate, files.PUBLIC), (keyfile, files.PRIVATE)):
        if path.exists():
            copy = path.with_stem(f"{path.stem}.{serial:040x}"[:-32])
            if not copy.exists():  # else one that was cut short has kept it
                files.new(copy, path.read_bytes(), mode)
            kept.append(copy)
    return tuple(kept)


def _public(old: x509.Certificate, path: Path) -> PublicKey:
    key = old.public_key()
    if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return key
    raise ConfigError(f"{path} has a key that is neither RSA nor EC; renew it with --new-key")


def _never_lost(known: Ledger, key: PublicKey) -> None:
    if lost := known.lost_key(issuing.pin(key)):
        raise ConfigError(
            f"this is the key of a certificate of {lost.name} that was revoked; have a new key made"
        )
