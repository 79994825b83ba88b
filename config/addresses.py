"""How nodes are named and found: AE titles (PS3.5 6.2), hosts, networks and ports.

Checks what people write, and raises ValueError with the end of a sentence ("must be ...") that
the caller begins.  Resolves nothing.
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
LONGEST_AE_TITLE = 16
LONGEST_HOST = 253
LAST_PORT = 65535


def ae_title(value: str) -> str:
    """The AE title without its padding, if PS3.5 allows it."""
    # PS3.5 6.2, AE: default repertoire without backslash and control characters; leading and
    # trailing spaces are non-significant; a value of spaces only shall not be used.
    title = value.strip(" ")
    if not title:
        raise ValueError("must not be empty or only spaces")
    if len(title) > LONGEST_AE_TITLE:
        raise ValueError(
            f"must be at most {LONGEST_AE_TITLE} characters, not the {len(title)} of {title!r}"
        )
    if "\\" in title or not all(" " <= character <= "~" for character in title):
        raise ValueError(f"must be printable ASCII without a backslash, not {title!r}")
    return title


def port(value: int) -> int:
    """A TCP port one can connect to."""
    if not 1 <= value <= LAST_PORT:
        raise ValueError(f"must be between 1 and {LAST_PORT}, not {value}")
    return value


def listening_port(value: int) -> int:
    """A TCP port one can listen on; 0 is any free one."""
    return value if value == 0 else port(value)


def host(value: str) -> str:
    """An IP address or a host name."""
    if _is_address(value) or _is_name(value):
        return value
    raise ValueError(f"must be an IP address or a host name, not {value!r}")


def host_or_network(value: str) -> str:
    """A host as above, or a network like 10.0.0.0/24."""
    if "/" not in value:
        return host(value)
    try:
        ip_network(value)
    except ValueError as error:
        raise ValueError(f"must be a host or a network like 10.0.0.0/24 ({error})") from None
    return value


def network(value: str) -> Network | None:
    """The addresses meant by an IP address or a network; None for a host name."""
    try:
        return ip_network(value)
    except ValueError:
        return None


def is_loopback(value: str) -> bool:
    """Whether this host is reached from this machine only."""
    if _is_address(value):
        return ip_address(value).is_loopback
    return value.lower() == "localhost"


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def _is_name(value: str) -> bool:
    labels = value.removesuffix(".").split(".")
    # 10.0.0.300 is a mistyped address, never a name (RFC 1123 2.1).
    return (
        len(value) <= LONGEST_HOST
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )
