"""What a peer would do for us: an echo, and which services it accepts, PS3.8 9.3.3.2.

Law: it only associates and echoes; nothing is stored, asked for or moved.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from config import catalogue
from scu.associate import MOST_CONTEXTS, Caller, Target, associate
from scu.echo import VERIFICATION, Echo, verify
from wire import handshake
from wire.errors import WireError
from wire.handshake import Session

SERVICES: Final[Mapping[str, str]] = {
    "echo": VERIFICATION,
    "store": "1.2.840.10008.5.1.4.1.1.2",  # CT Image Storage
    "find": "1.2.840.10008.5.1.4.1.2.2.1",
    "move": "1.2.840.10008.5.1.4.1.2.2.2",
    "get": "1.2.840.10008.5.1.4.1.2.2.3",
    "commit": "1.2.840.10008.1.20.1",
}
"""By one SOP class each: study root, and the push model of storage commitment."""

RESULTS: Final[Mapping[int, str]] = {
    0: "accepted",
    1: "user rejection",
    2: "no reason (provider rejection)",
    3: "abstract syntax not supported",
    4: "transfer syntaxes not supported",
}
"""PS3.8 Table 9-18."""

COUNTING_SECONDS = 10.0
"""The longest wait for an answer to what is only counted."""

_SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian)


@dataclass(slots=True)
class Tested:
    """How far it came; `error` is what ended it, `classes` (accepted, proposed) storage classes."""

    sessions: list[Session] = field(default_factory=list)
    results: Mapping[str, int] | None = None
    echo: Echo | None = None
    classes: tuple[int, int] | None = None
    error: WireError | None = None

    @property
    def session(self) -> Session | None:
        """What TLS agreed on, if it came to that."""
        return self.sessions[0] if self.sessions else None


def selftest(target: Target, caller: Caller) -> Tested:
    """Everything, as far as it comes; never raises WireError."""
    tested = Tested()
    noted = replace(target, tls=handshake.noted(target.tls, tested.sessions.append))
    try:
        _services(noted, caller, tested)
        tested.classes = _storage(noted, caller)
    except WireError as error:
        # What was answered before it stays true; only an echo that failed is a failure.
        tested.error = error if tested.echo is None else None
    return tested


def _services(target: Target, caller: Caller, tested: Tested) -> None:
    begun = time.monotonic()
    proposals = [(uid, _SYNTAXES) for uid in SERVICES.values()]
    with associate(target, caller, proposals) as association:
        associated = time.monotonic()
        tested.results = {name: association.results[uid] for name, uid in SERVICES.items()}
        status = verify(association)
        tested.echo = Echo(status, associated - begun, time.monotonic() - associated)


def _storage(target: Target, caller: Caller) -> tuple[int, int]:
    """How many of the storage classes we know it takes in a transfer syntax everybody has."""
    known = tuple(catalogue.STORAGE)
    seconds = min(caller.limits.response_seconds, COUNTING_SECONDS)
    brief = caller.limits.model_copy(update={"response_seconds": seconds})
    accepted = 0
    for first in range(0, len(known), MOST_CONTEXTS):
        proposals = [(uid, _SYNTAXES) for uid in known[first : first + MOST_CONTEXTS]]
        with associate(target, replace(caller, limits=brief), proposals) as association:
            accepted += sum(result == 0 for result in association.results.values())
    return accepted, len(known)
