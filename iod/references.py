"""What an object refers to: every other instance it names, at any depth, and as what.

Law: an item with a Referenced SOP Instance UID (0008,1155) is a reference (PS3.3 10.8, 10.3 and
their likes), whatever sequence holds it. Its role is that of the innermost sequence around it that
says one: `ROLES`; those of `PLAIN` say nothing beyond what stands outside of them. What a list of
all referenced instances (PS3.3 C.12.2, Common Instance Reference) repeats is told once. Values an
object had before (PS3.3 C.12.1.1.9, Original Attributes Sequence) are none of its references.
Bounded in nesting and number; a data set within these bounds is walked whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset

NESTING: Final = 64
MOST: Final = 50_000

_TABLE: Final = """
ReferencedSOPSequence instance | ReferencedInstanceSequence instance
ReferencedImageSequence image | ReferencedSeriesSequence instance
StudiesContainingOtherReferencedInstancesSequence instance
ReferencedNonImageCompositeSOPInstanceSequence instance | ReferencedRTInstanceSequence instance

SourceImageSequence source image | SourceInstanceSequence source | SourceWaveformSequence source
ConversionSourceAttributesSequence source | SegmentSurfaceSourceInstanceSequence source
RTPhysicianIntentInputInstanceSequence input | PlanningInputInformationSequence input
VolumetricPresentationStateInputSequence input | InputInformationSequence input
VolumetricPresentationInputSetSequence input | VolumeCroppingSequence cropping
AdvancedBlendingSequence input | BlendingSequence input
OutputInformationSequence output
ContributingSOPInstancesReferenceSequence source
OriginatingSOPInstanceReferenceSequence origin | DefinitionSourceSequence definition

PredecessorDocumentsSequence predecessor | PredecessorProtocolSequence predecessor
PredecessorStructureSetSequence predecessor | RTPhysicianIntentPredecessorSequence predecessor
ReplacedImplantTemplateSequence predecessor | ReplacedImplantAssemblyTemplateSequence predecessor
ReplacedImplantTemplateGroupSequence predecessor
DerivationImplantTemplateSequence derived from | OriginalImplantTemplateSequence original
DerivationImplantAssemblyTemplateSequence derived from
OriginalImplantAssemblyTemplateSequence original | SourceHangingProtocolSequence derived from
IdenticalDocumentsSequence identical document | PertinentDocumentsSequence document
HL7StructuredDocumentReferenceSequence document

ReferencedDefinedProtocolSequence protocol | ReferencedPerformedProtocolSequence performed protocol
ReconstructionProtocolElementSequence reconstruction | StorageProtocolElementSequence stored
ApprovalSubjectSequence approval subject
AssessedSOPInstanceSequence assessed | ReferencedComparisonSOPInstanceSequence compared with

ReferencedRTPhysicianIntentSequence physician intent | RTRadiationSequence radiation
ReferencedRTRadiationSequence radiation | ReferencedRTRadiationSetSequence radiation set
ReferencedRTRadiationRecordSequence radiation record
ReferencedBaselineParametersRTRadiationInstanceSequence radiation
AdditionalParameterRecordingInstanceSequence recording
ReferencedRTTreatmentPreparationSequence treatment preparation
PriorTreatmentReferenceSequence prior treatment | ReferencedRTPlanSequence plan
ReferencedStructureSetSequence structure set | ReferencedDoseSequence dose
ReferencedTreatmentRecordSequence treatment record
DirectSegmentReferenceSequence segmentation | ReferencedDirectSegmentInstanceSequence segmentation
EquivalentConceptualVolumeInstanceReferenceSequence equivalent volume
ReferencedSetupImageSequence setup image | ReferencedReferenceImageSequence reference image
RelatedReferenceRTImageSequence reference image
ReferencedVerificationImageSequence verification image
ReferencedPatientSetupPhotoSequence patient photo | ReferencedPatientPhotoSequence patient photo
ContourImageSequence contour image | ReferencedSpatialRegistrationSequence registration
ReferencedPositionReferenceInstanceSequence position reference

CurrentRequestedProcedureEvidenceSequence evidence | ContentSequence content
PertinentOtherEvidenceSequence other evidence
ReferencedRealWorldValueMappingInstanceSequence value mapping
ReferencedImageRealWorldValueMappingSequence value mapping
RelatedSeriesSequence related | RenderedImageReferenceSequence rendering
ReferencedPresentationStateSequence presentation state
ReferencedStereometricInstanceSequence stereo pair
LeftImageSequence left image | RightImageSequence right image
ReferencedStructuredContextSequence annotation | PseudoColorPaletteInstanceReferenceSequence palette
ReferencedFirstFrameSequence image | ReferencedOtherPlaneSequence other plane
OphthalmicFrameLocationSequence localizer | ReferencedSurfaceDataSequence surface
ReferencedTextureSequence texture | UsedFiducialsSequence fiducials
UsedSegmentsSequence segmentation | UsedRTStructureSetROISequence structure set
ReferencedRefractiveMeasurementsSequence measurements
ReferencedOphthalmicAxialMeasurementsSequence measurements
ReferencedOphthalmicAxialLengthMeasurementQCImageSequence quality image
ComponentSequence component | ImplantTemplateGroupMembersSequence member
IncorporatedInventoryInstanceSequence inventory
ReferencedImageEvidenceSequence evidence | SourceImageEvidenceSequence evidence
ReferencedWaveformSequence waveform | ReferencedImageNavigationSequence navigation

