"""What listens where no TLS is spoken: plain DICOM, HTTP, or who knows what."""

from __future__ import annotations

import contextlib
import socket
from typing import Literal

from pydicom.uid import ImplicitVRLittleEndian

from config.limits import Limits
from scu.associate import Caller, Target, associate
from scu.echo import VERIFICATION
from scu.hellos import Server
from wire.errors import Aborted, Rejected, WireError

Kind = Literal["DICOM", "HTTP", "SSH", "nothing known"]
BRIEF_SECONDS = 3.0
"""Enough for a question that is asked on the side."""

_GREETINGS: tuple[tuple[bytes, Kind], ...] = ((b"HTTP/", "HTTP"), (b"<", "HTTP"), (b"SSH-", "SSH"))
_ABORT = b"\x07\x00"  # PS3.8 9.3.8: what a DICOM port may say to a first byte it does not know
_REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def what_listens(server: Server, begins: bytes = b"") -> Kind:
    """By how its answer to a TLS hello began, or else by asking in other words."""
    if begins.startswith(_ABORT):
        return "DICOM"
    return _greeting(begins) or _dicom(server) or what_answers_http(server) or "nothing known"


def what_answers_http(server: Server) -> Kind | None:
    """By how it answers HTTP; None: not in a way that tells."""
    return _greeting(_said(server))


def _greeting(begins: bytes) -> Kind | None:
    return next((kind for start, kind in _GREETINGS if begins.startswith(start)), None)


def _dicom(server: Server) -> Kind | None:
    """Whether it answers an A-ASSOCIATE-RQ, in whichever way."""
    target = Target("ANY-SCP", server.host, server.port)
    proposal = (VERIFICATION, (ImplicitVRLittleEndian,))
    try:
        associate(target, Caller(limits=_brief(server.limits)), [proposal]).abort()
    except (Rejected, Aborted):
        return "DICOM"
    except WireError:
        return None
    return "DICOM"


def _said(server: Server) -> bytes:
    """How it answers HTTP."""
    seconds = _brief(server.limits).handshake_seconds
    with (
        contextlib.suppress(OSError),
        socket.create_connection((server.host, server.port), seconds) as sock,
    ):
        sock.sendall(_REQUEST)
        return sock.recv(64)
    return b""


def _brief(limits: Limits) -> Limits:
    names = ("connect_seconds", "handshake_seconds", "response_seconds", "request_seconds")
    brief = {name: min(getattr(limits, name), BRIEF_SECONDS) for name in names}
    return limits.model_copy(update=brief)
