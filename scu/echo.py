"""C-ECHO, PS3.4 Annex A."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from scu.associate import Caller, Target, associate
from wire.association import Association
from wire.command import Command, Field

VERIFICATION = "1.2.840.10008.1.1"
SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian)


@dataclass(frozen=True, slots=True)
class Echo:
    """The answer to a C-ECHO; times in seconds."""

    status: int | None
    associated: float
    answered: float


def verify(association: Association) -> int | None:
    """One C-ECHO; returns its status. Raises NoContext, Ended."""
    context = association.context_for(VERIFICATION)
    request = Command(
        command_field=Field.C_ECHO,
        affected_sop_class_uid=VERIFICATION,
        message_id=association.next_message_id(),
    )
    association.send(context, request)
    return association.response(request).command.status


def echo(target: Target, caller: Caller) -> Echo:
    """Associate, echo, release. Raises WireError."""
    begun = time.monotonic()
    with associate(target, caller, [(VERIFICATION, SYNTAXES)]) as association:
        associated = time.monotonic()
        status = verify(association)
        return Echo(status, associated - begun, time.monotonic() - associated)
