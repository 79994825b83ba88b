"""A-ASSOCIATE-RQ and -AC as read, PS3.8 9.3.2, 9.3.3 and PS3.7 Annex D.3.

Law: counted before it is built, and nothing a peer writes is an accident. pynetdicom's decoder
raises for items that PS3.8 9.3.1 says to ignore, for titles that the policy is to reject by name
and for a version name a character too long, and warns of UIDs at a peer's will; so the items are
read here. What is written, and the rules of negotiation, are pynetdicom's (`wire.items`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from wire.errors import ProtocolError
from wire.framing import INVALID_PARAMETER
from wire.items import Identity, ProposedContext, Request
from wire.limits import Limits

_FIXED = 74  # PDU header and the fixed fields before the first item
_ITEM = struct.Struct(">BxH")
_LENGTH = struct.Struct(">H")
_LEAST_MAXIMUM = 8  # a P-DATA-TF of one value with two bytes of data

_APPLICATION_CONTEXT, _USER_INFORMATION = 0x10, 0x50
_PROPOSED, _ANSWERED, _ABSTRACT_SYNTAX, _TRANSFER_SYNTAX = 0x20, 0x21, 0x30, 0x40
_MAXIMUM_LENGTH, _IMPLEMENTATION, _VERSION = 0x51, 0x52, 0x55
_ROLE, _EXTENDED, _COMMON_EXTENDED, _IDENTITY = 0x54, 0x56, 0x57, 0x58


@dataclass(slots=True)
class UserInformation:
    """The user information item of either PDU, PS3.8 D.1 and PS3.7 D.3.3."""

    maximum_length: int = 0
    implementation_class_uid: str = ""
    implementation_version_name: str = ""
    roles: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    extended: dict[str, bytes] = field(default_factory=dict)
    service_classes: dict[str, str] = field(default_factory=dict)
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An A-ASSOCIATE-AC: (result, transfer syntax) by context ID, and the user information."""

    contexts: dict[int, tuple[int, str]]
    user: UserInformation


def request(pdu: bytes, limits: Limits) -> Request:
    """An A-ASSOCIATE-RQ; raises ProtocolError for what PS3.8 or the limits do not allow."""
    contexts: dict[int, ProposedContext] = {}
    user, application_context = UserInformation(), ""
    for kind, item in _items(memoryview(pdu)[_FIXED:]):
        if kind == _PROPOSED:
            context = _proposed(item, limits)
            if context.id % 2 == 0 or context.id in contexts:
                raise _invalid(f"presentation context ID {context.id} is even or repeated")
            contexts[context.id] = context
            if len(contexts) > limits.contexts:
                raise _invalid(f"more than {limits.contexts} presentation contexts")
        elif kind == _APPLICATION_CONTEXT:
            application_context = _uid(item)
        elif kind == _USER_INFORMATION:
            _read_user_information(item, user)
    if not contexts:
        raise _invalid("no presentation context is proposed")
    return Request(
        calling_ae_title=_title(pdu[26:42]),
        called_ae_title=_title(pdu[10:26]),
        contexts=tuple(contexts.values()),
        maximum_length=user.maximum_length,
        implementation_class_uid=user.implementation_class_uid,
        implementation_version_name=user.implementation_version_name,
        roles=user.roles,
        extended=user.extended,
        service_classes=user.service_classes,
        identity=user.identity,
        application_context=application_context,
        protocol_version=_LENGTH.unpack_from(pdu, 6)[0],
    )


def answer(pdu: bytes) -> Answer:
    """An A-ASSOCIATE-AC; raises ProtocolError. Its titles are not tested, PS3.8 Table 9-17."""
    contexts: dict[int, tuple[int, str]] = {}
    user = UserInformation()
    for kind, item in _items(memoryview(pdu)[_FIXED:]):
        if kind == _ANSWERED:
            if len(item) < 4:
                raise _invalid("a presentation context is cut off")
            syntaxes = [_uid(sub) for code, sub in _items(item[4:]) if code == _TRANSFER_SYNTAX]
            contexts[item[0]] = item[2], syntaxes[0] if syntaxes else ""
        elif kind == _USER_INFORMATION:
            _read_user_information(item, user)
    return Answer(contexts, user)


