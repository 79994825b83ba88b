"""Command sets, PS3.7 6.3.1 and Annex E."""

import contextlib
import struct
import warnings
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID
from pynetdicom import dimse_messages as theirs
from pynetdicom import dimse_primitives as primitives
from pynetdicom.dsutils import decode as pynetdicom_decode
from pynetdicom.dsutils import encode as pynetdicom_encode

from tests.pairs import CT, VERIFICATION
from wire import command as commands
from wire.command import Command, Field
from wire.errors import ProtocolError

US = st.integers(0, 0xFFFF)
UI = st.from_regex(r"[1-9][0-9]{0,5}(\.[1-9][0-9]{0,5}){1,6}", fullmatch=True)
AE = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", min_size=1, max_size=16)
KIND = {
    "offending_element": st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4).map(tuple),
    "error_comment": AE,
    "move_destination": AE,
    "move_originator_application_entity_title": AE,
}


def value(name):
    return KIND.get(name, UI if name.endswith("uid") else US)


OPTIONAL = {
    name: st.none() | value(name)
    for name in Command._fields
    if name not in ("command_field", "command_data_set_type")
}


@given(US, US, st.fixed_dictionaries(OPTIONAL))
def test_what_is_written_is_read_back(command_field, data_set, values):
    values |= {"message_id": 1, "message_id_being_responded_to": 2}
    command = Command(command_field, command_data_set_type=data_set, **values)
    raw = commands.encode(command)
    assert commands.decode(raw) == command
    assert len(raw) % 2 == 0
    assert int.from_bytes(raw[8:12], "little") == len(raw) - 12  # PS3.7 E.1, group length


UIDS = {"AffectedSOPClassUID": UID(CT)}
REQUEST = {"MessageID": 7}
ANSWER = {"MessageIDBeingRespondedTo": 7, "Status": 0xFF00}
INSTANCE = {"AffectedSOPInstanceUID": UID("1.2.3")}
COUNTS = {
    "NumberOfRemainingSuboperations": 4,
    "NumberOfCompletedSuboperations": 3,
    "NumberOfFailedSuboperations": 2,
    "NumberOfWarningSuboperations": 1,
}
ORIGIN = {
    "MoveOriginatorApplicationEntityTitle": "MOVER",
    "MoveOriginatorMessageID": 9,
}
MESSAGES = [
    ("C_STORE_RQ", "C_STORE", UIDS | REQUEST | INSTANCE | ORIGIN | {"Priority": 1}, "DataSet"),
    ("C_STORE_RSP", "C_STORE", UIDS | ANSWER | INSTANCE | {"ErrorComment": "why"}, None),
    ("C_FIND_RQ", "C_FIND", UIDS | REQUEST | {"Priority": 0}, "Identifier"),
    ("C_FIND_RSP", "C_FIND", UIDS | ANSWER, "Identifier"),
    (
        "C_MOVE_RQ",
        "C_MOVE",
        UIDS | REQUEST | {"Priority": 2, "MoveDestination": "WS1"},
        "Identifier",
    ),
    ("C_MOVE_RSP", "C_MOVE", UIDS | ANSWER | COUNTS, None),
    ("C_GET_RQ", "C_GET", UIDS | REQUEST | {"Priority": 0}, "Identifier"),
    ("C_GET_RSP", "C_GET", UIDS | ANSWER | COUNTS, "Identifier"),
    ("C_ECHO_RQ", "C_ECHO", UIDS | REQUEST, None),
    ("C_ECHO_RSP", "C_ECHO", UIDS | ANSWER, None),
    ("C_CANCEL_RQ", "C_CANCEL", {"MessageIDBeingRespondedTo": 7}, None),
]


@pytest.mark.parametrize(
    ("message", "primitive", "values", "data"), MESSAGES, ids=lambda m: str(m)[:12]
)
def test_pynetdicom_and_we_read_and_write_alike(message, primitive, values, data):
    """PS3.7 9.3; the keywords are the names, in our spelling."""
    filled = getattr(primitives, primitive)()
    for keyword, given_ in values.items():
        setattr(filled, keyword, given_)
    if data:
        setattr(filled, data, BytesIO(b"1234"))
    written = getattr(theirs, message)()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written.primitive_to_message(filled)
    raw = pynetdicom_encode(written.command_set, True, True)
    ours = commands.decode(raw)
    name = message.removesuffix("_RQ").removesuffix("_RSP")
    assert ours.command_field & ~commands.RESPONSE == Field[name]
    assert ours.has_data_set is bool(data)
    assert ours.is_response is message.endswith("_RSP")
    for keyword, given_ in values.items():
        assert getattr(ours, _ours(keyword)) == given_
    again = pynetdicom_decode(BytesIO(commands.encode(ours)), True, True)
    assert again == pynetdicom_decode(BytesIO(raw), True, True)


def _ours(keyword):
    names = {name.replace("_", ""): name for name in Command._fields}
    return names[keyword.lower()]


