"""Broken twins of the samples are found by name, and refused or kept as configured."""

from __future__ import annotations

from collections import Counter

import pytest
from pydicom import dcmread

from config.settings import Archive
from iod.checks import Known, check
from iod.samples import FAMILIES
from scu import instances
from tests import twins_images, twins_others, twins_planning, twins_reports
from tests.clients import send
from tests.commands import anode, configuration
from tests.nodes import node, target

TWINS = (
    *twins_planning.TWINS,
    *twins_reports.TWINS,
    *twins_images.TWINS,
    *twins_others.TWINS,
)
ENOUGH = 5  # of each family
SECONDS = 60.0


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


@pytest.fixture(scope="module")
def lenient(samples, tmp_path_factory):
    """The configuration of a node that kept samples and twins, and what it noted on receipt."""
    root = tmp_path_factory.mktemp("lenient")
    path = configuration(root, '[archive]\nsync = "lazy"\ncheck = "warn"\n')
    twins = {str(twin): twin.made(samples, root / str(at)) for at, twin in enumerate(TWINS)}
    with node(root / "anode-data", archive=Archive(sync="lazy", check="warn")) as serving:
        sent = send(target(serving), [*sorted(samples.rglob("*.dcm")), *twins.values()])
        assert {each.status for each in sent} == {0}
        assert serving.examination.settle(SECONDS)
        kept = serving.archive.index.judgements
        uids = {name: instances.read(twin).sop_instance_uid for name, twin in twins.items()}
        yield path, uids, {name: kept.of(uid) for name, uid in uids.items()}


def test_a_node_that_warns_keeps_each_and_notes_what_is_wrong_in_it(lenient):
    _, _, noted = lenient
    missed = [
        str(twin)
        for twin in TWINS
        if twin.rule != "reference.class" and not twin.rule.endswith("-unknown")
        if (twin.severity, twin.where, twin.rule) not in {each[:3] for each in noted[str(twin)]}
    ]
    assert missed == []


def test_what_was_kept_is_told_with_its_references(lenient):
    path, uids, _ = lenient
    objects = anode("validate", "--stored", "-c", path, "--json").document["objects"]
    told = {
        each["sop_instance_uid"]: {
            (one["severity"], one["rule"], one["path"]) for one in each["findings"]
        }
        for each in objects
    }
    missed = [
        str(twin)
        for twin in TWINS
        if (twin.severity, twin.rule, twin.where) not in told.get(uids[str(twin)], set())
    ]
    assert missed == []
