"""What is told of radiotherapy: intents, radiations and their sets, plans, structures, doses.

PS3.3 C.36 (second generation) and C.8.8.  Law: tables; a reference is named, not followed: that is
`iod.references`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pydicom import Dataset, uid

from iod.reading.sections import Listing, Outline, Section, listed
from iod.reading.values import items

_LABEL: Final = (
    "UserContentLabel UserContentLongLabel ContentDescription ContentCreatorName ContentDate"
    " ContentTime"
)
_DEVICE: Final = (
    " Device=TreatmentDeviceIdentificationSequence.DeviceLabel"
    " Maker=TreatmentDeviceIdentificationSequence.Manufacturer"
    " Model=TreatmentDeviceIdentificationSequence.ManufacturerModelName"
    " Serial_number=TreatmentDeviceIdentificationSequence.DeviceSerialNumber"
)
_RADIATION: Final = (
    f"{_LABEL} RTRecordFlag RTRadiationPhysicalAndGeometricContentDetailFlag"
    " RTTreatmentTechniqueCodeSequence TreatmentMachineSpecialModeCodeSequence"
    f"{_DEVICE} RadiationSourceAxisDistance RadiationDosimeterUnitSequence"
    " PatientOrientationCodeSequence PatientEquipmentRelationshipCodeSequence"
    " NumberOfRTBeamLimitingDevices NumberOfWedges NumberOfCompensators NumberOfBlocks"
    " NumberOfRTControlPoints TreatmentTimeLimit RTTreatmentTerminationStatus"
)
_MODES: Final = Listing(
    "Generation modes",
    "RadiationGenerationModeSequence",
    "RadiationGenerationModeIndex RadiationGenerationModeLabel RadiationTypeCodeSequence"
    " NominalEnergy MinimumNominalEnergy MaximumNominalEnergy EnergyUnitCodeSequence"
    " RadiationFluenceModifierCodeSequence",
)
_POSITIONS: Final = Listing(
    "Treatment positions", "TreatmentPositionSequence", "TreatmentPositionIndex"
    " FrameOfReferenceTransformationComment",
)  # fmt: skip
_POINT: Final = (
    "RTControlPointIndex CumulativeMeterset ReferencedRadiationGenerationModeIndex"
    " DeliveryRate SourceRollAngle RecordedRTControlPointDateTime"
)
_POINTS: Final = (
    "CArmPhotonElectronControlPointSequence",
    "TomotherapeuticControlPointSequence",
    "RoboticPathControlPointSequence",
    "RTRadiationSalvageRecordControlPointSequence",
)


def _control_points(dataset: Dataset) -> Iterator[Section]:
    """The control points, whichever device moves through them."""
    for sequence in _POINTS:
        found = items(dataset, sequence)
        if found:
            yield listed("Control points", found, _POINT)


_FRACTIONS: Final = Listing(
    "Fraction pattern",
    "FractionPatternSequence",
    "NumberOfFractionPatternDigitsPerDay RepeatFractionCycleLength MinimumHoursBetweenFractions"
    " IntendedFractionStartTime Pattern=WeekdayFractionPatternSequence.FractionPattern",
)
_GROUPS: Final = Listing(
    "Treatment position groups",
    "TreatmentPositionGroupSequence",
    "TreatmentPositionGroupLabel TreatmentPositionGroupUID"
    " Radiations=#ReferencedRTRadiationSequence",
)
_REFERRED: Final = "ReferencedSOPClassUID ReferencedSOPInstanceUID"
_PARAMETERS: Final = "RadiationDoseValuesParametersSequence"
_VALUES: Final = f"{_PARAMETERS}.DoseValuesSequence"
_DOSES: Final = f"{_VALUES}.MetersetToDoseMappingSequence"
_SET: Final = Outline(
    f"{_LABEL} RTRadiationSetIntent IntendedNumberOfFractions #RTRadiationSequence"
    " DefinitionSourceSequence",
    (
        Listing("Radiations", "RTRadiationSequence", _REFERRED),
        Listing(
            "Intents",
            "ReferencedRTPhysicianIntentSequence",
            f"{_REFERRED}"
            " Prescriptions=ReferencedRTPrescriptionSequence.ReferencedRTPrescriptionIndex",
        ),
        _FRACTIONS,
        _GROUPS,
        Listing(
            "Doses",
            "RadiationDoseIdentificationSequence",
            "RadiationDoseIdentificationIndex RadiationDoseIdentificationLabel ReferenceDoseType"
            " ReferenceDosePointCoordinates",
        ),
        Listing(
            "Dose values",
            "RadiationDoseSequence",
            "Radiation=ReferencedRTRadiationSequence.ReferencedSOPInstanceUID"
            f" Dose={_PARAMETERS}.ReferencedRadiationDoseIdentificationIndex"
            f" Purpose={_VALUES}.DoseValuePurpose Interpretation={_VALUES}.DoseValueInterpretation"
            f" Doses={_DOSES}.RadiationDoseValue At_metersets={_DOSES}.CumulativeMeterset"
            f" Radiobiological_effect={_VALUES}.RadiobiologicalDoseEffectFlag",
        ),
    ),
)
_INTENT: Final = Outline(
    f"{_LABEL} RTTreatmentPhaseIntentPresenceFlag",
    (
        Listing(
            "Intents",
            "RTPhysicianIntentSequence",
            "RTPhysicianIntentIndex RTTreatmentIntentType RTTreatmentApproachLabel TreatmentSite"
            " Site_code=TreatmentSiteCodeSequence RTDiagnosisCodeSequence"
            " RTPhysicianIntentNarrative"
            " Supersedes=RTPhysicianIntentPredecessorSequence.ReferencedSOPInstanceUID",
        ),
        Listing(
            "Prescriptions",
            "RTPrescriptionSequence",
            "RTPrescriptionIndex RTPrescriptionLabel RadiotherapyTreatmentType"
            " TeletherapyRadiationType BrachytherapySourceType NumberOfFractions"
            " Targets=RTAnatomicPrescriptionSequence.EntityLabel TreatmentTechniqueNotes"
            " PrescriptionNotes",
        ),
        Listing(
            "Dosimetric objectives",
            "DosimetricObjectiveSequence",
            "DosimetricObjectiveTypeCodeSequence DosimetricObjectivePurpose"
            " Value=DosimetricObjectiveParameterSequence.NumericValue"
            " Unit=DosimetricObjectiveParameterSequence.MeasurementUnitsCodeSequence"
            " DosimetricObjectiveEvaluationScope AbsoluteDosimetricObjectiveFlag"
            " ReferencedConceptualVolumeUID",
        ),
        Listing(
            "Treatment phases",
            "IntendedRTTreatmentPhaseSequence",
            "RTTreatmentPhaseIndex EntityLabel IntendedPhaseStartDate IntendedPhaseEndDate",
        ),
    ),
)
_ANNOTATION: Final = Outline(
    _LABEL,
    (
        Listing(
            "Annotated segments",
            "RTSegmentAnnotationSequence",
            "RTSegmentAnnotationIndex EntityLongLabel"
            " Category=SegmentAnnotationCategoryCodeSequence"
            " Type=SegmentAnnotationTypeCodeSequence ReferencedSegmentReferenceIndex"
            " SegmentationCreationTemplateLabel",
        ),
        Listing(
            "Segments",
            "SegmentReferenceSequence",
            "SegmentReferenceIndex"
            " In=DirectSegmentReferenceSequence.ReferencedSOPSequence"
            " Segment=DirectSegmentReferenceSequence.ReferencedSegmentNumber"
            " ROI=DirectSegmentReferenceSequence.ReferencedROINumber"
            " Surface=DirectSegmentReferenceSequence.ReferencedSurfaceNumber"
            " Combined=CombinationSegmentReferenceSequence.ConceptualVolumeCombinationExpression",
        ),
    ),
)
_DELIVERY: Final = Outline(
    f"{_LABEL} RTRadiationSetDeliveryUsage RTRadiationSetDeliveryNumber ClinicalFractionNumber"
    " TreatmentSessionUID TreatmentDeliveryContinuationFlag RTRadiationSetUsage"
    " RTTreatmentFractionCompletionStatus TreatmentRecordContentOrigin",
    (
        Listing("Radiation sets", "ReferencedRTRadiationSetSequence", _REFERRED),
        Listing(
            "Radiations",
            "RTRadiationTaskSequence",
            f"RadiationOrderIndex ReferencedRTRadiationSequence {_REFERRED}",
        ),
        Listing("Records", "ReferencedRTRadiationRecordSequence", _REFERRED),
    ),
)
_BRACHY: Final = Outline(
    "Plan=ReferencedRTPlanSequence.ReferencedSeriesSequence.ReferencedSOPSequence"
    " ReferencedFractionGroupNumber CurrentFractionNumber ContinuationPulseNumber",
    (
        Listing(
            "Tasks",
            "BrachyTaskSequence",
            "ReferencedBrachyApplicationSetupNumber TreatmentDeliveryType"
            " Channels=ChannelDeliveryOrderSequence.ReferencedChannelNumber"
            " ContinuationStartTotalReferenceAirKerma ContinuationEndTotalReferenceAirKerma",
        ),
        Listing(
            "Omitted setups",
            "OmittedApplicationSetupSequence",
            "ReferencedBrachyApplicationSetupNumber"
            " Channels=OmittedChannelSequence.ReferencedChannelNumber"
            " Reasons=OmittedChannelSequence.ReasonForChannelOmission",
        ),
    ),
)
_PLAN: Final = Outline(
    "RTPlanLabel RTPlanName RTPlanDescription RTPlanDate PlanIntent RTPlanGeometry ApprovalStatus"
    " ReviewerName ReviewDate ReferencedStructureSetSequence",
    (
        Listing(
            "Fraction groups",
            "FractionGroupSequence",
            "FractionGroupNumber FractionGroupDescription NumberOfFractionsPlanned NumberOfBeams"
            " NumberOfBrachyApplicationSetups",
        ),
        Listing(
            "Beams",
            "BeamSequence",
            "BeamNumber BeamName BeamType RadiationType TreatmentMachineName TreatmentDeliveryType"
            " NumberOfControlPoints FinalCumulativeMetersetWeight",
        ),
        Listing(
            "Ion beams",
            "IonBeamSequence",
            "BeamNumber BeamName BeamType RadiationType TreatmentMachineName ScanMode"
            " NumberOfControlPoints",
        ),
        Listing(
            "Brachytherapy setups",
            "ApplicationSetupSequence",
            "ApplicationSetupNumber ApplicationSetupType ApplicationSetupName"
            " TotalReferenceAirKerma Channels=#ChannelSequence",
        ),
        Listing(
            "Sources",
            "SourceSequence",
            "SourceNumber SourceType SourceIsotopeName SourceIsotopeHalfLife"
            " ReferenceAirKermaRate SourceStrengthReferenceDate",
        ),
        Listing(
            "Dose references",
            "DoseReferenceSequence",
            "DoseReferenceNumber DoseReferenceStructureType DoseReferenceType"
            " DoseReferenceDescription TargetPrescriptionDose",
        ),
    ),
)
_STRUCTURES: Final = Outline(
    "StructureSetLabel StructureSetName StructureSetDescription StructureSetDate ApprovalStatus",
    (
        Listing(
            "Regions",
            "StructureSetROISequence",
            "ROINumber ROIName ROIGenerationAlgorithm ROIVolume",
        ),
        Listing("Contours", "ROIContourSequence", "ReferencedROINumber Contours=#ContourSequence"),
        Listing(
            "Meanings",
            "RTROIObservationsSequence",
            "ReferencedROINumber RTROIInterpretedType RTROIIdentificationCodeSequence",
        ),
    ),
)
_DOSE: Final = Outline(
    "DoseUnits DoseType DoseSummationType DoseComment DoseGridScaling TissueHeterogeneityCorrection"
    " ReferencedRTPlanSequence ReferencedStructureSetSequence",
    (
        Listing(
            "Dose-volume histograms",
            "DVHSequence",
            "ROI=DVHReferencedROISequence.ReferencedROINumber DVHType DoseUnits DVHMinimumDose"
            " DVHMeanDose DVHMaximumDose DVHVolumeUnits DVHNumberOfBins",
        ),
    ),
)
_RADIATIONS: Final = (
    uid.CArmPhotonElectronRadiationStorage,
    uid.TomotherapeuticRadiationStorage,
    uid.RoboticArmRadiationStorage,
    uid.RTRadiationSalvageRecordStorage,
    uid.TomotherapeuticRadiationRecordStorage,
    uid.CArmPhotonElectronRadiationRecordStorage,
    uid.RoboticRadiationRecordStorage,
)

OUTLINES: Final[Mapping[str, Outline]] = {
    uid.RTPhysicianIntentStorage: _INTENT,
    uid.RTSegmentAnnotationStorage: _ANNOTATION,
    uid.RTRadiationSetStorage: _SET,
    **dict.fromkeys(_RADIATIONS, Outline(_RADIATION, (_MODES, _POSITIONS), more=_control_points)),
    uid.RTRadiationRecordSetStorage: _DELIVERY,
    uid.RTRadiationSetDeliveryInstructionStorage: _DELIVERY,
    uid.RTBrachyApplicationSetupDeliveryInstructionStorage: _BRACHY,
    uid.RTPlanStorage: _PLAN,
    uid.RTIonPlanStorage: _PLAN,
    uid.RTStructureSetStorage: _STRUCTURES,
    uid.RTDoseStorage: _DOSE,
}
