"""Protocol Approvals, PS3.3 A.83 and C.35: who asserts what of a protocol; of no patient.

An assertion that takes back an earlier one names it (Related Assertion Sequence): the codes are
those of CID 800.
"""

from __future__ import annotations

from typing import Final

from pydicom import Dataset
from pydicom.uid import ProtocolApprovalStorage

from iod.samples.identity import uid
from iod.samples.items import code, item, put, reference
from iod.samples.subjects import INSTITUTION, Equipment, equip, sop_common

APPROVED: Final = ("128603", "DCM", "Approved for use at the institution")
_DEPRECATED: Final = ("128610", "DCM", "Deprecated protocol")
_DISAPPROVED: Final = ("128623", "DCM", "Disapproved for use at the institution")
_YEARS: Final = 10  # that an approval holds: long, so that one is in force when samples are tried
_WITHOUT_INSTITUTION: Final = (_DEPRECATED,)
_WRITER: Final = Equipment("Anode", "Sample Protocol Manager", "PM-1", "3.0")


def approvals(first: Dataset, second: Dataset, children: Dataset) -> dict[str, Dataset]:
    """By name: the first was approved and superseded, the second is approved, and so on.

    The names come after those of what is approved: a folder is sent in the order of its names.
    """
    childrens = "approval-children"
    return {
        "protocol-approval-1-approved": approval("approval-1", first, APPROVED, "20230110090000"),
        "protocol-approval-1-superseded": approval(
            "approval-1-superseded", first, _DEPRECATED, "20240201090000", of="approval-1"
        ),
        "protocol-approval-2-approved": approval("approval-2", second, APPROVED, "20240201091500"),
        "protocol-approval-children-approved": approval(
            childrens, children, APPROVED, "20230111090000"
        ),
        "protocol-approval-children-withdrawn": approval(
            f"{childrens}-withdrawn", children, _DISAPPROVED, "20240305140000", of=childrens
        ),
    }


def approval(
    name: str, subject: Dataset, assertion: tuple[str, str, str], when: str, *, of: str = ""
) -> Dataset:
    """What is asserted of this protocol, and when; `of` names the assertion that it takes back."""
    made = sop_common(ProtocolApprovalStorage, "ct-protocols", name)
    equip(made, _WRITER)
    put(made, InstanceCreationDate=when[:8], InstanceCreationTime=when[8:])
    said = item(
        AssertionCodeSequence=[code(*assertion)],
        AssertionUID=uid("assertion", name),
        AsserterIdentificationSequence=[
            item(
                ObserverType="PSN",
                PersonName="Chief^Carla",
                PersonIdentificationCodeSequence=[code("C17", "99ANODE", "Chief^Carla")],
                OrganizationalRoleCodeSequence=[],
                InstitutionName=INSTITUTION,
                InstitutionCodeSequence=[],
            )
        ],
        AssertionDateTime=when,
    )
    if assertion not in _WITHOUT_INSTITUTION:
        put(said, InstitutionCodeSequence=[code("ASH", "99ANODE", INSTITUTION)])
    if assertion == APPROVED:
        put(said, AssertionExpirationDateTime=f"{int(when[:4]) + _YEARS}{when[4:]}")
    if of:
        put(said, RelatedAssertionSequence=[item(ReferencedAssertionUID=uid("assertion", of))])
    return put(made, ApprovalSubjectSequence=[reference(subject)], ApprovalSequence=[said])
