"""Suite C5: a harness that has never been red proves nothing. Each sabotaged build is found."""

from __future__ import annotations

import pytest

from tests.crash import disks
from tests.crash.cuts import Machine, cuts
from tests.crash.kills import Rounds, kills
from tests.crash.sabotage import EDITS, HARMLESS, build
from tests.crash.serving import Cradle, Site
from tests.crash.test_power_cuts import needs_disks

pytestmark = pytest.mark.crash

# By the cheapest recipe that finds it, which may take so many rounds.
QUICK = (0.1, 0.3)
SLICES = (2_000_000,)  # they come in many pieces: a name given too early is seen
PATIENCE = 6.0  # for reports: those that will come are there within one
STORED = ("store",)  # what storage commitment alone would find shall not hide a promise of C-STORE
KILLED = {
    "ackfirst": Rounds(30, QUICK, after=STORED),
    "norename": Rounds(30, QUICK, SLICES, after=STORED),
    "commitfirst": Rounds(30, QUICK, after=("action",), patience=PATIENCE),
}
CUT = {  # and on how many disks
    "nofsync": (1, Rounds(4, QUICK, after=STORED)),
    "dbnormal": (2, Rounds(4, QUICK, after=STORED)),
    "dboff": (2, Rounds(4, QUICK, after=STORED)),
    "nodirsync": (2, Rounds(20, QUICK, after=STORED)),
    "nocommitsync": (1, Rounds(4, QUICK, after=("action",), patience=PATIENCE)),
    "nosettle": (1, Rounds(4, QUICK, after=("report",), lazy=True)),
}


@pytest.fixture
def sabotaged(tmp_path, request):
    with Cradle(build(tmp_path / "build", request.param)) as cradle:
        yield cradle


def test_every_edit_has_its_recipe():
    assert {*KILLED, *CUT} == EDITS.keys()


@pytest.mark.parametrize(
    ("sabotaged", "rounds"), KILLED.items(), indirect=["sabotaged"], ids=KILLED
)
def test_a_kill_finds(sabotaged, rounds, tmp_path):
    figures = kills(sabotaged, Site.within(tmp_path), rounds)
    print(figures.rounds, figures.acknowledged, figures.findings)
    assert figures.findings


@needs_disks
@pytest.mark.parametrize(("sabotaged", "recipe"), CUT.items(), indirect=["sabotaged"], ids=CUT)
def test_a_power_cut_finds(sabotaged, recipe, tmp_path):
    number, rounds = recipe
    with disks.Disks(tmp_path) as made:
        figures = cuts(sabotaged, Machine(made, tmp_path, number), rounds)
    print(figures.rounds, figures.acknowledged, figures.findings)
    assert figures.findings


@needs_disks
@pytest.mark.long
@pytest.mark.parametrize("sabotaged", HARMLESS, indirect=True)
def test_what_is_harmless_is_not_found(sabotaged, tmp_path):
    with disks.Disks(tmp_path) as made:
        figures = cuts(sabotaged, Machine(made, tmp_path, 2), Rounds(20, QUICK))
    assert not figures.findings
