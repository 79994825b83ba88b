"""Revisions of an object as `anode show` tells them: all branches, missing ones, circles."""

from __future__ import annotations

import pytest

from cli.relations import MOST_REVISIONS
from tests.commands import anode
from tests.objects import instance
from tests.test_object_references import item
from tests.test_rt import STL, archived


def model(number, *before):
    """A model that names some others, each by its UID, as what it was made from anew."""
    named = [item(ReferencedSOPSequence=[item(each, STL)]) for each in before]
    documents = [item(ReferencedSeriesSequence=[each]) for each in named]
    made = instance(number, sop_class=STL, PredecessorDocumentsSequence=documents)
    return called(made, f"1.2.{number}")


def called(made, uid):
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = uid
    return made


def revisions(tmp_path, asked, *objects):
    """The revisions as `anode show` tells them of one: number, last part of the UID, which."""
    settings = archived(tmp_path, *objects)
    told = anode("show", "-c", settings, asked, "--json").document[0]
    rows = [each["rows"] for each in told["sections"] if each["title"] == "Revisions"]
    return [(row["No."], row["SOP Instance UID"], row["Which"]) for each in rows for row in each]


@pytest.mark.parametrize("asked", ["1.2.1", "1.2.2", "1.2.3", "1.2.4"])
def test_branches_of_revisions_are_all_told(tmp_path, asked):
    one, two, other = model(1), model(2, "1.2.1"), model(3, "1.2.1")
    told = revisions(tmp_path, asked, one, two, other, model(4, "1.2.3", "1.2.1"))
    assert [each[:2] for each in told] == [
        ("1", "1.2.1"), ("2", "1.2.2"), ("2", "1.2.3"), ("3", "1.2.4"),
    ]  # fmt: skip
    assert [each[1] for each in told if each[2].startswith("this one")] == [asked]


def test_a_revision_in_the_middle_that_is_not_there_is_missing(tmp_path):
    told = revisions(tmp_path, "1.2.3", model(1), model(3, "1.2.2"), model(4, "1.2.3"))
    assert told == [("1", "1.2.2", "missing"), ("2", "1.2.3", "this one"), ("3", "1.2.4", "")]


def test_revisions_in_a_circle_end(tmp_path):
    told = revisions(tmp_path, "1.2.1", *(model(n, f"1.2.{n % 3 + 1}") for n in (1, 2, 3)))
    assert sorted(each[1] for each in told) == ["1.2.1", "1.2.2", "1.2.3"]
    assert min(each[0] for each in told) == "1"


def test_of_more_revisions_than_anybody_reads_the_nearest_are_told(tmp_path):
    models = (model(n, f"1.2.{n - 1}") for n in range(1, MOST_REVISIONS + 10))
    told = revisions(tmp_path, "1.2.30", *models)
    assert len(told) == MOST_REVISIONS
    assert ("1.2.30", "this one") in {each[1:] for each in told}
