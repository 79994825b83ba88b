"""A throw-away CA and certificates of every kind, good and bad, as files in PEM.

ca = Authority(tmp_path)
one = ca.issue("node", addresses=["127.0.0.1"])     # .certificate, .key, .both
"""

from __future__ import annotations

import datetime
import ipaddress
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from config.identities import identity

DAY = datetime.timedelta(days=1)


@cache
def rsa_key(bits: int, number: int = 0) -> rsa.RSAPrivateKey:
    """Made once: it takes long."""
    return rsa.generate_private_key(65537, bits)


@dataclass(frozen=True)
class Issued:
    """A certificate with its key; both in one file too."""

    made: x509.Certificate
    certificate: Path
    key: Path

    @property
    def pin(self) -> str:
        """As a [[peer]] is bound to it."""
        return identity(self.made.public_bytes(serialization.Encoding.DER)).pin


class Authority:
    """A CA that issues what a test asks for."""

    def __init__(self, folder: Path, name: str = "Test CA") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self._number = 1
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder(
                self._name, self._name, self._key.public_key(), 1, now - DAY, now + 9 * DAY
            )
            .add_extension(x509.BasicConstraints(True, None), critical=True)
            .add_extension(_usage(signing=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = folder / "ca.crt"
        self.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        name: str,
        *,
        key: CertificateIssuerPrivateKeyTypes | None = None,
        number: int = 0,
        days: tuple[int, int] = (-1, 5),
        hashed: str = "",
        names: Sequence[str] = ("127.0.0.1", "localhost"),
        purposes: Sequence[x509.ObjectIdentifier] = (
            ExtendedKeyUsageOID.SERVER_AUTH,
            ExtendedKeyUsageOID.CLIENT_AUTH,
        ),
    ) -> Issued:
        """A certificate, by default an RSA one of 2048 bits for both roles on this machine.

        Those of one number have one key, so one pin.
        """
        key = key or rsa_key(2048, number)
        self._number += 1
        now = datetime.datetime.now(datetime.UTC)
        begin, end = (now + number * DAY for number in days)
        made = (
            x509.CertificateBuilder(
                self._name, _named(name), key.public_key(), self._number, begin, end
            )
            .add_extension(x509.SubjectAlternativeName(list(map(_general, names))), critical=False)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(_usage(signing=False), critical=True)
            .add_extension(x509.BasicConstraints(False, None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        certificate, keyfile = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        if hashed:
            made = self._signed_anew(key, certificate, hashed)
        keyfile.touch(0o600)
        keyfile.write_bytes(_pem(key))
        return Issued(made, certificate, keyfile)

    def _signed_anew(
        self, key: CertificateIssuerPrivateKeyTypes, path: Path, hashed: str
    ) -> x509.Certificate:
        """One without extensions, signed with what cryptography does not sign with any more."""
        own, asked = self.folder / "ca.key", self.folder / "asked.csr"
        own.write_bytes(_pem(self._key))
        request = x509.CertificateSigningRequestBuilder(_named(path.stem)).sign(
            key, hashes.SHA256()
        )
        asked.write_bytes(request.public_bytes(serialization.Encoding.PEM))
        by = ["-CA", self.certificate, "-CAkey", own, "-set_serial", str(self._number)]
        how = [f"-{hashed}", "-days", "5", "-out", path]
        command = ["openssl", "x509", "-req", "-in", asked, *by, *how]
        subprocess.run(command, check=True, capture_output=True)
        return x509.load_pem_x509_certificate(path.read_bytes())

    def revoke(self, *issued: Issued, days: tuple[int, int] = (-1, 5)) -> Path:
        """A CRL that names these."""
        now = datetime.datetime.now(datetime.UTC)
        begin, end = (now + number * DAY for number in days)
        builder = x509.CertificateRevocationListBuilder(self._name, begin, end)
        for each in issued:
            entry = x509.RevokedCertificateBuilder(each.made.serial_number, begin)
            builder = builder.add_revoked_certificate(entry.build())
        path = self.folder / "ca.crl"
        made = builder.sign(self._key, hashes.SHA256())
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return path


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    if name.startswith("uri:"):
        return x509.UniformResourceIdentifier(name.removeprefix("uri:"))
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _usage(*, signing: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not signing,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signing,
        crl_sign=signing,
        encipher_only=False,
        decipher_only=False,
    )
