"""Every sample goes the whole way: validated, sent by dcmsend, found, moved, got; docs tell it."""

from __future__ import annotations

import pytest

from iod.samples import FAMILIES
from tests.commands import ROOT
from tests.journey import table, travelled
from tests.test_docs import chapters, rows
from tests.test_samples_judged import FAULTS

PAGE = chapters((ROOT / "docs" / "samples.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def measured(samples, tmp_path_factory):
    with travelled(samples, tmp_path_factory.mktemp("nodes")) as found:
        yield found


@pytest.mark.interop
def test_every_sample_comes_back_as_it_was(measured):
    assert [row for row in measured if not row.whole] == []


@pytest.mark.interop
def test_the_journey_is_told_as_it_was_measured(measured):
    """When a class is new: python -m tests.journey"""
    assert table(measured) in PAGE["The journey"]


def test_the_families_are_told():
    told = [(name.strip("`"), what) for name, what in rows(PAGE["The families"])]
    assert told == [(each.name, each.told) for each in FAMILIES]


def test_the_faults_of_dciodvfy_are_told():
    assert [why for _, why in rows(PAGE["What dciodvfy says"])] == [why for *_, why in FAULTS]
