"""Trees of which not all is known: what waits, cannot be examined or is beyond the bounds."""

from __future__ import annotations

import pytest

from archive import Archive
from archive.references import Examined
from cli import relations
from tests.commands import anode, configuration
from tests.objects import written
from tests.test_retrieve_whole import family
from tests.test_rt import archived, lines


def test_what_waits_to_be_examined_is_not_told_to_be_complete(tmp_path):
    made, needed, _ = family()
    settings = configuration(tmp_path)
    anode("import", "-c", settings, *written(tmp_path / "files", made, *needed))
    told = anode("rt", "-c", settings, made.SOPInstanceUID)
    assert told.code == 1
    assert lines(told)[-1] == "1 object, nothing missing as far as is known: 1 not examined yet"
    (listed,) = anode("rt", "-c", settings, "--json").document
    assert listed["unknown"] == "not examined yet"
    shown = anode("show", "-c", settings, made.SOPInstanceUID)
    assert "Not all is known  not examined yet" in shown.out
    assert "5 instances not examined yet" in shown.err


def test_what_cannot_be_examined_is_not_told_to_be_complete(tmp_path):
    made, *_ = family()
    settings = configuration(tmp_path)
    anode("import", "-c", settings, *written(tmp_path / "files", made))
    with Archive.open(tmp_path / "anode-data", sync="lazy") as archive:
        ((row, _),) = archive.index.held(0, 1)
        archive.index.note([Examined(row, made.SOPInstanceUID, note="torn", failed=True, rules=1)])
    told = anode("rt", "-c", settings, made.SOPInstanceUID)
    assert told.code == 1
    assert lines(told)[-1].endswith("as far as is known: 1 not to be examined: torn")


@pytest.mark.parametrize("most", [3, 4])
def test_a_tree_that_is_cut_says_so(tmp_path, monkeypatch, most):
    made, needed, _ = family()
    settings = archived(tmp_path, made, *needed)
    monkeypatch.setattr(relations, "MOST", most)
    told = anode("rt", "-c", settings, made.SOPInstanceUID)
    assert told.code == 1
    assert f"as far as is known: {5 - most} beyond the first {most} objects" in lines(told)[-1]
    assert "or more" in anode("rt", "-c", settings).out


def test_a_tree_deeper_than_is_looked_says_so(tmp_path, monkeypatch):
    made, needed, _ = family()
    settings = archived(tmp_path, made, *needed)
    monkeypatch.setattr(relations, "STEPS", 1)
    told = anode("rt", "-c", settings, made.SOPInstanceUID)
    assert told.code == 1
    assert lines(told)[-1].endswith("nothing missing as far as is known: 1 beyond 1 steps")
