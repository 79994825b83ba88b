"""Volumetric presentation states, PS3.3 A.80, C.11.22 to C.11.32, over one CT volume.

Law: an input's number counts from 1, a cropping's number too, and every index names one of them;
inputs of one input set are the same voxels, cropped and coloured in different ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydicom import Dataset

from iod.samples.colours import Stop, classified, first_over_second, icc_profile
from iod.samples.identity import uid
from iod.samples.items import code, item, put, reference
from iod.samples.referring import common_references
from iod.samples.segmented import BONE
from iod.samples.subjects import SAMPLE_DATE, SAMPLE_TIME, Series, begun
from iod.samples.tomography import PLACE

_STATES: Final = "1.2.840.10008.5.1.4.1.1.11."
_HALF: Final = 80.0  # mm, of the views
_GREY: Final = (Stop(0, 0, 0, 0, 0), Stop(255, 255, 255, 255, 255))
_BONE_COLOURS: Final = (
    Stop(0, 120, 90, 60, 0),
    Stop(128, 230, 210, 170, 200),
    Stop(255, 255, 250, 235, 255),
)
_VESSEL_COLOURS: Final = (
    Stop(0, 60, 0, 0, 0),
    Stop(160, 210, 40, 30, 160),
    Stop(255, 255, 120, 90, 255),
)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is looked at: the volume and the segmentation of it."""

    frame: str
    volume: Sequence[Dataset]
    segmentation: Dataset


def _state(series: Series, kind: int, label: str, inputs: Inputs) -> Dataset:
    """What all states have: identification C.11.22, view C.11.25, frame of reference.

    What crops by a segment names the segmentation beside the volume: `_with_segments`.
    """
    made = begun(series, f"{_STATES}{kind}", label.lower(), kind)
    put(
        made,
        FrameOfReferenceUID=inputs.frame,
        PositionReferenceIndicator="",
        BodyPartExamined="ABDOMEN",
        ContentLabel=label,
        ContentDescription=label.replace("_", " ").capitalize(),
        ContentCreatorName="Viewer^Vera",
        PresentationCreationDate=SAMPLE_DATE,
        PresentationCreationTime=SAMPLE_TIME,
        AnatomicRegionSequence=[code("818981001", "SCT", "Abdomen")],
        ImageLaterality="U",
        ViewCodeSequence=[put(code("81654009", "SCT", "Coronal"), ViewModifierCodeSequence=[])],
        GlobalCrop="NO",
    )
    return common_references(made, *inputs.volume)


def _with_segments(made: Dataset, inputs: Inputs) -> Dataset:
    return common_references(made, *inputs.volume, inputs.segmentation)


def _input_set(name: str, inputs: Inputs) -> Dataset:
    """An item of Volumetric Presentation Input Set Sequence, C.11.23."""
    return item(
        VolumetricPresentationInputSetUID=uid("input-set", name),
        PresentationInputType="VOLUME",
        ReferencedImageSequence=[reference(each) for each in inputs.volume],
    )


def _input(number: int, name: str, window: tuple[int, int], crop: int = 0) -> Dataset:
    """An item of Volumetric Presentation State Input Sequence; `crop` names a cropping, if any."""
    made = item(
        VolumetricPresentationInputNumber=number,
        VolumetricPresentationInputSetUID=uid("input-set", name),
        WindowCenter=window[0],
        WindowWidth=window[1],
        Crop="YES" if crop else "NO",
    )
    return put(made, CroppingSpecificationIndex=crop) if crop else made


def _segment(number: int, segment: int, inputs: Inputs) -> Dataset:
    """A cropping that keeps what is in a segment, C.11.24."""
    named = reference(inputs.segmentation, ReferencedSegmentNumber=segment)
    return item(
        CroppingSpecificationNumber=number,
        VolumeCroppingMethod="INCLUDE_SEG",
        ReferencedImageSequence=[named],
    )


def _box(number: int) -> Dataset:
    """A cropping to the front half of the volume."""
    x0, y0, z0, x1, _, z1 = PLACE.box
    return item(
        CroppingSpecificationNumber=number,
        VolumeCroppingMethod="BOUNDING_BOX",
        BoundingBoxCrop=[x0, y0, z0, x1, 0.0, z1],
    )


def _plane(made: Dataset) -> Dataset:
    """Multi-Planar Reconstruction Geometry Module, C.11.26: a coronal slab."""
    return put(
        made,
        MultiPlanarReconstructionStyle="PLANAR",
        MPRThicknessType="SLAB",
        MPRSlabThickness=10.0,
        MPRTopLeftHandCorner=[-_HALF, 0.0, -PLACE.low],
        MPRViewWidthDirection=[1.0, 0.0, 0.0],
        MPRViewWidth=2 * _HALF,
        MPRViewHeightDirection=[0.0, 0.0, -1.0],
        MPRViewHeight=-2 * PLACE.low,
    )


