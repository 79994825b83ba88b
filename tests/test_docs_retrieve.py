"""docs/retrieve.md is true: what is changed to what, why not, at what cost, with which status."""

import re

import pytest
from pydicom.datadict import keyword_for_tag

from config import catalogue
from iod import transcoding
from iod.frameranges import KEYS as FRAME_KEYS
from iod.transcoding import Bounds
from scp import statuses
from scp.conversion import COMPRESSED
from tests.test_docs import chapters, page, rows

RETRIEVE = chapters(page("retrieve.md"))
UIDS = re.compile(r"`(1\.2\.840\.[\d.]+|\.[\d.]+)`")


def uids(cell):
    """The transfer syntaxes in a cell, whose common root is left out."""
    return [f"1.2.840.10008.1.2{uid}" if uid.startswith(".") else uid for uid in UIDS.findall(cell)]


def test_what_objects_are_changed_to_is_told_in_its_order():
    told = rows(RETRIEVE["As stored, or changed"])
    names = {uid: name for name, cell, _ in told for uid in uids(cell)}
    assert names == {uid: catalogue.name_of(uid) for uid in names}
    ours = transcoding.targets("1.2.840.10008.1.20", "1.2.840.10008.5.1.4.1.1.2")
    assert tuple(names) == ours
    offered = {uid: whom for _, cell, whom in told for uid in uids(cell)}
    assert all(f'`"{name}"`' in offered.pop(uid) for name, uid in COMPRESSED.items())
    assert set(offered.values()) == {"everybody"}


@pytest.mark.parametrize("uid", catalogue.STORAGE_TRANSFER_SYNTAXES)
def test_it_is_told_of_each_transfer_syntax_whether_it_is_changed(uid):
    told = rows(RETRIEVE["As stored, or changed"], table=1)
    (answer,) = (said for cell, said in told if uid in uids(cell))
    assert (answer == "yes") == bool(transcoding.targets(uid, ""))


def test_every_frame_range_key_is_told():
    told = [row[0] for row in rows(RETRIEVE["Frames"])]
    assert told == [keyword_for_tag(tag) for tag in FRAME_KEYS]


@pytest.mark.parametrize("kind", list(statuses.RETRIEVE))
def test_every_refusal_of_a_retrieve_is_told_with_its_status(kind):
    code = f"`{int(statuses.RETRIEVE[kind]):04X}`"
    assert code in RETRIEVE["Statuses"] + RETRIEVE["Frames"]


def test_what_a_worker_may_cost_is_told():
    bounds, told = Bounds(), " ".join(RETRIEVE["The worker process"].split())
    assert f"{bounds.memory >> 30} GiB" in told
    assert f"{bounds.seconds} seconds" in told
    assert bounds.workers == 2
    assert "two at most" in told
