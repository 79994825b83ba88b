"""The certificate a TLS server shows to anybody, before anything of it is believed.

Law: it is looked at and nothing more: no byte of DICOM is said, and nothing is verified.
"""

from __future__ import annotations

import socket
import ssl
import time
import warnings
from collections.abc import Iterator
from typing import Final

from wire.errors import Unreachable
from wire.handshake import reason

_ENOUGH: Final = 1 << 20
_HANDSHAKE, _CERTIFICATE = 22, 11  # RFC 5246 6.2.1, 7.4


def certificate(host: str, port: int, seconds: float) -> bytes:
    """The server's own certificate in DER; raises Unreachable."""
    where, deadline = f"{host}:{port}", time.monotonic() + seconds
    try:
        with socket.create_connection((host, port), seconds) as sock:
            shown, why = _shaken(sock, host, deadline)
    except OSError as error:
        raise Unreachable(f"no certificate from {where}: {reason(error)}") from None
    if not shown:
        raise Unreachable(f"no certificate from {where}: {why}")
    return shown


def _shaken(sock: socket.socket, host: str, deadline: float) -> tuple[bytes, str]:
    """What it showed, or why it showed nothing."""
    arrived, leaving, said = ssl.MemoryBIO(), ssl.MemoryBIO(), bytearray()
    connection = _anything().wrap_bio(arrived, leaving, server_hostname=host)
    while len(said) < _ENOUGH:
        try:
            connection.do_handshake()
        except ssl.SSLWantReadError:
            sock.sendall(leaving.read())
        except ssl.SSLError as error:
            # It wants a certificate of ours first.  Up to TLS 1.2 it has shown its own by then.
            return next(_in_clear(bytes(said)), b""), reason(error)
        else:
            return connection.getpeercert(binary_form=True) or b"", "it showed none"
        sock.settimeout(max(deadline - time.monotonic(), 0.001))
        if not (received := sock.recv(65536)):
            return next(_in_clear(bytes(said)), b""), "it closed the connection; is it TLS?"
        said += received
        arrived.write(received)
    return b"", "it talks without end"


def _anything() -> ssl.SSLContext:
    """Whatever is spoken there is good enough to be looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _in_clear(said: bytes) -> Iterator[bytes]:
    """The first certificate of each Certificate message in what a server said, RFC 5246 7.4.2."""
    messages = b"".join(_records(said))
    while len(messages) >= 4:
        kind, length = messages[0], int.from_bytes(messages[1:4])
        body, messages = messages[4 : 4 + length], messages[4 + length :]
        if kind == _CERTIFICATE and len(body) >= 6:
            size = int.from_bytes(body[3:6])
            if 0 < size <= len(body) - 6:
                yield body[6 : 6 + size]


def _records(said: bytes) -> Iterator[bytes]:
    """The handshake records up to the first of another kind."""
    while len(said) >= 5 and said[0] == _HANDSHAKE:
        length = int.from_bytes(said[3:5])
        yield said[5 : 5 + length]
        said = said[5 + length :]
