"""A-ASSOCIATE items, PS3.8 9.3.2, 9.3.3 and PS3.7 Annex D.3, by pynetdicom's codecs.

A request is measured against the limits before it is decoded: counting items is cheap, building
them is not (hostile-input.md N6).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydicom.uid import UID
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    AsynchronousOperationsWindowNegotiation,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
    SCP_SCU_RoleSelectionNegotiation,
    SOPClassCommonExtendedNegotiation,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)
from pynetdicom.presentation import PresentationContext

from wire.errors import ProtocolError
from wire.framing import INVALID_PARAMETER
from wire.limits import Limits

IMPLEMENTATION_CLASS_UID = "2.25.286532914930104231387610354839416237811"
IMPLEMENTATION_VERSION_NAME = "ANODE_0_1"
Information = (
    MaximumLengthNotification
    | ImplementationClassUIDNotification
    | ImplementationVersionNameNotification
    | AsynchronousOperationsWindowNegotiation
    | SCP_SCU_RoleSelectionNegotiation
    | SOPClassExtendedNegotiation
    | SOPClassCommonExtendedNegotiation
    | UserIdentityNegotiation
)
APPLICATION_CONTEXT = UID("1.2.840.10008.3.1.1.1")

_FIXED = 74  # PDU header and the fixed fields before the first item
_ITEM = struct.Struct(">BxH")
_CONTEXT, _TRANSFER_SYNTAX = 0x20, 0x40


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """A presentation context as proposed, PS3.8 9.3.2.2."""

    id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """A user identity request, PS3.7 D.3.3.7; never logged."""

    type: int
    primary: bytes = field(repr=False)
    secondary: bytes = field(repr=False, default=b"")
    response_requested: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What an A-ASSOCIATE-RQ asks for."""

    calling_ae_title: str
    called_ae_title: str
    contexts: tuple[ProposedContext, ...]
    maximum_length: int = 0
    implementation_class_uid: str = ""
    implementation_version_name: str = ""
    roles: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)
    extended: Mapping[str, bytes] = field(default_factory=dict)
    service_classes: Mapping[str, str] = field(default_factory=dict)
    identity: Identity | None = None


def decode_request(pdu: bytes, limits: Limits) -> tuple[Request, A_ASSOCIATE]:
    """An A-ASSOCIATE-RQ as a Request, and as pynetdicom's primitive.

    Raises ProtocolError for what PS3.8 or the limits do not allow.
    """
    _measure(pdu, limits)
    primitive = _decode(A_ASSOCIATE_RQ(), pdu)
    contexts = tuple(
        ProposedContext(cx.context_id or 0, str(cx.abstract_syntax), tuple(cx.transfer_syntax))
        for cx in primitive.presentation_context_definition_list
    )
    return _request(primitive, contexts), primitive


def decode_answer(pdu: bytes) -> A_ASSOCIATE:
    """An A-ASSOCIATE-AC as pynetdicom's primitive; raises ProtocolError."""
    return _decode(A_ASSOCIATE_AC(), pdu)


def _decode(decoder: A_ASSOCIATE_RQ | A_ASSOCIATE_AC, pdu: bytes) -> A_ASSOCIATE:
    try:
        decoder.decode(pdu)
        return decoder.to_primitive()
    except Exception as error:
        # pynetdicom raises what its parsers happen to raise, AssertionError among them
        raise ProtocolError(
            f"the A-ASSOCIATE items cannot be read: {error}", reason=INVALID_PARAMETER
        ) from None


def _request(primitive: A_ASSOCIATE, contexts: tuple[ProposedContext, ...]) -> Request:
    roles: dict[str, tuple[bool, bool]] = {}
    extended: dict[str, bytes] = {}
    service_classes: dict[str, str] = {}
    identity, version = None, ""
    for item in primitive.user_information:
        match item:
            case SCP_SCU_RoleSelectionNegotiation():
                roles[str(item.sop_class_uid)] = (bool(item.scu_role), bool(item.scp_role))
            case SOPClassExtendedNegotiation():
                extended[str(item.sop_class_uid)] = (
                    item.service_class_application_information or b""
                )
            case SOPClassCommonExtendedNegotiation():
                service_classes[str(item.sop_class_uid)] = str(item.service_class_uid)
            case ImplementationVersionNameNotification():
                version = item.implementation_version_name or ""
            case UserIdentityNegotiation():
                identity = _identity(item)
            case _:
                pass
    return Request(
        calling_ae_title=primitive.calling_ae_title,
        called_ae_title=primitive.called_ae_title,
        contexts=contexts,
        maximum_length=primitive.maximum_length_received or 0,
        implementation_class_uid=str(primitive.implementation_class_uid or ""),
        implementation_version_name=version,
        roles=roles,
        extended=extended,
        service_classes=service_classes,
        identity=identity,
    )


