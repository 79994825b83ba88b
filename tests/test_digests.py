"""The SHA-256 of what is received, hashed at once or beside its arrival, is that of its bytes."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import Archive, digests
from archive.digests import Digest
from archive.errors import ArchiveError, Unavailable
from tests.datasets import instance
from tests.receiving import files, receive

LARGE = 1000


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """What is large is small here; and no thread is left behind."""
    monkeypatch.setattr(digests, "LARGE", LARGE)
    monkeypatch.setattr(digests, "_WAITING", 2)
    yield
    assert not followers()


def followers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "digest"]


def sha256(parts: list[list[bytes]]) -> str:
    return hashlib.sha256(b"".join(b"".join(part) for part in parts)).hexdigest()


def fed(parts: list[list[bytes]]) -> Digest:
    """A digest told of these parts, all of them in one buffer that is used again."""
    digest, buffer = Digest(), memoryview(bytearray(max(4000, LARGE)))
    for part in parts:
        at, pieces = 0, []
        for piece in part:
            buffer[at : at + len(piece)] = piece
            pieces.append(buffer[at : at + len(piece)])
            at += len(piece)
        digest.update(pieces, at)
    return digest


class Failing:
    """Fails where there is something to hash for the second time."""

    def __init__(self) -> None:
        self.times = 0

    def update(self, _data: bytes) -> None:
        self.times += 1
        if self.times > 1:
            raise MemoryError

    def hexdigest(self) -> str:
        return "of a part"


@given(st.lists(st.lists(st.binary(max_size=700), min_size=1, max_size=3), max_size=12))
def test_any_division_into_parts_has_the_digest_of_the_whole(parts):
    assert fed(parts).hexdigest() == sha256(parts)


def test_a_large_data_set_is_hashed_by_a_thread_of_its_own():
    digest = fed([[bytes(LARGE)], [bytes(LARGE)]])
    assert followers()
    digest.drop()
    digest.drop()


def test_where_no_thread_can_be_had_it_is_hashed_at_once(monkeypatch):
    def start(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    parts = [[bytes([number]) * LARGE] for number in range(4)]
    assert fed(parts).hexdigest() == sha256(parts)


def test_what_was_hashed_in_part_has_no_digest(monkeypatch):
    monkeypatch.setattr(hashlib, "sha256", Failing)
    digest = fed([[bytes(LARGE)] for _ in range(9)])
    with pytest.raises(Unavailable):
        digest.hexdigest()


def test_an_object_that_cannot_be_hashed_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch):
    """Durability P1: what nobody can vouch for is no success."""
    monkeypatch.setattr(digests._Follower, "_taken", lambda _self, _part: False)
    with Archive.open(tmp_path, sync="lazy") as archive:
        with pytest.raises(ArchiveError):
            receive(archive, instance(pixels=50_000))
        assert archive.counts().instances == 0
        assert files(tmp_path) == []


def test_a_large_object_is_sealed_with_the_digest_of_what_came(tmp_path: Path, monkeypatch):
    """And not of what the disk gives back."""
    data, flipped = instance(pixels=50_000), []

    def follow(self, part, follow=digests._Follower.follow):
        if not flipped:
            (draft,) = (tmp_path / "incoming").glob("*.part")
            with draft.open("r+b") as file:
                file.seek(-1, 2)
                last = file.read(1)[0]
                file.seek(-1, 2)
                file.write(bytes([last ^ 1]))
            flipped.append(draft)
        follow(self, part)

    monkeypatch.setattr(digests._Follower, "follow", follow)
    with Archive.open(tmp_path, sync="lazy") as archive:
        assert receive(archive, data).sha256 == hashlib.sha256(data).hexdigest()
    assert flipped
