"""Broken twins of samples: radiotherapy, protocols and their approval, assessments."""

from __future__ import annotations

from tests.broken import Twin, empty, gone, now, one_less

NOWHERE = "2.25.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
PLAN = "1.2.840.10008.5.1.4.1.1.481.5"

_RADIATION = "RTRadiationSequence[1]"
_INTENT = "ReferencedRTPhysicianIntentSequence[1]"
_PLAN = "ReferencedRTPlanSequence[1].ReferencedSeriesSequence[1].ReferencedSOPSequence[1]"
_GROUP, _SETUP = "FractionGroupSequence[1]", "ReferencedBrachyApplicationSetup"
_SETUPS = f"{_GROUP}.{_SETUP}Sequence[1]"
_CHANNEL = "ApplicationSetupSequence[1].ChannelSequence[1]"
_SEGMENT = "SegmentReferenceSequence[1].DirectSegmentReferenceSequence[1].ReferencedSOPSequence[1]"
_PREDECESSOR = "PredecessorProtocolSequence[1]"
_SUBJECT = "ApprovalSubjectSequence[1]"
_ASSERTED = "ApprovalSequence[1]"
_ASSESSED = "AssessedSOPInstanceSequence[1]"

TWINS = (
    Twin("radiotherapy/radiation-set", gone("RTRadiationSetIntent"), "type1.missing"),
    Twin(
        "radiotherapy/radiation-set",
        now(f"{_RADIATION}.ReferencedSOPInstanceUID", NOWHERE),
        "rt.radiation-unknown",
    ),
    Twin(
        "radiotherapy/radiation-set",
        now(f"{_RADIATION}.ReferencedSOPClassUID", PLAN),
        "rt.radiation-class",
    ),
    Twin(
        "radiotherapy/radiation-set",
        now(f"{_INTENT}.ReferencedSOPInstanceUID", NOWHERE),
        "rt.intent-unknown",
        severity="warning",
    ),
    Twin("radiotherapy/radiation-1", now("RTRecordFlag", "MAYBE"), "value.enumerated"),
    Twin("radiotherapy/radiation-1", now("NumberOfRTControlPoints", 9), "number.count"),
    Twin(
        "radiotherapy/radiation-2",
        one_less("CArmPhotonElectronControlPointSequence"),
        "number.count",
        "NumberOfRTControlPoints",
    ),
    Twin(
        "radiotherapy/physician-intent",
        gone("RTPhysicianIntentSequence[1].TreatmentSiteCodeSequence[1].CodingSchemeDesignator"),
        "code.scheme",
    ),
    Twin("radiotherapy/segment-annotation", empty("UserContentLongLabel"), "type1.empty"),
    Twin(
        "radiotherapy/segment-annotation",
        now(f"{_SEGMENT}.ReferencedSOPInstanceUID", NOWHERE),
        "rt.segment-unknown",
        severity="warning",
    ),
    Twin("brachytherapy/delivery-instruction", gone("BrachyTaskSequence"), "type1.missing"),
    Twin("brachytherapy/delivery-instruction", empty("CurrentFractionNumber"), "type1.empty"),
    Twin(
        "brachytherapy/delivery-instruction",
        now(f"{_PLAN}.ReferencedSOPInstanceUID", NOWHERE),
        "rt.plan-unknown",
        severity="warning",
    ),
    Twin(
        "brachytherapy/delivery-instruction",
        now(f"{_PLAN}.ReferencedSOPClassUID", CT),
        "rt.plan-class",
    ),
    Twin("brachytherapy/plan", gone("RTPlanLabel"), "type1.missing"),
    Twin("brachytherapy/plan", now(f"{_SETUPS}.{_SETUP}Number", 99), "number.unknown"),
    Twin("brachytherapy/plan", now(f"{_CHANNEL}.ReferencedSourceNumber", 9), "number.unknown"),
    Twin("brachytherapy/plan", now(f"{_GROUP}.NumberOfBrachyApplicationSetups", 3), "number.count"),
    Twin(
        "content-assessment/plan",
        now("BeamSequence[2].ReferencedPatientSetupNumber", 9),
        "number.unknown",
    ),
    Twin("ct-protocols/defined-1", gone("ProtocolName"), "type1.missing"),
    Twin("ct-protocols/defined-1", now("EquipmentModality", "MR"), "protocol.modality"),
    Twin(
        "ct-protocols/protocol-approval-1-approved",
        now(f"{_SUBJECT}.ReferencedSOPClassUID", CT),
        "approval.subject-class",
    ),
    Twin(
        "ct-protocols/protocol-approval-1-approved",
        now(f"{_SUBJECT}.ReferencedSOPInstanceUID", NOWHERE),
        "approval.subject-unknown",
    ),
    Twin(
        "ct-protocols/protocol-approval-1-approved",
        gone(f"{_ASSERTED}.AssertionUID"),
        "type1.missing",
    ),
    Twin(
        "ct-protocols/protocol-approval-1-approved",
        now(f"{_ASSERTED}.AssertionExpirationDateTime", "20010101"),
        "approval.expiry",
    ),
    Twin(
        "ct-protocols/protocol-approval-1-approved",
        gone(f"{_ASSERTED}.AssertionCodeSequence[1].CodeValue"),
        "code.value",
    ),
    Twin(
        "ct-protocols/protocol-approval-1-approved",
        now(f"{_ASSERTED}.AssertionCodeSequence[1].CodeValue", "121320"),
        "code.listed",
        severity="warning",
    ),
    Twin(
        "ct-protocols/defined-2",
        now(f"{_PREDECESSOR}.ReferencedSOPClassUID", CT),
        "protocol.predecessor-class",
    ),
    Twin(
        "ct-protocols/performed",
        now("ReferencedDefinedProtocolSequence[1].ReferencedSOPClassUID", CT),
        "protocol.defined-class",
    ),
    Twin(
        "ct-protocols/defined-2",
        now(f"{_PREDECESSOR}.ReferencedSOPInstanceUID", NOWHERE),
        "protocol.predecessor-unknown",
        severity="warning",
    ),
    Twin("ct-protocols/performed", now("Modality", "CT"), "value.enumerated"),
    Twin("ct-protocols/image-1", now("Rows", 1), "pixel.size", "PixelData"),
    Twin("content-assessment/assessment", gone("AssessmentSummary"), "type1.missing"),
    Twin("content-assessment/assessment", now("AssessmentSummary", "FINE"), "value.enumerated"),
    Twin(
        "content-assessment/assessment", now("NumberOfAssessmentObservations", 99), "number.count"
    ),
    Twin(
        "content-assessment/assessment",
        now(f"{_ASSESSED}.ReferencedSOPInstanceUID", NOWHERE),
        "assessment.subject-unknown",
        severity="warning",
    ),
    Twin(
        "content-assessment/assessment",
        now(f"{_ASSESSED}.ReferencedSOPClassUID", CT),
        "reference.class",
    ),
    Twin(
        "content-assessment/assessment",
        gone("AssessmentTypeCodeSequence[1].CodeMeaning"),
        "code.meaning",
    ),
)
