"""Where `anode protocols` has protocols and approvals from: the archive, or a peer by C-FIND.

Of a peer it is asked what PS3.4 HH.6 and II.6 list as keys of the two information models; nothing
is retrieved. Of the archive all approvals are read, so nothing has to be examined before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pydicom import Dataset

from archive import Archive
from cli import objects, show, texts
from cli.calls import Call
from cli.explaining import explained
from cli.holdings import proposal
from iod.protocols import APPROVAL, DEFINED
from scu.associate import associate
from scu.find import find
from wire.errors import NoContext

PROTOCOLS: Final = "1.2.840.10008.5.1.4.20.1"  # Defined Procedure Protocol, FIND
APPROVALS: Final = "1.2.840.10008.5.1.4.1.1.200.4"  # Protocol Approval, FIND

Keys = dict[str, "Keys"]
_REFERENCE: Final[Keys] = {"ReferencedSOPClassUID": {}, "ReferencedSOPInstanceUID": {}}
_PROTOCOL: Final[Keys] = {
    "SOPClassUID": {},
    "SOPInstanceUID": {},
    "ProtocolName": {},
    "ContentCreatorName": {},
    "InstanceCreationDate": {},
    "EquipmentModality": {},
    "PredecessorProtocolSequence": _REFERENCE,
    "ModelSpecificationSequence": {
        "Manufacturer": {},
        "ManufacturerRelatedModelGroup": {},
        "ManufacturerModelName": {},
        "SoftwareVersions": {},
        "DeviceSerialNumber": {},
    },
}
_APPROVAL: Final[Keys] = {
    "SOPClassUID": {},
    "SOPInstanceUID": {},
    "ApprovalSubjectSequence": _REFERENCE,
    "ApprovalSequence": {
        "AssertionCodeSequence": {"CodeValue": {}, "CodingSchemeDesignator": {}, "CodeMeaning": {}},
        "AssertionUID": {},
        "AssertionDateTime": {},
        "AssertionExpirationDateTime": {},
        "AsserterIdentificationSequence": {
            "ObserverType": {},
            "PersonName": {},
            "ManufacturerModelName": {},
            "InstitutionName": {},
        },
        "RelatedAssertionSequence": {"ReferencedAssertionUID": {}},
        # For which institution or trial: no keys of II.6, so a peer may not tell.
        "InstitutionCodeSequence": {"CodeValue": {}, "CodingSchemeDesignator": {}},
        "ClinicalTrialProtocolID": {},
    },
}


@dataclass(slots=True)
class Known:
    """Protocols and approvals as data sets, as far as they are known."""

    protocols: list[Dataset] = field(default_factory=list)
    approvals: list[Dataset] = field(default_factory=list)


def of_archive(archive: Archive) -> Known:
    """All that the archive has."""
    index = archive.index
    return Known(
        [objects.read(stored) for stored in index.of_classes(tuple(sorted(DEFINED)))],
        [objects.read(stored) for stored in index.of_classes((APPROVAL,))],
    )


def of_peer(call: Call) -> Known:
    """All that a peer tells; without approvals, with a word about it, where it tells none."""
    models = [proposal(PROTOCOLS), proposal(APPROVALS)]
    with explained(call), associate(call.target, call.caller, models) as association:
        found = Known(
            [texts.decoded(one) for one in find(association, PROTOCOLS, _asked(_PROTOCOL))]
        )
        try:
            for one in find(association, APPROVALS, _asked(_APPROVAL)):
                found.approvals.append(texts.decoded(one))
        except NoContext:
            show.tell(f"{call.target} tells no approvals")
    return found


def _asked(keys: Keys) -> Dataset:
    """An identifier, or an item of one, that asks for these keys."""
    made = Dataset()
    for keyword, below in keys.items():
        setattr(made, keyword, [_asked(below)] if below else None)
    return made
