"""Objects read ahead: the same bytes as sent from the file, and none of an altered one."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from scp.proven import Proven
from scu.ahead import Ahead
from scu.instances import Instance
from scu.store import Manner, store
from tests.pairs import FIND, data_pdu, raw_association
from tests.test_sending import COMMAND, read
from wire import command as commands
from wire import sending
from wire.errors import Unreadable
from wire.sending import FileSlice
from wire.whole import MOST, Whole, fits

ROOM = sending.room(16384)


@dataclass(frozen=True)
class Held:
    """An object in the archive, as its row says."""

    path: Path
    size: int
    sha256: str
    offset: int = 8
    sop_class_uid: str = "1.2"
    sop_instance_uid: str = "1.3"
    transfer_syntax_uid: str = "1.4"


def held(folder: Path, number: int, size: int = 40_000) -> tuple[Held, bytes]:
    data, path = os.urandom(size), folder / f"{number}.dcm"
    path.write_bytes(b"preamble" + data)
    return Held(path, size, hashlib.sha256(data).hexdigest()), data


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)


def ahead(*objects: Held) -> Ahead:
    made, waiting = Ahead(lambda one: one.sha256, Proven().have), list(objects)
    made.following = lambda: waiting.pop(0) if waiting else None
    return made


def data_of(whole: Whole) -> bytes:
    command, data, ended = read(bytes(whole.message(5, COMMAND)), 16384)
    assert (command, ended) == (COMMAND, [True, False])
    return data


@pytest.mark.parametrize("room", [1024, 16378, 131066, 262138])
@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 262138, 262139, 500_000])
def test_a_whole_message_is_that_of_the_file(size, room):
    whole = Whole()
    with tempfile.TemporaryFile() as file:
        for length in (size, size // 2):  # the buffer is used again
            file.seek(0)
            file.write(b"before" + os.urandom(length) + b"behind")
            file.flush()
            source = FileSlice(file.fileno(), 6, length)
            whole.read(source, room)
            wanted = b"".join(map(bytes, sending.file_message(5, COMMAND, source, room)))
            assert bytes(whole.message(5, COMMAND)) == wanted


def test_what_is_read_ahead_is_what_is_sent_in_its_turn(tmp_path: Path):
    made = [held(tmp_path, number, 3000 * (5 - number)) for number in range(5)]
    reader = ahead(*(one for one, _ in made[1:]))
    for one, data in made:
        whole = reader.take(one, ROOM)
        reader.look(ROOM)  # must not touch what is being sent
        assert data_of(whole) == data


def test_the_bytes_compared_are_the_bytes_sent(tmp_path: Path):
    """Whatever becomes of the file after it has been looked at."""
    (one, data) = held(tmp_path, 1)
    reader = ahead(one)
    reader.look(ROOM)
    flip(one.path)
    assert data_of(reader.take(one, ROOM)) == data


@pytest.mark.parametrize("looked", [True, False])
def test_an_altered_object_is_refused_in_its_turn_and_the_next_is_sent(tmp_path: Path, looked):
    (bad, _), (good, data) = held(tmp_path, 1), held(tmp_path, 2)
    flip(bad.path)
    reader = ahead(bad, good) if looked else ahead()
    if looked:
        reader.look(ROOM)
    with pytest.raises(Unreadable):
        reader.take(bad, ROOM)
    reader.look(ROOM)
    assert data_of(reader.take(good, ROOM)) == data


def test_what_could_not_be_read_is_never_sent(tmp_path: Path):
    (one, _) = held(tmp_path, 1)
    whole = Whole()
    with one.path.open("rb") as file:
        whole.read(FileSlice(file.fileno(), 8, one.size), ROOM)
        with pytest.raises(Unreadable):
            whole.read(FileSlice(file.fileno(), 8, one.size + 1), ROOM)
    with pytest.raises(Unreadable):
        whole.message(5, COMMAND)


def test_another_room_is_read_for_anew(tmp_path: Path):
    (one, data) = held(tmp_path, 1)
    reader = ahead(one)
    reader.look(262138)
    assert data_of(reader.take(one, ROOM)) == data


def test_what_waits_to_be_sent_does_not_wait_for_an_object_that_is_not_read_ahead(tmp_path: Path):
    """A large one is looked at first, another one is changed: pending responses go before that."""
    (one, _) = held(tmp_path, 1)
    heard: list[bytes] = []
    with raw_association() as (association, raw):
        association.queue(association.contexts[3], FIND.response(0xFF00))

        def look(_instance: Instance) -> str:
            heard.append(raw.pdu())
            return "damaged"

        with pytest.raises(Unreadable):
            store(association, one, Manner(fault=look))
    assert heard == [data_pdu((3, 3, commands.encode(FIND.response(0xFF00))))]


def test_large_objects_and_small_values_go_the_other_way():
    assert fits(MOST, ROOM)
    assert not fits(MOST + 1, ROOM)
    assert not fits(1000, 8)
