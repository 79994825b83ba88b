"""Broken twins of the samples are found by name, and refused or kept as configured."""

from __future__ import annotations

from collections import Counter

import pytest
from pydicom import dcmread

from config.settings import Archive
from iod.checks import Known, check
from iod.samples import FAMILIES
from scu import instances
from tests import twins_images, twins_planning
from tests.clients import send
from tests.nodes import node, target

TWINS = (*twins_planning.TWINS, *twins_images.TWINS)
ENOUGH = 5  # of each family


@pytest.fixture(scope="module")
def known(samples):
    """All samples, as an archive would know them."""
    found = {
        one.SOPInstanceUID: str(one.SOPClassUID)
        for one in (dcmread(path, stop_before_pixels=True) for path in samples.rglob("*.dcm"))
    }
    return Known(found.get, complete=True)


@pytest.mark.parametrize("twin", TWINS, ids=str)
def test_a_broken_twin_is_found_by_name(samples, known, tmp_path, twin):
    found = check(instances.read(twin.made(samples, tmp_path)), known)
    told = {(each.severity, each.rule, each.path) for each in found}
    assert (twin.severity, twin.rule, twin.where) in told


def test_every_family_has_broken_twins():
    count = Counter(twin.family for twin in TWINS)
    assert {each.name: count[each.name] for each in FAMILIES if count[each.name] < ENOUGH} == {}


@pytest.fixture(scope="module")
def strict(samples, tmp_path_factory):
    """A node that refuses what is broken, and holds all that the twins refer to."""
    data = tmp_path_factory.mktemp("strict")
    with node(data, archive=Archive(sync="lazy", check="off")) as serving:
        send(target(serving), sorted(samples.rglob("*.dcm")))
    with node(data, archive=Archive(sync="lazy", check="reject")) as serving:
        yield serving


def test_a_node_that_rejects_refuses_each_error_and_names_it(samples, strict, tmp_path):
    told = {}
    for number, twin in enumerate(TWINS):
        (outcome,) = send(target(strict), [twin.made(samples, tmp_path / str(number))])
        told[str(twin)] = (outcome.status, outcome.comment.split(" ")[0] if outcome.status else "")
    kept = {name: status for name, (status, _) in told.items() if status != 0xA900}
    warned = {str(twin): 0 for twin in TWINS if twin.severity == "warning"}
    assert kept == warned
