"""Presentation context negotiation, PS3.8 7.1.1.13 and PS3.7 D.3.3.4, by pynetdicom's rules.

Knows no policy: an acceptor is told, per abstract syntax, what it may accept. Answers are cached by
the request's bytes, because modalities send the same request all day.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydicom.uid import UID, ImplicitVRLittleEndian
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import (
    PresentationContext,
    negotiate_as_acceptor,
    negotiate_as_requestor,
)

from wire import items, reading
from wire.errors import NoContext
from wire.items import ProposedContext, Request
from wire.limits import Limits

_LONGEST_UID = 64  # PS3.5 9.1; pynetdicom refuses to speak of a longer one
_CACHED_BYTES = 1024 * 1024  # of requests; what is kept for each is some ten times that


@dataclass(frozen=True, slots=True)
class Context:
    """An accepted presentation context; `scu` and `scp` are the roles we play in it."""

    id: int
    abstract_syntax: str
    transfer_syntax: str
    scu: bool
    scp: bool


def context_for(
    contexts: Iterable[Context],
    abstract_syntax: str,
    transfer_syntax: str | None = None,
) -> Context:
    """The accepted context to be SCU in; raises NoContext."""
    for context in contexts:
        if context.abstract_syntax != abstract_syntax or not context.scu:
            continue
        if transfer_syntax in (None, context.transfer_syntax):
            return context
    wanted = f" in transfer syntax {transfer_syntax}" if transfer_syntax else ""
    raise NoContext(f"the peer accepted no presentation context for {abstract_syntax}{wanted}")


@dataclass(frozen=True, slots=True)
class Offer:
    """What an acceptor takes for one abstract syntax.

    `scu` says that it will also play the SCU role where the requestor asks to be SCP (C-GET).
    """

    transfer_syntaxes: Sequence[str]
    scu: bool = False


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Let the association in: what is accepted, by abstract syntax; the rest is refused.

    `refused` are abstract syntaxes that we know but this requestor may not use (result 1,
    user rejection); `extended` answers SOP class extended negotiation, `identity_response` a user
    identity that asked for an answer.
    """

    offers: Mapping[str, Offer]
    refused: frozenset[str] = frozenset()
    extended: Mapping[str, bytes] = field(default_factory=dict)
    identity_response: bytes | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """Keep the association out, PS3.8 Table 9-21; `cause` is for our log only."""

    result: int
    source: int
    reason: int
    cause: str


Decision = Acceptance | Rejection


@dataclass(frozen=True, slots=True)
class Negotiated:
    """The outcome of an acceptor's negotiation; `answer` is the A-ASSOCIATE-AC to send.

    `refused` are the abstract syntaxes that the requestor may not use.
    """

    request: Request
    contexts: Mapping[int, Context]
    answer: bytes
    refused: frozenset[str] = frozenset()


def accept(
    pdu: bytes, limits: Limits, decide: Callable[[Request], Decision]
) -> Negotiated | tuple[Request, Rejection]:
    """Negotiate an A-ASSOCIATE-RQ as its acceptor; raises ProtocolError."""
    request = reading.request(pdu, limits)
    decision = _unacceptable(request) or decide(request)
    if isinstance(decision, Rejection):
        return request, decision
    results, roles = _results(request, decision)
    information = [
        *items.user_information(limits.pdu),
        *roles,
        # PS3.7 D.3.3.5: only what was asked is answered
        *(items.extended(u, raw) for u, raw in decision.extended.items() if u in request.extended),
    ]
    if decision.identity_response is not None:
        information.append(items.identity_response(decision.identity_response))
    answer = items.encode_answer(pdu, results, information)
    return Negotiated(request, _accepted(results), answer, decision.refused)


def _unacceptable(request: Request) -> Rejection | None:
    """What the service provider itself does not accept, PS3.8 9.3.2 and Table 9-21."""
    if not request.protocol_version & 1:
        return Rejection(1, 2, 2, f"protocol version {request.protocol_version:#06x}")
    if request.application_context != items.APPLICATION_CONTEXT:
        return Rejection(1, 1, 2, f"application context {request.application_context!r}")
    return None


_Roles = list[SCP_SCU_RoleSelectionNegotiation]
_Asked = dict[UID, tuple[bool | None, bool | None]]


def _results(request: Request, decision: Acceptance) -> tuple[list[PresentationContext], _Roles]:
    results: list[PresentationContext] = []
    roles: dict[str, SCP_SCU_RoleSelectionNegotiation] = {}
    for proposed in request.contexts:
        made, replies = _result(proposed, request.roles, decision)
        results.append(made)
        roles |= {str(reply.sop_class_uid): reply for reply in replies}
    return results, list(roles.values())