def _proposed(item: memoryview, limits: Limits) -> ProposedContext:
    """PS3.8 9.3.2.2: one abstract syntax, one or more transfer syntaxes."""
    if len(item) < 4:
        raise _invalid("a presentation context is cut off")
    abstract, transfer = [], []
    for kind, sub in _items(item[4:]):
        if kind == _ABSTRACT_SYNTAX:
            abstract.append(_uid(sub))
        elif kind == _TRANSFER_SYNTAX:
            transfer.append(_uid(sub))
    if len(abstract) != 1 or not 1 <= len(transfer) <= limits.transfer_syntaxes:
        found = f"{len(abstract)} abstract and {len(transfer)} transfer syntaxes"
        raise _invalid(f"presentation context {item[0]} has {found}")
    return ProposedContext(item[0], abstract[0], tuple(transfer))


def _read_user_information(data: memoryview, user: UserInformation) -> None:
    """PS3.7 Annex D.3.3; items it does not know are ignored, PS3.8 9.3.1."""
    for kind, item in _items(data):
        if kind == _MAXIMUM_LENGTH:
            user.maximum_length = _maximum_length(item)
        elif kind == _IMPLEMENTATION:
            user.implementation_class_uid = _uid(item)
        elif kind == _VERSION:
            user.implementation_version_name = _text(item)
        elif kind == _IDENTITY:
            user.identity = _identity(item)
        elif kind in (_ROLE, _EXTENDED, _COMMON_EXTENDED):
            _read_of_sop_class(kind, item, user)


def _read_of_sop_class(kind: int, item: memoryview, user: UserInformation) -> None:
    """The items that begin with a SOP class, PS3.7 D.3.3.4 to D.3.3.6."""
    raw, rest = _counted(item)
    uid = _uid(raw)
    if kind == _EXTENDED:
        user.extended[uid] = bytes(rest)
    elif kind == _COMMON_EXTENDED:
        user.service_classes[uid] = _uid(_counted(rest)[0])
    elif len(rest) != 2 or max(rest) > 1:
        raise _invalid("a role selection is neither 0 nor 1")
    else:
        user.roles[uid] = bool(rest[0]), bool(rest[1])


def _maximum_length(item: memoryview) -> int:
    length = int.from_bytes(item, "big")
    if len(item) != 4 or 0 < length < _LEAST_MAXIMUM:
        raise _invalid(f"a maximum length of {length} has room for no data")
    return length


def _identity(item: memoryview) -> Identity:
    """PS3.7 D.3.3.7."""
    if len(item) < 2:
        raise _invalid("a user identity is cut off")
    primary, rest = _counted(item[2:])
    secondary, _ = _counted(rest)
    return Identity(item[0], bytes(primary), bytes(secondary), bool(item[1]))


def _counted(data: memoryview) -> tuple[memoryview, memoryview]:
    """A field with its length before it, and what is behind it."""
    if len(data) < _LENGTH.size:
        raise _invalid("an item is cut off")
    end = _LENGTH.size + _LENGTH.unpack_from(data)[0]
    if end > len(data):
        raise _invalid("a field is longer than its item")
    return data[_LENGTH.size : end], data[end:]


def _items(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Type and value of each item."""
    at, end = 0, len(data)
    while at < end:
        if end - at < _ITEM.size:
            raise _invalid("an A-ASSOCIATE item is cut off")
        kind, length = _ITEM.unpack_from(data, at)
        at += _ITEM.size
        if at + length > end:
            raise _invalid("an A-ASSOCIATE item is longer than what holds it")
        yield kind, data[at : at + length]
        at += length


def _uid(raw: memoryview) -> str:
    # Padding is against PS3.8 Annex F, and common.
    return _text(memoryview(bytes(raw).rstrip(b" \0")))


def _title(raw: bytes) -> str:
    """An AE title, blanks around it not significant; what may not be in one is escaped.

    A backslash may not either, so whoever looks for one finds every bad title (D8).
    """
    return _text(memoryview(raw.rstrip(b" \0"))).strip(" ")


def _text(raw: memoryview) -> str:
    text = str(raw, "ascii", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _invalid(message: str) -> ProtocolError:
    return ProtocolError(message, reason=INVALID_PARAMETER)
