"""Suite C3: a thousand kills and two hundred power cuts; part of the long tests."""

from __future__ import annotations

import pytest

from tests.crash import campaign
from tests.crash.campaign import BEGIN, CUTS, END, KILLS, KINDS
from tests.crash.disks import missing

pytestmark = pytest.mark.crash

ACKNOWLEDGED = 100_000
LINE = {
    "rounds": 5,
    "acknowledged": 100,
    "kept": 1,
    "quarantined": 0,
    "transactions": 20,
    "committed": 90,
    "restarts": [0.1, 0.3],
    **dict.fromkeys(campaign.NAMED, 0),
    "findings": "",
}


@pytest.mark.long
@pytest.mark.parametrize(("kind", "rounds"), [("kill", KILLS), ("cut", CUTS)])
def test_a_campaign_finds_nothing(tmp_path, kind, rounds):
    if kind == "cut" and missing():
        pytest.skip(f"POWER CUTS ARE NOT TESTED: {missing()}")
    lines = list(campaign.run(tmp_path / "lines", {kind: rounds}))
    print(campaign.table(lines))
    assert campaign.wrong(lines) == []
    assert sum(line["rounds"] for line in lines) >= rounds
    if kind == "kill":
        assert sum(line["acknowledged"] for line in lines) >= ACKNOWLEDGED


def test_a_page_takes_the_table(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    campaign.write(page, [{"kind": kind, **LINE} for kind in KINDS])
    told = page.read_text()
    assert "old" not in told
    assert "| rounds | 5 | 5 |\n" in told
    assert "| lost | 0 | 0 |\n" in told
    assert "(95 %) | 60.0 | 60.0 |\n" in told
    assert told.startswith("before\n")
    assert told.endswith("after\n")
