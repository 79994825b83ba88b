"""Our own CA as tests use it: made once, copied for each, its certificates put to work."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from config import authority, certificates, contexts, enrolment, issuing
from config.certificates import Credentials
from config.enrolment import Order
from config.listeners import Listener
from config.profiles import PROFILES
from scp.node import Node
from scu.associate import Target
from tests.nodes import HERE, port
from tests.peers import tool


def made(folder: Path) -> Path:
    """A CA with a certificate for the node, as `anode init` makes it."""
    authority.make(folder, "ANODE")
    enrolment.issue(folder, ordered("node"), common_name="ANODE")
    return folder


def ordered(
    name: str, *hosts: str, days: int = issuing.LEAF_DAYS, uris: Sequence[str] = ()
) -> Order:
    """An order, by default for this machine."""
    return enrolment.order(name, hosts or (HERE, "localhost", "::1"), uris, days)


def credentials(folder: Path, name: str) -> Credentials:
    """The files of a certificate of this CA."""
    return Credentials(folder / f"{name}.crt", folder / f"{name}.key", folder / "ca.crt")


def listener(
    folder: Path, profile: str = "rfc9325", crl: Path | None = None, name: str = "node"
) -> Listener:
    """A listener with a certificate of this CA."""
    files = {"certificate": folder / f"{name}.crt", "key": folder / f"{name}.key"}
    return Listener(host=HERE, port=0, tls=profile, ca=folder / "ca.crt", crl=crl, **files)


def called(serving: Node, folder: Path, name: str) -> Target:
    """The node as who has this certificate calls it."""
    context = contexts.client(PROFILES["rfc9325"], credentials(folder, name))
    return Target("ANODE", HERE, port(serving), contexts.to(context, HERE))


def read(path: Path) -> x509.Certificate:
    """The certificate in a file."""
    return certificates.certificates_in(path)[0]


def openssl(folder: Path, name: str, *options: str | Path) -> subprocess.CompletedProcess[str]:
    """What OpenSSL says of a certificate."""
    files = ("-CAfile", folder / "ca.crt", folder / f"{name}.crt")
    return tool("openssl", "verify", "-x509_strict", *options, *files)


def checked(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """The same by the CRL."""
    return openssl(folder, name, "-crl_check", "-CRLfile", folder / "ca.crl")


def request(folder: Path, *names: str, name: str = "CT1") -> Path:
    """A peer's request; its key stays with it."""
    extension = ["-addext", f"subjectAltName={','.join(names)}"] if names else []
    made = tool(
        "openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
        "-keyout", folder / f"{name}.pem", "-out", folder / f"{name}.csr", *extension,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return folder / f"{name}.csr"


def pin_by_openssl(path: Path | str, kind: str = "x509") -> str:
    """RFC 7469 appendix A."""
    public = tool("openssl", kind, "-in", path, "-pubkey", "-noout").stdout
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "der"],
        input=public.encode(), capture_output=True, check=True,
    ).stdout  # fmt: skip
    return "spki-sha256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()
