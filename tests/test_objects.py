"""Object files: names of ours, never overwritten, durable, and nothing left behind."""

from __future__ import annotations

import errno
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archive import objects
from archive.errors import InUse, NoSpace, Unavailable
from archive.failures import storage
from archive.filemeta import PREAMBLE, header, is_uid, read
from archive.locks import claim, served
from archive.objects import Folder
from tests.datasets import CT, EXPLICIT

KEY = re.compile(r"\d{4}/\d\d/\d\d/\d\d/[0-9a-f]{16}-[0-9a-f]{8}-[0-9a-f]{64}\.dcm")


@pytest.fixture
def folder(tmp_path: Path):
    folder = Folder(tmp_path / "data")
    yield folder
    folder.close()


def stored(folder: Folder, content: bytes = b"content") -> str:
    draft = folder.begin()
    os.write(draft.fd, content)
    key = folder.new_key(0, "ab" * 32)
    folder.put(draft, key)
    return key


def temporaries(folder: Folder) -> list[str]:
    return [path.name for path in (folder.root / "incoming").glob("*.part")]


def test_an_object_is_put_read_listed_and_deleted(folder: Folder):
    keys = sorted(stored(folder, b"one") for _ in range(3))
    assert all(KEY.fullmatch(key) for key in keys)
    assert list(folder.list()) == keys
    with folder.open(keys[0]) as file:
        assert file.read() == b"one"
    folder.delete(keys[0])
    folder.delete(keys[0])
    assert list(folder.list()) == keys[1:]
    assert temporaries(folder) == []
    with pytest.raises(Unavailable):
        folder.open(keys[0])


def test_modes_let_no_stranger_read(folder: Folder):
    old = os.umask(0)
    try:
        key = stored(folder)
    finally:
        os.umask(old)
    assert stat.S_IMODE(folder.path(key).stat().st_mode) == 0o640
    assert stat.S_IMODE(folder.path(key).parent.stat().st_mode) == 0o750


def test_a_key_in_use_is_never_overwritten(folder: Folder):
    key = stored(folder, b"first")
    draft = folder.begin()
    os.write(draft.fd, b"second")
    with pytest.raises(Unavailable):
        folder.put(draft, key)
    draft.drop()
    assert folder.path(key).read_bytes() == b"first"
    assert temporaries(folder) == []


def test_planted_links_are_not_followed(tmp_path: Path):
    """Hostile input D1: a symlink planted in the store."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "objects").symlink_to(outside)
    with pytest.raises(Unavailable):
        Folder(tmp_path / "data")
    (tmp_path / "data" / "objects").unlink()
    folder = Folder(tmp_path / "data")
    key = folder.new_key(0, "ab" * 32)
    (tmp_path / "data" / "objects" / key[:4]).symlink_to(outside)
    draft = folder.begin()
    with pytest.raises(Unavailable):
        folder.put(draft, key)
    draft.drop()
    assert list(outside.iterdir()) == []
    folder.close()


def test_put_names_the_file_then_syncs_it_and_its_folder(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
):
    """Durability P1: the order is the promise."""
    calls: list[str] = []
    for module, name in ((objects.os, "fsync"), (objects.kernel, "rename_new")):
        real = getattr(module, name)

        def spy(*args, name=name, real=real, **kwargs):
            calls.append("dir" if name == "fsync" and _is_folder(args[0]) else name)
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, spy)
    stored(folder)
    # Four new folders, each after its parent is synced, then the leaf itself.
    assert calls == ["dir", "dir", "dir", "dir", "rename_new", "fsync", "dir"]
    calls.clear()
    stored(folder)
    assert calls == ["rename_new", "fsync", "dir"]


def test_a_clock_that_goes_back_is_told(folder: Folder, monkeypatch: pytest.MonkeyPatch):
    """A start looks for files by their time: who stores one before its elders must know."""
    now = time.time()

    def put(moment: float) -> bool:
        monkeypatch.setattr(objects.time, "time", lambda: moment)
        draft = folder.begin()
        return folder.put(draft, folder.new_key(0, f"{int(moment * 1000):064x}"))

    assert put(now)
    assert put(now - 1)
    assert not put(now - 60)
    assert put(now + 1)


def _is_folder(fd: int) -> bool:
    return stat.S_ISDIR(os.fstat(fd).st_mode)


def test_lazy_syncs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(fd):
        raise AssertionError("fsync")

    monkeypatch.setattr(objects.os, "fsync", refuse)
    folder = Folder(tmp_path, sync=False)
    stored(folder)
    folder.close()


@pytest.mark.parametrize("failing", ["file", "folder"])
@pytest.mark.parametrize(
    ("number", "error"),
    [(errno.ENOSPC, NoSpace), (errno.EDQUOT, NoSpace), (errno.EIO, Unavailable)],
)
def test_a_failing_sync_leaves_no_object(folder, monkeypatch, failing, number, error):
    """Durability P4, P5."""
    stored(folder)
    before = list(folder.list())
    real = os.fsync

    def fail(fd):
        if _is_folder(fd) == (failing == "folder"):
            raise OSError(number, os.strerror(number))
        real(fd)

    monkeypatch.setattr(objects.os, "fsync", fail)
    draft = folder.begin()
    with pytest.raises(error):
        folder.put(draft, folder.new_key(0, "ab" * 32))
    draft.drop()
    assert list(folder.list()) == before
    assert temporaries(folder) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_has_its_own_error(number):
    with pytest.raises(NoSpace), storage():
        raise OSError(number, "full")


def test_start_up_sweeps_what_the_dead_left_and_nothing_else(tmp_path: Path):
    """Durability P6, with several processes on one folder."""
    dying = """