@pytest.mark.parametrize("element", sorted(commands.ELEMENTS))
def test_the_table_has_the_dictionarys_names(element):
    """PS3.7 Table E.1-1."""
    from pydicom.datadict import dictionary_VR, keyword_for_tag

    name, _ = commands.ELEMENTS[element]
    assert name.replace("_", "") == keyword_for_tag(element).lower()
    assert dictionary_VR(element) in ("US", "UI", "AE", "AT", "LO")


ECHO = commands.encode(Command(Field.C_ECHO, affected_sop_class_uid=VERIFICATION, message_id=1))


def element(number, raw, group=0):
    return struct.pack("<HHI", group, number, len(raw)) + raw


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0",
        b"garbage!" * 20,
        ECHO[:-1],
        ECHO + b"\0\0\0",
        ECHO + element(0x10, b"", group=8),
        element(0x0110, b"\1\0"),  # no command field
        element(0x0100, b"\x30\0"),  # a request without its message ID
        element(0x0100, b"\x30\x80") + element(0x0110, b"\1\0"),  # a response to nothing
        element(0x0100, b"\xff\x0f"),  # a C-CANCEL of nothing
        element(0x0100, b"\x30\0\0\0") + element(0x0110, b"\1\0"),  # US of four bytes
        element(0x0100, b"\x30\0")
        + element(0x0110, b"\1\0")
        + struct.pack("<HHI", 0, 2, 2**32 - 1),
    ],
)
def test_garbage_is_an_abort_by_the_user(raw):
    """hostile-input.md N8."""
    with pytest.raises(ProtocolError) as caught:
        commands.decode(raw)
    assert (caught.value.source, caught.value.reason) == (0, 0)


@given(st.binary(max_size=100))
def test_no_bytes_do_anything_but_decode_or_be_refused(raw):
    for data in (raw, ECHO + raw, ECHO[: len(raw)] + raw):
        with contextlib.suppress(ProtocolError):
            assert isinstance(commands.decode(data), Command)


def test_what_is_not_known_is_passed_over():
    assert commands.decode(ECHO + element(0x5110, b"retired!")) == commands.decode(ECHO)


def test_an_unknown_command_field_is_for_the_dispatcher():
    """hostile-input.md N8: 0x0211 can be answered, so it must get through."""
    odd = element(0x0100, b"\x77\x07") + element(0x0110, b"\1\0")
    assert commands.decode(odd).command_field == 0x0777


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"WS1 ", "WS1"), (b" WS1\0", "WS1"), (b"A\xffB ", "A\\xffB"), (b"", None), (b" \0", None)],
)
def test_titles_come_without_padding_and_never_fail(raw, text):
    """hostile-input.md D8."""
    assert commands.decode(ECHO + element(0x0600, raw)).move_destination == text


@pytest.mark.parametrize(
    ("comment", "sent"),
    [
        ("plain", "plain"),
        ("x" * 65, "x" * 64),
        ("a\\b\r\nc\x1bd", "a?b??c?d"),
        ("größe", "gr??e"),
        ("", None),
    ],
)
def test_an_error_comment_is_a_legal_lo(comment, sent):
    """PS3.5 6.2."""
    answer = commands.decode(ECHO).response(0xC000, comment=comment)
    assert commands.decode(commands.encode(answer)).error_comment == sent


def test_a_response_names_what_it_answers():
    """PS3.7 9.3.1.2."""
    request = Command(
        Field.C_STORE,
        affected_sop_class_uid=CT,
        affected_sop_instance_uid="1.2.3",
        message_id=9,
        priority=0,
        command_data_set_type=1,
    )
    answer = request.response(0xA700, comment="full")
    assert answer == Command(
        0x8001,
        affected_sop_class_uid=CT,
        affected_sop_instance_uid="1.2.3",
        message_id_being_responded_to=9,
        status=0xA700,
        error_comment="full",
    )
    assert answer.naming(()) is answer
    assert answer.naming((0x00080052,)) == answer._replace(offending_element=(0x00080052,))
    counted = request.response(0xFF00).with_counts(4, 3, 2, 1)
    assert counted.number_of_remaining_suboperations == 4
    assert counted.number_of_warning_suboperations == 1


def test_more_sub_operations_than_a_count_can_tell_are_the_most_it_can():
    """PS3.7 E.1: the counts are US, the sub-operations of a retrieve without bound."""
    request = Command(command_field=Field.C_MOVE, message_id=7)
    counted = request.response(0xFF00).with_counts(70_000, 65_536, 65_535, 0)
    read = commands.decode(commands.encode(counted))
    assert read == request.response(0xFF00).with_counts(65_535, 65_535, 65_535, 0)


@given(counts=st.tuples(*[st.integers(0, 100_000)] * 4), other=st.tuples(*[st.integers(0, 9)] * 4))
def test_an_encoded_response_is_recounted_as_if_it_were_encoded_anew(counts, other):
    """PS3.7 9.3.4.2: a pending C-MOVE-RSP."""
    response = Command(Field.C_MOVE, affected_sop_class_uid="1.2", message_id=7).response(0xFF00)
    anew = commands.encode(response.with_counts(*counts))
    assert commands.recounted(commands.encode(response.with_counts(*other)), counts) == anew
