"""The day of an injector: it asks for the plan of a contrast administration, and reports on it."""

from __future__ import annotations

import pytest
from pydicom import Dataset, dcmread

from tests.clients import send
from tests.commands import anode, configuration
from tests.devices import STUDY_ROOT, WAYS, Device, asked, listening, secured
from tests.nodes import node, peer, target

pytestmark = pytest.mark.interop

FIND, GET = f"{STUDY_ROOT}1", f"{STUDY_ROOT}3"
PLANNED, PERFORMED = "1.2.840.10008.5.1.4.1.1.88.74", "1.2.840.10008.5.1.4.1.1.88.75"
PLAN, REPORT = "130226", "130227"  # DCM: the root concepts of TID 11001 and TID 11020


def concept(value: str) -> list[Dataset]:
    return [asked("", CodeValue=value, CodingSchemeDesignator="DCM")]


def of_study(injector: Device, study: str, **keys: object) -> list[Dataset]:
    """The images of the SR series of a study, by these keys."""
    series = injector.find(
        FIND, asked("SERIES", StudyInstanceUID=study, SeriesInstanceUID="", Modality="SR")
    )
    return [
        image
        for each in series
        for image in injector.find(
            FIND,
            asked(
                "IMAGE",
                StudyInstanceUID=study,
                SeriesInstanceUID=each.SeriesInstanceUID,
                SOPInstanceUID="",
                **keys,
            ),
        )
    ]


@pytest.mark.parametrize("way", WAYS)
def test_an_injector_gets_its_plan_and_its_report_is_found_by_it(samples, tmp_path, way):
    planned, performed = (
        dcmread(samples / "contrast" / f"{name}.dcm") for name in ("planned", "performed")
    )
    data, way = tmp_path / "anode-data", secured(way, tmp_path / "ca")
    known = peer("TESTER")
    with (
        Device("INJECTOR", (PLANNED, PERFORMED), way) as injector,
        node(data, peers=(injector.known, known), **listening(way)) as serving,
    ):
        send(target(serving), [samples / "contrast" / "planned.dcm"])
        injector.calls(serving)

        # Morning: what is to be given to this patient?
        (study,) = injector.find(
            FIND, asked("STUDY", PatientID=planned.PatientID, StudyInstanceUID="")
        )
        (found,) = of_study(injector, study.StudyInstanceUID, ConceptNameCodeSequence=concept(PLAN))
        (plan,) = injector.get(
            GET,
            asked(
                "IMAGE",
                StudyInstanceUID=study.StudyInstanceUID,
                SeriesInstanceUID=found.SeriesInstanceUID,
                SOPInstanceUID=found.SOPInstanceUID,
            ),
        )
        assert plan.ContentSequence == planned.ContentSequence

        # Then it injects, and reports what it has done.
        assert (
            of_study(injector, study.StudyInstanceUID, ConceptNameCodeSequence=concept(REPORT))
            == []
        )
        assert injector.store(performed) == [0]
        assert serving.examination.settle(60)

        # Evening: what came of that plan? Found by reference, and by what it is.
        reference = [asked("", ReferencedSOPInstanceUID=plan.SOPInstanceUID)]
        (report,) = of_study(injector, study.StudyInstanceUID, ReferencedSOPSequence=reference)
        assert report.SOPInstanceUID == performed.SOPInstanceUID
        (same,) = of_study(
            injector, study.StudyInstanceUID, ConceptNameCodeSequence=concept(REPORT)
        )
        assert same.SOPInstanceUID == report.SOPInstanceUID

    # Who looks at the report is shown the plan it followed, and the other way round.
    settings = configuration(tmp_path)
    shown = anode("show", "-c", settings, performed.SOPInstanceUID, "--json").document[0]
    (refers,) = (each for each in shown["sections"] if each["title"] == "Refers to")
    assert {row["SOP Instance UID"] for row in refers["rows"]} == {planned.SOPInstanceUID}
    assert performed.SOPInstanceUID in anode("show", "-c", settings, planned.SOPInstanceUID).out
