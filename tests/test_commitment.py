"""Storage commitment as its SCP, PS3.4 Annex J: what is promised is there, and who asked hears it."""

from __future__ import annotations

import pytest

from scu.associate import Caller, associate
from scu.references import Reason, Reference
from tests.clients import CALLER, send
from tests.committing import PROPOSAL, asked, committed, hearing, references
from tests.nodes import node, peer, target
from tests.objects import CT_IMAGE, MR_IMAGE, instance, uid, written


def many(folder, number):
    return written(folder, *(instance(n) for n in range(1, number + 1)))


def test_what_is_held_is_committed_on_the_association_that_asked(tmp_path):
    paths = many(tmp_path / "in", 5)
    with node(tmp_path / "node") as ours:
        send(target(ours), paths)
        reasons = committed(target(ours), CALLER, references(paths))
    assert list(reasons.values()) == [0] * 5


def test_a_report_comes_on_a_new_association_to_who_has_released(tmp_path):
    paths = many(tmp_path / "in", 3)
    with hearing() as remote, node(tmp_path / "node", peers=(peer("HEARS", remote.port),)) as ours:
        send(target(ours), [])
        caller = Caller("HEARS")
        from scu import store, instances

        list(store.store_all(target(ours), caller, [instances.read(p) for p in paths]))
        with associate(target(ours), caller, [PROPOSAL]) as association:
            assert asked(association, "1.2.3", references(paths)) == 0
        heard = remote.next()
    assert (heard.event_type, heard.transaction, heard.failed) == (1, "1.2.3", {})
    assert len(heard.committed) == 3
    assert (heard.calling, heard.retrieve) == ("ANODE", "ANODE")