def _result(
    proposed: ProposedContext, roles: Mapping[str, tuple[bool, bool]], decision: Acceptance
) -> tuple[PresentationContext, _Roles]:
    """One context's result, PS3.8 9.3.3.2; only what is offered gets as far as pynetdicom."""
    uid = proposed.abstract_syntax
    offer = decision.offers.get(uid)
    if offer is None or len(uid) > _LONGEST_UID:
        return _refusal(proposed.id, 1 if uid in decision.refused else 3), []
    common = _common(proposed.transfer_syntaxes, offer, we_send=roles.get(uid, (True, False))[1])
    if not common:
        return _refusal(proposed.id, 4), []
    theirs = items.proposed_context(ProposedContext(proposed.id, uid, (common[0],)))
    ours = items.proposed_context(ProposedContext(proposed.id, uid, (common[0],)))
    # PS3.7 D.3.3.4: an answer names the roles of the requestor, which is SCP where we are SCU.
    ours.scu_role, ours.scp_role = True, offer.scu
    asked: _Asked = {UID(uid): roles[uid]} if uid in roles else {}
    made, replies = negotiate_as_acceptor([theirs], [ours], asked)
    return made[0], replies


def _common(proposed: Sequence[str], offer: Offer, *, we_send: bool) -> list[str]:
    """Transfer syntaxes both sides have, in the order of who will send in them.

    What a sender names first spares it a conversion; our own order begins with Explicit VR.
    """
    if we_send and offer.scu:
        return [name for name in offer.transfer_syntaxes if name in proposed]
    return [name for name in proposed if name in offer.transfer_syntaxes]


def _refusal(context_id: int, result: int) -> PresentationContext:
    refused = PresentationContext()
    refused.context_id, refused.result = context_id, result
    refused.transfer_syntax = [ImplicitVRLittleEndian]  # not significant, PS3.8 9.3.3.2
    return refused


def _accepted(results: Sequence[PresentationContext]) -> dict[int, Context]:
    return {cx.context_id or 0: _context(cx) for cx in results if cx.result == 0}


def _context(cx: PresentationContext) -> Context:
    return Context(
        id=cx.context_id or 0,
        abstract_syntax=str(cx.abstract_syntax),
        transfer_syntax=str(cx.transfer_syntax[0]),
        scu=bool(cx.as_scu),
        scp=bool(cx.as_scp),
    )


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the acceptor of our request agreed to; `maximum_length` 0 means without limit.

    `results` are its answers by abstract syntax, PS3.8 9.3.3.2, the best one of each.
    """

    contexts: Mapping[int, Context]
    maximum_length: int
    extended: Mapping[str, bytes]
    results: Mapping[str, int]


def concluded(request: Request, pdu: bytes) -> Accepted:
    """What `request` and the A-ASSOCIATE-AC that answers it come to; raises ProtocolError."""
    answer = reading.answer(pdu)
    results: list[PresentationContext] = []
    told: dict[str, int] = {}
    for proposed in request.contexts:
        result, transfer_syntax = answer.contexts.get(proposed.id, (2, ""))
        told[proposed.abstract_syntax] = min(result, told.get(proposed.abstract_syntax, result))
        # An answer in a transfer syntax that was not proposed accepts nothing.
        if result == 0 and transfer_syntax in proposed.transfer_syntaxes:
            results += _conclusion(
                replace(proposed, transfer_syntaxes=(transfer_syntax,)), request, answer
            )
    user = answer.user
    return Accepted(_accepted(results), user.maximum_length, user.extended, told)


def _conclusion(
    accepted: ProposedContext, request: Request, answer: reading.Answer
) -> list[PresentationContext]:
    """The roles in one accepted context, PS3.7 D.3.3.4; an answer nobody asked for counts not."""
    ours, theirs = items.proposed_context(accepted), items.proposed_context(accepted)
    theirs.result = 0
    roles: _Asked = {}
    uid = accepted.abstract_syntax
    if uid in request.roles:
        ours.scu_role, ours.scp_role = request.roles[uid]
        if uid in answer.user.roles:
            roles[UID(uid)] = answer.user.roles[uid]
    return negotiate_as_requestor([ours], [theirs], roles)


_Key = tuple[bytes, Hashable]


class Cache:
    """Acceptances by (request bytes, who asks), so that a known request costs a look-up.

    Requests that carry a user identity are never kept: their bytes hold secrets.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[_Key, Negotiated] = OrderedDict()
        self._bytes = 0

    def accept(
        self, pdu: bytes, caller: Hashable, limits: Limits, decide: Callable[[Request], Decision]
    ) -> Negotiated | tuple[Request, Rejection]:
        """As `accept`; `caller` stands for everything but the bytes that `decide` looks at."""
        key = (pdu, caller)
        with self._lock:
            generation = self._known
            if (known := generation.get(key)) is not None:
                generation.move_to_end(key)
                return known
        made = accept(pdu, limits, decide)
        if isinstance(made, Negotiated) and made.request.identity is None:
            self._keep(key, made, generation)
        return made

    def _keep(
        self,
        key: _Key,
        made: Negotiated,
        generation: OrderedDict[_Key, Negotiated],
    ) -> None:
        with self._lock:
            # What was decided before `clear` is forgotten with the rest.
            if self._known is not generation or key in generation:
                return
            generation[key] = made
            self._bytes += len(key[0])
            while self._bytes > _CACHED_BYTES:
                (oldest, _), _ = generation.popitem(last=False)
                self._bytes -= len(oldest)

    def clear(self) -> None:
        """Forget everything: the policy has changed."""
        with self._lock:
            self._known, self._bytes = OrderedDict(), 0
