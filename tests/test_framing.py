"""PDUs as bytes, PS3.8 9.3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_RJ, A_RELEASE_RP, A_RELEASE_RQ, P_DATA_TF

from tests.pairs import data_pdu
from wire import framing
from wire.errors import ProtocolError


def read(pdu):
    return [(v.context_id, v.command, v.last, bytes(v.fragment)) for v in framing.pdvs(pdu)]


@given(
    st.binary(max_size=300),
    st.integers(1, 64),
    st.integers(0, 127).map(lambda n: 2 * n + 1),
    st.booleans(),
)
def test_fragments_decode_to_the_same_bytes(data, room, context_id, command):
    pieces = list(framing.fragments(context_id, data, room, command=command))
    assert framing.framed(context_id, data, room, command=command) == b"".join(pieces)
    values = []
    for header, body in zip(pieces[::2], pieces[1::2], strict=True):
        assert len(body) <= room
        values += read(memoryview(header + body)[6:])
    assert b"".join(value[3] for value in values) == data
    assert {value[:2] for value in values} == {(context_id, command)}
    assert [value[2] for value in values] == [False] * (len(values) - 1) + [True]


def test_p_data_is_what_pynetdicom_reads():
    pdu = P_DATA_TF()
    pdu.decode(framing.header(5, 4, command=True, last=True) + b"abcd")
    (item,) = pdu.presentation_data_value_items
    assert item.presentation_context_id == 5
    assert item.presentation_data_value == b"\x03abcd"


@pytest.mark.parametrize(
    ("ours", "theirs", "fields"),
    [
        (framing.RELEASE_RQ, A_RELEASE_RQ, {}),
        (framing.RELEASE_RP, A_RELEASE_RP, {}),
        (framing.abort(2, 6), A_ABORT_RQ, {"source": 2, "reason_diagnostic": 6}),
        (
            framing.reject(2, 3, 1),
            A_ASSOCIATE_RJ,
            {"result": 2, "source": 3, "reason_diagnostic": 1},
        ),
    ],
)
def test_fixed_pdus_are_what_pynetdicom_writes(ours, theirs, fields):
    """PS3.8 9.3.4, 9.3.6 to 9.3.8."""
    pdu = theirs()
    for name, value in fields.items():
        setattr(pdu, name, value)
    assert pdu.encode() == ours


@pytest.mark.parametrize(
    "body",
    [
        b"\0\0\0\0\x01\x03",  # length 0
        b"\0\0\0\1\x01\x03",  # length 1: no control header
        b"\0\0\0\3\x01\x03",  # longer than its PDU by one
        b"\xff\xff\xff\xff\x01\x03",
        b"\0\0\0\2\x01",  # cut off
        data_pdu((1, 3, b"ab"))[6:] + b"\0",
    ],
)
def test_lengths_that_lie_are_invalid_parameters(body):
    """hostile-input.md N11."""
    with pytest.raises(ProtocolError) as caught:
        read(memoryview(body))
    assert (caught.value.source, caught.value.reason) == (2, 6)


@pytest.mark.parametrize(
    "values", [[(1, 3, b"")], [(1, 1, b"a")] * 4000, [(1, 1, b"a"), (3, 2, b"")]]
)
def test_values_of_no_and_of_one_byte_are_legal(values):
    """hostile-input.md N11, the positive twin."""
    found = read(memoryview(data_pdu(*values))[6:])
    assert [(cx, bytes(data)) for cx, _, _, data in found] == [(cx, d) for cx, _, d in values]


@given(st.binary(max_size=60))
def test_no_body_does_anything_but_decode_or_be_refused(body):
    try:
        values = read(memoryview(body))
    except ProtocolError:
        return
    assert sum(6 + len(value[3]) for value in values) == len(body)
