"""Measurements of TID 1500 as highdicom writes them: what highdicom reads of them is told."""

import json
import subprocess
import sys

import pytest

from iod.reading.content import content
from iod.reading.measurements import measurements
from iod.reading.measurements import number as documented
from tests.commands import ROOT, SECONDS, anode
from tests.test_show import code, group, item, number, report, saved, tree

SITE = ("363698007", "SCT", "Finding Site")


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """What highdicom reads of a report, and what is told of it."""
    path = tmp_path_factory.mktemp("tid1500") / "report.dcm"
    command = [sys.executable, "-m", "tests.tid1500", str(path)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=SECONDS)
    return json.loads(done.stdout), anode("show", path, "--measurements", "--json").document


def test_all_that_highdicom_reads_is_told(both):
    read, told = both
    kinds = [(each["tracking_identifier"], each["kind"]) for each in told]
    assert kinds == [
        ("Planar", "measurement"),
        ("Planar", "evaluation"),
        ("Volumetric", "measurement"),
        ("General", "evaluation"),
    ]
    assert [
        {name: each.get(name) for name in row} for each, row in zip(told, read, strict=True)
    ] == (read)


def test_the_images_of_a_group_are_told(both):
    assert {tuple(each["instances"]) for each in both[1]} == {("1.2.3.4",)}


def test_a_table_tells_derivation_and_what_is_wrong(tmp_path):
    made = number(
        "Density",
        "12",
        "[hnsf'U]",
        below=[
            item(
                "CODE",
                code("121401", "DCM", "Derivation"),
                "HAS CONCEPT MOD",
                ConceptCodeSequence=[code("373098007", "SCT", "Mean")],
            )
        ],
        NumericValueQualifierCodeSequence=[code("114006", "DCM", "Measurement failure")],
    )
    out = anode("show", saved(tmp_path, report(made)), "--measurements").out
    assert "Density, Mean   12 [hnsf'U] (Measurement failure)" in out


def sited(name, *below):
    site = [code("1", "99", name)]
    return item("CODE", code(*SITE), "HAS CONCEPT MOD", below=below, ConceptCodeSequence=site)


def test_a_site_of_its_own_has_not_the_side_of_another():
    left = item(
        "CODE",
        code("272741003", "SCT", "Laterality"),
        "HAS CONCEPT MOD",
        ConceptCodeSequence=[code("7771000", "SCT", "Left")],
    )
    own = number("Length", "2", "mm", below=[sited("Spleen")])
    part = item("CONTAINER", "Kidneys", below=[sited("Kidney", left), number("A", "1", "mm"), own])
    first, second = measurements(tree(part).children[0])
    assert (first.said("finding_site"), first.said("laterality")) == ("Kidney", "Left")
    assert (second.said("finding_site"), second.said("laterality")) == ("Spleen", "")


@pytest.mark.parametrize(
    ("held", "told"),
    [("12", 12), ("-1.5e3", -1500.0), ("", None), ("1_0", "1_0"), ("١٢", "١٢"), ("nan", "nan")],
    ids=["whole", "float", "nothing", "underscore", "Arabic", "no number"],
)
def test_a_number_is_what_dicom_takes_for_one(held, told):
    assert documented(held) == told


def test_only_groups_of_measurements_are_evaluated():
    said = item("TEXT", "Said", TextValue="round")
    root = content(report(said, group("Lesion", "1.2.3.1", "Liver", said)))
    assert [(each.number, each.value) for each in measurements(root)] == [("1.2.4", "round")]
