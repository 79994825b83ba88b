"""What can go wrong on an association, as exceptions.

    WireError
    ├── Unreachable            no transport connection to the peer
    │   └── Untrusted          it is there, and the TLS handshake with it failed
    ├── Rejected               the peer answered A-ASSOCIATE-RJ (PS3.8 9.3.4)
    ├── NoContext              the peer accepted no presentation context for what is to be sent
    ├── Unreadable             a file to be sent cannot be read
    └── Ended                  the association is over and cannot be used again
        ├── Aborted            the peer sent A-ABORT (PS3.8 9.3.8)
        ├── Closed             the transport connection went away
        ├── Unsecured          the peer's TLS handshake failed
        ├── DeadlineExceeded   the peer did not do its part in time
        └── ProtocolError      the peer broke PS3.7 or PS3.8; carries the A-ABORT we answer

The messages are written for the person at the other end of a command line.
"""

from __future__ import annotations

from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_RJ


class WireError(Exception):
    """Anything that ends, or prevents, an association."""


class Unreachable(WireError):
    """No transport connection could be made to the peer."""


class Untrusted(Unreachable):
    """The peer is there, and TLS with it failed; `cause` is what the handshake ended with."""

    def __init__(self, message: str, cause: Exception) -> None:
        super().__init__(message)
        self.cause = cause


class NoContext(WireError):
    """No accepted presentation context carries this SOP class in this transfer syntax.

    `result` is the peer's answer for the class, PS3.8 Table 9-18, where it is known.
    """

    def __init__(self, message: str, result: int | None = None) -> None:
        super().__init__(message)
        self.result = result


class Unreadable(WireError):
    """A file to be sent cannot be read, or is shorter than it should be."""


class Rejected(WireError):
    """The peer rejected the association, PS3.8 Table 9-21."""

    def __init__(self, result: int, source: int, reason: int) -> None:
        pdu = A_ASSOCIATE_RJ()
        pdu.result, pdu.source, pdu.reason_diagnostic = result, source, reason
        self.result, self.source, self.reason = result, source, reason
        self.transient = result == 2
        kind = "for now" if self.transient else "for good"
        super().__init__(f"peer rejected the association {kind}: {_text(pdu)}")


class Ended(WireError):
    """The association is over."""

    unanswered = False
    """Whether it ended before the peer answered our request for one."""


class Aborted(Ended):
    """The peer aborted the association, PS3.8 Table 9-26."""

    def __init__(self, source: int, reason: int) -> None:
        self.source, self.reason = source, reason
        by = "the peer's service provider" if source == 2 else "the peer"
        why = f": {abort_reason(reason)}" if source == 2 else ""
        super().__init__(f"{by} aborted the association{why}")


class Closed(Ended):
    """The transport connection was closed without a release."""


class Unsecured(Ended):
    """The peer connected and did not get through the TLS handshake."""


class DeadlineExceeded(Ended):
    """The peer did not do its part in time."""


class ProtocolError(Ended):
    """The peer broke the protocol; `source` and `reason` are what our A-ABORT says."""

    def __init__(self, message: str, *, source: int = 2, reason: int = 2) -> None:
        self.source, self.reason = source, reason
        super().__init__(message)


def abort_reason(reason: int) -> str:
    """The words of PS3.8 Table 9-26 for an A-ABORT reason."""
    if reason not in (0, 1, 2, 4, 5, 6):
        return f"reason {reason}"  # pynetdicom would log what a peer may say at will
    pdu = A_ABORT_RQ()
    pdu.source, pdu.reason_diagnostic = 2, reason
    return pdu.reason_str.lower()


def _text(pdu: A_ASSOCIATE_RJ) -> str:
    try:
        return pdu.reason_str.lower()
    except (KeyError, ValueError):
        return f"source {pdu.source}, reason {pdu.reason_diagnostic}"
