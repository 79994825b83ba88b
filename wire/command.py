"""Command sets, PS3.7 6.3.1 and Annex E: one table of elements, read and written by it.

Command sets are always Implicit VR Little Endian and short; this codec takes microseconds where
the general one takes hundreds of them (performance.md).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, Final, NamedTuple

from wire.errors import ProtocolError

_ELEMENT = struct.Struct("<HHI")
_US = struct.Struct("<H")
_COUNTS = struct.Struct("<HHIHHHIHHHIHHHIH")
_MOST = 0xFFFF
NO_DATA_SET: Final = 0x0101
RESPONSE: Final = 0x8000


class Field(IntEnum):
    """Command Field values of requests, PS3.7 E.1; a response has the top bit set."""

    C_STORE = 0x0001
    C_GET = 0x0010
    C_FIND = 0x0020
    C_MOVE = 0x0021
    C_ECHO = 0x0030
    N_EVENT_REPORT = 0x0100
    N_GET = 0x0110
    N_SET = 0x0120
    N_ACTION = 0x0130
    N_CREATE = 0x0140
    N_DELETE = 0x0150
    C_CANCEL = 0x0FFF


class Command(NamedTuple):
    """A command set; None is an element that is absent. Names are the keywords of PS3.7 E.1."""

    command_field: int
    affected_sop_class_uid: str | None = None
    requested_sop_class_uid: str | None = None
    message_id: int | None = None
    message_id_being_responded_to: int | None = None
    move_destination: str | None = None
    priority: int | None = None
    command_data_set_type: int = NO_DATA_SET
    status: int | None = None
    offending_element: tuple[int, ...] | None = None
    error_comment: str | None = None
    error_id: int | None = None
    affected_sop_instance_uid: str | None = None
    requested_sop_instance_uid: str | None = None
    event_type_id: int | None = None
    action_type_id: int | None = None
    number_of_remaining_suboperations: int | None = None
    number_of_completed_suboperations: int | None = None
    number_of_failed_suboperations: int | None = None
    number_of_warning_suboperations: int | None = None
    move_originator_application_entity_title: str | None = None
    move_originator_message_id: int | None = None

    @property
    def has_data_set(self) -> bool:
        """Whether a data set follows, PS3.7 E.1 (0000,0800)."""
        return self.command_data_set_type != NO_DATA_SET

    @property
    def is_response(self) -> bool:
        return bool(self.command_field & RESPONSE)

    @property
    def _numbered(self) -> bool:
        """Whether it has the Message ID (Being Responded To) that PS3.7 9.3 and 10.3 require."""
        if self.is_response or self.command_field == Field.C_CANCEL:
            return self.message_id_being_responded_to is not None
        return self.message_id is not None

    def answers(self, request: Command) -> bool:
        """Whether this is the response to that request."""
        return (
            self.command_field == request.command_field | RESPONSE
            and self.message_id_being_responded_to == request.message_id
        )

    def response(self, status: int, *, data_set: bool = False, comment: str = "") -> Command:
        """The response to this request, with the elements PS3.7 9.3 and 10.3 want in it."""
        return Command(
            command_field=self.command_field | RESPONSE,
            affected_sop_class_uid=self.affected_sop_class_uid or self.requested_sop_class_uid,
            affected_sop_instance_uid=self.affected_sop_instance_uid
            or self.requested_sop_instance_uid,
            message_id_being_responded_to=self.message_id,
            command_data_set_type=0x0001 if data_set else NO_DATA_SET,
            status=status,
            error_comment=_comment(comment) if comment else None,
            event_type_id=self.event_type_id,
            action_type_id=self.action_type_id,
        )

    def naming(self, offending: tuple[int, ...]) -> Command:
        """This response with the elements at fault, PS3.7 C (0000,0901)."""
        return self._replace(offending_element=offending) if offending else self

    def with_counts(
        self, remaining: int | None, completed: int, failed: int, warning: int
    ) -> Command:
        """This response with the sub-operation counts of PS3.7 9.3.3 and 9.3.4.

        They are US: what is beyond it is told as the most it holds.
        """
        return self._replace(
            number_of_remaining_suboperations=None if remaining is None else min(remaining, _MOST),
            number_of_completed_suboperations=min(completed, _MOST),
            number_of_failed_suboperations=min(failed, _MOST),
            number_of_warning_suboperations=min(warning, _MOST),
        )


def _comment(text: str) -> str | None:
    """As LO allows, PS3.5 6.2: 64 characters, no control character, no backslash."""
    return re.sub(r"[^ -\[\]-~]", "?", text)[:64].strip() or None


def _text(value: str) -> bytes:
    raw = value.encode("ascii", "replace")
    return raw + b" " if len(raw) % 2 else raw


def _uid(value: str) -> bytes:
    raw = value.encode("ascii", "replace")
    return raw + b"\0" if len(raw) % 2 else raw


def _tags(value: tuple[int, ...]) -> bytes:
    return b"".join(struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in value)


def _read_text(raw: bytes) -> str:
    # Bytes outside the default repertoire are kept visible, never an error (hostile-input.md D8).
    return raw.decode("ascii", "backslashreplace").strip(" \0")


def _read_number(raw: bytes) -> int:
    number: int = _US.unpack(raw)[0]
    return number


def _read_tags(raw: bytes) -> tuple[int, ...]:
    return tuple(group << 16 | element for group, element in struct.iter_unpack("<HH", raw))


_Codec = tuple[Callable[[Any], bytes], Callable[[bytes], Any]]
_US_: _Codec = (_US.pack, _read_number)
_UI_: _Codec = (_uid, _read_text)
_AE_: _Codec = (_text, _read_text)
_AT_: _Codec = (_tags, _read_tags)

ELEMENTS: dict[int, tuple[str, _Codec]] = {
    0x0002: ("affected_sop_class_uid", _UI_),
    0x0003: ("requested_sop_class_uid", _UI_),
    0x0100: ("command_field", _US_),
    0x0110: ("message_id", _US_),
    0x0120: ("message_id_being_responded_to", _US_),
    0x0600: ("move_destination", _AE_),
    0x0700: ("priority", _US_),
    0x0800: ("command_data_set_type", _US_),
    0x0900: ("status", _US_),
    0x0901: ("offending_element", _AT_),
    0x0902: ("error_comment", _AE_),
    0x0903: ("error_id", _US_),
    0x1000: ("affected_sop_instance_uid", _UI_),
    0x1001: ("requested_sop_instance_uid", _UI_),
    0x1002: ("event_type_id", _US_),
    0x1008: ("action_type_id", _US_),
    0x1020: ("number_of_remaining_suboperations", _US_),
    0x1021: ("number_of_completed_suboperations", _US_),
    0x1022: ("number_of_failed_suboperations", _US_),
    0x1023: ("number_of_warning_suboperations", _US_),
    0x1030: ("move_originator_application_entity_title", _AE_),
    0x1031: ("move_originator_message_id", _US_),
}
"""(0000,eeee) → (field of Command, how it is written and read), PS3.7 Table E.1-1."""

assert {name for name, _ in ELEMENTS.values()} == set(Command._fields)
_WRITERS = [
    (element, Command._fields.index(name), codec[0]) for element, (name, codec) in ELEMENTS.items()
]
_READERS = {element: (name, codec[1]) for element, (name, codec) in ELEMENTS.items()}


def encode(command: Command) -> bytes:
    """The command set as bytes, with its group length."""
    parts = []
    for element, place, write in _WRITERS:
        value = command[place]
        if value is not None:
            raw = write(value)
            parts.append(_ELEMENT.pack(0, element, len(raw)) + raw)
    body = b"".join(parts)
    return _ELEMENT.pack(0, 0, 4) + len(body).to_bytes(4, "little") + body


def recounted(response: bytes, counts: Sequence[int]) -> bytes:
    """An encoded response with other sub-operation counts, all four of which come last in it."""
    remaining, completed, failed, warning = (min(count, _MOST) for count in counts)
    return response[: -_COUNTS.size] + _COUNTS.pack(
        *(0, 0x1020, 2, remaining, 0, 0x1021, 2, completed),
        *(0, 0x1022, 2, failed, 0, 0x1023, 2, warning),
    )


def decode(data: bytes) -> Command:
    """The command set in `data`; elements the table does not name are passed over.

    Raises ProtocolError for anything that is not a command set.
    """
    values: dict[str, Any] = {}
    at, end = 0, len(data)
    try:
        while at < end:
            group, element, length = _ELEMENT.unpack_from(data, at)
            at += _ELEMENT.size
            if group != 0 or at + length > end:
                raise ProtocolError("the command set is garbled", source=0, reason=0)
            if length and (known := _READERS.get(element)) is not None:
                name, read = known
                value = read(data[at : at + length])
                values[name] = None if value == "" else value  # padding alone is no value
            at += length
        command = Command(**values)
    except (struct.error, TypeError, ValueError) as error:
        raise ProtocolError(f"the command set is garbled: {error}", source=0, reason=0) from None
    if not command._numbered:
        raise ProtocolError("a command set without its message ID", source=0, reason=0)
    return command
