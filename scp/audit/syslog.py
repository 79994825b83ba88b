"""Syslog messages, RFC 5424, and their framing: RFC 5426 (UDP), 6587 (TCP) and 5425 (TLS).

PS3.15 A.6 and A.7: facility 10, MSGID "DICOM+RFC3881", no structured data, UTF-8 after a BOM.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from scp.audit.events import Event, Outcome

FACILITY = 10  # security and authorization
APP_NAME = "anode"
MSGID = "DICOM+RFC3881"
BOM = b"\xef\xbb\xbf"
# RFC 5424 6.2.1: 5 notice (A.6.1 wants it mostly), 4 warning, 3 error, 2 critical
SEVERITIES = {Outcome.SUCCESS: 5, Outcome.MINOR: 4, Outcome.SERIOUS: 3, Outcome.MAJOR: 2}
_NO_NAME = re.compile("[^!-~]+")


@dataclass(frozen=True, slots=True)
class Header:
    """What is the same in every message of a process."""

    hostname: str
    process: str

    def message(self, event: Event, text: str) -> bytes:
        """One syslog message, on one line: RFC 5424 6."""
        priority = FACILITY * 8 + SEVERITIES[event.outcome]
        when = event.when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        head = f"<{priority}>1 {when} {self.hostname} {APP_NAME} {self.process} {MSGID} - "
        return head.encode("ascii") + BOM + text.encode("utf-8")


def hostname() -> str:
    """This machine's name as HOSTNAME, RFC 5424 6.2.4."""
    return _NO_NAME.sub("-", socket.gethostname())[:255] or "-"


def octet_counted(messages: Iterable[bytes]) -> bytes:
    """MSG-LEN SP SYSLOG-MSG, RFC 5425 4.3 and RFC 6587 3.4.1."""
    return b"".join(b"%d %b" % (len(message), message) for message in messages)
