"""The processes that decode, hostile input D12: apart, bounded, replaced; nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from iod.errors import Unconvertible
from iod.transcoding import Bounds, Workers
from tests import corpus
from tests.datasets import EXPLICIT, IMPLICIT
from tests.transcoding import JPEG_2000, RLE, changed, encapsulated, image, native, read

HUGE = 1 << 14  # rows and columns of an image that one RLE packet repeats
CELLS = np.arange(64 * 64, dtype="<u2").reshape(64, 64)


@contextmanager
def workers(**bounds: int):
    """Workers of this test's own."""
    made = Workers(Bounds(**({"workers": 1} | bounds)))
    try:
        yield made
    finally:
        made.close()


def _stored(folder: Path, data: bytes) -> Path:
    path = folder / "stored.dcm"
    path.write_bytes(b"head" + data)
    return path


def _image() -> bytes:
    return image(64, 64, native(CELLS.tobytes()), bits=(16, 16))


def _process() -> psutil.Process:
    """The worker that was started last."""
    children = psutil.Process().children()
    found = [child for child in children if "iod.transcoding.worker" in child.cmdline()]
    return max(found, key=psutil.Process.create_time)


def test_the_result_is_a_bare_data_set(tmp_path: Path):
    source, into = _stored(tmp_path, _image()), tmp_path / "made"
    with workers() as pool:
        made = pool.transcode(source, 4, EXPLICIT, RLE, into=into)
    assert (made.path, made.offset, made.size) == (into, 0, into.stat().st_size)
    assert made.transfer_syntax_uid == RLE
    assert made.note == "RLE encoded, MONOCHROME2"
    assert into.read_bytes() == changed(_image(), EXPLICIT, RLE)


def test_one_worker_does_many_objects(tmp_path: Path):
    with workers() as pool:
        pids = set()
        for one in corpus.sendable()[:40]:
            target = IMPLICIT if one.transfer_syntax_uid != IMPLICIT else EXPLICIT
            into = tmp_path / "made"
            try:
                pool.transcode(one.path, one.offset, one.transfer_syntax_uid, target, into=into)
            except Unconvertible:
                assert not into.exists()
            pids.add(_process().pid)
        assert len(pids) == 1


@pytest.mark.parametrize("damage", [b"", b"\xff" * 40])
def test_a_failure_leaves_nothing_and_the_worker_goes_on(damage, tmp_path: Path):
    packed = changed(_image(), EXPLICIT, JPEG_2000)
    stored = packed[:-100] + damage
    with workers() as pool:
        with pytest.raises(Unconvertible):
            pool.transcode(
                _stored(tmp_path, stored), 4, JPEG_2000, EXPLICIT, into=tmp_path / "made"
            )
        assert [path.name for path in tmp_path.iterdir()] == ["stored.dcm"]
        made = pool.transcode(
            _stored(tmp_path, packed), 4, JPEG_2000, EXPLICIT, into=tmp_path / "made"
        )
        assert (read(made.path, EXPLICIT).pixel_array == CELLS).all()


def test_a_worker_that_was_killed_between_jobs_is_replaced(tmp_path: Path):
    source, into = _stored(tmp_path, _image()), tmp_path / "made"
    with workers() as pool:
        pool.transcode(source, 4, EXPLICIT, RLE, into=into)
        killed = _process()
        killed.kill()
        killed.wait()
        pool.transcode(source, 4, EXPLICIT, RLE, into=into)
        assert _process().pid != killed.pid


def test_a_worker_that_hangs_is_killed_and_replaced(tmp_path: Path):
    source, into = _stored(tmp_path, _image()), tmp_path / "made"
    with workers(seconds=60) as pool:
        pool.transcode(source, 4, EXPLICIT, RLE, into=into)
        stopped = _process()
        stopped.suspend()
        # One that starts may take its time; only this job's is short.
        held = pool._slots.get()
        held._bounds = replace(held._bounds, seconds=1)
        pool._slots.put(held)
        with pytest.raises(Unconvertible, match="it took longer than 1 s"):
            pool.transcode(source, 4, EXPLICIT, RLE, into=into)
        assert not into.exists()
        assert not psutil.pid_exists(stopped.pid)
        pool.transcode(source, 4, EXPLICIT, RLE, into=into)


