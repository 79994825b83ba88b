"""A ClientHello as bytes, RFC 5246 7.4.1.2 and RFC 8446 4.1.2: one question to a TLS server.

Law: it asks and never goes on, so it can offer what our own OpenSSL has not.  TLS 1.3 is asked
without a key share: the server then says in a HelloRetryRequest what it would take (4.2.8).
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterable
from dataclasses import dataclass

SSL3, TLS10, TLS11, TLS12, TLS13 = 0x0300, 0x0301, 0x0302, 0x0303, 0x0304
EXTENDED_MASTER_SECRET = 23
RENEGOTIATION_INFO = 0xFF01
SUPPORTED_VERSIONS = 43
KEY_SHARE = 51
SUPPORTED_GROUPS = 10

# RFC 5746 3.3: what stands for an empty renegotiation_info
_RENEGOTIATION_SCSV = 0x00FF
# Whatever the peer's certificate is signed with; whether that is strong enough is judged later.
_SIGNATURES = (
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x081A, 0x081B, 0x081C, 0x0809, 0x080A, 0x080B, 0x0804,
    0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0202,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hello:
    """What is offered; codes are IANA's. `name` is the server's (SNI), empty: not said."""

    version: int
    suites: tuple[int, ...]
    groups: tuple[int, ...] = ()
    name: str = ""


def encode(hello: Hello) -> bytes:
    """The hello as one TLS record."""
    modern = hello.version == TLS13
    suites = hello.suites if modern else (*hello.suites, _RENEGOTIATION_SCSV)
    body = struct.pack(">H", min(hello.version, TLS12)) + secrets.token_bytes(32)
    # RFC 8446 D.4: a session of old makes TLS 1.3 look like TLS 1.2 to what stands between
    body += _vector(1, secrets.token_bytes(32) if modern else b"")
    body += _vector(2, _codes(suites)) + _vector(1, b"\0")
    if hello.version > SSL3:
        body += _vector(2, b"".join(_extensions(hello)))
    message = b"\x01" + _vector(3, body)
    return struct.pack(">BH", 22, min(hello.version, TLS10)) + _vector(2, message)


def _extensions(hello: Hello) -> Iterable[bytes]:
    if hello.name:
        entry = b"\0" + _vector(2, hello.name.encode("ascii"))
        yield _extension(0, _vector(2, entry))
    if hello.groups:
        yield _extension(SUPPORTED_GROUPS, _vector(2, _codes(hello.groups)))
    yield _extension(13, _vector(2, _codes(_SIGNATURES)))
    if hello.version == TLS13:
        yield _extension(SUPPORTED_VERSIONS, _vector(1, _codes((TLS13,))))
        yield _extension(45, _vector(1, b"\x01"))
        yield _extension(KEY_SHARE, _vector(2, b""))
    else:
        yield _extension(11, _vector(1, b"\0"))
        yield _extension(EXTENDED_MASTER_SECRET, b"")


def _extension(kind: int, content: bytes) -> bytes:
    return struct.pack(">H", kind) + _vector(2, content)


def _vector(width: int, content: bytes) -> bytes:
    return len(content).to_bytes(width, "big") + content


def _codes(codes: Iterable[int]) -> bytes:
    return b"".join(struct.pack(">H", code) for code in codes)
