"""A CT Performed Procedure Protocol, PS3.3 A.82.2: what was done, and by which protocol."""

from __future__ import annotations

from typing import Final

from pydicom import Dataset
from pydicom.uid import CTPerformedProcedureProtocolStorage

from iod.samples.ct_images import SCANNER, SIZE, SPACING, THICKNESS
from iod.samples.items import code, item, put, reference
from iod.samples.subjects import ANNA, Series, Study, begun

_STUDY: Final = Study("ct-protocols", ANNA, "CT of the abdomen")
IMAGES: Final = Series(_STUDY, "CT", 1, "Abdomen, soft tissue", SCANNER)
_PROTOCOLS: Final = Series(_STUDY, "CTPROTOCOL", 2, "Protocol, performed", SCANNER)
_PLANE: Final = ("128120", "DCM", "Plane through Superior Extent")
_LOWER_PLANE: Final = ("128121", "DCM", "Plane through Inferior Extent")


def performed(by: Dataset, images: list[Dataset], kvp: int) -> Dataset:
    """A protocol as it was carried out for the images, at this tube voltage in kV."""
    made = begun(_PROTOCOLS, CTPerformedProcedureProtocolStorage, "performed")
    return put(
        made,
        FrameOfReferenceUID=images[0].FrameOfReferenceUID,
        PositionReferenceIndicator="",
        ProtocolName=by.ProtocolName,
        ContentCreatorName="Radiographer^Rosa",
        ResponsibleGroupCodeSequence=[],
        ReferencedDefinedProtocolSequence=[reference(by)],
        ProtocolDefinedPatientPosition="HFS",
        AnatomicRegionSequence=[code("113345001", "SCT", "Abdomen")],
        PrimaryAnatomicStructureSequence=[],
        InstructionSequence=[
            item(
                InstructionIndex=1,
                InstructionText="Breathe in and hold your breath.",
                InstructionPerformedFlag="YES",
                InstructionPerformedDateTime=_STUDY.date + _STUDY.time,
            )
        ],
        AcquisitionProtocolElementSequence=[_acquisition(kvp)],
        ReconstructionProtocolElementSequence=[_reconstruction()],
        StorageProtocolElementSequence=[_storage(images)],
    )


def _acquisition(kvp: int) -> Dataset:
    return item(
        ProtocolElementNumber=1,
        ProtocolElementName="Spiral",
        AcquisitionType="SPIRAL",
        ConstantVolumeFlag="NO",
        FluoroscopyFlag="NO",
        RevolutionTime=0.5,
        SingleCollimationWidth=0.6,
        TotalCollimationWidth=38.4,
        TableHeight=150,
        GantryDetectorTilt=0,
        TableSpeed=76.8,
        TableFeedPerRotation=38.4,
        SpiralPitchFactor=1.0,
        CTDIvol=8.2,
        CTDIPhantomTypeCodeSequence=[code("113691", "DCM", "IEC Body Dosimetry Phantom")],
        AcquisitionMotion="SINGLE",
        AcquisitionStartLocationSequence=[_location(_PLANE)],
        AcquisitionEndLocationSequence=[_location(_LOWER_PLANE)],
        CTXRayDetailsSequence=[_beam(kvp)],
    )


def _beam(kvp: int) -> Dataset:
    # Of a spiral, the time of a revolution over the pitch factor; C.8.15.3.8.
    return item(
        BeamNumber=1,
        KVP=kvp,
        ExposureTimeInms=500.0,
        XRayTubeCurrentInmA=220.0,
        ExposureInmAs=110.0,
        AutoKVPSelectionType="NONE",
        ExposureModulationType="NONE",
        FocalSpots="0.9",
        DataCollectionDiameter=500,
        FilterType="BOWTIE",
        CardiacSynchronizationTechnique="NONE",
        RespiratoryMotionCompensationTechnique="BREATH_HOLD",
        RespiratorySignalSource="NONE",
    )


def _reconstruction() -> Dataset:
    return item(
        ProtocolElementNumber=1,
        ProtocolElementName="Soft tissue",
        SourceAcquisitionProtocolElementNumber=1,
        SourceAcquisitionBeamNumber=1,
        ReconstructionStartLocationSequence=[_location(_PLANE)],
        ReconstructionEndLocationSequence=[_location(_LOWER_PLANE)],
        SliceThickness=THICKNESS,
        SpacingBetweenSlices=THICKNESS,
        ReconstructionDiameter=SIZE * SPACING,
        Rows=SIZE,
        Columns=SIZE,
        ReconstructionPixelSpacing=[SPACING, SPACING],
        ConvolutionKernel="B30",
        ConvolutionKernelGroup="SOFT_TISSUE",
        ReconstructionAlgorithm="FILTER_BACK_PROJ",
        ReconstructionAngle=360.0,
    )


def _location(plane: tuple[str, str, str]) -> Dataset:
    return item(
        ReferenceLocationLabel=plane[2],
        ReferenceBasisCodeSequence=[code("128160", "DCM", "Acquired Volume")],
        ReferenceGeometryCodeSequence=[code(*plane)],
    )


def _storage(images: list[Dataset]) -> Dataset:
    return item(
        ProtocolElementNumber=1,
        ProtocolElementName="Archive",
        SourceReconstructionProtocolElementNumber=1,
        OutputInformationSequence=[
            item(
                StudyInstanceUID=images[0].StudyInstanceUID,
                SeriesInstanceUID=images[0].SeriesInstanceUID,
                TypeOfInstances="DICOM",
                ReferencedSOPSequence=[reference(each) for each in images],
                DICOMStorageSequence=[item(DestinationAE="ANODE")],
            )
        ],
    )
