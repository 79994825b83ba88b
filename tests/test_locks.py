"""Who serves a data folder, and who only asks."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from archive import locks
from archive.errors import InUse


def test_asking_who_serves_keeps_nobody_from_serving(tmp_path: Path):
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            locks.served(tmp_path)

    with locks.claim(tmp_path):
        assert locks.served(tmp_path)
    assert not locks.served(tmp_path)
    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(1000):
            with locks.claim(tmp_path):
                pass
    finally:
        over.set()
        asking.join()


def test_a_folder_that_is_served_is_nobody_elses(tmp_path: Path):
    with (
        locks.claim(tmp_path),
        pytest.raises(InUse, match="another node serves"),
        locks.claim(tmp_path),
    ):
        pass
