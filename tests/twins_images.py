"""Broken twins of samples: images, states over them, models, videos."""

from __future__ import annotations

from tests.broken import Twin, bad_code, changed, empty, gone, now, one_less, syntax

NOWHERE = "2.25.1"
PDF = "1.2.840.10008.5.1.4.1.1.104.1"
MR = "1.2.840.10008.5.1.4.1.1.4"
VIDEO = "1.2.840.10008.1.2.4."

_VIEW = "ViewCodeSequence[1].CodingSchemeDesignator"
_INPUT = "VolumetricPresentationStateInputSequence[1]"
_INPUT_SET = "VolumetricPresentationInputSetSequence[1]"
_INPUT_IMAGE = f"{_INPUT_SET}.ReferencedImageSequence[1]"
_BEFORE = "PredecessorDocumentsSequence[1].ReferencedSeriesSequence[1].ReferencedSOPSequence[1]"
_BLENDED = "AdvancedBlendingSequence[2].ReferencedImageSequence[1]"
_TRACK_SET = "TrackSetSequence[2]"
_MAPPING = "SharedFunctionalGroupsSequence[1].RealWorldValueMappingSequence[1]"
_SHARED = "SharedFunctionalGroupsSequence[1]"


def cut(data: bytes) -> bytes:
    return data[:-8]


