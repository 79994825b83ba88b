"""The TLS handshake, as acceptor and as requestor: whole within its deadline, or in words why not.

Law: what speaks TLS is made elsewhere (`config.contexts`); this room only knows when it is late.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from wire.errors import Unsecured, Untrusted
from wire.limits import Limits

# OpenSSL's words for a first record that is none
_PLAIN = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST"})
_NUMBER = re.compile(r" \(_ssl\.c:\d+\)$")
_LINGER_SECONDS = 1.0

Secure = Callable[[socket.socket], socket.socket]
"""Makes a connection one to speak on: mostly a TLS one, its handshake done."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a handshake agreed on, and the certificate the other side showed, in DER."""

    version: str
    suite: str
    certificate: bytes


def session(sock: ssl.SSLSocket) -> Session:
    """Of a connection whose handshake is done."""
    name, _, _ = sock.cipher() or ("", "", 0)
    return Session(sock.version() or "", name, sock.getpeercert(binary_form=True) or b"")


def noted(secure: Secure | None, note: Callable[[Session], object]) -> Secure | None:
    """The same way to speak TLS, with a note of what was agreed on, whatever comes after."""
    if secure is None:
        return None

    def noting(sock: socket.socket) -> socket.socket:
        made = secure(sock)
        if isinstance(made, ssl.SSLSocket):
            note(session(made))
        return made

    return noting


def await_client(sock: ssl.SSLSocket, limits: Limits) -> None:
    """The handshake with a peer that called us; raises Unsecured."""
    try:
        sock.settimeout(limits.handshake_seconds)  # for the whole of it, however it drips
        sock.do_handshake()
    except TimeoutError:
        why = f"it was not complete within {limits.handshake_seconds:g} s"
        raise Unsecured(f"TLS handshake failed: {why}") from None
    except (OSError, ValueError) as error:
        _linger(sock)
        raise Unsecured(f"TLS handshake failed: {reason(error)}") from None


def _linger(sock: socket.socket) -> None:
    """Read and drop what is under way, or a reset would take back the alert that says why."""
    deadline = time.monotonic() + _LINGER_SECONDS
    with contextlib.suppress(OSError):
        # The methods of TLS have no part in it any more.
        socket.socket.shutdown(sock, socket.SHUT_WR)
        while (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            if not socket.socket.recv(sock, 4096):
                return


def secured(
    sock: socket.socket, address: tuple[str, int], secure: Secure, limits: Limits
) -> socket.socket:
    """The handshake with a peer that we call; raises Untrusted."""
    try:
        sock.settimeout(limits.handshake_seconds)
        return secure(sock)
    except (OSError, ValueError) as error:
        sock.close()
        where = f"{address[0]}:{address[1]}"
        late = f"the handshake was not complete within {limits.handshake_seconds:g} s"
        why = late if isinstance(error, TimeoutError) else reason(error)
        raise Untrusted(f"no TLS with {where}: {why}", error) from None


def reason(error: Exception) -> str:
    """Why a connection failed, without OpenSSL's file names."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"certificate: {error.verify_message}"
        case ssl.SSLError(reason=str(code)) if code in _PLAIN:
            return f"what came is not TLS ({_words(code)})"
        case ssl.SSLError(reason=str(code)) if code:
            return _words(code)
        case OSError(strerror=str(said)) if said:
            return _NUMBER.sub("", said)
        case _:
            return _NUMBER.sub("", str(error)) or type(error).__name__


def _words(code: str) -> str:
    return code.lower().replace("_", " ")
