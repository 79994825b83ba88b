"""A CT scanner's day: which protocols are approved for it, one performed, its record sent back."""

from __future__ import annotations

from copy import deepcopy

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from tests.clients import send
from tests.devices import STUDY_ROOT, Device, asked
from tests.nodes import node, peer, target

pytestmark = pytest.mark.interop

DEFINED, PERFORMED, APPROVAL = (f"1.2.840.10008.5.1.4.1.1.200.{each}" for each in (1, 2, 3))
CT = "1.2.840.10008.5.1.4.1.1.2"
PROTOCOL_FIND, PROTOCOL_GET = "1.2.840.10008.5.1.4.20.1", "1.2.840.10008.5.1.4.20.3"
APPROVAL_FIND = "1.2.840.10008.5.1.4.1.1.200.4"
IN_USE = {"128603"}  # CID 800: approved for use at the institution


def item(**keys: object) -> Dataset:
    return asked("", **keys)


def approved(scanner: Device, protocol: str) -> bool:
    """Whether the newest assertion about a protocol approves its use."""
    identifier = item(
        SOPInstanceUID="",
        ApprovalSubjectSequence=[item(ReferencedSOPInstanceUID=protocol)],
        ApprovalSequence=[
            item(
                AssertionCodeSequence=[item(CodeValue="", CodingSchemeDesignator="")],
                AssertionDateTime="",
            )
        ],
    )
    said = [
        (assertion.AssertionDateTime, assertion.AssertionCodeSequence[0].CodeValue)
        for found in scanner.find(APPROVAL_FIND, identifier)
        for assertion in found.ApprovalSequence
    ]
    return bool(said) and max(said)[1] in IN_USE


def performed(protocol: Dataset, samples) -> list[Dataset]:
    """What the scanner makes of a protocol: images, and the record of what it did."""
    folder = samples / "ct-protocols"
    record = dcmread(folder / "performed.dcm")
    images = [dcmread(path) for path in sorted(folder.glob("image-*.dcm"))]
    study, frame = generate_uid(), generate_uid()
    series = {"CT": generate_uid(), "CTPROTOCOL": generate_uid()}
    for made in (record, *images):
        made.StudyInstanceUID, made.SeriesInstanceUID = study, series[made.Modality]
        made.FrameOfReferenceUID = frame
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    record.ReferencedDefinedProtocolSequence = [
        item(
            ReferencedSOPClassUID=protocol.SOPClassUID,
            ReferencedSOPInstanceUID=protocol.SOPInstanceUID,
        )
    ]
    record.ProtocolName = protocol.ProtocolName
    return [*images, record]


def test_a_scanner_performs_the_protocol_that_is_approved_for_it(samples, tmp_path):
    with (
        Device("CT1", (DEFINED, APPROVAL, PERFORMED, CT)) as scanner,
        node(tmp_path / "data", peers=(scanner.known, peer("TESTER"))) as serving,
    ):
        folder = samples / "ct-protocols"
        whole = [*folder.glob("defined*.dcm"), *folder.glob("protocol-approval*.dcm")]
        assert {one.status for one in send(target(serving), whole)} == {0}
        scanner.calls(serving)
        # Protocols for this model; of them those that may be used today.
        model = item(Manufacturer="Anode", ManufacturerModelName="Sample CT 64")
        keys = {"ProtocolName": "Abdomen*", "SOPInstanceUID": "", "SOPClassUID": ""}
        found = scanner.find(PROTOCOL_FIND, item(ModelSpecificationSequence=[model], **keys))
        assert len(found) == 4
        usable = [one for one in found if approved(scanner, one.SOPInstanceUID)]
        assert [one.ProtocolName for one in usable] == ["Abdomen routine"]
        other = item(Manufacturer="Anode", ManufacturerModelName="Another CT")
        assert scanner.find(PROTOCOL_FIND, item(ModelSpecificationSequence=[other], **keys)) == []
        # It gets the protocol, scans, and sends images and record.
        (protocol,) = scanner.get(PROTOCOL_GET, item(SOPInstanceUID=usable[0].SOPInstanceUID))
        assert protocol == dcmread(samples / "ct-protocols" / "defined-2.dcm")
        made = performed(protocol, samples)
        assert scanner.store(*deepcopy(made)) == [0] * len(made)
        # The record is found by the protocol's name, the images beside it.
        record = made[-1]
        place = {"StudyInstanceUID": record.StudyInstanceUID}
        series = asked("SERIES", SeriesInstanceUID="", ProtocolName="Abdomen*", **place)
        names = {one.SeriesInstanceUID for one in scanner.find(f"{STUDY_ROOT}1", series)}
        assert record.SeriesInstanceUID in names
        counted = asked("STUDY", NumberOfStudyRelatedInstances="", **place)
        (study,) = scanner.find(f"{STUDY_ROOT}1", counted)
        assert int(study.NumberOfStudyRelatedInstances) == len(made)
