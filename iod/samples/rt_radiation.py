"""A C-Arm Photon-Electron Radiation: a static field, PS3.3 C.36.12 to C.36.15 (Supplement 175)."""

from __future__ import annotations

from typing import Final

from pydicom import Dataset
from pydicom.uid import CArmPhotonElectronRadiationStorage

from iod.samples.items import code, item, put
from iod.samples.rt_common import RADIATIONS, label, located, second_generation
from iod.samples.rt_structures import ISOCENTRE

_IEC_61217: Final = "1.2.840.10008.1.4.3.1"  # well-known frame of reference, PS3.6 Table A-2
_LEAVES: Final = 4
_UNIT: Final = ("{MU}", "UCUM", "Monitor Units")


def radiation(number: int, angle: float, meterset: float) -> Dataset:
    """A field of two control points: where the machine stands, and when the dose is given."""
    name = f"radiation-{number}"
    made = second_generation(RADIATIONS, CArmPhotonElectronRadiationStorage, name, number)
    located(made)
    label(made, "UserContentLabel", f"Field {number}", f"Gantry at {angle:g} degrees")
    _device(made)
    _patient(made)
    put(
        made,
        NumberOfRTControlPoints=2,
        CArmPhotonElectronControlPointSequence=[
            _first(angle),
            item(RTControlPointIndex=2, CumulativeMeterset=meterset),
        ],
    )
    return made


def _device(made: Dataset) -> None:
    """RT Delivery Device Common and C-Arm Photon-Electron Delivery Device."""
    put(
        made,
        TreatmentDeviceIdentificationSequence=[
            _identified(
                "LINAC1",
                ("130361", "DCM", "Radiotherapy Treatment Device"),
                ManufacturerDeviceClassUID=None,
            )
        ],
        RadiationDosimeterUnitSequence=[code(*_UNIT)],
        RTDeviceDistanceReferenceLocationCodeSequence=[
            code("130358", "DCM", "Nominal Radiation Source Location")
        ],
        RTBeamModifierDefinitionDistance=1000.0,
        EquipmentFrameOfReferenceUID=_IEC_61217,
        EquipmentReferencePointCoordinatesSequence=[],
        NumberOfPatientSupportDevices=0,
        RadiationSourceAxisDistance=1000.0,
        NumberOfRadiationGenerationModes=1,
        RadiationGenerationModeSequence=[
            item(
                RadiationGenerationModeIndex=1,
                RadiationGenerationModeLabel="6 MV",
                RadiationGenerationModeDescription="Photons with flattening filter",
                RadiationGenerationModeMachineCodeSequence=[code("6X", "99ANODE", "6 MV photons")],
                RadiationTypeCodeSequence=[code("290006006", "SCT", "Photon")],
                EnergyUnitCodeSequence=[code("MV", "UCUM", "Megavolt")],
                NominalEnergy=6,
                RadiationFluenceModifierCodeSequence=[
                    code("130355", "DCM", "Flattening Filter Beam")
                ],
                RadiationDeviceConfigurationAndCommissioningKeySequence=[],
            )
        ],
        NumberOfRTBeamLimitingDevices=1,
        RTBeamLimitingDeviceDefinitionSequence=[_collimator()],
        NumberOfWedges=0,
        NumberOfCompensators=0,
        NumberOfBlocks=0,
        NumberOfRTAccessoryHolders=0,
        NumberOfGeneralAccessories=0,
        NumberOfBoluses=0,
    )


def _collimator() -> Dataset:
    width = 20.0
    edges = [(index - _LEAVES / 2) * width for index in range(_LEAVES + 1)]
    return _identified(
        "MLC",
        ("130331", "DCM", "Leaf Pairs"),
        DeviceIndex=1,
        BeamModifierOrientationAngle=0.0,
        RTBeamLimitingDeviceProximalDistance=450.0,
        RTBeamLimitingDeviceDistalDistance=520.0,
        ParallelRTBeamDelimiterDeviceSequence=[
            item(
                NumberOfParallelRTBeamDelimiters=_LEAVES,
                ParallelRTBeamDelimiterDeviceOrientationLabelCodeSequence=[
                    code("130334", "DCM", "X Orientation")
                ],
                ParallelRTBeamDelimiterOpeningMode="VARIABLE",
                ParallelRTBeamDelimiterBoundaries=edges,
            )
        ],
    )


def _identified(name: str, kind: tuple[str, str, str], **more: object) -> Dataset:
    """Device Model and Device Identification Macros, 10.36."""
    made = item(
        Manufacturer="Anode",
        ManufacturerModelName="Sample Linac",
        ManufacturerModelVersion="1",
        DeviceTypeCodeSequence=[code(*kind)],
        DeviceLabel=name,
        DeviceSerialNumber=f"{name}-7",
        SoftwareVersions="2.0",
        ManufacturerDeviceIdentifier=name,
        DeviceAlternateIdentifier=None,
    )
    return put(made, **more)


def _patient(made: Dataset) -> None:
    """RT Radiation Common: technique, and how the patient lies on the machine."""
    x, y, z = ISOCENTRE
    # The patient lies supine, head first: IEC x is patient x, IEC y patient z, IEC z up is -y.
    matrix = [1, 0, 0, -x, 0, 0, 1, -z, 0, -1, 0, y, 0, 0, 0, 1]
    put(
        made,
        RTRadiationPhysicalAndGeometricContentDetailFlag="FULL",
        RTRecordFlag="NO",
        RTTreatmentTechniqueCodeSequence=[code("130102", "DCM", "Static Beam")],
        PatientOrientationCodeSequence=[
            code("102538003", "SCT", "recumbent"),
        ],
        PatientEquipmentRelationshipCodeSequence=[code("102540008", "SCT", "headfirst")],
        TreatmentPositionSequence=[
            item(
                TreatmentPositionIndex=1,
                ImageToEquipmentMappingMatrix=matrix,
                PatientLocationCoordinatesSequence=[
                    item(
                        ThreeDPointCoordinates=list(ISOCENTRE),
                        PatientLocationCoordinatesCodeSequence=[
                            code("130073", "DCM", "Isocentric Treatment Location Point")
                        ],
                    )
                ],
                PatientSupportPositionSequence=[],
            )
        ],
    )
    put(
        made.PatientOrientationCodeSequence[0],
        PatientOrientationModifierCodeSequence=[code("40199007", "SCT", "supine")],
    )


def _first(angle: float) -> Dataset:
    """Everything that stands still while the field is given."""
    return item(
        RTControlPointIndex=1,
        CumulativeMeterset=0.0,
        ReferencedTreatmentPositionIndex=1,
        DeliveryRate=10.0,
        DeliveryRateUnitSequence=[code("{MU}/s", "UCUM", "Monitor Units/Second")],
        ReferencedRadiationGenerationModeIndex=1,
        NumberOfRTBeamLimitingDeviceOpenings=1,
        RTBeamLimitingDeviceOpeningSequence=[
            item(
                ReferencedDeviceIndex=1,
                RTBeamLimitingDeviceOffset=[0.0, 0.0],
                ParallelRTBeamDelimiterPositions=[-30.0] * _LEAVES + [30.0] * _LEAVES,
            )
        ],
        SourceRollAngle=angle,
        RTBeamLimitingDeviceAngle=0.0,
        SourceToPatientSurfaceDistance=850.0,
        SourceToExternalContourDistance=850.0,
    )
