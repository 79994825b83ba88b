"""One way to associate: whom we call, who we are, what we propose, PS3.8 7.1."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from config.limits import Limits
from wire import establish
from wire.association import Association
from wire.establish import Secure
from wire.items import ProposedContext, Request

MOST_CONTEXTS = 128
"""Presentation contexts in one association: the odd numbers of one byte, PS3.8 9.3.2.2."""

Proposal = tuple[str, Sequence[str]]
"""An abstract syntax and the transfer syntaxes proposed for it."""


@dataclass(frozen=True, slots=True)
class Target:
    """The application entity that is called."""

    ae_title: str
    host: str
    port: int
    tls: Secure | None = field(default=None, compare=False, repr=False)  # None: plain DICOM

    def __str__(self) -> str:
        return f"{self.ae_title}@{self.host}:{self.port}"


Waiting = Callable[[Target, Limits], AbstractContextManager[None]]
"""What goes on around the wait for an association."""


def quietly(_target: Target, _limits: Limits) -> AbstractContextManager[None]:
    """Nothing does."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Caller:
    """The application entity that calls: us."""

    ae_title: str = "ANODE"
    limits: Limits = field(default_factory=Limits)
    waiting: Waiting = field(default=quietly, compare=False, repr=False)


def associate(
    target: Target,
    caller: Caller,
    proposals: Iterable[Proposal],
    roles: Mapping[str, tuple[bool, bool]] | None = None,
    *,
    extended: Mapping[str, bytes] | None = None,
) -> Association:
    """An association to `target`, to be used as a context manager.

    `roles` gives (SCU, SCP) for abstract syntaxes whose role is to be selected, PS3.7 D.3.3.4;
    `extended` asks for extended negotiation, D.3.3.5, answered in Association.extended.
    Raises ValueError for more than 128 proposals, WireError when there is no association.
    """
    contexts = tuple(
        ProposedContext(2 * number + 1, abstract_syntax, tuple(transfer_syntaxes))
        for number, (abstract_syntax, transfer_syntaxes) in enumerate(proposals)
    )
    if not 1 <= len(contexts) <= MOST_CONTEXTS:
        raise ValueError(f"an association has 1 to {MOST_CONTEXTS} contexts, not {len(contexts)}")
    request = Request(
        calling_ae_title=caller.ae_title,
        called_ae_title=target.ae_title,
        contexts=contexts,
        maximum_length=caller.limits.pdu,
        roles=roles or {},
        extended=extended or {},
    )
    address = (target.host, target.port)
    with caller.waiting(target, caller.limits):
        return establish.request(address, request, caller.limits, tls=target.tls)
