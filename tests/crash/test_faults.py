"""Suite C4: whatever call of the system fails or is the last one, a store is whole or is not."""

from __future__ import annotations

import shutil

import pytest

from tests.crash.faults import CALLS, HOW, OUT_OF_RESOURCES, Fault, attempt, exhausted

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(
        shutil.which("strace") is None, reason="strace is not installed: run tools/peers.sh"
    ),
]

# What a store of ours cannot do without; the long form takes every call there is.
NEEDED = ("openat", "writev", "renameat2", "pwrite64", "fsync")


@pytest.mark.parametrize("how", HOW[:3])
@pytest.mark.parametrize("call", NEEDED)
def test_the_first_of_each_call_may_fail(cradle, tmp_path, call, how):
    trial = attempt(cradle, tmp_path / "node", Fault(call, 1, how), first=False)
    assert trial.touched
    assert not trial.wrong, trial


@pytest.mark.parametrize("how", ["ENOSPC", "EDQUOT"])
@pytest.mark.parametrize("number", [1, 3])
def test_a_disk_or_quota_that_is_full_for_the_index_is_told_as_such(cradle, tmp_path, how, number):
    """By pwrite64 SQLite writes its pages; object files are written otherwise."""
    fault = Fault("pwrite64", number, how, lasting=True)
    trial = attempt(cradle, tmp_path / "node", fault, first=False)
    assert trial.touched
    assert not trial.wrong, trial
    assert trial.status == OUT_OF_RESOURCES
    assert trial.next == 0  # with room again, without a restart


@pytest.mark.long
@pytest.mark.parametrize("first", [True, False], ids=["first store", "later store"])
@pytest.mark.parametrize("how", HOW)
def test_any_call_may_fail(cradle, tmp_path, how, first):
    trials = [
        trial for call in CALLS for trial in exhausted(cradle, tmp_path, call, how, first=first)
    ]
    print(how, first, len(trials), [(t.fault, t.status) for t in trials])
    assert [(trial.fault, trial.wrong) for trial in trials if trial.wrong] == []
    assert len(trials) > len(NEEDED)
