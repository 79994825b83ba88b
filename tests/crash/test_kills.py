"""Suite C1: the node is killed while four senders store, and nothing it acknowledged is missing."""

from __future__ import annotations

from collections import Counter
from statistics import median

import pytest

from tests.crash.kills import Rounds, kills

pytestmark = pytest.mark.crash

ROUNDS = 25
MOMENTS = (0.1, 0.7)  # shorter than a campaign's: as many falls in half the time
RESTART_SECONDS = 5.0  # most of the time; a machine that others use has its moments


def test_nothing_acknowledged_is_lost_by_kill(cradle, secure_site):
    figures = kills(cradle, secure_site, Rounds(ROUNDS, MOMENTS, fresh=8))
    print(figures)
    assert not figures.findings, str(figures.findings)
    assert figures.refused == Counter()
    assert figures.rounds == ROUNDS
    assert figures.acknowledged > 20 * ROUNDS
    assert median(figures.restarts) < RESTART_SECONDS
