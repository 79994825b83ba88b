"""What happened, as values: an event, who took part in it, and what it was done to.

Law: an event is made where it happens, in microseconds, and knows neither XML nor network. Who
"we" are is left open (`US`): the trail that records it fills that in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import IntEnum
from typing import Final

from scp.audit.codes import Code

UNKNOWN: Final = "unknown"  # who took part and cannot be named


class Outcome(IntEnum):
    """EventOutcomeIndicator, PS3.15 Table A.5.2-1."""

    SUCCESS = 0
    MINOR = 4  # it may be tried again
    SERIOUS = 8  # it was ended
    MAJOR = 12  # it is no longer to be had


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the network as we know it: its AE title, its address; either may be empty."""

    ae_title: str
    address: str = ""

    def taking(self, *roles: Code, requestor: bool = False) -> Participant:
        """The node as a participant."""
        title = self.ae_title.strip(" ")
        return Participant(
            user=title or self.address or UNKNOWN,
            titles=(title,) if title else (),
            address=self.address,
            roles=roles,
            requestor=requestor,
        )


@dataclass(frozen=True, slots=True)
class Participant:
    """Who took part, ActiveParticipant; without a `user` it is this process of ours."""

    user: str = ""
    titles: tuple[str, ...] = ()  # AE titles, A.5.2.2
    name: str = ""
    address: str = ""  # of the network: an IP address or a host name
    roles: tuple[Code, ...] = ()
    requestor: bool = False
    media: Code | None = None


US: Final = Participant()


def us(*roles: Code, requestor: bool = False, title: str = "") -> Participant:
    """Ourselves in these roles; without an AE title, by all of ours."""
    titles = (title.strip(" "),) if title else ()
    return replace(US, titles=titles, roles=roles, requestor=requestor)


@dataclass(frozen=True, slots=True)
class Thing:
    """What it was done to, ParticipantObjectIdentification."""

    identifier: str
    kind: Code  # of the identifier
    type: str = "2"  # 1 person, 2 system
    role: str = ""  # Table A.5.2-2: 1 patient, 3 report, 5 master file, 13 security resource
    name: str = ""
    query: bytes | None = None
    details: tuple[tuple[str, bytes], ...] = ()
    classes: Mapping[str, int] = field(default_factory=dict)  # SOP classes, how many instances


def now() -> datetime:
    """The time, with its zone: A.5.2.5."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Event:
    """One event, AuditMessage."""

    what: Code
    action: str  # C, R, U, D or E
    participants: tuple[Participant, ...]
    kind: Code | None = None
    things: tuple[Thing, ...] = ()
    outcome: Outcome = Outcome.SUCCESS
    why: str = ""  # of what is no success
    when: datetime = field(default_factory=now)