def _coloured(made: Dataset) -> Dataset:
    return put(made, PixelPresentation="TRUE_COLOR", ICCProfile=icc_profile(), ColorSpace="SRGB")


def planar_states(series: Series, inputs: Inputs) -> list[tuple[str, Dataset]]:
    """One volume in grey, and volume with bone in colour."""
    grey = _plane(_state(series, 6, "CORONAL_GREY", inputs))
    slab = put(_input(1, "grey", (60, 400)), RenderingMethod="MAXIMUM_IP")
    put(
        grey,
        VolumetricPresentationInputSetSequence=[_input_set("grey", inputs)],
        VolumetricPresentationStateInputSequence=[slab],
        PixelPresentation="MONOCHROME",
        PresentationLUTShape="IDENTITY",
    )
    colour = _coloured(_plane(_state(series, 7, "CORONAL_COLOUR", inputs)))
    bone = put(_input(2, "colour", (500, 1500), 1), RenderingMethod="AVERAGE_IP")
    put(
        colour,
        VolumetricPresentationInputSetSequence=[_input_set("colour", inputs)],
        VolumetricPresentationStateInputSequence=[
            put(_input(1, "colour", (60, 400)), RenderingMethod="AVERAGE_IP"),
            bone,
        ],
        VolumeCroppingSequence=[_segment(1, BONE, inputs)],
        PresentationStateClassificationComponentSequence=[
            classified(1, _GREY),
            classified(2, _BONE_COLOURS),
        ],
        PresentationStateCompositorComponentSequence=[first_over_second()],
    )
    return [("mpr-grey", grey), ("mpr-colour", _with_segments(colour, inputs))]


def _seen(made: Dataset) -> Dataset:
    """Volume Render Geometry Module C.11.30, Render Shading Module C.11.31."""
    return put(
        made,
        RenderingMethod="VOLUME_RENDERED",
        RenderProjection="ORTHOGRAPHIC",
        ViewpointPosition=[0.0, -400.0, 0.0],
        ViewpointLookAtPoint=[0.0, 0.0, 0.0],
        ViewpointUpDirection=[0.0, 0.0, 1.0],
        RenderFieldOfView=[-_HALF, _HALF, _HALF, -_HALF, 300.0, 500.0],
        ShadingStyle="SINGLESIDED",
        AmbientReflectionIntensity=0.3,
        DiffuseReflectionIntensity=0.7,
        LightDirection=[0.0, 1.0, 0.0],
    )


def _stream(name: str, *components: Dataset) -> Dataset:
    """An item of Volume Stream Sequence, Render Display Module C.11.32."""
    return item(
        VolumetricPresentationInputSetUID=uid("input-set", name),
        PresentationStateClassificationComponentSequence=list(components),
    )


def renderings(series: Series, inputs: Inputs) -> list[tuple[str, Dataset]]:
    """One volume cropped to a box; bone and all by segments; two input sets blended."""
    one = _coloured(_seen(_state(series, 9, "RENDERING", inputs)))
    put(
        one,
        VolumetricPresentationInputSetSequence=[_input_set("one", inputs)],
        VolumetricPresentationStateInputSequence=[_input(1, "one", (500, 1500), 1)],
        VolumeCroppingSequence=[_box(1)],
        VolumeStreamSequence=[_stream("one", classified(1, _BONE_COLOURS))],
    )
    parts = _coloured(_seen(_state(series, 10, "RENDER_SEGMENTS", inputs)))
    put(
        parts,
        VolumetricPresentationInputSetSequence=[_input_set("parts", inputs)],
        VolumetricPresentationStateInputSequence=[
            _input(1, "parts", (60, 400)),
            _input(2, "parts", (500, 1500), 1),
        ],
        VolumeCroppingSequence=[_segment(1, BONE, inputs)],
        VolumeStreamSequence=[
            _stream("parts", classified(1, _VESSEL_COLOURS), classified(2, _BONE_COLOURS))
        ],
    )
    two = _coloured(_seen(_state(series, 11, "RENDER_MULTIPLE", inputs)))
    put(
        two,
        VolumetricPresentationInputSetSequence=[
            _input_set("soft", inputs),
            _input_set("hard", inputs),
        ],
        VolumetricPresentationStateInputSequence=[
            _input(1, "soft", (150, 300)),
            _input(2, "hard", (500, 1500)),
        ],
        VolumeStreamSequence=[
            _stream("soft", classified(1, _VESSEL_COLOURS)),
            _stream("hard", classified(2, _BONE_COLOURS)),
        ],
    )
    put(one, PresentationStateCompositorComponentSequence=[])
    _with_segments(parts, inputs)
    for each in (parts, two):
        put(each, PresentationStateCompositorComponentSequence=[first_over_second()])
    return [("rendering", one), ("rendering-segmented", parts), ("rendering-multiple", two)]