TWINS = (
    Twin("printing/stl-revision-1", gone("MeasurementUnitsCodeSequence"), "type1.missing"),
    Twin("printing/stl-revision-1", changed("EncapsulatedDocument", cut), "document.content"),
    Twin("printing/stl-revision-1", now("EncapsulatedDocumentLength", 4000), "document.length"),
    Twin("printing/obj", now("MIMETypeOfEncapsulatedDocument", "model/stl"), "document.mime"),
    Twin("printing/obj", gone("MeasurementUnitsCodeSequence[1].CodeMeaning"), "code.meaning"),
    bad_code("printing/stl-revision-2", "ModelUsageCodeSequence[1]"),
    bad_code(
        "parametric-map/map", f"{_MAPPING}.QuantityDefinitionSequence[1].ConceptCodeSequence[1]"
    ),
    bad_code("tractography/tracks", "TrackSetSequence[1].DiffusionModelCodeSequence[1]"),
    bad_code("oct/en-face", "OphthalmicImageTypeCodeSequence[1]"),
    bad_code("wide-field/coordinates", "TransformationMethodCodeSequence[1]"),
    Twin("printing/pdf", empty("EncapsulatedDocument"), "type1.empty"),
    Twin(
        "printing/pdf", changed("EncapsulatedDocument", lambda _: b"plain text"), "document.content"
    ),
    Twin(
        "printing/stl-revision-2", now(f"{_BEFORE}.ReferencedSOPClassUID", PDF), "reference.class"
    ),
    Twin(
        "printing/stl-revision-2",
        now(f"{_BEFORE}.ReferencedSOPInstanceUID", NOWHERE),
        "document.predecessor-unknown",
        severity="warning",
    ),
    Twin("printing/texture", now("Rows", 32), "pixel.size", "PixelData"),
    Twin("volume/ct-01", gone("ImagePositionPatient"), "type1.missing"),
    Twin("volume/segmentation", changed("PixelData", cut), "pixel.size"),
    Twin("volume/segmentation", now("SegmentSequence[2].SegmentNumber", 1), "number.unique"),
    Twin("volume/mpr-grey", gone("MultiPlanarReconstructionStyle"), "type1.missing"),
    Twin("volume/mpr-grey", gone(_VIEW), "code.scheme"),
    Twin("volume/mpr-grey", now("PixelPresentation", "GREY"), "value.enumerated"),
    Twin(
        "volume/mpr-colour",
        now(f"{_INPUT}.VolumetricPresentationInputSetUID", NOWHERE),
        "volume.input-set",
    ),
    Twin("volume/rendering", gone("VolumeStreamSequence"), "type1.missing"),
    Twin("volume/rendering", now("RenderProjection", "FISHEYE"), "value.enumerated"),
    Twin(
        "volume/rendering-segmented",
        now(f"{_INPUT_IMAGE}.ReferencedSOPClassUID", MR),
        "reference.class",
    ),
    Twin(
        "volume/rendering-multiple",
        now(f"{_INPUT_IMAGE}.ReferencedSOPInstanceUID", NOWHERE),
        "presentation.input-unknown",
        severity="warning",
    ),
    Twin(
        "parametric-map/map",
        gone(f"{_SHARED}.FrameAnatomySequence"),
        "group.missing",
        "FrameAnatomySequence",
    ),
    Twin("parametric-map/map", one_less("PerFrameFunctionalGroupsSequence"), "type1c.empty"),
    Twin("parametric-map/blending", gone("BlendingDisplaySequence"), "type1.missing"),
    Twin(
        "parametric-map/blending",
        now("AdvancedBlendingSequence[2].BlendingInputNumber", 3),
        "blending.number",
    ),
    Twin(
        "parametric-map/blending",
        one_less("BlendingDisplaySequence[1].BlendingDisplayInputSequence"),
        "blending.input",
    ),
    Twin(
        "parametric-map/blending", now(f"{_BLENDED}.ReferencedSOPClassUID", MR), "reference.class"
    ),
    Twin(
        "parametric-map/blending",
        now(f"{_BLENDED}.ReferencedSOPInstanceUID", NOWHERE),
        "presentation.input-unknown",
        severity="warning",
    ),
    Twin("tractography/tracks", gone("TrackSetSequence"), "type1.missing"),
    Twin("tractography/tracks", empty("ContentLabel"), "type1.empty"),
    Twin("tractography/tracks", now(f"{_TRACK_SET}.TrackSetNumber", 1), "number.ordinal"),
    Twin(
        "tractography/tracks",
        changed(f"{_TRACK_SET}.TrackSequence[1].PointCoordinatesData", cut),
        "tract.points",
    ),
    Twin(
        "tractography/tracks",
        gone(f"{_TRACK_SET}.DiffusionModelCodeSequence[1].CodeValue"),
        "code.value",
    ),
    Twin(
        "tractography/tracks",
        now("ReferencedInstanceSequence[1].ReferencedSOPClassUID", PDF),
        "reference.class",
    ),
    Twin(
        "tractography/tracks",
        now("ReferencedInstanceSequence[1].ReferencedSOPInstanceUID", NOWHERE),
        "tract.source-unknown",
        severity="warning",
    ),
    Twin("tractography/tracks", now("Modality", "CT"), "value.enumerated"),
    Twin("oct/volume", one_less("PerFrameFunctionalGroupsSequence"), "group.frames"),
    Twin("oct/volume", now("Modality", "OP"), "value.enumerated"),
    Twin("oct/flow", gone("AcquisitionMethodAlgorithmSequence"), "type1.missing"),
    Twin("oct/flow", now("Rows", 40), "pixel.size", "PixelData"),
    Twin(
        "oct/en-face",
        now("SourceImageSequence[1].ReferencedSOPClassUID", MR),
        "ophthalmic.source-class",
    ),
    Twin(
        "oct/en-face",
        now("SourceImageSequence[2].ReferencedSOPInstanceUID", NOWHERE),
        "ophthalmic.source-unknown",
        severity="warning",
    ),
    Twin(
        "oct/en-face",
        gone("OphthalmicImageTypeCodeSequence[1].CodingSchemeDesignator"),
        "code.scheme",
    ),
    Twin("wide-field/stereographic", gone("OphthalmicAxialLength"), "type1.missing"),
    Twin(
        "wide-field/stereographic",
        empty("OphthalmicAxialLengthMethod"),
        "type1.empty",
    ),
    Twin("wide-field/stereographic", now("Columns", 95), "pixel.size", "PixelData"),
    Twin(
        "wide-field/coordinates",
        gone("TransformationMethodCodeSequence[1].CodeMeaning"),
        "code.meaning",
    ),
    Twin(
        "wide-field/coordinates",
        gone("TwoDimensionalToThreeDimensionalMapSequence[1].NumberOfMapPoints"),
        "type1.missing",
    ),
    Twin("wide-field/coordinates", now("Modality", "XC"), "value.enumerated"),
    Twin("xray-3d/volume", gone("VolumetricProperties"), "type1.missing"),
    Twin(
        "xray-3d/volume",
        gone(f"{_SHARED}.FrameVOILUTSequence"),
        "group.missing",
        "FrameVOILUTSequence",
    ),
    Twin("xray-3d/volume", changed("PixelData", cut), "pixel.size"),
    Twin("xray-3d/volume", now("HighBit", 15), "pixel.bits"),
    Twin(
        "xray-3d/volume",
        now("PresentationLUTShape", "INVERSE"),
        "value.enumerated",
        severity="warning",
    ),
    Twin("video/h264-4.1", now("Rows", 576), "video.size"),
    Twin("video/h264-4.1", now("CineRate", 30), "video.rate"),
    Twin("video/h264-4.1", now("PhotometricInterpretation", "RGB"), "video.pixels"),
    Twin("video/h264-4.1", gone("FrameIncrementPointer"), "type1.missing"),
    Twin("video/h264-4.2", syntax(f"{VIDEO}102"), "video.level", "PixelData"),
    Twin("video/h264-4.2", syntax(f"{VIDEO}107"), "video.stream", "PixelData"),
    Twin("video/h264-4.2-stereo", syntax(f"{VIDEO}105"), "video.profile", "PixelData"),
    Twin("video/h264-4.2-3d", now("StereoPairsPresent", "NO"), "video.stereo"),
    Twin("video/hevc-main", now("FrameTime", "20"), "video.rate"),
    Twin("video/hevc-main-10", syntax(f"{VIDEO}107"), "video.profile", "PixelData"),
    Twin("video/hevc-main-10", now("BitsStored", 8), "video.pixels"),
)