def test_a_worker_that_crashes_costs_its_job_only(tmp_path: Path):
    source, into = _stored(tmp_path, _image()), tmp_path / "made"
    with workers(seconds=60) as pool:
        pool.transcode(source, 4, EXPLICIT, RLE, into=into)
        process = _process()
        process.suspend()
        failed: list[Unconvertible] = []

        def job() -> None:
            with pytest.raises(Unconvertible) as raised:
                pool.transcode(source, 4, EXPLICIT, RLE, into=into)
            failed.append(raised.value)

        thread = threading.Thread(target=job)
        thread.start()
        _wait_for(lambda: not into.stat().st_size)  # emptied for the job, which is on its way
        os.kill(process.pid, signal.SIGSEGV)
        process.resume()
        thread.join()
        assert str(failed[0]) == "the decoder crashed (SIGSEGV)"
        assert not into.exists()
        pool.transcode(source, 4, EXPLICIT, RLE, into=into)


def _wait_for(condition) -> None:
    while not condition():
        os.sched_yield()


def test_an_image_that_needs_too_much_memory_is_refused(tmp_path: Path):
    # 16384 x 16384 x 32 bits, of which RLE says nothing but zeros
    segment = b"\x81\0" * (HUGE * HUGE // 128)
    header = np.array([4, *(64 + n * len(segment) for n in range(4))], "<u4").tobytes()
    frame = header.ljust(64, b"\0") + 4 * segment
    stored = image(HUGE, HUGE, encapsulated([frame]), bits=(32, 32))
    with workers(memory=800 << 20) as pool:
        with pytest.raises(Unconvertible, match="it needs more memory"):
            pool.transcode(_stored(tmp_path, stored), 4, RLE, EXPLICIT, into=tmp_path / "made")
        assert [path.name for path in tmp_path.iterdir()] == ["stored.dcm"]
        pool.transcode(_stored(tmp_path, _image()), 4, EXPLICIT, RLE, into=tmp_path / "made")


def test_a_full_disk_is_a_cause(tmp_path: Path):
    job = b'{"source": "1.2.840.10008.1.2.1", "target": "1.2.840.10008.1.2"}'
    with workers() as pool:
        answer = pool._performed(job, _stored(tmp_path, _image()), 4, Path("/dev/full"))
    assert answer == {"cause": "it cannot be written: No space left on device"}


def test_several_at_once_are_done_by_as_many_workers_as_there_are(tmp_path: Path):
    source, made = _stored(tmp_path, _image()), []
    before = set(psutil.Process().children())

    def job(number: int) -> None:
        into = tmp_path / str(number)
        made.append(pool.transcode(source, 4, EXPLICIT, IMPLICIT, into=into))

    with workers(workers=2) as pool:
        threads = [threading.Thread(target=job, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(psutil.Process().children()) - before) <= 2
    assert len({one.path.read_bytes() for one in made}) == 1
    assert len(made) == 8
    assert not set(psutil.Process().children()) - before


def test_a_frame_at_a_time_is_in_memory(tmp_path: Path):
    # 64 frames of 2 MB: the worker never holds a tenth of them
    frame = np.zeros((1024, 1024), "<u2")
    whole = image(1024, 1024, native(frame.tobytes() * 64), bits=(16, 16), frames=64)
    with workers() as pool:
        pool.transcode(_stored(tmp_path, _image()), 4, EXPLICIT, RLE, into=tmp_path / "warm")
        worker, before = _process(), _process().memory_info().rss
        packed = pool.transcode(_stored(tmp_path, whole), 4, EXPLICIT, RLE, into=tmp_path / "rle")
        back = pool.transcode(packed.path, 0, RLE, IMPLICIT, into=tmp_path / "back")
        pool.transcode(back.path, 0, IMPLICIT, "1.2.840.10008.1.2.2", into=tmp_path / "big")
        assert worker.memory_info().rss - before < 16 << 20


FENCE = """
import sys
{}
held = [name for name in ("numpy", "PIL", "gdcm", "imagecodecs", "jpeg_ls", "pylibjpeg")
        if sys.modules.get(name)]
print(held)
"""


@pytest.mark.parametrize(
    "line",
    [
        "import iod, iod.errors, iod.transcoding",
        "import scp, pydicom.pixels",
        "import cli.main, scp.node",
    ],
)
def test_the_serving_process_holds_no_decoder(line):
    # hostile input D12; pydicom itself loads every codec it finds
    done = subprocess.run(
        [sys.executable, "-c", FENCE.format(line)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


ENCLOSED = """
from iod.transcoding import restraint
import socket
restraint.bound(1 << 30)
if restraint.enclose():
    for attempt in (lambda: open("/etc/hostname"), lambda: open({!r}, "w"),
                    lambda: __import__("os").listdir("/"),):
        try:
            attempt()
        except PermissionError:
            continue
        raise SystemExit("the file system is open")
"""


def test_a_worker_opens_no_file(tmp_path):
    program = ENCLOSED.format(str(tmp_path / "written"))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(tmp_path.iterdir())
