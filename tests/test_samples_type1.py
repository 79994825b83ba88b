"""Of each sample a twin without each attribute of type 1: found every time, by name.

What is of type 1 is taken from highdicom's own tables, not from those that the checker has.
"""

from __future__ import annotations

import io
import json
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread, dcmwrite

from iod.checks import Slice, check_in
from iod.samples import FAMILIES

CLASSES = sorted({uid for family in FAMILIES for uid in family.classes})
# The less strict of two modules may be the one that says so; content items have rules of theirs.
RULES = ("type1.missing", "type2.missing", "sr.root", "sr.missing")
# Without these it is no object that could be read, or another one.
IDENTITY = {"SOPClassUID", "SOPInstanceUID"}


@cache
def table(name: str):
    # Not by importing it: where a node serves in this process, highdicom is kept out.
    path = distribution("highdicom").locate_file(f"highdicom/_standard/{name}.json")
    return json.loads(Path(str(path)).read_bytes())


def demanded(sop_class_uid: str) -> list[str]:
    """Attributes of type 1 in mandatory modules, at the top."""
    iod = table("sop_class_iod_map")[sop_class_uid]
    modules = [each["key"] for each in table("iod_module_map")[iod] if each["usage"] == "M"]
    rows = (row for module in modules for row in table("module_attribute_map")[module])
    found = {row["keyword"] for row in rows if row["type"] == "1" and not row["path"]}
    return sorted(found - IDENTITY)


@pytest.fixture(scope="module")
def by_class(samples):
    """A sample of each class."""
    found = {}
    for path in sorted(samples.rglob("*.dcm"), reverse=True):
        uid = dcmread(path, specific_tags=["SOPClassUID"]).SOPClassUID
        found[uid] = path
    return found


def findings(made: Dataset, syntax: str) -> set[tuple[str, str]]:
    into = io.BytesIO()
    dcmwrite(into, made, implicit_vr=False, little_endian=True, enforce_file_format=False)
    said = Slice(made.SOPClassUID, syntax, 0, into.tell())
    return {(each.rule, each.path) for each in check_in(into, said)}


@pytest.mark.parametrize("sop_class_uid", CLASSES)
def test_each_missing_attribute_of_type_1_is_found(by_class, sop_class_uid):
    whole = dcmread(by_class[sop_class_uid])
    syntax = whole.file_meta.TransferSyntaxUID
    made = Dataset(whole)  # without preamble and file meta information
    missed = []
    for keyword in demanded(sop_class_uid):
        if keyword not in made:
            continue
        taken = made[keyword]
        del made[keyword]
        wanted = {(rule, keyword) for rule in RULES}
        if not wanted & findings(made, syntax):
            missed.append(keyword)
        made.add(taken)
    assert missed == []
