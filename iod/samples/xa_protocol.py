"""The protocol of a rotational angiography: defined, approved, performed (Supplement 212).

As those of CT (`ct_defined`, `ct_performed`), after which they were made; the first two are of no
patient.
"""

from __future__ import annotations

from typing import Final

from pydicom import Dataset

from iod.samples.ct_approvals import APPROVED, approval
from iod.samples.ct_defined import parameter
from iod.samples.items import code, item, put, reference
from iod.samples.subjects import INSTITUTION, Equipment, Series, begun, equip, sop_common

ARC: Final = 200.0  # degrees of a run
STEP: Final = 1.5  # degrees between two projections
SECONDS: Final = 5.0
KVP: Final = 90
CURRENT: Final = 250.0  # mA
_DEFINED: Final = "1.2.840.10008.5.1.4.1.1.200.7"
_PERFORMED: Final = "1.2.840.10008.5.1.4.1.1.200.8"
_NAME: Final = "Cerebral arteries, 3D"
_WRITER: Final = Equipment("Anode", "Sample Protocol Manager", "PM-1", "3.0")
_PROCEDURE: Final = ("XACER3D", "99ANODE", "Rotational angiography of the head")
_ANATOMY: Final = ("69536005", "SCT", "Head")


def defined(key: str, angiograph: Equipment) -> Dataset:
    """What an angiograph of this model may load."""
    made = sop_common(_DEFINED, key, "protocol")
    equip(made, _WRITER)
    return put(
        made,
        InstanceCreationDate="20231204",
        ProtocolName=_NAME,
        ContentCreatorName="Physicist^Petra",
        CustodialOrganizationSequence=[
            item(InstitutionName=INSTITUTION, InstitutionCodeSequence=[])
        ],
        ResponsibleGroupCodeSequence=[],
        PotentialScheduledProtocolCodeSequence=[code(*_PROCEDURE)],
        PotentialRequestedProcedureCodeSequence=[code(*_PROCEDURE)],
        EquipmentModality="XA",
        ModelSpecificationSequence=[
            item(Manufacturer=angiograph.manufacturer, ManufacturerModelName=angiograph.model)
        ],
        ProtocolDefinedPatientPosition="HFS",
        AnatomicRegionSequence=[code(*_ANATOMY)],
        PrimaryAnatomicStructureSequence=[],
        AcquisitionProtocolElementSpecificationSequence=[
            item(
                ProtocolElementNumber=1,
                ProtocolElementName="Rotational run",
                ParametersSpecificationSequence=[
                    parameter("RadiationSetting", "EQUAL", "GR"),
                    parameter("KVP", "RANGE_INCL", [80, 100], within="XAPlaneDetailsSequence"),
                    parameter(
                        "PrimaryPositionerScanArc", "EQUAL", ARC, within="XAPlaneDetailsSequence"
                    ),
                ],
            )
        ],
    )


def approved(protocol: Dataset) -> Dataset:
    """The approval of the protocol."""
    return approval("xa-approval", protocol, APPROVED, "20231218103000")


def performed(series: Series, by: Dataset, volume: Dataset) -> Dataset:
    """The protocol as it was carried out; the volume is in its frame of reference."""
    made = begun(series, _PERFORMED, "performed")
    return put(
        made,
        FrameOfReferenceUID=volume.FrameOfReferenceUID,
        PositionReferenceIndicator="",
        ProtocolName=by.ProtocolName,
        ContentCreatorName="Radiographer^Rosa",
        ResponsibleGroupCodeSequence=[],
        ReferencedDefinedProtocolSequence=[reference(by)],
        ProtocolDefinedPatientPosition="HFS",
        AnatomicRegionSequence=[code(*_ANATOMY)],
        PrimaryAnatomicStructureSequence=[],
        AcquisitionProtocolElementSequence=[
            item(
                ProtocolElementNumber=1,
                ProtocolElementName="Rotational run",
                RadiationSetting="GR",
                AcquisitionMode="Rotational",
                XAAcquisitionPhaseDetailsSequence=[
                    item(XAAcquisitionFrameRate=round(ARC / STEP / SECONDS, 2))
                ],
                XAPlaneDetailsSequence=[_plane()],
            )
        ],
    )


def _plane() -> Dataset:
    return item(
        PlaneIdentification="MONOPLANE",
        BeamNumber=1,
        KVP=KVP,
        DistanceSourceToDetector="1200",
        FocalSpots="0.6",
        FieldOfViewDimensionsInFloat=[300.0, 300.0],
        PrimaryPositionerScanArc=ARC,
        PrimaryPositionerScanStartAngle=-ARC / 2,
        PrimaryPositionerIncrement=STEP,
        SecondaryPositionerScanArc=0.0,
        SecondaryPositionerScanStartAngle=0.0,
        SecondaryPositionerIncrement=0.0,
    )
