"""The day of a planning system: what it asks for, gets, plans anew and sends back."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread

from tests.clients import send
from tests.devices import STUDY_ROOT, WAYS, Device, asked, listening, secured
from tests.nodes import node, peer, target

pytestmark = pytest.mark.interop

FIND, MOVE = (f"{STUDY_ROOT}{number}" for number in (1, 2))
PLANS = tuple(f"1.2.840.10008.5.1.4.1.1.481.{number}" for number in (3, 10, 11, 12, 13))
CT = "1.2.840.10008.5.1.4.1.1.2"


def filled(serving, folder: Path) -> None:
    """The node has these samples."""
    assert {one.status for one in send(target(serving), sorted(folder.rglob("*.dcm")))} == {0}


@pytest.mark.parametrize("way", WAYS)
def test_a_planning_system_asks_for_a_radiation_set_and_gets_what_it_needs(samples, tmp_path, way):
    way = secured(way, tmp_path / "ca")
    known = peer("TESTER")
    with (
        Device("PLANNER", (*PLANS, CT), way, retrieve_whole=["radiation sets"]) as planner,
        node(tmp_path / "data", peers=(planner.known, known), **listening(way)) as serving,
    ):
        filled(serving, samples / "radiotherapy")
        assert serving.examination.settle(60)
        planner.calls(serving)
        (wanted,) = (
            dcmread(path) for path in sorted((samples / "radiotherapy").glob("radiation-set*.dcm"))
        )
        (series,) = (
            each
            for each in planner.find(
                FIND,
                asked(
                    "SERIES",
                    StudyInstanceUID=wanted.StudyInstanceUID,
                    SeriesInstanceUID="",
                    Modality=wanted.Modality,
                ),
            )
            if each.SeriesInstanceUID == wanted.SeriesInstanceUID
        )
        place = {
            "StudyInstanceUID": wanted.StudyInstanceUID,
            "SeriesInstanceUID": series.SeriesInstanceUID,
        }
        (found,) = planner.find(
            FIND, asked("IMAGE", SOPInstanceUID="", SOPClassUID=PLANS[3], **place)
        )
        came = planner.move(MOVE, asked("IMAGE", SOPInstanceUID=found.SOPInstanceUID, **place))
        assert {one.SOPInstanceUID for one in came} == {
            dcmread(path).SOPInstanceUID for path in (samples / "radiotherapy").glob("*.dcm")
        }
        # It plans again: another set with the same radiations.
        (made,) = (one for one in came if one.SOPClassUID == PLANS[3])
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = "2.25.481"
        made.UserContentLabel = "SECOND"
        assert planner.store(made) == [0]
        assert serving.archive.lookup("2.25.481") is not None