ReferencedStudySequence study | RTReferencedStudySequence study
ReferencedPatientSequence patient | ReferencedVisitSequence visit
ReferencedPerformedProcedureStepSequence procedure step
InstanceLevelReferencedPerformedProcedureStepSequence procedure step
ReferencedProcedureStepSequence procedure step | ReplacedProcedureStepSequence procedure step
"""
ROLES: Final[Mapping[str, str]] = dict(
    entry.strip().split(" ", 1)
    for line in _TABLE.splitlines()
    for entry in line.split("|")
    if entry.strip()
)
# These say nothing of their own: a sequence around them may.
PLAIN: Final = frozenset(
    (
        *("ReferencedSOPSequence", "ReferencedInstanceSequence", "ReferencedImageSequence"),
        *("ReferencedSeriesSequence", "StudiesContainingOtherReferencedInstancesSequence"),
        *("ReferencedRTInstanceSequence", "ReferencedNonImageCompositeSOPInstanceSequence"),
    )
)
# What these name is managed by services (PS3.4 F and its retired likes): no archive holds it.
MANAGED: Final = frozenset(("study", "patient", "visit", "procedure step"))
# Sequences around references that hold instances, too, and then do not mean what they say alone.
_AROUND: Final = frozenset(("ReferencedStudySequence", "RTReferencedStudySequence"))

_UID: Final = re.compile(r"[0-9.]{1,64}")  # what is none refers to nothing
_CLASS: Final = 0x00081150
_INSTANCE: Final = 0x00081155
# These name an instance by themselves, and no class of it.
_ALONE: Final[Mapping[int, str]] = {
    0x00280304: "palette",  # Referenced Color Palette Instance UID
    0x00081167: "source",  # Multi-frame Source SOP Instance UID, of frames taken out of one
}
_PASSED_OVER: Final = frozenset((0x04000561,))  # Original Attributes Sequence


class Reference(NamedTuple):
    """One reference: as what, to what, and where it stands, items counted from 1."""

    role: str
    sop_class_uid: str  # empty where the reference tells none
    sop_instance_uid: str
    path: str


@dataclass(frozen=True, slots=True)
class _Place:
    """The sequences around an item, outermost first, and the item's place in the last one."""

    above: _Place | None = None
    keyword: str = ""
    number: int = 0
    depth: int = 0

    def __str__(self) -> str:
        parts = list[str]()
        here: _Place | None = self
        while here is not None and here.keyword:
            parts.append(f"{here.keyword}[{here.number}]")
            here = here.above
        return ".".join(reversed(parts))

    def role(self) -> str:
        """What the innermost sequence says that says anything."""
        plain, here, inner = "", self, True
        while here.keyword:
            told = ROLES.get(here.keyword, "")
            if told and here.keyword not in PLAIN and (inner or here.keyword not in _AROUND):
                return told
            plain = plain or told
            inner = False
            if here.above is None:
                break
            here = here.above
        return plain or "instance"


def references(dataset: Dataset, most: int = MOST) -> list[Reference]:
    """What the object refers to, each instance once in each role, in the order of the data set.

    What it refers to in a role of its own is not told again as a plain image or instance, nor is an
    image as an instance.
    """
    return bounded(dataset, most)[0]


def bounded(dataset: Dataset, most: int = MOST) -> tuple[list[Reference], bool]:
    """The same of its first references, and whether there are more than `most`."""
    found: dict[tuple[str, str], Reference] = {}
    more = False
    for each in _walk(dataset, _Place()):
        more = len(found) == most and (each.role, each.sop_instance_uid) not in found
        if more:
            break
        found.setdefault((each.role, each.sop_instance_uid), each)
    images = {uid for role, uid in found if role != "instance"}
    special = {uid for role, uid in found if role not in ("instance", "image")}
    repeated = {"instance": images, "image": special}
    told = [each for (role, uid), each in found.items() if uid not in repeated.get(role, ())]
    return told, more


def _walk(dataset: Dataset, place: _Place) -> Iterator[Reference]:
    instance = _uid(dataset, _INSTANCE)
    if instance and place.keyword:
        yield Reference(place.role(), _uid(dataset, _CLASS), instance, str(place))
    for tag, role in _ALONE.items():
        if alone := _uid(dataset, tag):
            yield Reference(role, "", alone, str(place))
    # `values` gives elements as read: only sequences are decoded.
    for element in list(dataset.values()):
        tag = int(element.tag)
        if not is_sequence(tag, element.VR) or tag in _PASSED_OVER or place.depth >= NESTING:
            continue
        keyword = keyword_for_tag(tag)
        items = dataset[tag].value if keyword else ()
        for number, item in enumerate(items or (), 1):
            if isinstance(item, Dataset):
                yield from _walk(item, _Place(place, keyword, number, place.depth + 1))


def is_sequence(tag: int, vr: str | None) -> bool:
    """Whether an element is one, by the dictionary where its VR does not say so."""
    if vr in (None, "UN"):
        return dictionary_has_tag(tag) and dictionary_VR(tag) == "SQ"
    return vr == "SQ"


def _uid(dataset: Dataset, tag: int) -> str:
    if tag not in dataset:
        return ""
    value = dataset[tag].value
    found = value.strip(" \0") if isinstance(value, str) else ""
    return found if _UID.fullmatch(found) else ""
