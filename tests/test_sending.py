"""Messages as P-DATA-TF bytes: any size, any maximum length, the same bytes at the other end."""

import os
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import framing, sending
from wire.errors import Unreadable
from wire.sending import FileSlice

COMMAND = bytes(range(120))


def read(stream, most):
    """Command set and data set of a stream of P-DATA-TFs, each within `most`."""
    found, at, ended = {True: b"", False: b""}, 0, []
    view = memoryview(stream)
    while at < len(view):
        kind, length = framing.HEADER.unpack_from(view, at)
        assert (kind, length <= most) == (4, True)
        at += 6
        for context_id, command, last, data in framing.pdvs(view[at : at + length]):
            assert context_id == 5
            assert not ended[1:]
            found[command] += bytes(data)
            if last:
                ended.append(command)
        at += length
    return found[True], found[False], ended


def sent(data, maximum, *, before=b"", behind=b""):
    with tempfile.TemporaryFile() as file:
        file.write(before + data + behind)
        file.flush()
        source = FileSlice(file.fileno(), len(before), len(data))
        return b"".join(map(bytes, sending.file_message(5, COMMAND, source, sending.room(maximum))))


ROOMS = [8, 16, 100, 4096, 16384, 131072, 262144, 0]


@pytest.mark.parametrize("maximum", ROOMS)
@pytest.mark.parametrize("around", ["nothing", "room", "stride"])
@pytest.mark.parametrize("off", [-1, 0, 1, 2])
def test_a_file_arrives_byte_for_byte_at_every_boundary(maximum, around, off):
    room = sending.room(maximum)
    stride = min(max(sending._STRIDE // room, 1), sending.MOST_VALUES) * room
    size = max({"nothing": 0, "room": room, "stride": 2 * stride}[around] + off, 0)
    data = os.urandom(size)
    stream = sent(data, maximum, before=b"preamble", behind=b"trailer")
    assert read(stream, maximum or 2**18) == (COMMAND, data, [True, False])


@given(st.binary(max_size=4000), st.integers(8, 3000))
def test_any_file_arrives_byte_for_byte(data, maximum):
    assert read(sent(data, maximum), maximum) == (COMMAND, data, [True, False])


@given(st.none() | st.binary(max_size=4000), st.integers(8, 3000))
def test_any_message_arrives_byte_for_byte(data, maximum):
    stream = sending.message(5, COMMAND, data, sending.room(maximum))
    ended = [True] if data is None else [True, False]
    assert read(stream, maximum) == (COMMAND, data or b"", ended)


@pytest.mark.parametrize(
    ("maximum", "room"), [(16384, 16378), (16385, 16378), (0, 262138), (2**32 - 1, 262138), (8, 2)]
)
def test_values_are_even_and_fit(maximum, room):
    """PS3.8 D.1 and Annex E."""
    assert sending.room(maximum) == room


def test_a_message_of_moderate_size_is_one_piece():
    with tempfile.TemporaryFile() as file:
        file.write(bytes(400_000))
        file.flush()
        source = FileSlice(file.fileno(), 0, 400_000)
        assert len(list(sending.file_message(5, COMMAND, source, sending.room(16384)))) == 1


@pytest.mark.parametrize("size", [11, 10_000_000])
def test_a_file_that_is_too_short_is_missed_before_anything_leaves(size):
    with tempfile.TemporaryFile() as file:
        file.write(bytes(20))
        file.flush()
        pieces = sending.file_message(5, COMMAND, FileSlice(file.fileno(), 10, size), 100)
        with pytest.raises(Unreadable):
            next(pieces)


def test_a_file_that_shrinks_while_it_is_sent_is_noticed():
    with tempfile.TemporaryFile() as file:
        file.write(bytes(2_000_000))
        file.flush()
        pieces = sending.file_message(5, COMMAND, FileSlice(file.fileno(), 0, 2_000_000), 1000)
        next(pieces)
        file.truncate(100)
        with pytest.raises(Unreadable):
            next(pieces)


def test_a_closed_file_is_unreadable():
    with tempfile.TemporaryFile() as file:
        source = FileSlice(os.dup(file.fileno()), 0, 0)
    os.close(source.descriptor)
    with pytest.raises(Unreadable):
        next(sending.file_message(5, COMMAND, source, 100))
