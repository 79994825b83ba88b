"""Disks and indexes that fail in the middle of a reception: nothing kept, and it goes on after."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from archive import Archive, kernel, reception
from archive.errors import NoSpace, Unavailable
from tests.datasets import CT, EXPLICIT, instance
from tests.receiving import files, receive


@pytest.fixture
def archive(tmp_path: Path):
    with Archive.open(tmp_path, sync="lazy") as archive:
        yield archive


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize(("where", "call"), [(os, "open"), (os, "writev"), (kernel, "rename_new")])
def test_a_failing_disk_keeps_nothing_and_recovers(
    archive, tmp_path, monkeypatch, where, call, number
):
    """Durability P4, P5: A700, nothing left, and it works again without a restart."""
    receive(archive, instance("1.2.9"), uid="1.2.9")
    before = files(tmp_path)

    def fail(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    expected = Unavailable if number == errno.EIO else NoSpace
    with monkeypatch.context() as patch:
        patch.setattr(where, call, fail)
        with pytest.raises(expected):
            receive(archive, instance())
    assert files(tmp_path) == before
    assert archive.counts().instances == 1
    assert receive(archive, instance()).new


def test_a_short_write_is_carried_on(archive: Archive, monkeypatch: pytest.MonkeyPatch):
    real = os.writev

    def short(fd, buffers):
        return real(fd, [memoryview(b"".join(buffers))[:7]])

    monkeypatch.setattr(reception.os, "writev", short)
    data = instance()
    assert receive(archive, data).path.read_bytes().endswith(data)


def test_more_fragments_than_one_call_takes(archive: Archive):
    data = instance(pixels=4000)
    with archive.receive(CT, "1.2.3.4", EXPLICIT) as incoming:
        incoming.write([data[at : at + 1] for at in range(len(data))])
        assert incoming.commit().path.read_bytes().endswith(data)


@pytest.mark.parametrize("error", [NoSpace("full"), Unavailable("gone")])
def test_an_index_that_refuses_takes_the_file_with_it(archive, tmp_path, monkeypatch, error):
    def refuse(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(archive._index, "add", refuse)
        with pytest.raises(type(error)):
            receive(archive, instance())
    assert files(tmp_path) == []
    assert receive(archive, instance()).new
