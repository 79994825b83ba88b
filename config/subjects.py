"""The names in a certificate (RFC 5280 4.2.1.6) as people write them: dns:, ip:, uri:.

Law: a name is one host or one URI, spelled in full: no wildcard, nothing that could be read as
something else.  Checks raise ValueError with the end of a sentence.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from cryptography import x509

from config import addresses

MOST: Final = 32
LONGEST_URI: Final = 255
# RFC 3986 2: a scheme, and characters that need no quoting.
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")


def of_host(value: str) -> str:
    """`dns:` or `ip:` and the host."""
    try:
        address = ip_address(value)
    except ValueError:
        return f"dns:{_dns(value)}"
    if address.is_unspecified or address.is_multicast or "%" in value:
        raise ValueError(f"must be the address of one host, not {value!r}")
    return f"ip:{address}"


def of_uri(value: str) -> str:
    """`uri:` and the URI."""
    if len(value) > LONGEST_URI or not _URI.fullmatch(value):
        raise ValueError(f"must be a URI of at most {LONGEST_URI} characters, not {value[:80]!r}")
    return f"uri:{value}"


def of(general: x509.GeneralName) -> str:
    """The name as it is spelled here."""
    match general:
        case x509.DNSName():
            return f"dns:{_dns(general.value)}"
        case x509.IPAddress():
            return of_host(str(general.value))
        case x509.UniformResourceIdentifier():
            return of_uri(general.value)
        case _:
            kind = type(general).__name__
            raise ValueError(f"must be a DNS name, an IP address or a URI, not a {kind}")


def extension(names: Iterable[str]) -> x509.SubjectAlternativeName:
    """These names for a certificate."""
    return x509.SubjectAlternativeName([_general(name) for name in names])


def host(name: str) -> str | None:
    """The host of a name, None for a URI."""
    kind, _, value = name.partition(":")
    return None if kind == "uri" else value


def _dns(value: str) -> str:
    if "*" in value:
        raise ValueError(f"must name one host, without a wildcard, not {value[:80]!r}")
    try:
        if value.endswith("."):
            raise ValueError
        return addresses.host(value).lower()
    except ValueError:
        raise ValueError(f"must be an IP address or a host name, not {value[:80]!r}") from None


def _general(name: str) -> x509.GeneralName:
    kind, _, value = name.partition(":")
    match kind:
        case "ip":
            return x509.IPAddress(ip_address(value))
        case "dns":
            return x509.DNSName(value)
        case _:
            return x509.UniformResourceIdentifier(value)
