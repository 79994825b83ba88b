"""A CT scanner's day: which protocols are approved for it, one performed, its record sent back.

With pynetdicom as the scanner, plain and over TLS.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from scp.node import Node
from tests.clients import send
from tests.devices import STUDY_ROOT, WAYS, Device, asked, listening, secured
from tests.nodes import node, peer, target

pytestmark = pytest.mark.interop

DEFINED, PERFORMED, APPROVAL = (f"1.2.840.10008.5.1.4.1.1.200.{each}" for each in (1, 2, 3))
CT = "1.2.840.10008.5.1.4.1.1.2"
PROTOCOL_FIND, PROTOCOL_GET = "1.2.840.10008.5.1.4.20.1", "1.2.840.10008.5.1.4.20.3"
APPROVAL_FIND = "1.2.840.10008.5.1.4.1.1.200.4"
APPROVAL_GET = "1.2.840.10008.5.1.4.1.1.200.6"
TODAY, NIGHT, MORNING = "20240601080000", "20240601230000", "20240602080000"
IN_USE = {"128603"}  # CID 800: approved for use at the institution


def item(**keys: object) -> Dataset:
    return asked("", **keys)


def approved(scanner: Device, protocol: str, at: str) -> bool:
    """Whether the newest assertion about a protocol approves its use at this time."""
    identifier = item(
        SOPInstanceUID="",
        ApprovalSubjectSequence=[item(ReferencedSOPInstanceUID=protocol)],
        ApprovalSequence=[
            item(
                AssertionCodeSequence=[item(CodeValue="", CodingSchemeDesignator="")],
                AssertionDateTime=f"-{at}",
                AssertionExpirationDateTime="",
            )
        ],
    )
    said = [
        (
            assertion.AssertionDateTime,
            assertion.AssertionCodeSequence[0].CodeValue,
            assertion.AssertionExpirationDateTime,
        )
        for found in scanner.find(APPROVAL_FIND, identifier)
        for assertion in found.ApprovalSequence
    ]
    if not said:
        return False
    _, code, until = max(said)
    return code in IN_USE and (not until or until > at)


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


@pytest.fixture(params=WAYS)
def working(request, samples, tmp_path) -> Iterator[tuple[Device, Node]]:
    """A scanner, and the node it asks, which has protocols and what is said of them."""
    way = secured(request.param, tmp_path / "ca")
    with (
        Device("CT1", (DEFINED, APPROVAL, PERFORMED, CT), way) as scanner,
        node(tmp_path / "data", peers=(scanner.known, peer("TESTER")), **listening(way)) as serving,
    ):
        folder = samples / "ct-protocols"
        whole = [*folder.glob("defined*.dcm"), *folder.glob("protocol-approval*.dcm")]
        assert {one.status for one in send(target(serving), whole)} == {0}
        scanner.calls(serving)
        yield scanner, serving


def mine(scanner: Device, model: str) -> list[Dataset]:
    """Protocols for a model of scanner."""
    this = item(Manufacturer="Anode", ManufacturerModelName=model)
    keys = {"ProtocolName": "Abdomen*", "SOPInstanceUID": "", "SOPClassUID": ""}
    return scanner.find(PROTOCOL_FIND, item(ModelSpecificationSequence=[this], **keys))


def usable(scanner: Device, at: str = TODAY) -> list[Dataset]:
    """Those of them that may be used at this time."""
    found = mine(scanner, "Sample CT 64")
    assert len(found) == 4
    return [one for one in found if approved(scanner, one.SOPInstanceUID, at)]


def test_a_scanner_performs_the_protocol_that_is_approved_for_it(working, samples):
    scanner, serving = working
    (chosen,) = usable(scanner)
    assert chosen.ProtocolName == "Abdomen routine"
    assert mine(scanner, "Another CT") == []
    # It gets the protocol, scans, and sends images and record.
    (protocol,) = scanner.get(PROTOCOL_GET, item(SOPInstanceUID=chosen.SOPInstanceUID))
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
    # And by the protocol that it followed.
    assert serving.examination.settle(60)
    place["SeriesInstanceUID"] = record.SeriesInstanceUID
    followed = [item(ReferencedSOPInstanceUID=protocol.SOPInstanceUID)]
    wanted = asked("IMAGE", SOPInstanceUID="", ReferencedSOPSequence=followed, **place)
    (same,) = scanner.find(f"{STUDY_ROOT}1", wanted)
    assert same.SOPInstanceUID == record.SOPInstanceUID


def test_a_protocol_that_is_deprecated_by_night_is_not_used_in_the_morning(working, samples):
    """Superseded approvals are not withheld: it is the newest assertion that the scanner obeys."""
    scanner, _ = working
    (chosen,) = usable(scanner)
    (said,) = scanner.find(
        APPROVAL_FIND,
        item(
            SOPInstanceUID="",
            ApprovalSubjectSequence=[item(ReferencedSOPInstanceUID=chosen.SOPInstanceUID)],
        ),
    )
    (approval,) = scanner.get(APPROVAL_GET, item(SOPInstanceUID=said.SOPInstanceUID))
    approval.SOPInstanceUID = approval.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    (assertion,) = approval.ApprovalSequence
    assertion.AssertionUID, assertion.AssertionDateTime = generate_uid(), NIGHT
    code = {"CodeValue": "128610", "CodingSchemeDesignator": "DCM"}
    assertion.AssertionCodeSequence = [item(CodeMeaning="Deprecated protocol", **code)]
    assert scanner.store(approval) == [0]
    assert usable(scanner, MORNING) == []
    assert len(usable(scanner, TODAY)) == 1, "what is said by night does not hold before"


def test_an_approval_that_expires_is_none_any_more(working):
    scanner, _ = working
    assert usable(scanner, "20400101080000") == []
