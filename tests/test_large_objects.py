"""A multi-frame object of hundreds of megabytes passes through with memory flat."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from scu import instances, retrieve, store
from scu.associate import Target, associate
from scu.instances import FileInstance
from tests.clients import CALLER, STUDY_ROOT, SYNTAXES, move
from tests.objects import identifier, instance, uid, written
from tests.peers import await_port, free_port
from wire.association import Message

MB = 1_000_000


@contextmanager
def served(
    folder: Path,
    title: str,
    more: str = "",
    *,
    sync: str = "lazy",
    workers: int = 1,
    program: Sequence[str] = ("cli.main",),
) -> Iterator[tuple[Target, psutil.Process]]:
    """A node in a process of its own, as `anode serve` starts it."""
    folder.mkdir()
    port = free_port()
    file = folder / "anode.toml"
    file.write_text(
        f'[node]\nae_title = "{title}"\ndata = "data"\nworkers = {workers}\n'
        f'[[listener]]\nhost = "127.0.0.1"\nport = {port}\n[archive]\nsync = "{sync}"\n{more}'
    )
    command = [sys.executable, "-m", *program, "serve", "-c", str(file)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log, stdout=log)
    try:
        await_port(port, process)
        yield Target(title, "127.0.0.1", port), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def peak(process: psutil.Process) -> int:
    """The most memory the process has held, in bytes."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM")


def multi_frame(folder: Path, frames: int) -> FileInstance:
    """A file of about `frames` MB of pixels; it is sparse, so that making it costs nothing."""
    (path,) = written(folder, instance(1, sop_class="1.2.840.10008.5.1.4.1.1.7.2"))
    head = path.read_bytes()
    size = frames * MB
    pixels = b"\xe0\x7f\x10\x00OW\x00\x00" + size.to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(head + pixels)
        file.write(os.urandom(MB))
        file.truncate(len(head) + len(pixels) + size)
    return instances.read(path)


def digest(path: Path, offset: int) -> str:
    with path.open("rb") as file:
        file.seek(offset)
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.parametrize(
    "frames", [120, pytest.param(500, marks=pytest.mark.long)], ids=["120MB", "500MB"]
)
def test_memory_stays_flat_through_store_move_and_get(frames: int, tmp_path: Path):
    big = multi_frame(tmp_path / "o", frames)
    sent = digest(big.path, big.offset)
    with served(tmp_path / "dest", "DEST") as (destination, other):
        peers = (
            f'[[peer]]\nae_title = "DEST"\nhost = "127.0.0.1"\nport = {destination.port}\n'
            f'[[peer]]\nae_title = "{CALLER.ae_title}"\nhost = "127.0.0.1"\nmove_to = ["DEST"]\n'
        )
        with served(tmp_path / "node", "ANODE", peers) as (here, process):
            before = peak(process), peak(other)
            (outcome,) = store.store_all(here, CALLER, [big])
            assert outcome.status == 0
            asked = identifier("STUDY", StudyInstanceUID=uid("s"))
            assert move(here, asked, "DEST")[-1].completed == 1
            assert _fetched(here, big) == sent
            assert peak(process) - before[0] < 80 * MB
            assert peak(other) - before[1] < 80 * MB
            (kept,) = (tmp_path / "dest" / "data" / "objects").rglob("*.dcm")
            assert digest(kept, instances.read(kept).offset) == sent


def _fetched(here: Target, big: FileInstance) -> str:
    """The digest of what C-GET brings."""
    model, total = STUDY_ROOT + "3", hashlib.sha256()

    def keep(message: Message) -> int:
        for pieces in message.fragments():
            for piece in pieces:
                total.update(piece)
        return 0

    proposals = [(model, SYNTAXES), (big.sop_class_uid, [big.transfer_syntax_uid])]
    roles = {big.sop_class_uid: (False, True)}
    with associate(here, CALLER, proposals, roles) as association:
        asked = identifier("STUDY", StudyInstanceUID=uid("s"))
        last = list(retrieve.get(association, model, asked, keep))[-1]
    assert (last.status, last.completed) == (0, 1)
    return total.hexdigest()