import os, signal, sys
from pathlib import Path
from archive.objects import Folder
folder = Folder(Path(sys.argv[1]))
draft = folder.begin()
os.write(draft.fd, b"half")
os.kill(os.getpid(), signal.SIGKILL)
"""
    alive = Folder(tmp_path)
    draft = alive.begin()
    done = subprocess.run([sys.executable, "-c", dying, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (tmp_path / "incoming" / "0123456789abcdef-1.part").write_bytes(b"of nobody")
    assert len(temporaries(alive)) == 3
    another = Folder(tmp_path)
    assert temporaries(alive) == [draft.name]
    alive.put(draft, alive.new_key(0, "ab" * 32))
    another.close()
    alive.close()
    assert [p.name for p in (tmp_path / "incoming").iterdir()] == [".door"]


def test_one_node_serves_a_folder(tmp_path: Path):
    words = re.escape(
        f"another node serves the data folder {tmp_path}, or it is reindexed "
        f"(process {os.getpid()}); stop that first"
    )
    assert not served(tmp_path)
    with claim(tmp_path):
        assert served(tmp_path)
        with pytest.raises(InUse, match=words), claim(tmp_path):
            pass
        Folder(tmp_path).close()  # import and its kind may still work beside it
    assert not served(tmp_path)
    with claim(tmp_path):
        pass


def test_an_object_file_is_part_10(tmp_path: Path):
    """PS3.10 7.1: what we write, pydicom and we ourselves read back."""
    import pydicom

    start = header(CT, "1.2.3", EXPLICIT, "MODALITY")
    path = tmp_path / "x.dcm"
    path.write_bytes(start)
    meta = pydicom.filereader.read_file_meta_info(path)
    assert start.startswith(PREAMBLE)
    assert meta.FileMetaInformationGroupLength == len(start) - 132 - 12
    assert meta.FileMetaInformationVersion == b"\0\1"
    assert meta.MediaStorageSOPClassUID == CT
    assert meta.MediaStorageSOPInstanceUID == "1.2.3"
    assert meta.TransferSyntaxUID == EXPLICIT
    assert meta.ImplementationClassUID.is_valid
    assert meta.ImplementationVersionName == "ANODE_0_1"
    assert meta.SourceApplicationEntityTitle == "MODALITY"
    with path.open("rb") as file:
        own = read(file)
    assert (own.sop_class_uid, own.sop_instance_uid) == (CT, "1.2.3")
    assert (own.transfer_syntax_uid, own.source_ae) == (EXPLICIT, "MODALITY")
    assert own.offset == len(start)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("1.2.840.10008.1.2", True),
        ("1.02.3", True),  # old data
        ("1" * 64, True),
        ("1" * 65, False),
        ("", False),
        ("1..2", False),
        ("1.2.", False),
        (".1", False),
        ("1.2\n", False),
        ("1.2\0", False),
        ("../../evil", False),
        ("/etc/passwd", False),
        ("1.%2e%2e", False),
        ("1.٢.3", False),
        ("1.２", False),
    ],
)
def test_a_uid_is_digits_and_dots(text, valid):
    """PS3.5 9.1, hostile input D1."""
    assert is_uid(text) == valid
