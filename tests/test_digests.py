"""The SHA-256 of what is received, hashed at once or beside its arrival, is that of its bytes."""

from __future__ import annotations

import errno
import hashlib
import os
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
HEAD = b"head"


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """What is large is small here; and no thread is left behind."""
    monkeypatch.setattr(digests, "LARGE", LARGE)
    monkeypatch.setattr(digests, "_PIECE", 300)
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "digest"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("digests") / "file"


def sha256(parts: list[list[bytes]]) -> str:
    return hashlib.sha256(b"".join(b"".join(part) for part in parts)).hexdigest()


def fed(file: Path, parts: list[list[bytes]]) -> Digest:
    """A digest told of these parts as they are written behind a head."""
    file.write_bytes(HEAD)
    digest = Digest(lambda: file.open("rb"))
    with file.open("ab", buffering=0) as out:
        for part in parts:
            at = out.tell()
            digest.update(part, at, out.write(b"".join(part)))
    return digest


@given(st.lists(st.lists(st.binary(max_size=700), min_size=1, max_size=3), max_size=12))
def test_any_division_into_parts_has_the_digest_of_the_whole(file: Path, parts):
    assert fed(file, parts).hexdigest() == sha256(parts)


def test_a_large_data_set_is_hashed_by_a_thread_of_its_own(file: Path):
    digest = fed(file, [[bytes(LARGE)], [bytes(LARGE)]])
    assert [thread for thread in threading.enumerate() if thread.name == "digest"]
    digest.drop()
    digest.drop()


def test_where_no_thread_can_be_had_it_is_hashed_at_once(file: Path, monkeypatch):
    def start(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    parts = [[bytes([number]) * LARGE] for number in range(4)]
    assert fed(file, parts).hexdigest() == sha256(parts)


def test_a_file_shorter_than_what_was_written_has_no_digest(file: Path):
    digest = fed(file, [[bytes(LARGE)]])
    digest.update([bytes(LARGE)], len(HEAD) + LARGE, LARGE)  # and never written
    with pytest.raises(Unavailable, match="shorter"):
        digest.hexdigest()


def test_an_object_that_cannot_be_read_for_its_digest_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch
):
    """Durability P1: what nobody can vouch for is no success."""

    def unreadable(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "preadv", unreadable)
    with Archive.open(tmp_path, sync="lazy") as archive:
        with pytest.raises(ArchiveError):
            receive(archive, instance(pixels=50_000))
        assert archive.counts().instances == 0
        assert files(tmp_path) == []


def test_a_large_object_is_sealed_with_the_digest_of_its_bytes(tmp_path: Path):
    data = instance(pixels=50_000)
    with Archive.open(tmp_path, sync="lazy") as archive:
        assert receive(archive, data).sha256 == hashlib.sha256(data).hexdigest()
