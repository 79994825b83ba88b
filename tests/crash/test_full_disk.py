"""Suite C7: a small disk filled to the brim and emptied again, for objects and for the index."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.crash import disks
from tests.crash.cuts import linked
from tests.crash.filling import OUT_OF_RESOURCES, Filled, brim, fill, weigh
from tests.crash.oracle import Judge
from tests.crash.senders import Ledger
from tests.crash.serving import Cradle, Serving, Site
from tests.crash.test_power_cuts import needs_disks

pytestmark = pytest.mark.crash

SMALL_MB, LARGE_MB, INDEX_MB, INDEX_BYTES = 24, 400, 16, 2 << 20
NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
MOUNT = 'mount -t tmpfs -o size=24m none "$0" && head -c 4M /dev/zero > "$0/ballast" && exec "$@"'


def _judge(filled: Filled, serving: Serving, judge: Judge) -> None:
    assert filled.refused == {OUT_OF_RESOURCES}
    assert filled.after == [0] * 5, serving.said[-3000:]
    found = judge.risen(serving.target(), filled.study)
    assert not found, str(found)


@needs_disks
@pytest.mark.parametrize(
    ("objects", "index", "block"),
    [(SMALL_MB, 0, 4096), (SMALL_MB, 0, 1024), (LARGE_MB, INDEX_MB, 4096)],
    ids=["of objects", "of small blocks", "of the index"],
)
def test_a_full_disk_refuses_and_takes_again_without_a_restart(
    cradle, tmp_path, objects, index, block
):
    ledger = Ledger()
    with disks.Disks(tmp_path) as made:
        site = Site.within(tmp_path, made.make("objects", objects, block=block).folder)
        if index:
            linked(site, made.make("index", index).folder)
        full = made.all[-1]
        judge = Judge(site.data, ledger)
        weigh(ballast := full.folder / "ballast", INDEX_BYTES if index else 0)
        serving = cradle.start(site)

        def make_room() -> None:
            ballast.unlink()
            full.sync()

        _judge(fill(serving, ledger, make_room), serving, judge)
        _start_full(cradle, site, judge, full)


def _start_full(cradle: Cradle, site: Site, judge: Judge, full: disks.Disk) -> None:
    """A node that starts when there is no block left serves what it holds."""
    brim(full.folder / "brim")
    cradle.last.kill()
    brim(full.folder / "brim")
    serving = cradle.start(site)
    found = judge.risen(serving.target())
    serving.kill()
    assert not found, str(found)


def _no_namespaces() -> str:
    try:
        done = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return done.stderr.strip()


@pytest.mark.skipif(bool(_no_namespaces()), reason=f"no user namespaces: {_no_namespaces()}")
def test_a_full_disk_of_who_is_not_root(cradle, tmp_path):
    ledger, place = Ledger(), tmp_path / "small"
    place.mkdir()
    inside = (*NAMESPACE, "sh", "-c", MOUNT, str(place))
    serving = cradle.start(replace(Site.within(tmp_path, place), inside=inside))
    seen = Path(f"/proc/{serving.process}/root{place}")
    filled = fill(serving, ledger, (seen / "ballast").unlink)
    # SQLite would follow the path to our own root. The node's lock is held by nobody in a copy.
    held = shutil.ignore_patterns("*.lock")
    shutil.copytree(seen / "data", copied := tmp_path / "copied", ignore=held)
    _judge(filled, serving, Judge(copied, ledger))
    serving.kill()
