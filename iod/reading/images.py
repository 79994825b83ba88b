"""What is told of images and what is drawn on them: PS3.3 C.7.6, C.8.20, C.8.23, C.8.17.

Law: tables only; no pixel is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pydicom import Dataset, uid

from iod.reading.sections import Listing, Outline, Section, facts_of, listed
from iod.reading.values import items

IMAGE: Final = (
    "ImageType Rows Columns NumberOfFrames SamplesPerPixel PhotometricInterpretation BitsAllocated"
    " BitsStored PixelSpacing ImagerPixelSpacing SliceThickness SpacingBetweenSlices FrameTime"
    " LossyImageCompression LossyImageCompressionRatio LossyImageCompressionMethod"
    " BurnedInAnnotation PixelPresentation"
)
"""Of every object with pixels."""

_OF_ALL_FRAMES: Final = {
    "Pixel_spacing": "PixelMeasuresSequence.PixelSpacing",
    "Slice_thickness": "PixelMeasuresSequence.SliceThickness",
    "Anatomy": "FrameAnatomySequence.AnatomicRegionSequence",
    "Laterality": "FrameAnatomySequence.FrameLaterality",
    "kV": "CTXRayDetailsSequence.KVP",
    "Rescale_type": "PixelValueTransformationSequence.RescaleType",
    "Values_are": "RealWorldValueMappingSequence.LUTExplanation",
    "Monoenergetic": "MultienergyCTCharacteristicsSequence.MonoenergeticEnergyEquivalent",
    "Decomposition": "MultienergyCTProcessingSequence.DecompositionMethod",
    "Materials": "MultienergyCTProcessingSequence.DecompositionMaterialSequence"
    ".MaterialCodeSequence",
}
_EACH: Final = "PerFrameFunctionalGroupsSequence"
FRAMES: Final = " ".join(
    (
        *(f"{name}=SharedFunctionalGroupsSequence.{at}" for name, at in _OF_ALL_FRAMES.items()),
        "Dimensions=DimensionIndexSequence.DimensionDescriptionLabel",
        f"Derivation={_EACH}.DerivationImageSequence.DerivationCodeSequence",
    )
)
"""Of every object with functional groups, PS3.3 C.7.6.16."""

_VIDEO: Final = (
    "CineRate FrameTime RecommendedDisplayFrameRate StartTrim StopTrim StereoPairsPresent"
    " ContentTime AcquisitionDateTime"
)
_CT: Final = (
    "KVP ExposureTime XRayTubeCurrent Exposure ConvolutionKernel CTDIvol ScanOptions"
    " SpiralPitchFactor ContrastBolusAgent MultienergyCTAcquisition"
    " Monoenergetic=MultienergyCTCharacteristicsSequence.MonoenergeticEnergyEquivalent"
    " Multi-energy=MultienergyCTAcquisitionSequence.MultienergyAcquisitionDescription"
    " RescaleIntercept RescaleSlope RescaleType RealWorldValueMappingSequence.LUTExplanation"
)
_SEGMENT: Final = (
    "SegmentNumber SegmentLabel Category=SegmentedPropertyCategoryCodeSequence"
    " Type=SegmentedPropertyTypeCodeSequence Algorithm=SegmentAlgorithmType SegmentAlgorithmName"
    " AnatomicRegionSequence TrackingID TrackingUID"
)
_SEGMENTATION: Final = Outline(
    "ContentLabel ContentDescription ContentCreatorName SegmentationType SegmentationFractionalType"
    " MaximumFractionalValue SegmentsOverlap References=ReferencedSeriesSequence.SeriesInstanceUID",
    (Listing("Segments", "SegmentSequence", _SEGMENT),),
)
_EYE: Final = (
    "ImageLaterality AnatomicRegionSequence AcquisitionDeviceTypeCodeSequence"
    " OphthalmicAxialLength OphthalmicAxialLengthMethod HorizontalFieldOfView OphthalmicFOV"
    " TransformationMethodCodeSequence TransformationAlgorithmSequence.AlgorithmName"
    " XCoordinatesCenterPixelViewAngle YCoordinatesCenterPixelViewAngle"
    " OphthalmicImageTypeCodeSequence OphthalmicImageTypeDescription"
    " OphthalmicVolumetricPropertiesFlag DerivationAlgorithmSequence.AlgorithmName"
    " AcquisitionMethodAlgorithmSequence.AlgorithmName PupilDilated IntraOcularPressure"
    " #TwoDimensionalToThreeDimensionalMapSequence SourceImageSequence"
)
_LAYERS: Final = Listing(
    "Frames lie on",
    "OphthalmicFrameLocationSequence",
    "ReferencedSOPInstanceUID ReferencedFrameNumber OphthalmicImageOrientation",
)
_QUALITY: Final = Listing(
    "Quality",
    "WideFieldOphthalmicPhotographyQualityRatingSequence",
    "ConceptNameCodeSequence NumericValue MeasurementUnitsCodeSequence AlgorithmName",
)
_EYE_OUTLINE: Final = Outline(_EYE, (_LAYERS, _QUALITY))
_ENERGY: Final = (
    Listing(
        "X-ray sources",
        "MultienergyCTAcquisitionSequence.MultienergyCTXRaySourceSequence",
        "XRaySourceIndex XRaySourceID MultienergySourceTechnique GeneratorPower"
        " SwitchingPhaseNumber SwitchingPhaseNominalDuration",
    ),
    Listing(
        "Detectors",
        "MultienergyCTAcquisitionSequence.MultienergyCTXRayDetectorSequence",
        "XRayDetectorIndex XRayDetectorID XRayDetectorLabel MultienergyDetectorType"
        " NominalMinEnergy NominalMaxEnergy EffectiveBinEnergy",
    ),
    Listing(
        "Paths",
        "MultienergyCTAcquisitionSequence.MultienergyCTPathSequence",
        "MultienergyCTPathIndex ReferencedXRaySourceIndex ReferencedXRayDetectorIndex",
    ),
    Listing(
        "Made by",
        "MultienergyCTProcessingSequence",
        "DecompositionMethod DecompositionDescription",
    ),
    Listing(
        "Materials",
        "MultienergyCTProcessingSequence.DecompositionMaterialSequence",
        "MaterialCodeSequence",
    ),
)

_QUANTITY: Final = (
    "LUTLabel LUTExplanation Unit=MeasurementUnitsCodeSequence RealWorldValueSlope"
    " RealWorldValueIntercept Quantity=QuantityDefinitionSequence.ConceptCodeSequence"
    " RealWorldValueFirstValueMapped RealWorldValueLastValueMapped"
    " DoubleFloatRealWorldValueFirstValueMapped DoubleFloatRealWorldValueLastValueMapped"
)


def _quantities(dataset: Dataset) -> Iterator[Section]:
    """What the pixel values of a parametric map mean, PS3.3 C.7.6.16.2.11."""
    groups = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
    for group in groups:
        found = items(dataset, f"{group}.RealWorldValueMappingSequence")
        if found:
            distinct = {tuple(facts_of(each, _QUANTITY)): each for each in found}
            yield listed("Quantities", list(distinct.values()), _QUANTITY)


_VIDEOS: Final = (
    uid.VideoEndoscopicImageStorage,
    uid.VideoMicroscopicImageStorage,
    uid.VideoPhotographicImageStorage,
)
_EYES: Final = (
    uid.OphthalmicPhotography8BitImageStorage,
    uid.OphthalmicPhotography16BitImageStorage,
    uid.OphthalmicTomographyImageStorage,
    uid.WideFieldOphthalmicPhotographyStereographicProjectionImageStorage,
    uid.WideFieldOphthalmicPhotography3DCoordinatesImageStorage,
    uid.OphthalmicOpticalCoherenceTomographyEnFaceImageStorage,
    uid.OphthalmicOpticalCoherenceTomographyBscanVolumeAnalysisStorage,
    uid.OphthalmicThicknessMapStorage,
)
_LABEL_MAP: Final = "1.2.840.10008.5.1.4.1.1.66.7"
_HEIGHT_MAP: Final = "1.2.840.10008.5.1.4.1.1.66.8"

OUTLINES: Final[Mapping[str, Outline]] = {
    **dict.fromkeys(_VIDEOS, Outline(_VIDEO)),
    **dict.fromkeys(_EYES, _EYE_OUTLINE),
    **dict.fromkeys((uid.CTImageStorage, uid.EnhancedCTImageStorage), Outline(_CT, _ENERGY)),
    **dict.fromkeys((uid.SegmentationStorage, _LABEL_MAP, _HEIGHT_MAP), _SEGMENTATION),
    uid.SurfaceSegmentationStorage: Outline(
        "ContentLabel ContentDescription NumberOfSurfaces",
        (
            Listing("Segments", "SegmentSequence", f"{_SEGMENT} SurfaceCount"),
            Listing(
                "Surfaces",
                "SurfaceSequence",
                "SurfaceNumber SurfaceComments FiniteVolume Manifold"
                " Points=SurfacePointsSequence.NumberOfSurfacePoints",
            ),
        ),
    ),
    uid.ParametricMapStorage: Outline(
        "ContentLabel ContentDescription ContentCreatorName DerivedFrom=ReferencedImageSequence",
        more=_quantities,
    ),
    uid.MicroscopyBulkSimpleAnnotationsStorage: Outline(
        "ContentLabel ContentDescription AnnotationCoordinateType",
        (
            Listing(
                "Annotation groups",
                "AnnotationGroupSequence",
                "AnnotationGroupNumber AnnotationGroupLabel"
                " Category=AnnotationPropertyCategoryCodeSequence"
                " Type=AnnotationPropertyTypeCodeSequence AnnotationGroupGenerationType"
                " GraphicType NumberOfAnnotations",
            ),
        ),
    ),
    uid.VLWholeSlideMicroscopyImageStorage: Outline(
        "ContainerIdentifier TotalPixelMatrixColumns TotalPixelMatrixRows ImagedVolumeWidth"
        " ImagedVolumeHeight FocusMethod ExtendedDepthOfField"
        " OpticalPathSequence.OpticalPathIdentifier",
        (
            Listing(
                "Specimens",
                "SpecimenDescriptionSequence",
                "SpecimenIdentifier SpecimenUID SpecimenShortDescription"
                " PrimaryAnatomicStructureSequence",
            ),
        ),
    ),
}