def _identity(item: UserIdentityNegotiation) -> Identity:
    return Identity(
        type=item.user_identity_type or 0,
        primary=item.primary_field or b"",
        secondary=item.secondary_field or b"",
        response_requested=item.positive_response_requested,
    )


def _walk(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Type, start and end of each item between `at` and `end`."""
    while at < end:
        if end - at < _ITEM.size:
            raise ProtocolError("an A-ASSOCIATE item is cut off", reason=INVALID_PARAMETER)
        kind, length = _ITEM.unpack_from(data, at)
        at += _ITEM.size
        if at + length > end:
            raise ProtocolError(
                "an A-ASSOCIATE item is longer than its PDU", reason=INVALID_PARAMETER
            )
        yield kind, at, at + length
        at += length


def _measure(pdu: bytes, limits: Limits) -> None:
    """Presentation context count and IDs (PS3.8 9.3.2.2), transfer syntaxes in each."""
    seen: set[int] = set()
    for kind, at, end in _walk(pdu, _FIXED, len(pdu)):
        if kind != _CONTEXT:
            continue
        context_id = pdu[at] if at < end else 0
        if context_id % 2 == 0 or context_id in seen:
            what = f"presentation context ID {context_id} is even or repeated"
            raise ProtocolError(what, reason=INVALID_PARAMETER)
        seen.add(context_id)
        proposed = sum(kind == _TRANSFER_SYNTAX for kind, _, _ in _walk(pdu, at + 4, end))
        if len(seen) > limits.contexts or not 1 <= proposed <= limits.transfer_syntaxes:
            what = "too many presentation contexts, or none or too many transfer syntaxes in one"
            raise ProtocolError(what, reason=INVALID_PARAMETER)


def encode_request(request: Request) -> bytes:
    """A Request as an A-ASSOCIATE-RQ PDU."""
    primitive = A_ASSOCIATE()
    primitive.application_context_name = APPLICATION_CONTEXT
    primitive.calling_ae_title = request.calling_ae_title
    primitive.called_ae_title = request.called_ae_title
    primitive.presentation_context_definition_list = [
        proposed_context(context) for context in request.contexts
    ]
    primitive.user_information = user_information(request.maximum_length)
    for uid, (scu, scp) in request.roles.items():
        primitive.user_information.append(role(uid, scu, scp))
    for uid, information in request.extended.items():
        primitive.user_information.append(extended(uid, information))
    return A_ASSOCIATE_RQ(primitive).encode()


def encode_answer(
    request: A_ASSOCIATE, results: Sequence[PresentationContext], information: Sequence[Information]
) -> bytes:
    """An A-ASSOCIATE-AC PDU for `request`; `information` are user information primitives."""
    primitive = A_ASSOCIATE()
    primitive.application_context_name = APPLICATION_CONTEXT
    primitive.calling_ae_title = request.calling_ae_title
    primitive.called_ae_title = request.called_ae_title
    primitive.result, primitive.result_source = 0, 1
    primitive.presentation_context_definition_results_list = list(results)
    primitive.user_information = list(information)
    return A_ASSOCIATE_AC(primitive).encode()


def proposed_context(context: ProposedContext) -> PresentationContext:
    """A ProposedContext as pynetdicom's."""
    made = PresentationContext()
    made.context_id = context.id
    made.abstract_syntax = UID(context.abstract_syntax)
    made.transfer_syntax = [UID(uid) for uid in context.transfer_syntaxes]
    return made


def user_information(maximum_length: int) -> list[Information]:
    """The items every A-ASSOCIATE carries, PS3.7 D.3.3.1 and D.3.3.2."""
    length = MaximumLengthNotification()
    length.maximum_length_received = maximum_length
    implementation = ImplementationClassUIDNotification()
    implementation.implementation_class_uid = UID(IMPLEMENTATION_CLASS_UID)
    version = ImplementationVersionNameNotification()
    version.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    return [length, implementation, version]


def role(uid: str, scu: bool, scp: bool) -> SCP_SCU_RoleSelectionNegotiation:
    """An SCP/SCU role selection item, PS3.7 D.3.3.4."""
    item = SCP_SCU_RoleSelectionNegotiation()
    item.sop_class_uid, item.scu_role, item.scp_role = UID(uid), scu, scp
    return item


def extended(uid: str, information: bytes) -> SOPClassExtendedNegotiation:
    """A SOP class extended negotiation item, PS3.7 D.3.3.5."""
    item = SOPClassExtendedNegotiation()
    item.sop_class_uid, item.service_class_application_information = UID(uid), information
    return item
