"""What is told of objects that serve display and care: hanging protocols, palettes, inventories,

content assessments, key objects, waveforms.  PS3.3 C.23, C.7.9, C.38, C.37.  Law: tables only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydicom import uid

from iod.reading.sections import Listing, Outline

_HANGING: Final = Outline(
    "HangingProtocolName HangingProtocolDescription HangingProtocolLevel HangingProtocolCreator"
    " HangingProtocolCreationDateTime NumberOfPriorsReferenced HangingProtocolUserGroupName"
    " HangingProtocolUserIdentificationCodeSequence NumberOfScreens PartialDataDisplayHandling",
    (
        Listing(
            "For",
            "HangingProtocolDefinitionSequence",
            "Modality AnatomicRegionSequence Laterality ProcedureCodeSequence"
            " ReasonForRequestedProcedureCodeSequence",
        ),
        Listing(
            "Image sets",
            "ImageSetsSequence.TimeBasedImageSetsSequence",
            "ImageSetNumber ImageSetLabel ImageSetSelectorCategory RelativeTime RelativeTimeUnits"
            " AbstractPriorValue",
        ),
        Listing(
            "Screens",
            "NominalScreenDefinitionSequence",
            "NumberOfVerticalPixels NumberOfHorizontalPixels DisplayEnvironmentSpatialPosition"
            " ScreenMinimumGrayscaleBitDepth ScreenMinimumColorBitDepth",
        ),
        Listing(
            "Display sets",
            "DisplaySetsSequence",
            "DisplaySetNumber DisplaySetLabel ImageSetNumber Boxes=#ImageBoxesSequence"
            " Layout=ImageBoxesSequence.ImageBoxLayoutType BlendingOperationType"
            " ReformattingOperationType ThreeDRenderingType DisplaySetPatientOrientation",
        ),
    ),
)
_INVENTORY: Final = Outline(
    "InventoryPurpose InventoryInstanceDescription InventoryLevel InventoryCompletionStatus"
    " ContentDate ContentTime NumberOfStudyRecordsInInstance TotalNumberOfStudyRecords"
    " TransactionUID #ScopeOfInventorySequence IncorporatedInventoryInstanceSequence",
    (
        Listing(
            "Studies",
            "InventoriedStudiesSequence",
            "PatientID PatientName StudyDate AccessionNumber StudyDescription ModalitiesInStudy"
            " NumberOfStudyRelatedSeries NumberOfStudyRelatedInstances ItemInventoryDateTime"
            " RemovedFromOperationalUse StudyInstanceUID",
        ),
    ),
)
_ASSESSMENT: Final = Outline(
    "AssessmentSummary AssessmentSummaryDescription AssessmentLabel AssessmentTypeCodeSequence"
    " AssessmentSetID NumberOfAssessmentObservations",
    (
        Listing(
            "Assessed",
            "AssessedSOPInstanceSequence",
            "ReferencedSOPClassUID ReferencedSOPInstanceUID"
            " ReferencedComparisonSOPInstanceSequence",
        ),
        Listing(
            "Observations",
            "AssessmentObservationsSequence",
            "ObservationSignificance ObservationDescription ObservationBasisCodeSequence"
            " Attribute=StructuredConstraintObservationSequence.SelectorAttributeName"
            " Constraint=StructuredConstraintObservationSequence.ConstraintType",
        ),
        Listing(
            "Asked by",
            "AssessmentRequesterSequence",
            "ObserverType PersonName Manufacturer ManufacturerModelName InstitutionName",
        ),
    ),
)
_WAVEFORM: Final = Outline(
    "ContentDate ContentTime AcquisitionDateTime",
    (
        Listing(
            "Groups of channels",
            "WaveformSequence",
            "MultiplexGroupLabel NumberOfWaveformChannels NumberOfWaveformSamples"
            " SamplingFrequency WaveformOriginality"
            " Channels=ChannelDefinitionSequence.ChannelSourceSequence",
        ),
        Listing(
            "Annotations",
            "WaveformAnnotationSequence",
            "ConceptNameCodeSequence UnformattedTextValue NumericValue"
            " MeasurementUnitsCodeSequence TemporalRangeType",
        ),
    ),
)
_WAVEFORMS: Final = (
    uid.TwelveLeadECGWaveformStorage,
    uid.GeneralECGWaveformStorage,
    uid.AmbulatoryECGWaveformStorage,
    uid.General32bitECGWaveformStorage,
    uid.HemodynamicWaveformStorage,
    uid.CardiacElectrophysiologyWaveformStorage,
    uid.BasicVoiceAudioWaveformStorage,
    uid.GeneralAudioWaveformStorage,
    uid.ArterialPulseWaveformStorage,
    uid.RespiratoryWaveformStorage,
    uid.MultichannelRespiratoryWaveformStorage,
    uid.RoutineScalpElectroencephalogramWaveformStorage,
    uid.ElectromyogramWaveformStorage,
    uid.ElectrooculogramWaveformStorage,
    uid.SleepElectroencephalogramWaveformStorage,
    uid.BodyPositionWaveformStorage,
)

OUTLINES: Final[Mapping[str, Outline]] = {
    uid.HangingProtocolStorage: _HANGING,
    uid.ColorPaletteStorage: Outline(
        "ContentLabel ContentDescription ContentCreatorName"
        " Entries_and_bits=RedPaletteColorLookupTableDescriptor PaletteColorLookupTableUID",
        (
            Listing(
                "In other languages",
                "AlternateContentDescriptionSequence",
                "LanguageCodeSequence ContentDescription",
            ),
        ),
    ),
    uid.InventoryStorage: _INVENTORY,
    uid.ContentAssessmentResultsStorage: _ASSESSMENT,
    **dict.fromkeys(_WAVEFORMS, _WAVEFORM),
}
