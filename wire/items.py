"""A-ASSOCIATE-RQ and -AC as written, PS3.8 9.3.2, 9.3.3 and PS3.7 D.3, by pynetdicom's codecs.

`wire.reading` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
_RESERVED = slice(10, 74)  # the titles and what follows them, PS3.8 Table 9-17


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """A presentation context as proposed, PS3.8 9.3.2.2."""

    id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """A user identity request, PS3.7 D.3.3.7; never logged.

    Types, D.3.3.7.1: 1 username, 2 username and passcode, 3 Kerberos, 4 SAML, 5 JSON Web Token.
    """

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
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = 1


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
    request: bytes, results: Sequence[PresentationContext], information: Sequence[Information]
) -> bytes:
    """An A-ASSOCIATE-AC PDU that answers the PDU `request`."""
    primitive = A_ASSOCIATE()
    primitive.application_context_name = APPLICATION_CONTEXT
    primitive.calling_ae_title = primitive.called_ae_title = "RESERVED"
    primitive.result, primitive.result_source = 0, 1
    primitive.presentation_context_definition_results_list = list(results)
    primitive.user_information = list(information)
    answer = bytearray(A_ASSOCIATE_AC(primitive).encode())
    # PS3.8 Table 9-17: sent with the values received, whatever these are
    answer[_RESERVED] = request[_RESERVED]
    return bytes(answer)


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


def identity_response(response: bytes) -> UserIdentityNegotiation:
    """A user identity item of an A-ASSOCIATE-AC, PS3.7 D.3.3.7.2."""
    item = UserIdentityNegotiation()
    item.server_response = response
    return item
