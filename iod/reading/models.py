"""What is told of models and documents: tracts, implants, encapsulated files, meshes.

PS3.3 C.8.33, C.24, C.29, C.18 of the encapsulated document.  Law: counts come from lengths and
heads; no model is built.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final

from pydicom import Dataset, uid

from iod.reading.sections import Listing, Outline, Section, table
from iod.reading.values import coded, items, text, value

_POINT: Final = 12  # bytes of one point: three 32-bit floats, PS3.3 C.8.33.2
_STL_HEAD: Final = 84  # a comment of 80 bytes, then the number of triangles
_STL_TRIANGLE: Final = 50
_DOCUMENT: Final = (
    "DocumentTitle ConceptNameCodeSequence MIMETypeOfEncapsulatedDocument ListOfMIMETypes"
    " EncapsulatedDocumentLength EncapsulatedDocument MeasurementUnitsCodeSequence ContentDate"
    " ContentTime HL7InstanceIdentifier BurnedInAnnotation VerificationFlag ModelModification"
    " ModelMirroring ModelUsageCodeSequence ModelGroupUID"
    " Predecessors=PredecessorDocumentsSequence.ReferencedSeriesSequence.ReferencedSOPSequence"
    " SourceInstanceSequence"
)
_TRACTS: Final = "ContentLabel ContentDescription ContentCreatorName ReferencedInstanceSequence"


def _tracts(dataset: Dataset) -> Iterator[Section]:
    """Track sets: how many tracks and points, found how, measured as what."""
    sets = items(dataset, "TrackSetSequence")
    headings = ["No.", "Label", "Anatomy", "Tracks", "Points", "Model", "Algorithm", "Measured"]
    yield table("Track sets", headings, (_track_set(each) for each in sets))
    rows = (row for each in sets for row in _statistics(each))
    found = table("Track set statistics", ["Set", "What", "Statistic", "Value", "Unit"], rows)
    if found.rows:
        yield found


def _track_set(one: Dataset) -> Iterator[str]:
    tracks = items(one, "TrackSequence")
    yield text(one, "TrackSetNumber")
    yield text(one, "TrackSetLabel")
    yield text(one, "TrackSetAnatomicalTypeCodeSequence")
    yield str(len(tracks))
    yield str(sum(_points(each) for each in tracks))
    yield text(one, "DiffusionModelCodeSequence")
    yield text(one, "TrackingAlgorithmIdentificationSequence.AlgorithmName")
    yield text(one, "MeasurementsSequence.ConceptNameCodeSequence")


def _points(track: Dataset) -> int:
    data = value(track, "PointCoordinatesData")
    return len(data) // _POINT if isinstance(data, bytes) else 0


def _statistics(one: Dataset) -> Iterator[tuple[str, ...]]:
    for each in items(one, "TrackSetStatisticsSequence"):
        names = ("ConceptNameCodeSequence", "ModifierCodeSequence")
        said = (text(each, name) for name in (*names, "FloatingPointValue"))
        unit = coded(each, "MeasurementUnitsCodeSequence")
        yield (text(one, "TrackSetNumber"), *said, unit.value if unit else "")


def _stl(dataset: Dataset) -> Iterator[Section]:
    """What the head of an STL file says; a binary one is as long as its triangles make it."""
    document = value(dataset, "EncapsulatedDocument")
    if not isinstance(document, bytes) or len(document) < _STL_HEAD:
        return
    (triangles,) = struct.unpack_from("<I", document, _STL_HEAD - 4)
    if _STL_HEAD + triangles * _STL_TRIANGLE in (len(document), len(document) - 1):
        yield Section("STL file", (("Form", "binary"), ("Triangles", str(triangles))))
    elif document.lstrip()[:5].lower() == b"solid":
        count = document.count(b"endfacet")
        yield Section("STL file", (("Form", "text"), ("Triangles", str(count))))


_IMPLANT: Final = (
    "Manufacturer ImplantName ImplantPartNumber ImplantSize ImplantTemplateVersion ImplantType"
    " EffectiveDateTime Kind=ImplantTypeCodeSequence FixationMethodCodeSequence"
    " MaterialsCodeSequence CoatingMaterialsCodeSequence"
    " Anatomy=ImplantTargetAnatomySequence.AnatomicRegionSequence"
    " ReplacedImplantTemplateSequence OriginalImplantTemplateSequence"
    " DerivationImplantTemplateSequence ImplantRegulatoryDisapprovalCodeSequence"
    " OverallTemplateSpatialTolerance"
)
_ASSEMBLY: Final = (
    "ImplantAssemblyTemplateName ImplantAssemblyTemplateIssuer ImplantAssemblyTemplateVersion"
    " ImplantAssemblyTemplateType EffectiveDateTime ProcedureTypeCodeSequence SurgicalTechnique"
    " Anatomy=ImplantAssemblyTemplateTargetAnatomySequence.AnatomicRegionSequence"
    " ReplacedImplantAssemblyTemplateSequence OriginalImplantAssemblyTemplateSequence"
    " DerivationImplantAssemblyTemplateSequence"
)
_GROUP: Final = (
    "ImplantTemplateGroupName ImplantTemplateGroupDescription ImplantTemplateGroupIssuer"
    " ImplantTemplateGroupVersion EffectiveDateTime"
    " Anatomy=ImplantTemplateGroupTargetAnatomySequence.AnatomicRegionSequence"
    " ReplacedImplantTemplateGroupSequence"
)

OUTLINES: Final[Mapping[str, Outline]] = {
    uid.TractographyResultsStorage: Outline(_TRACTS, more=_tracts),
    uid.EncapsulatedSTLStorage: Outline(_DOCUMENT, more=_stl),
    **dict.fromkeys(
        (
            uid.EncapsulatedPDFStorage,
            uid.EncapsulatedCDAStorage,
            uid.EncapsulatedOBJStorage,
            uid.EncapsulatedMTLStorage,
        ),
        Outline(_DOCUMENT),
    ),
    uid.GenericImplantTemplateStorage: Outline(
        _IMPLANT,
        (
            Listing(
                "Drawings",
                "HPGLDocumentSequence",
                "HPGLDocumentID HPGLDocumentLabel HPGLDocumentScaling ViewOrientationCodeSequence",
            ),
            Listing(
                "Models",
                "SurfaceModelDescriptionSequence",
                "SurfaceModelLabel ReferencedSurfaceNumber",
            ),
            Listing(
                "Mating features",
                "MatingFeatureSetsSequence",
                "MatingFeatureSetID MatingFeatureSetLabel Features=#MatingFeatureSequence",
            ),
            Listing(
                "Notifications",
                "NotificationFromManufacturerSequence",
                "InformationIssueDateTime InformationSummary",
            ),
        ),
    ),
    uid.ImplantAssemblyTemplateStorage: Outline(
        _ASSEMBLY,
        (
            Listing(
                "Components",
                "ComponentTypesSequence",
                "ComponentTypeCodeSequence MandatoryComponentType ExclusiveComponentType"
                " Templates=ComponentSequence.ReferencedSOPInstanceUID",
            ),
            Listing(
                "Joined",
                "ComponentAssemblySequence",
                "Component1ReferencedID Component1ReferencedMatingFeatureID"
                " Component2ReferencedID Component2ReferencedMatingFeatureID",
            ),
        ),
    ),
    uid.ImplantTemplateGroupStorage: Outline(
        _GROUP,
        (
            Listing(
                "Members",
                "ImplantTemplateGroupMembersSequence",
                "ImplantTemplateGroupMemberID ReferencedSOPClassUID ReferencedSOPInstanceUID",
            ),
            Listing(
                "Variations",
                "ImplantTemplateGroupVariationDimensionSequence",
                "ImplantTemplateGroupVariationDimensionName"
                " Members=#ImplantTemplateGroupVariationDimensionRankSequence",
            ),
        ),
    ),
}
