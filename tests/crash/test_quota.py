"""Suite C7 with a real quota: the disk has room, and the node may not have more of it. P4."""

from __future__ import annotations

import pytest

from tests.crash import quotas
from tests.crash.cuts import linked
from tests.crash.filling import OUT_OF_RESOURCES, fill
from tests.crash.oracle import Judge
from tests.crash.senders import Ledger
from tests.crash.serving import Site

pytestmark = [pytest.mark.crash, pytest.mark.long]


def test_a_quota_that_is_used_up_refuses_and_takes_again_when_it_is_raised(cradle, tmp_path):
    if why := quotas.missing():
        pytest.skip(f"A REAL QUOTA IS NOT TESTED: {why}")
    ledger = Ledger()
    with quotas.quota(tmp_path / "disk", 24) as quota:
        site = Site.within(tmp_path, quota.folder)
        # Not under the quota: SQLite maps a file of the index into memory, and where btrfs has no
        # room to change one so, the process that does gets SIGBUS.
        linked(site, tmp_path)
        judge = Judge(site.data, ledger)
        serving = cradle.start(site)
        filled = fill(serving, ledger, lambda: quota.limit(200))
        assert filled.refused == {OUT_OF_RESOURCES}
        assert filled.after == [0] * 5, serving.said[-3000:]
        found = judge.risen(serving.target(), filled.study)
        assert not found, str(found)
        serving.kill()
        serving = cradle.start(site)
        found = judge.risen(serving.target())
        serving.kill()
    assert not found, str(found)
