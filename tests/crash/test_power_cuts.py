"""Suite C2: the power is cut while senders store, and nothing that was acknowledged is missing."""

from __future__ import annotations

import os
from dataclasses import replace
from statistics import median

import pytest

from tests.crash import disks
from tests.crash.cuts import ROUNDS, Machine, cuts

pytestmark = pytest.mark.crash

RESTART_SECONDS = 5.0  # most of the time; a machine that others use has its moments
AFTER_THE_CUT = {0x0110, 0xA700}  # what a thread may say that ran on for an instant

needs_disks = pytest.mark.skipif(bool(disks.missing()), reason=f"no power cut: {disks.missing()}")


def test_root_can_cut_the_power():
    """So that CI, as root, never passes without a single cut."""
    if os.geteuid():
        pytest.skip(f"POWER CUTS ARE NOT TESTED: {disks.missing()}")
    assert not disks.missing()


@needs_disks
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "plain and TLS"])
@pytest.mark.parametrize("number", [1, 2], ids=["one disk", "two disks"])
def test_nothing_acknowledged_is_lost_by_a_power_cut(cradle, tmp_path, authority, number, tls):
    with disks.Disks(tmp_path) as made:
        machine = Machine(made, tmp_path, number, authority if tls else None)
        figures = cuts(cradle, machine, ROUNDS)
    assert not figures.findings, str(figures.findings)
    assert figures.rounds == ROUNDS.number
    assert figures.acknowledged > figures.rounds
    assert set(figures.refused) <= AFTER_THE_CUT
    assert median(figures.restarts) < RESTART_SECONDS


@needs_disks
@pytest.mark.long
@pytest.mark.parametrize("number", [1, 2], ids=["one disk", "two disks"])
def test_nothing_acknowledged_by_several_processes_is_lost(cradle, tmp_path, number):
    with disks.Disks(tmp_path) as made:
        machine = Machine(made, tmp_path, number)
        machine.site = replace(machine.site, workers=2)
        figures = cuts(cradle, machine, ROUNDS)
    assert not figures.findings, str(figures.findings)
    assert figures.rounds == ROUNDS.number
    assert figures.acknowledged > figures.rounds
    assert set(figures.refused) <= AFTER_THE_CUT
