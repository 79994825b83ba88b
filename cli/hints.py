"""Where TLS, or what is spoken there, and a call do not go together: whose side, the next step.

Law: the peer is asked what it speaks only when a call has failed for want of that, and once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from config.contexts import NotBound
from config.limits import Limits
from scu.associate import Target
from scu.hellos import Server
from scu.listening import BRIEF_SECONDS, what_answers_http, what_listens
from wire import handshake, presented
from wire.errors import (
    Closed,
    DeadlineExceeded,
    Ended,
    ProtocolError,
    Unreachable,
    Untrusted,
    WireError,
)

_PROBE: Final = "`anode tls probe {at}` shows it"
_PIN: Final = "compare with the peer's own people before you take it (`anode tls cert pin {at}`)"
_ADD_TLS: Final = "it speaks TLS there: add --tls PROFILE, or tls to its [[peer]]"
_MAYBE_TLS: Final = "if it speaks TLS, add --tls PROFILE, or tls to its [[peer]]"
_OUR_CA: Final = f"is the CA that issued its certificate in --ca (or ca)? {_PROBE}"
_ITS_CA: Final = "it does not believe our certificate (--cert): its CA has to know the issuer"

# What OpenSSL says of the peer's certificate, X509_verify_cert_error_string.
_OF_THEIRS: Final[Mapping[str, str]] = {
    "self-signed certificate": _OUR_CA,
    "self-signed certificate in certificate chain": _OUR_CA,
    "unable to get local issuer certificate": _OUR_CA,
    "unable to verify the first certificate": _OUR_CA,
    "certificate has expired": "it has to be renewed there",
    "certificate is not yet valid": "are both clocks right?",
    "certificate revoked": "its CA has taken it back: the peer needs a new one",
    "CRL has expired": "our crl is too old: get the CA's newest",
    "unable to get certificate CRL": "our crl is not one of the CA that issued it",
}
_NAME: Final = f"call it by a name in its certificate; {_PROBE}"

_OF_CERTIFICATE: Final = "certificate: "  # as wire.handshake.reason begins

# RFC 8446 6.2, as OpenSSL spells what the peer says of us.
_ALERTS: Final[Mapping[str, str]] = {
    "alert certificate required": "it wants a certificate of ours: add --cert FILE",
    "alert handshake failure": "it may want a certificate of ours (--cert FILE), or speak no suite "
    "of this profile: `anode tls probe {at}` tells",
    "alert unknown ca": _ITS_CA,
    "alert bad certificate": _ITS_CA,
    "alert certificate unknown": _ITS_CA,
    "alert certificate revoked": "our certificate is revoked: we need a new one",
    "alert certificate expired": "our certificate has expired: renew it",
    "alert protocol version": "it speaks no version of this profile: `anode tls probe {at}` tells",
}
_INSTEAD: Final[Mapping[str, str]] = {
    "DICOM": "it speaks plain DICOM there: call it without TLS, or at its port for TLS",
    "HTTP": "it speaks HTTP there: that is not a DICOM port",
    "SSH": "it speaks SSH there: that is not a DICOM port",
}
_UNKNOWN: Final = "is that its port for TLS? `anode tls probe {at}` tells"


@lru_cache(maxsize=64)
def hint(error: WireError, target: Target, limits: Limits) -> str:
    """What to do if TLS is what the call failed for, or something else is spoken; else empty."""
    at = f"{target.host}:{target.port}"
    match error:
        case Untrusted():
            return _untrusted(error.cause, target).format(at=at)
        case Closed() if target.tls is not None:
            return _alert(str(error)).format(at=at)
        case DeadlineExceeded() | ProtocolError() if error.unanswered and (
            kind := what_answers_http(Server(target.host, target.port, limits))
        ):
            return _INSTEAD[kind]
        case Closed() | ProtocolError() if error.unanswered:
            return _plain(error, target)
        case _:
            return ""


def _untrusted(cause: Exception, target: Target) -> str:
    said = handshake.reason(cause)
    if isinstance(cause, NotBound):
        return _PIN
    if said.startswith(_OF_CERTIFICATE):
        theirs = said.removeprefix(_OF_CERTIFICATE)
        return _OF_THEIRS.get(theirs, _NAME if "mismatch" in theirs else _PROBE)
    if isinstance(cause, TimeoutError):
        return _UNKNOWN
    if "alert" in said:
        return _alert(said) or _UNKNOWN
    return _INSTEAD.get(what_listens(Server(target.host, target.port)), _UNKNOWN)


def _alert(said: str) -> str:
    return next((step for alert, step in _ALERTS.items() if alert in said), "")


def _plain(error: Ended, target: Target) -> str:
    """A plain request that got no answer in DICOM: perhaps TLS is awaited there."""
    try:
        presented.certificate(target.host, target.port, BRIEF_SECONDS)
    except Unreachable:
        return _MAYBE_TLS if isinstance(error, Closed) else ""
    return _ADD_TLS
