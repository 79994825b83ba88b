"""Presentation context negotiation, PS3.8 7.1.1.13 and PS3.7 D.3.3.4, by pynetdicom's rules.

Knows no policy: an acceptor is told, per abstract syntax, what it may accept. Answers are cached by
the request's bytes, because modalities send the same request all day.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pydicom.uid import UID
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    SCP_SCU_RoleSelectionNegotiation,
    SOPClassExtendedNegotiation,
)
from pynetdicom.presentation import (
    PresentationContext,
    build_context,
    negotiate_as_acceptor,
    negotiate_as_requestor,
)

from wire import items
from wire.items import Request
from wire.limits import Limits

_CACHED = 256


@dataclass(frozen=True, slots=True)
class Context:
    """An accepted presentation context; `scu` and `scp` are the roles we play in it."""

    id: int
    abstract_syntax: str
    transfer_syntax: str
    scu: bool
    scp: bool


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
    user rejection); `extended` answers SOP class extended negotiation.
    """

    offers: Mapping[str, Offer]
    refused: frozenset[str] = frozenset()
    extended: Mapping[str, bytes] = field(default_factory=dict)


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
    """The outcome of an acceptor's negotiation; `answer` is the A-ASSOCIATE-AC to send."""

    request: Request
    contexts: Mapping[int, Context]
    answer: bytes


def accept(
    pdu: bytes, limits: Limits, decide: Callable[[Request], Decision]
) -> Negotiated | tuple[Request, Rejection]:
    """Negotiate an A-ASSOCIATE-RQ as its acceptor; raises ProtocolError."""
    request, primitive = items.decode_request(pdu, limits)
    decision = decide(request)
    if isinstance(decision, Rejection):
        return request, decision
    results, roles = _results(request, primitive, decision)
    information = items.user_information(limits.pdu)
    answers = [items.extended(uid, raw) for uid, raw in decision.extended.items()]
    answer = items.encode_answer(primitive, results, [*information, *roles, *answers])
    return Negotiated(request, _accepted(results), answer)


def _results(
    request: Request, primitive: A_ASSOCIATE, decision: Acceptance
) -> tuple[list[PresentationContext], list[SCP_SCU_RoleSelectionNegotiation]]:
    results: list[PresentationContext] = []
    roles: dict[str, SCP_SCU_RoleSelectionNegotiation] = {}
    asked: dict[UID, tuple[bool | None, bool | None]] = {
        UID(uid): pair for uid, pair in request.roles.items()
    }
    for proposed in primitive.presentation_context_definition_list:
        uid = str(proposed.abstract_syntax)
        supported = _supported(proposed, decision.offers.get(uid))
        made, replies = negotiate_as_acceptor([proposed], supported, asked)
        if made[0].result == 3 and uid in decision.refused:
            made[0].result = 1
        results += made
        roles |= {str(reply.sop_class_uid): reply for reply in replies}
    return results, list(roles.values())


def _supported(proposed: PresentationContext, offer: Offer | None) -> list[PresentationContext]:
    if offer is None:
        return []
    # The requestor's order is its preference: what it names first spares it a conversion.
    wanted = [uid for uid in proposed.transfer_syntax if uid in offer.transfer_syntaxes]
    context = build_context(
        proposed.abstract_syntax or "", list(wanted or offer.transfer_syntaxes[:1])
    )
    context.scp_role, context.scu_role = True, offer.scu
    return [context]


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
    """What the acceptor of our request agreed to; `maximum_length` 0 means without limit."""

    contexts: Mapping[int, Context]
    maximum_length: int
    extended: Mapping[str, bytes]
    called_ae_title: str = ""


def concluded(request: Request, pdu: bytes) -> Accepted:
    """What `request` and the A-ASSOCIATE-AC that answers it come to; raises ProtocolError."""
    answer = items.decode_answer(pdu)
    roles = {
        UID(item.sop_class_uid or ""): (item.scu_role, item.scp_role)
        for item in answer.user_information
        if isinstance(item, SCP_SCU_RoleSelectionNegotiation)
    }
    asked = [_with_roles(items.proposed_context(cx), request) for cx in request.contexts]
    results = negotiate_as_requestor(
        asked, list(answer.presentation_context_definition_results_list), roles
    )
    extended = {
        str(item.sop_class_uid): item.service_class_application_information or b""
        for item in answer.user_information
        if isinstance(item, SOPClassExtendedNegotiation)
    }
    return Accepted(_accepted(results), answer.maximum_length_received or 0, extended)


def _with_roles(context: PresentationContext, request: Request) -> PresentationContext:
    scu, scp = request.roles.get(str(context.abstract_syntax), (None, None))
    if scu is not None:
        context.scu_role, context.scp_role = scu, scp
    return context


class Cache:
    """Acceptances by (request bytes, who asks), so that a known request costs a look-up.

    Requests that carry a user identity are never kept: their bytes hold secrets.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[bytes, str], Negotiated] = OrderedDict()

    def accept(
        self, pdu: bytes, caller: str, limits: Limits, decide: Callable[[Request], Decision]
    ) -> Negotiated | tuple[Request, Rejection]:
        """As `accept`; `caller` stands for everything but the bytes that `decide` looks at."""
        key = (pdu, caller)
        with self._lock:
            if (known := self._known.get(key)) is not None:
                self._known.move_to_end(key)
                return known
        made = accept(pdu, limits, decide)
        if isinstance(made, Negotiated) and made.request.identity is None:
            with self._lock:
                self._known[key] = made
                if len(self._known) > _CACHED:
                    self._known.popitem(last=False)
        return made

    def clear(self) -> None:
        """Forget everything: the policy has changed."""
        with self._lock:
            self._known.clear()
