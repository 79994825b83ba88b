"""Bytes that were proven once are known again, and no others for them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import fixity
from scp.proven import Proven
from tests import clients, objects
from tests.datasets import instance
from tests.nodes import node, target
from tests.objects import identifier, uid, written
from tests.test_check import damage, filled, flip

DATA = os.urandom(100_000)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pieces(data: bytes, room: int = 16_378) -> Iterator[memoryview]:
    """All in the same buffer, as they are read."""
    buffer = memoryview(bytearray(room))
    for at in range(0, len(data), room):
        some = data[at : at + room]
        buffer[: len(some)] = some
        yield buffer[: len(some)]


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One for each SHA-256 that was made."""
    made: list[None] = []

    class Counted:
        @staticmethod
        def sha256() -> object:
            made.append(None)
            return hashlib.sha256()

    monkeypatch.setattr(fixity, "hashlib", Counted)
    return made


def test_what_was_proven_is_known_again_however_it_is_cut(hashed: list[None]):
    known = Proven()
    assert known.have(pieces(DATA), sha256(DATA))
    for room in (1024, 65_536, 1 << 20):
        assert known.have(pieces(DATA, room), sha256(DATA))
    assert len(hashed) == 1


@given(
    data=st.binary(min_size=1, max_size=300),
    at=st.integers(0, 10_000),
    bit=st.integers(0, 7),
    cut=st.integers(1, 100),
)
def test_other_bytes_are_never_taken_for_those_that_were_proven(data, at, bit, cut):
    altered = bytearray(data)
    altered[at % len(data)] ^= 1 << bit
    known = Proven()
    assert known.have(pieces(data), sha256(data))
    for other in (altered, data[:-cut], data + bytes(cut), data[1:] + data[:1]):
        assert known.have(pieces(bytes(other)), sha256(data)) == (bytes(other) == data)
    assert known.have(pieces(data), sha256(data))


def test_only_sha256_proves():
    known, other = Proven(), b"other" + DATA[5:]
    for _ in range(2):
        assert not known.have(pieces(other), sha256(DATA))
    assert known.have(pieces(DATA), sha256(DATA))
    assert not known.have(pieces(other), sha256(DATA))


def test_an_empty_data_set_is_proven_too():
    known = Proven()
    for _ in range(2):
        assert known.have(pieces(b""), sha256(b""))
        assert not known.have(pieces(b"\0"), sha256(b""))


@pytest.mark.parametrize(
    "told",
    ["", sha256(DATA)[:-2], "no digest", "\xe9" * 64],
    ids=["nothing", "too short", "no hex", "no ASCII"],
)
def test_what_is_no_sha256_is_that_of_no_bytes(told):
    """The disk may have altered the index too."""
    known = Proven(most=32)
    for _ in range(2):
        assert not known.have(pieces(DATA), told)
        assert known.have(pieces(DATA), sha256(DATA))


def test_the_latest_are_known_and_memory_has_an_end(hashed: list[None]):
    known = Proven(most=100)
    each = [number.to_bytes(2) for number in range(1000)]
    for data in each:
        assert known.have(pieces(data), sha256(data))
    assert len(known) <= 100
    hashed.clear()
    for data in each[-50:]:
        assert known.have(pieces(data), sha256(data))
    assert hashed == []
    assert known.have(pieces(each[0]), sha256(each[0]))
    assert len(hashed) == 1


@pytest.mark.parametrize("how", ["torn", "gone", "flipped"])
def test_an_object_that_was_sent_before_is_not_sent_damaged(tmp_path: Path, how):
    """Whatever its size, its name and its times say."""
    files = filled(tmp_path, 6)
    asked = identifier("STUDY", StudyInstanceUID="1.2.0")
    both = {
        f"1.2.3.{n}": instance(f"1.2.3.{n}", study="1.2.0", pixels=3000 + 2 * n) for n in (3, 6)
    }
    path = files["1.2.3.3"]
    was, content = path.stat(), path.read_bytes()
    with node(tmp_path) as serving:
        wanted = [stored for _, stored in serving.archive.index.held(0, 100)]
        assert clients.get(target(serving), asked, wanted)[1] == both
        damage(path, how)
        if path.exists():
            os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
        progress, kept = clients.get(target(serving), asked, wanted)
        assert set(kept) == {"1.2.3.6"}
        assert (progress[-1].completed, progress[-1].failed) == (1, 1)
        path.write_bytes(content)
        assert clients.get(target(serving), asked, wanted)[1] == both


@pytest.mark.parametrize("pixels", [1000, 1_000_000])
def test_what_this_process_sent_it_knows_again(tmp_path: Path, hashed: list[None], pixels):
    """What the disk made of it since is told from it, below and above 1 MiB."""
    study = uid("study")
    paths = written(
        tmp_path,
        *(objects.instance(n, StudyInstanceUID=study, PixelData=bytes(pixels)) for n in (1, 2)),
    )
    asked = identifier("STUDY", StudyInstanceUID=study)
    with node(tmp_path / "node") as serving:
        assert [outcome.status for outcome in clients.send(target(serving), paths)] == [0, 0]
        held = [stored for _, stored in serving.archive.index.held(0, 100)]
        for _ in range(2):
            assert len(clients.get(target(serving), asked, held)[1]) == 2
            assert len(hashed) == 2
        flip(held[0].path, -10)
        kept = clients.get(target(serving), asked, held)[1]
        assert set(kept) == {held[1].sop_instance_uid}
    assert len(hashed) == 2
